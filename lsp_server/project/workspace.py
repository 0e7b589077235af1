"""The one mutable thing: what is known of a project, kept up to date while files change.

Documents are immutable and replaced; facts are put into the index; findings are kept in three
layers (document rules by file, project rules by rule, and what suppressions and settings leave
of both).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from cachetools import LRUCache

from lsp_server.config import (
    FILE_NAME,
    Known,
    Problem,
    Settings,
    known_rules,
    override,
    read_settings,
)
from lsp_server.document import Change, Document
from lsp_server.facts.fact import Fact, FileFacts, load_collectors
from lsp_server.facts.index import Index, fact_types
from lsp_server.facts.project.context import ProjectContext
from lsp_server.lint.checker import check_project, detached, in_order
from lsp_server.lint.finding import Finding
from lsp_server.lint.live import LiveResult, after_edit, check_all, check_edited, follow
from lsp_server.lint.registry import Registry, registry
from lsp_server.lint.rule import ProjectRule, Rule
from lsp_server.lint.suppress import suppress, unreadable
from lsp_server.project.cache import Cache, configuration_digest
from lsp_server.project.files import (
    Entry,
    entry_of,
    is_ignored,
    is_project_file,
    project_files,
    read_file,
)
from lsp_server.project.problems import configuration_findings
from lsp_server.project.project_facts import ProjectFacts
from lsp_server.project.result import FileResult, restored
from lsp_server.project.scan import Job, run, text_digest
from lsp_server.snapshot import Snapshot

KEPT_DOCUMENTS = 64  # closed files kept parsed


class Workspace:
    """One project: the folder `root`, its settings, documents, facts and findings.

    Paths are relative to the root, in POSIX form. `rules` are all rules that there are; those that
    come with Retort by default.
    """

    def __init__(
        self,
        root: Path,
        overrides: Mapping[str, Any] | None = None,
        rules: Registry | None = None,
    ) -> None:
        list(load_collectors())
        self.root = root
        self.registry = rules or registry()
        self.overrides: Mapping[str, Any] = overrides or {}
        self._facts = ProjectFacts()
        self.ready = False  # whether the context is known, without which rules would guess
        self.loaded = False  # whether all files were read; project rules are silent until then
        self.scanned = Cache()  # what the last full check saw, for the next one
        self.open: dict[str, Document] = {}
        self.moved: set[str] = set()  # files of which findings speak of what was edited in others
        self.settings = Settings()
        self.problems: list[Problem] = []
        self.override_problems: list[str] = []
        self._outside: set[str] = set()  # open files that are no part of the project
        self._results: dict[str, FileResult] = {}  # of files as they are on disk
        self._touched: set[str] = set()  # files that were read while a full check was under way
        self._closed: LRUCache[str, Document] = LRUCache(KEPT_DOCUMENTS)
        self._live: dict[str, LiveResult] = {}
        self._open_findings: dict[str, list[Finding]] = {}
        self._project_findings: dict[str, dict[str, list[Finding]]] = {}
        self._stale: set[str] = set()
        self._reads = {
            rule.id: frozenset(fact_types(rule.reads)) for rule in self.registry.project_rules
        }
        self.read_settings()
        self._forget_findings()

    def fork(self) -> Workspace:
        """A copy whose changes the original does not see; documents and findings are shared."""
        twin = copy(self)
        twin._facts = self._facts.copy()
        twin.open = dict(self.open)
        twin.moved = set()
        twin._outside = set(self._outside)
        twin._closed = LRUCache(KEPT_DOCUMENTS)
        twin._live = {}
        twin._results = dict(self._results)
        twin._touched = set()
        twin._open_findings = dict(self._open_findings)
        twin._project_findings = dict(self._project_findings)
        twin._stale = set(self._stale)
        return twin

    # Settings

    @property
    def known(self) -> Known:
        """What may be configured."""
        return known_rules(self.registry.rules.values())

    def read_settings(self) -> bool:
        """Read `.retort.toml` again; whether the settings are others than before."""
        before = self.settings.encode()
        document = self.document(FILE_NAME)
        source = b"" if document is None else document.source
        settings, self.problems = read_settings(source, self.known)
        self.settings, self.override_problems = override(settings, self.overrides, self.known)
        if self.settings.encode() == before:
            return False
        self._outside = {path for path in self.open if not self.is_part(path)}
        self._forget_findings()
        return True

    @property
    def configuration(self) -> bytes:
        """A digest of what the settings were read from."""
        return configuration_digest(self.source(FILE_NAME), self.overrides)

    def _forget_findings(self) -> None:
        self._live.clear()
        self._open_findings.clear()
        self._project_findings.clear()
        self._stale = {rule.id for rule in self.registry.project_rules}

    @property
    def document_rules(self) -> list[Rule]:
        """The document rules that run somewhere under the settings."""
        return [rule for rule in self.registry.document_rules if self.settings.may_run(rule)]

    @property
    def project_rules(self) -> list[ProjectRule]:
        """The project rules that run somewhere under the settings."""
        return [rule for rule in self.registry.project_rules if self.settings.may_run(rule)]

    # Documents

    def is_part(self, path: str) -> bool:
        """Whether a file is one that Retort reads: by its name, .gitignore and the settings."""
        return is_project_file(path) and not is_ignored(self.root, path, self.settings)

    def document(self, path: str) -> Document | None:
        """A file of the project: as the editor has it, else as the disk does."""
        known = self.open.get(path) or self._closed.get(path)
        if known is None:
            source = read_file(self.root, path)
            if source is None:
                return None
            known = Document(path, source)
            if path != FILE_NAME:
                self._closed[path] = known
        return known

    def source(self, path: str) -> bytes | None:
        """The text of a file of the project: as the editor has it, else as the disk does."""
        document = self.document(path)
        return None if document is None else document.source

    def open_document(self, path: str, source: bytes, version: int | None) -> Document:
        """The editor has opened a file."""
        document = Document(path, source, version)
        self.open[path] = document
        self._live.pop(path, None)
        self._closed.pop(path, None)
        (self._outside.discard if self.is_part(path) else self._outside.add)(path)
        return document

    def edit(self, path: str, changes: Sequence[Change], version: int | None) -> Document:
        """The editor has changed an open file; findings of project rules move with their text."""
        document = self.open[path].edit(changes, version)
        self.open[path] = document
        live = self._live.get(path)
        if live is not None:
            self._live[path] = after_edit(live, path, changes)
        for rule, by_path in self._project_findings.items():
            moved = {
                other: [follow(one, path, changes) for one in findings]
                for other, findings in by_path.items()
                if other == path or any(_speaks_of(one, path) for one in findings)
            }
            if moved:
                self._project_findings[rule] = {**by_path, **moved}
                self.moved |= moved.keys() - {path}
        return document

    def close_document(self, path: str) -> None:
        """The editor has closed a file; from now on the disk's text counts."""
        self.open.pop(path, None)
        self._live.pop(path, None)
        self._open_findings.pop(path, None)
        self._outside.discard(path)
        self.changed_on_disk(path)

    def changed_on_disk(self, path: str) -> bool:
        """Read a file that is not open again; whether anything about it is new."""
        self._closed.pop(path, None)
        if path in self.open:
            return False
        entry = entry_of(self.root, path) if self.is_part(path) else None
        entries = [] if entry is None else [entry]
        result = next(run(self.job(), entries, self.document_rules), None)
        if result is None:
            return self.remove(path)
        before = self._results.get(path)
        self._touched.add(path)
        self._results[path] = result
        changed = self._facts.take(result)
        self._note(changed)
        return bool(changed) or before is None or before.findings != result.findings

    def remove(self, path: str) -> bool:
        """A file is gone; whether it was known."""
        self._closed.pop(path, None)
        self._touched.add(path)
        known = self._results.pop(path, None) is not None or path in self.index
        self._note(self._facts.remove(path))
        return known

    # Facts

    @property
    def index(self) -> Index:
        """The facts of all files."""
        return self._facts.index

    @property
    def context(self) -> ProjectContext:
        """What document rules may know of the project."""
        return self._facts.context

    @property
    def snapshot(self) -> Snapshot:
        """The project as it is now."""
        return Snapshot(self.index, self.settings, self.document, known=self.context)

    def collect(self, path: str) -> None:
        """Read the facts of an open file again."""
        deque(self.collecting(path), maxlen=0)

    def collecting(self, path: str) -> Iterator[None]:
        """The same in small steps. It is for the version that is open at the first one: after an
        edit nobody may go on with it."""
        if path not in self._outside:
            self._note((yield from self._facts.reading(self.open[path])))

    def _note(self, changed: set[type[Fact]]) -> None:
        """Facts of these types are others than before: what was found by them must be found
        again."""
        if self._facts.context_is_new:
            self._facts.context_is_new = False
            self._live.clear()
            self._stale = {rule.id for rule in self.registry.project_rules}
        if changed:
            self._stale |= {rule for rule, reads in self._reads.items() if reads & changed}

    # Full checks, see `FullCheck`

    def entries(self) -> Iterator[Entry]:
        """All files of the project on disk; from now on it is noted which are read meanwhile."""
        self._touched.clear()
        return project_files(self.root, self.settings)

    def job(self) -> Job:
        """What worker processes must know."""
        return Job(str(self.root), self.context, self.settings)

    def keep_only(self, entries: Iterable[Entry]) -> None:
        """Forget files that are no longer on disk and not open."""
        paths = {entry.path for entry in entries}
        for path in [path for path in self.index.paths if path not in paths]:
            if path not in self.open and path not in self._touched:
                self.remove(path)

    def learn_context(
        self, changed: Iterable[tuple[str, FileFacts | None]], unchanged: Iterable[FileResult]
    ) -> Iterator[int]:
        """Take in what decides the context, of changed files the `context_facts`; each step is one
        file."""
        files = {path: one for path, one in self.open.items() if path not in self._outside}
        closed = (one for one in changed if one[0] not in self.open)
        for kinds in self._facts.learn(closed, unchanged, files):
            self._note(kinds)
            yield 1
        self._note(set())
        self.ready = True

    def take(self, results: Iterable[FileResult]) -> None:
        """Take in what a full check found in files; of open files the editor's text counts
        instead, and what was read since the check began is newer."""
        for result in results:
            path = result.path
            if path in self._touched or self._results.get(path) is result:
                continue
            self._results[path] = result
            closed = self._closed.get(path)
            if closed is not None and text_digest(closed.source) != result.digest:
                del self._closed[path]
            if path not in self.open:
                self._note(self._facts.take(result))

    @property
    def results(self) -> Mapping[str, FileResult]:
        """What is known of single files as they are on disk."""
        return self._results

    # Findings

    def check(self, path: str, *, quick: bool = False) -> None:
        """Run the document rules on an open file; only forms that have changed are looked at.

        With `quick`, handlers of whole modules may wait for the next check without it.
        """
        before = self._live.get(path)
        if path in self._outside or (before is not None and before.settled):
            return
        document, rules = self.open[path], self.document_rules
        live = None
        if quick and before is not None:
            live = check_edited(before, document, rules, self.context, self.settings)
        if live is None:
            live = check_all(document, rules, self.context, self.settings, before)
        self._live[path] = live
        self._open_findings[path] = live.findings(path)

    def stale_rules(self) -> list[ProjectRule]:
        """The project rules that must run again; none before all files were read."""
        if not self.loaded:
            return []
        return [rule for rule in self.project_rules if rule.id in self._stale]

    def run_project_rule(self, rule: ProjectRule) -> set[str]:
        """Run a project rule; the answer is the files whose findings of it changed."""
        self._stale.discard(rule.id)
        before = self._project_findings.get(rule.id, {})
        found: dict[str, list[Finding]] = {}
        for one in check_project(rule, self.snapshot):
            found.setdefault(one.path, []).append(replace(one, fix=detached(one.fix)))
        self._project_findings[rule.id] = found
        return {
            path for path in before.keys() | found.keys() if before.get(path) != found.get(path)
        }

    def run_project_rules(self) -> Iterator[set[str]]:
        """Run all stale project rules, one a step; each step gives the files that changed."""
        for rule in self.stale_rules():
            yield self.run_project_rule(rule)

    def findings(self, path: str) -> list[Finding]:
        """What is finally said of a file, in the order of the text."""
        if path == FILE_NAME:
            return configuration_findings(self.problems)
        if path in self._outside:
            return []
        found = [one for one in map(self._leveled, self._raw_findings(path)) if one is not None]
        result, document = self._results.get(path), self.open.get(path)
        refusal = document.refusal if document else result.refusal if result else None
        if refusal:
            found += unreadable(path, refusal)
        if document is None and result is not None and result.has_suppressions:
            document = self.document(path)
        if document is not None:
            pending = () if self.loaded else (rule.id for rule in self.registry.project_rules)
            ran = self._ran(document)
            found = suppress(document, found, self._known_names, ran, [*pending])
        return in_order(found)

    def _raw_findings(self, path: str) -> Iterator[Finding]:
        """What all rules say of a file, before settings and suppressions."""
        if path in self._open_findings:
            yield from self._open_findings[path]
        elif path in self._results:
            yield from map(restored, self._results[path].findings)
        for by_path in self._project_findings.values():
            yield from by_path.get(path, ())

    @property
    def _known_names(self) -> set[str]:
        return {*self.registry.rules, *self.registry.packs}

    def _ran(self, document: Document) -> set[str]:
        """The rules whose silence about a file means something."""
        rules = [*self.document_rules, *(self.project_rules if self.loaded else ())]
        return {
            rule.id
            for rule in rules
            if document.role in rule.roles
            and self.settings.severity(rule, document.path) is not None
        }

    def _leveled(self, finding: Finding) -> Finding | None:
        rule = self.registry.rules.get(finding.rule)
        if rule is None:
            return finding
        severity = self.settings.severity(rule, finding.path, finding.severity)
        return None if severity is None else replace(finding, severity=severity)

    def paths_with_findings(self) -> set[str]:
        """The files of which something may be said."""
        paths = {path for path, result in self._results.items() if result.needs_look}
        for by_path in self._project_findings.values():
            paths |= by_path.keys()
        if self.problems:
            paths.add(FILE_NAME)
        return paths | self.open.keys()

    def all_findings(self) -> list[Finding]:
        """What is finally said of all files, by path and place."""
        return [one for path in sorted(self.paths_with_findings()) for one in self.findings(path)]


def _speaks_of(finding: Finding, path: str) -> bool:
    return any(one.path == path for one in finding.related)
