"""Makes the advisories of `lsp_server/facts/secrets` again from copies of public repositories.

    python -m tests.advisories 2026-08-05 path/to/cna-website path/to/elixir-security-advisories

The first argument is the day of the newest copy. A folder may hold advisories in OSV form (JSON),
as the CNA of the Erlang Ecosystem Foundation (erlef-cna/website, `_data/osv`) and GitHub
(github/advisory-database, `advisories/github-reviewed`) publish them, or the YAML of
mirego/elixir-security-advisories, which are those of GitHub for Hex. Only facts are taken: ids,
packages, versions. An advisory that several sources have is taken from the first that names it.
Nothing is fetched.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lsp_server.facts.project.versions import Version

TARGET = Path(__file__).parent.parent / "lsp_server" / "facts" / "advisories.json"
CREDITS = [
    "EEF CNA, https://cna.erlef.org, CC-BY 4.0",
    "GitHub Advisory Database, https://github.com/advisories, CC-BY 4.0",
]
PACKAGE = re.compile(r"[a-z]\w*")
ID = re.compile(r"(?:GHSA(?:-[0-9a-z]{4}){3}|CVE-\d{4}-\d{4,})")
Advisory = dict[str, Any]


def version(text: str) -> str | None:
    """A version with its three numbers; None for what is none."""
    text = text.strip().removeprefix("v")
    for written in (text, f"{text}.0", f"{text}.0.0"):
        if Version.parse(written) is not None:
            return written
    return None


def read_version(text: str) -> Version:
    """A version that is known to be one."""
    found = Version.parse(text)
    assert found is not None
    return found


def of_osv(record: Mapping[str, Any]) -> Iterator[Advisory]:
    """The advisories of an OSV record, one a package of Hex."""
    if record.get("withdrawn"):
        return
    ids = [record["id"].removeprefix("EEF-"), *record.get("aliases", ())]
    for affected in record.get("affected", ()):
        package = affected.get("package", {})
        if package.get("ecosystem") != "Hex":
            continue
        ranges = [
            one
            for described in affected.get("ranges", ())
            if described.get("type") != "GIT"
            for one in of_events(described.get("events", ()))
        ]
        yield {"package": package["name"].lower(), "ids": ids, "ranges": ranges}


def of_events(events: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    start: str | None = None
    for event in events:
        if "introduced" in event:
            written = event["introduced"]
            start = "0.0.0-0" if written == "0" else version(written)
        for key, name in (("fixed", "fixed"), ("last_affected", "last")):
            if key in event and start is not None:
                end = version(event[key])
                if end is not None:
                    yield {"from": start, name: end}
                start = None
    if start is not None:
        yield {"from": start}


def of_yaml(text: str) -> Iterator[Advisory]:
    """The advisory of one of mirego's files, of which only a few plain keys are read."""
    found: dict[str, list[str]] = {}
    key = ""
    for line in text.splitlines():
        if line and line[0] not in " -" and ":" in line:
            key, _, value = line.partition(":")
            found[key] = [value.strip().strip("'\"")] if value.strip() else []
        elif line.lstrip().startswith("- ") and key != "description":
            found[key].append(line.lstrip()[2:].strip().strip("'\""))
    if any(one.startswith("Duplicate Advisory") for one in found.get("title", ())):
        return
    ranges = [one for text in found.get("vulnerable_version_ranges", ()) if (one := of_range(text))]
    patched = [one for text in found.get("first_patched_versions", ()) if (one := version(text))]
    for one in ranges:
        # Where both are said, the patched version says more than the last affected one.
        last = Version.parse(one.get("last", ""))
        later = [it for it in patched if last is not None and read_version(it) > last]
        if later:
            one["fixed"] = min(later, key=read_version)
            del one["last"]
    for package in found.get("package", ()):
        yield {"package": package.lower(), "ids": found.get("id", []), "ranges": ranges}


def of_range(text: str) -> dict[str, str] | None:
    """`>= 1.0.0, < 1.3.2` as a range."""
    found = {"from": "0.0.0-0"}
    for condition in text.split(","):
        operator, _, written = condition.strip().partition(" ")
        bound = version(written)
        if bound is None:
            return None
        for name in {">=": ["from"], "<": ["fixed"], "<=": ["last"], "=": ["from", "last"]}[
            operator
        ]:
            found[name] = bound
    return found


def read(folder: Path) -> Iterator[Advisory]:
    """All advisories below a folder."""
    for path in sorted(folder.rglob("*.json")):
        if "staging" in str(path):
            continue
        try:
            record = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        if isinstance(record, dict) and "affected" in record and "id" in record:
            yield from of_osv(record)
    for path in sorted(folder.glob("packages/*/*.yml")):
        yield from of_yaml(path.read_text("utf-8"))


def merged(advisories: Iterable[Advisory]) -> list[Advisory]:
    """Every advisory once, by package and oldest id."""
    known: dict[tuple[str, str], Advisory] = {}
    for one in advisories:
        ids = sorted({name for name in one["ids"] if ID.fullmatch(name)}, reverse=True)
        if not ids or not one["ranges"] or not PACKAGE.fullmatch(one["package"]):
            continue
        if any((one["package"], name) in known for name in ids):
            continue
        kept = {"package": one["package"], "ids": ids, "ranges": one["ranges"]}
        for name in ids:
            known[one["package"], name] = kept
    unique = {id(one): one for one in known.values()}
    return sorted(unique.values(), key=lambda one: (one["package"], one["ids"]))


def text_of(date: str, advisories: list[Advisory]) -> str:
    """The file: one advisory a line, so that what is new can be seen."""
    lines = ",\n".join("  " + json.dumps(one) for one in advisories)
    head = f'"date": {json.dumps(date)},\n"sources": {json.dumps(CREDITS)}'
    return f'{{\n{head},\n"advisories": [\n{lines}\n]\n}}\n'


def main(date: str, *folders: str) -> None:
    found = [one for folder in folders for one in read(Path(folder))]
    advisories = merged(found)
    TARGET.write_text(text_of(date, advisories), "utf-8")
    print(f"{len(advisories)} advisories of {date}")


if __name__ == "__main__":
    main(*sys.argv[1:])
