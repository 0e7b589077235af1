"""The advisories that are shipped, allowed ids, and the script that makes the list again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from lsp_server.rules.security.vulnerable_dependency import raised

from lsp_server.config import Settings
from lsp_server.facts.project.versions import Version
from lsp_server.facts.secrets.advisories import Advisories, Advisory, Range, advisories
from lsp_server.lint.registry import registry
from tests.advisories import ID, merged, read, text_of
from tests.rules.harness import check

RULE = registry().rules["security/vulnerable-dependency"]
LOCK = {"mix.lock": b'%{\n  "ecto": {:hex, :ecto, "2.2.0", "c", [:mix], [], "hexpm", "a"},\n}\n'}


def v(text: str) -> Version:
    found = Version.parse(text)
    assert found is not None
    return found


def test_the_shipped_list_is_sound() -> None:
    known = advisories()
    assert date.fromisoformat(known.date) >= date(2026, 8, 1)
    assert len(known.by_package) > 50
    for package, them in known.by_package.items():
        for one in them:
            assert one.package == package
            assert one.ids and all(ID.fullmatch(name) for name in one.ids)
            assert one.ranges
            for it in one.ranges:
                end = it.fixed or it.last
                assert end is None or end >= it.start, one


def test_a_message_names_the_advisory_and_the_version() -> None:
    (finding,) = check(RULE, LOCK)
    assert finding.message == (
        "ecto 2.2.0 has a known vulnerability (GHSA-2xxx-fhc8-9qvq), "
        "fixed in 2.2.1: `mix deps.update ecto`"
    )


def test_allowed_ids_are_silent() -> None:
    options = {RULE.id: {"allow": ["GHSA-2xxx-fhc8-9qvq"]}}
    assert check(RULE, LOCK, Settings(options=options)) == []


def test_the_fixed_version_has_no_other_advisory() -> None:
    first = Advisory("a", ("CVE-2026-1",), (Range(v("1.0.0"), v("1.2.0")),))
    second = Advisory("a", ("CVE-2026-2",), (Range(v("1.2.0"), v("1.2.3")), Range(v("2.0.0"))))
    known = Advisories("2026-01-01", {"a": (first, second)})
    assert known.fixed("a", v("1.1.0")) == v("1.2.3")
    assert known.fixed("a", v("2.1.0")) is None
    endless = Advisories("2026-01-01", {"a": (first, Advisory("a", (), (Range(v("0.1.0")),)))})
    assert endless.fixed("a", v("1.1.0")) == v("1.2.0")
    assert [one.ids for one in known.of("a", v("1.2.0-rc.1"))] == [("CVE-2026-1",)]
    assert known.of("a", v("2.0.0-rc.1")) == ()
    assert known.of("a", v("1.1.0"), ["CVE-2026-1"]) == ()


@pytest.mark.parametrize(
    ("requirement", "fixed", "expected"),
    [
        ("~> 1.18", "1.18.2", "~> 1.18 and >= 1.18.2"),
        ("~> 1.4", "1.11.0", "~> 1.11"),
        ("~> 1.18.0", "1.18.2", "~> 1.18.2"),
        ("~> 1.18.0", "1.19.1", "~> 1.19.1"),
        (">= 0.0.0", "1.2.3", ">= 1.2.3"),
        ("1.2.0", "1.2.3", "1.2.3"),
        ("== 1.2.0", "1.2.3", "== 1.2.3"),
        ("~> 1.18 and >= 1.18.2", "1.18.5", "~> 1.18 and >= 1.18.5"),
        ("~> 1.0 or ~> 2.0", "1.2.3", None),
        ("~> 1.0 and != 1.1.0", "1.2.3", None),
        ("< 2.0.0", "1.2.3", None),
    ],
)
def test_requirements_keep_their_form(requirement: str, fixed: str, expected: str | None) -> None:
    assert raised(requirement, v(fixed)) == expected


def test_the_script_reads_both_forms(tmp_path: Path) -> None:
    osv = {
        "id": "EEF-CVE-2026-1234",
        "aliases": ["GHSA-aaaa-bbbb-cccc", "CVE-2026-1234"],
        "affected": [
            {
                "package": {"ecosystem": "Hex", "name": "plug"},
                "ranges": [
                    {"type": "GIT", "events": [{"introduced": "0"}]},
                    {
                        "type": "SEMVER",
                        "events": [
                            {"introduced": "0"},
                            {"fixed": "1.2"},
                            {"introduced": "1.3.0"},
                            {"last_affected": "1.3.4"},
                        ],
                    },
                ],
            },
            {"package": {"ecosystem": "npm", "name": "plug"}, "ranges": []},
        ],
    }
    (tmp_path / "one.json").write_text(json.dumps(osv))
    (tmp_path / "other.json").write_text('{"id": "x"}')
    folder = tmp_path / "packages" / "plug"
    folder.mkdir(parents=True)
    head = "---\ndescription: |-\n  - a list\n  package: none\n"
    (folder / "a.yml").write_text(
        f"{head}id: GHSA-aaaa-bbbb-cccc\npackage: plug\nvulnerable_version_ranges:\n  - < 9.0.0\n"
    )
    (folder / "b.yml").write_text(
        f"{head}id: GHSA-dddd-bbbb-cccc\npackage: plug\n"
        "first_patched_versions:\n  - 1.1.2\n  -\n"
        "vulnerable_version_ranges:\n  - '>= 1.0.0, <= 1.1.0'\n  - = 2.2.0\n"
    )
    found = merged(read(tmp_path))
    assert found == [
        {
            "package": "plug",
            "ids": ["GHSA-aaaa-bbbb-cccc", "CVE-2026-1234"],
            "ranges": [{"from": "0.0.0-0", "fixed": "1.2.0"}, {"from": "1.3.0", "last": "1.3.4"}],
        },
        {
            "package": "plug",
            "ids": ["GHSA-dddd-bbbb-cccc"],
            "ranges": [{"from": "1.0.0", "fixed": "1.1.2"}, {"from": "2.2.0", "last": "2.2.0"}],
        },
    ]
    assert json.loads(text_of("2026-01-01", found))["advisories"] == found
