"""The other commands, and what each of them may import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lsp_server import __version__
from lsp_server.config import known_rules, read_settings
from lsp_server.lint.registry import registry
from lsp_server.report.catalogue import catalogue_markdown
from tests.cli.conftest import ROOT, Shell, process

HEAVY = {"pygls", "lsprotocol", "cattrs", "attrs"}


def imported(code: str, tmp_path: Path) -> set[str]:
    """The top-level packages that are loaded after some code has run in a process of its own."""
    script = (
        f"{code}\nprint('\\n' + ' '.join(sorted({{n.partition('.')[0] for n in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RETORT_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def run(*arguments: str) -> str:
    return (
        f"sys.argv = ['retort', *{arguments!r}]\n"
        "from lsp_server.__main__ import run\n"
        "try: run()\nexcept SystemExit: pass\n"
    )


def test_version(tmp_path: Path) -> None:
    for flag in ("--version", "-V"):
        done = process(flag, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"retort {__version__}\n")
    loaded = imported(run("--version"), tmp_path)
    assert not loaded & (HEAVY | {"click", "rich", "tree_sitter", "msgspec", "pathspec", "asyncio"})


def test_a_check_imports_nothing_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "a.ex").write_text("1\n", "utf-8")
    loaded = imported(run("check", "--format", "json"), tmp_path)
    assert not loaded & (HEAVY | {"asyncio", "rich"})
    assert "tree_sitter" in loaded
    assert not imported(run("check"), tmp_path) & HEAVY
    assert not imported(run("rules"), tmp_path) & (HEAVY | {"rich"})
    for command in ((), ("check",), ("serve",)):
        loaded = imported(run(*command, "--help"), tmp_path)
        assert not loaded & (HEAVY | {"rich", "tree_sitter"})


def test_workers_import_nothing_of_the_server(tmp_path: Path) -> None:
    assert not imported("import lsp_server.project.scan", tmp_path) & (HEAVY | {"click", "rich"})


def test_help_of_every_command(shell: Shell) -> None:
    for command in (
        "",
        "check",
        "rules",
        "explain",
        "tree",
        "serve",
        "init",
        "cache",
        "cache clear",
    ):
        said = shell(*command.split(), "--help", status=0)
        assert said.startswith("Usage: retort")
    assert "127.0.0.1" in shell("serve", "--help")
    assert "..." not in shell("--help").partition("Commands:")[2]  # nothing is cut off


def test_a_command_that_is_none(shell: Shell) -> None:
    result = shell.run("chek")
    assert result.exit_code == 2 and "No such command" in result.stderr
    result = shell.run("serve", "--tcp", ":1", "--stdio")
    assert result.exit_code == 2 and "exclude each other" in result.stderr


def test_rules(shell: Shell) -> None:
    said = shell("rules", status=0)
    assert "liveview/push-redirect" in said and "planted" not in said.splitlines()[-1]
    rows = json.loads(shell("rules", "--format", "json"))
    assert {row["id"] for row in rows} >= set(registry().rules)
    one = next(row for row in rows if row["id"] == "liveview/push-redirect")
    assert one["severity"] == "warning" and one["profile"] == "recommended" and one["summary"]
    recommended = json.loads(shell("rules", "--format", "json", "--profile", "recommended"))
    assert {row["id"] for row in recommended} == {
        row["id"] for row in rows if row["profile"] == "recommended"
    }


def test_rules_as_markdown(tmp_path: Path) -> None:
    assert process("rules", "--format", "markdown", cwd=tmp_path).stdout == catalogue_markdown()


def test_explain(shell: Shell) -> None:
    said = shell("explain", "liveview/push-redirect", status=0)
    assert said.startswith("# liveview/push-redirect") and "## Bad" in said and "```elixir" in said
    for own in ("unused-suppression", "unknown-suppression", "unreadable-file", "configuration"):
        assert shell("explain", f"retort/{own}", status=0).startswith(f"# retort/{own}")
    result = shell.run("explain", "liveview/push-redirec")
    assert result.exit_code == 2 and "liveview/push-redirect" in result.stderr
    result = shell.run("explain", "xyz")
    assert result.exit_code == 2 and "`retort rules` lists them" in result.stderr


@pytest.mark.parametrize("rule", sorted(registry().rules))
def test_every_rule_can_be_explained(rule: str) -> None:
    from lsp_server.report.pages import page

    text = page(rule)
    assert text is not None and text.startswith(f"# {rule}\n") and "Severity: **" in text


def test_init(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shell.root / "lib")
    said = shell("init", status=0)
    path = shell.root / ".retort.toml"
    assert str(path) in said
    settings, problems = read_settings(path.read_bytes(), known_rules(registry().rules.values()))
    assert problems == []
    before = settings.encode()
    assert before == read_settings(b"", known_rules([]))[0].encode(), "it changes nothing"
    uncommented = path.read_text("utf-8").replace("\n# ", "\n").encode()
    lines = [line for line in uncommented.splitlines() if b"=" in line or line[:1] == b"["]
    _, problems = read_settings(b"\n".join(lines), known_rules(registry().rules.values()))
    assert problems == [], "what it shows is right"
    result = shell.run("init")
    assert result.exit_code == 2 and "is there already" in result.stderr


def test_cache(shell: Shell) -> None:
    path = Path(shell("cache", "path", status=0).strip())
    assert shell("cache", "clear", status=0) == "There was no cache.\n"
    shell("check")
    assert path.exists()
    assert shell("cache", "clear", "lib", status=0) == "The cache is gone.\n"
    assert not path.exists()
