"""security/vulnerable-dependency"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from lsp_server.facts.project.mix import Dependency, Lock, Locked, MixProject, locks, mix_projects
from lsp_server.facts.project.versions import NEWEST, Condition, Requirement, Version
from lsp_server.facts.secrets.advisories import Advisory, advisories
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import CODE, ProjectRule
from lsp_server.role import Role
from lsp_server.snapshot import Snapshot

_SHOWN = 3  # ids in a message


class VulnerableDependency(ProjectRule):
    """
    A dependency is locked at a version with a published advisory.

    What is wrong with it, and mostly how to use it, can be read by everybody, and is looked for by
    machines. An update is the smallest price that this can have.

    ## Bad

    `mix.exs`:

    ```elixir
    defmodule Shop.MixProject do
      use Mix.Project

      def project do
        [app: :shop, version: "1.0.0", deps: deps()]
      end

      defp deps do
        [
          {:sweet_xml, "~> 0.6.6"},
          {:jason, "~> 1.4"}
        ]
      end
    end
    ```

    ## Good

    `mix.exs`:

    ```elixir
    defmodule Shop.MixProject do
      use Mix.Project

      def project do
        [app: :shop, version: "1.0.0", deps: deps()]
      end

      defp deps do
        [
          {:sweet_xml, "~> 0.7.0"},
          {:jason, "~> 1.4"}
        ]
      end
    end
    ```

    ## What it knows

    Retort brings a list of the advisories of the Erlang Ecosystem Foundation and of GitHub, and
    asks nobody: the list is as old as `date` in its file `advisories.json` says. Versions are
    compared as Hex does it, pre-releases before their release. The line of mix.lock is marked, and
    the requirement in mix.exs as long as it still allows that version. Where nothing is locked, the
    requirement is marked if it allows nothing but vulnerable versions.

    ## When it stays silent

    - Dependencies from git or a path.
    - Retired releases without an advisory: that a release is retired stands in Hex's registry,
      release by release, and in no list that could be brought along. `mix hex.audit` asks it.
    - Advisories that do not concern you, by any of their ids:

      ```toml
      [rules."security/vulnerable-dependency"]
      allow = ["GHSA-2xxx-fhc8-9qvq", "CVE-2026-32689"]
      ```

    ## What the fix changes

    The requirement in mix.exs asks for the lowest later version without a known advisory. After
    that `mix deps.update` writes mix.lock. Where that version has another major number, or lies
    beyond what other dependencies allow, the update is work: read its changelog. A package that
    only other packages ask for has no requirement to change: `mix deps.update` does it.
    """

    reads = (Lock, MixProject, mix_projects, locks)
    roles = CODE | {Role.MIX}
    options: ClassVar[Mapping[str, Any]] = {"allow": []}

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The vulnerable entries of each mix.lock, and the requirements that allow them."""
        ignored = snapshot.settings.option(self.id, "allow", ())
        projects = mix_projects(snapshot.index)
        folders = locks(snapshot.index).keys()
        for path, lock in snapshot.index.of(Lock):
            folder = path.removesuffix("mix.lock")
            for entry in lock.entries:
                version = Version.parse(entry.version)
                if entry.source != "hex" or version is None:
                    continue
                found = advisories().of(entry.name, version, ignored)
                if not found:
                    continue
                fixed = advisories().fixed(entry.name, version)
                asked = list(_asked(projects, folders, folder, entry))
                message = _message(entry.package, entry.version, found, fixed)
                fixes = [_fix(where, one, fixed) for where, one in asked]
                updated = fixed is not None and not asked
                hint = f": `mix deps.update {entry.package}`" if updated else ""
                yield self.finding(
                    entry.version_span,
                    message + hint,
                    path=path,
                    fix=next((one for one in fixes if one is not None), None),
                )
                locked = Related(entry.version_span, f"locked at {version}", path)
                for (where, one), fix in zip(asked, fixes, strict=True):
                    wanted = Requirement.parse(one.requirement or "")
                    if wanted is not None and wanted.allows(version):
                        span = one.requirement_span or one.span
                        yield self.finding(span, message, path=where, fix=fix, related=[locked])
        yield from self._unlocked(snapshot, projects, ignored)

    def _unlocked(
        self, snapshot: Snapshot, projects: Mapping[str, MixProject], ignored: Iterable[str]
    ) -> Iterator[Finding]:
        """Requirements of what no mix.lock has, if all that they allow is vulnerable."""
        locked = locks(snapshot.index)
        for where, project in projects.items():
            above = [entries for folder, entries in locked.items() if where.startswith(folder)]
            for one in project.dependencies:
                if one.requirement is None or any(one.package in entries for entries in above):
                    continue
                wanted = Requirement.parse(one.requirement)
                if wanted is None or not _SOURCES.isdisjoint(key for key, _ in one.options):
                    continue
                found = advisories().of(one.package, wanted.lower, ignored)
                fixed = advisories().fixed(one.package, wanted.lower)
                if found and fixed is not None and not _may_be_later(wanted, fixed):
                    message = _message(one.package, one.requirement, found, fixed)
                    path = f"{where}mix.exs"
                    span = one.requirement_span or one.span
                    yield self.finding(span, message, path=path, fix=_fix(path, one, fixed))


_SOURCES = frozenset({"git", "github", "path", "in_umbrella", "organization", "repo", "hex"})


def _may_be_later(wanted: Requirement, fixed: Version) -> bool:
    """Whether a requirement allows the fixed version or one after it."""
    later = (fixed, Version(fixed.major, fixed.minor, 1_000_000), Version(fixed.major, 1_000_000))
    return any(wanted.allows(one) for one in (*later, NEWEST))


def _asked(
    projects: Mapping[str, MixProject], folders: Collection[str], folder: str, entry: Locked
) -> Iterator[tuple[str, Dependency]]:
    """The lines of each mix.exs that ask for a package of a mix.lock, the nearest of `folders`."""
    for where, project in projects.items():
        if max((one for one in folders if where.startswith(one)), key=len, default="-") == folder:
            for one in project.dependencies:
                if one.package == entry.package and one.requirement is not None:
                    yield f"{where}mix.exs", one


def _message(package: str, version: str, found: tuple[Advisory, ...], fixed: Version | None) -> str:
    ids = [one.ids[0] for one in found]
    shown = ", ".join(ids[:_SHOWN])
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    many = "a known vulnerability" if len(ids) == 1 else f"{len(ids)} known vulnerabilities"
    if fixed is None:
        end = "not fixed in any later version"
    else:
        left = sum(one.affects(fixed) for one in found)
        end = f"fixed in {fixed}" if left == 0 else f"all but {left} fixed in {fixed}"
    return f"{package} {version} has {many} ({shown}{more}), {end}"


def _fix(path: str, dependency: Dependency, fixed: Version | None) -> Fix | None:
    if fixed is None or dependency.requirement is None:
        return None
    text = raised(dependency.requirement, fixed)
    if text is None:
        return None
    title = f"Require {fixed} (then: mix deps.update {dependency.package})"
    return Fix.review(title, lambda snapshot: _edits(snapshot, path, dependency.package, text))


def _edits(snapshot: Snapshot, path: str, package: str, text: str) -> list[Edit]:
    project = mix_projects(snapshot.index).get(path.removesuffix("mix.exs"), MixProject())
    document = snapshot.document(path)
    for one in project.dependencies:
        span = one.requirement_span
        if one.package == package and span is not None and document is not None:
            written = span.slice(document.source)
            if written[:1] == b'"' and one.requirement != text:
                return [Edit(span, f'"{text}"', path)]
    return []


def raised(requirement: str, fixed: Version) -> str | None:
    """The requirement in its own form, with a fixed version as its lowest; None where it has
    several parts."""
    parsed = Requirement.parse(requirement)
    if parsed is None or len(parsed.alternatives) != 1 or len(parsed.alternatives[0]) != 1:
        return _raised_lower(parsed, fixed)
    one = parsed.alternatives[0][0]
    if one.operator == "~>":
        if one.parts == 3 or one.version.pre or fixed.pre:
            return f"~> {fixed}"
        short = f"~> {fixed.major}.{fixed.minor}"
        return short if fixed.patch == 0 else f"{short} and >= {fixed}"
    if one.operator in (">=", ">"):
        return f">= {fixed}"
    if one.operator == "==":
        return f"{'== ' if requirement.strip().startswith('==') else ''}{fixed}"
    return None


def _raised_lower(parsed: Requirement | None, fixed: Version) -> str | None:
    """`~> 1.18 and >= 1.18.2` with another lower bound, as the fix itself writes it."""
    if parsed is None or len(parsed.alternatives) != 1:
        return None
    match parsed.alternatives[0]:
        case (Condition("~>", _, 2) as first, Condition(">=")) if first.allows(fixed):
            return f"~> {first.version.major}.{first.version.minor} and >= {fixed}"
    return None
