"""Published advisories about packages of Hex: which versions are affected, and which are not.

They lie beside this module in advisories.json, which says how old it is; `python -m
tests.advisories` makes it again from local copies of public repositories.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lsp_server.facts.project.versions import LOWEST, Version


@dataclass(frozen=True, slots=True)
class Range:
    """Versions from `start` on, up to before `fixed` or up to `last`; without both all later."""

    start: Version
    fixed: Version | None = None
    last: Version | None = None

    def holds(self, version: Version) -> bool:
        """Whether a version is affected; pre-releases come before their release, as at Hex."""
        if version < self.start:
            return False
        if self.fixed is not None:
            return version < self.fixed
        return self.last is None or version <= self.last


@dataclass(frozen=True, slots=True)
class Advisory:
    """One advisory; `ids` are those of GitHub (GHSA) and CVE."""

    package: str
    ids: tuple[str, ...]
    ranges: tuple[Range, ...]

    def affects(self, version: Version) -> bool:
        """Whether a version of the package is affected."""
        return any(one.holds(version) for one in self.ranges)


@dataclass(frozen=True, slots=True)
class Advisories:
    """All advisories by package, and the day (ISO) of the data."""

    date: str
    by_package: Mapping[str, tuple[Advisory, ...]]

    def of(
        self, package: str, version: Version, ignored: Iterable[str] = ()
    ) -> tuple[Advisory, ...]:
        """The advisories that affect a version, without those of which an id is ignored."""
        left_out = frozenset(ignored)
        return tuple(
            one
            for one in self.by_package.get(package, ())
            if one.affects(version) and left_out.isdisjoint(one.ids)
        )

    def fixed(self, package: str, version: Version) -> Version | None:
        """The lowest later version that no advisory affects; where each is affected by some, the
        lowest of those with the fewest. None where nothing later is any better."""
        known = self.by_package.get(package, ())
        ends = {
            one.fixed
            for advisory in known
            for one in advisory.ranges
            if one.fixed is not None and one.fixed > version
        }
        best, fewest = None, sum(one.affects(version) for one in known)
        for end in sorted(ends):
            left = sum(one.affects(end) for one in known)
            if left < fewest:
                best, fewest = end, left
        return best


@cache
def advisories() -> Advisories:
    """The advisories that are shipped; read once."""
    data = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
    by_package: dict[str, list[Advisory]] = {}
    for one in data["advisories"]:
        ranges = tuple(
            Range(
                Version.parse(it["from"]) or LOWEST,
                Version.parse(it.get("fixed", "")),
                Version.parse(it.get("last", "")),
            )
            for it in one["ranges"]
        )
        found = Advisory(one["package"], tuple(one["ids"]), ranges)
        by_package.setdefault(found.package, []).append(found)
    return Advisories(data["date"], {name: tuple(them) for name, them in by_package.items()})
