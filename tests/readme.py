"""The made parts of README.md, rules/README.md and of the VS Code extension's manifest;
`python -m tests.readme` writes them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from itertools import groupby
from os import environ
from pathlib import Path
from typing import Any

from lsp_server.report.catalogue import catalogue_markdown, rule_rows
from lsp_server.report.settings_schema import settings_schema

ROOT = Path(__file__).parent.parent
SHOWN = (
    "tests/shop/lib/shop/reports.ex",
    "tests/shop/lib/shop_web/controllers/page_html/home.html.heex",
    "tests/shop/priv/repo/migrations/20240402150000_create_orders.exs",
)
MARK = re.compile(r"\s*(?:#|<%!--) error: .*")  # the shop's own, also where they are cut off
RULES = ("ecto/query-in-loop", "ecto/missing-fk-index", "liveview/live-redirect")


def picture() -> str:
    """What `retort check` says of a few files of the shop, as it says it."""
    options = [part for rule in RULES for part in ("--rule", rule)]
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-m", "lsp_server", "check", *SHOWN, *options, "--quiet"],
            cwd=ROOT,
            env={**environ, "RETORT_CACHE_DIR": cache, "NO_COLOR": "1"},
            capture_output=True,
            check=False,
        )
    assert done.returncode == 1, done.stderr.decode()
    lines = (MARK.sub("", line).rstrip() for line in done.stdout.decode().splitlines())
    text = "\n".join(lines)
    return f"```text\n$ retort check\n{text.strip()}\n```\n"


def rule_list() -> str:
    """The rules by pack, in one paragraph each."""
    lines: list[str] = []
    for pack, rows in groupby(rule_rows(), key=lambda row: row.id.partition("/")[0]):
        names = [
            f"`{row.id.partition('/')[2]}`" + ("⁺" if row.profile == "aggressive" else "")
            for row in rows
        ]
        lines.append(f"- **{pack}** ({len(names)}): {', '.join(names)}")
    return "\n".join([*lines, "", "⁺ only in the profile `aggressive`.", ""])


def readme(text: str) -> str:
    """README.md with its made parts made again."""
    for name, content in (("picture", picture()), ("rules", rule_list())):
        pattern = rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)"
        text, count = re.subn(pattern, lambda _, made=content: made, text, flags=re.S)
        assert count == 1, f"README.md has no place for {name}"
    return text


def manifest(text: str) -> str:
    """The manifest of the VS Code extension with the settings that Retort has."""
    found = json.loads(text)
    own = json.loads((ROOT / "editors/vscode/settings.json").read_text("utf-8"))
    shared = {f"retort.{name}": {**_shown(one)} for name, one in settings_schema().items()}
    found["contributes"]["configuration"] = {"title": "Retort", "properties": {**own, **shared}}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _shown(schema: dict[str, Any]) -> dict[str, Any]:
    """A setting as VS Code shows it: in Markdown, and unset by default, so that `.retort.toml`
    counts."""
    shown = {**schema, "markdownDescription": schema["description"], "scope": "resource"}
    del shown["description"]
    if "properties" in shown:
        shown["markdownDescription"] += " [Read about a rule](command:retort.explain)."
    if "enum" in shown:
        return {
            **shown,
            "type": ["string", "null"],
            "enum": [None, *shown["enum"]],
            "default": None,
        }
    return {**shown, "default": {} if shown["type"] == "object" else []}


def main() -> None:
    """Write all of them."""
    extension = ROOT / "editors/vscode/package.json"
    extension.write_text(manifest(extension.read_text("utf-8")), "utf-8")
    path = ROOT / "README.md"
    path.write_text(readme(path.read_text("utf-8")), "utf-8")
    (ROOT / "rules" / "README.md").write_text(catalogue_markdown(), "utf-8")


if __name__ == "__main__":
    main()
