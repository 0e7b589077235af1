"""The one mutable thing: what is known of a project, kept up to date while files change.

Documents are immutable and replaced; facts are put into the index; findings are kept in three
layers (document rules by file, project rules by rule, and what suppressions and settings leave
of both).
"""

from __future__ import annotations

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
from lsp_server.facts.context import ProjectContext, context_relevant, project_context
from lsp_server.facts.fact import Fact, FileFacts, collect, load_collectors
from lsp_server.facts.index import Index, fact_types
from lsp_server.lint.checker import check_document, check_project, detached, finish
from lsp_server.lint.finding import Finding
from lsp_server.lint.live import LiveResult, after_edit, check_all, check_edited, follow
from lsp_server.lint.registry import Registry, registry
from lsp_server.lint.rule import ProjectRule, Rule
from lsp_server.lint.suppress import suppress, unreadable
from lsp_server.project.files import Entry, project_files, read_file
from lsp_server.project.result import FileResult, restored
from lsp_server.project.scan import Job, text_digest
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot

CONFIGURATION = "retort/configuration"
KEPT_DOCUMENTS = 64  # closed files kept parsed


class Workspace:
    """One project: the folder `root`, its settings, documents, facts and findings.

    Paths are relative to the root, in POSIX form.
    """

    def __init__(self, root: Path, overrides: Mapping[str, Any] | None = None) -> None:
        list(load_collectors())
        self.root = root
        self.registry: Registry = registry()
        self.overrides: Mapping[str, Any] = overrides or {}
        self.index = Index()
        self.loaded = False  # whether all files were read; project rules are silent until then
        self.open: dict[str, Document] = {}
        self.settings = Settings()
        self.problems: list[Problem] = []
        self.override_problems: list[str] = []
        self._results: dict[str, FileResult] = {}
        self._closed: LRUCache[str, Document] = LRUCache(KEPT_DOCUMENTS)
        self._live: dict[str, LiveResult] = {}
        self._document_findings: dict[str, list[Finding]] = {}
        self._project_findings: dict[str, dict[str, list[Finding]]] = {}
        self._stale: set[str] = {rule.id for rule in self.registry.project_rules}
        self._reads = {
            rule.id: frozenset(fact_types(rule.reads)) for rule in self.registry.project_rules
        }
        self._context_files: set[str] = set()
        self._context: ProjectContext | None = None
        self.read_settings()

    def fork(self) -> Workspace:
        """A copy whose changes the original does not see; documents and findings are shared."""
        twin = copy(self)
        twin.index = self.index.copy()
        twin.open = dict(self.open)
        twin._closed = LRUCache(KEPT_DOCUMENTS)
        twin._live = {}
        twin._results = dict(self._results)
        twin._document_findings = dict(self._document_findings)
        twin._project_findings = dict(self._project_findings)
        twin._stale = set(self._stale)
        twin._context_files = set(self._context_files)
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
        self._forget_findings()
        return True

    def _forget_findings(self) -> None:
        self._live.clear()
        self._document_findings.clear()
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

    def open_document(self, path: str, source: bytes, version: int | None) -> Document:
        """The editor has opened a file."""
        document = Document(path, source, version)
        self.open[path] = document
        self._closed.pop(path, None)
        return document

    def edit(self, path: str, changes: Sequence[Change], version: int | None) -> Document:
        """The editor has changed an open file; findings of project rules move with their text."""
        document = self.open[path].edit(changes, version)
        self.open[path] = document
        live = self._live.get(path)
        if live is not None:
            self._live[path] = after_edit(live, changes)
        for rule, by_path in self._project_findings.items():
            moved = {
                other: [follow(one, path, changes) for one in findings]
                for other, findings in by_path.items()
                if other == path or any(_speaks_of(one, path) for one in findings)
            }
            if moved:
                self._project_findings[rule] = {**by_path, **moved}
        return document

    def close_document(self, path: str) -> None:
        """The editor has closed a file; from now on the disk's text counts."""
        self.open.pop(path, None)
        self._live.pop(path, None)
        self._document_findings.pop(path, None)
        self.changed_on_disk(path)

    def changed_on_disk(self, path: str) -> bool:
        """A file may have changed on disk; whether it has, or was closed with unsaved changes."""
        self._closed.pop(path, None)
        if path in self.open:
            return False
        source = read_file(self.root, path)
        if source is None:
            return self.remove(path)
        known = self._results.get(path)
        if known is not None and known.digest == text_digest(source):
            if self.index.file(path).encode() == known.facts:
                return False
        self._take_document(Document(path, source))
        return True

    def _take_document(self, document: Document) -> None:
        path = document.path
        self._document_findings[path] = self._check(document)
        self.put_facts(path, collect(document), context_relevant(path, document.source))

    def remove(self, path: str) -> bool:
        """A file is gone; whether it was known."""
        self._closed.pop(path, None)
        self._results.pop(path, None)
        self._document_findings.pop(path, None)
        if path not in self.index:
            return False
        self._note(self.index.remove(path))
        if path in self._context_files:
            self._context_files.discard(path)
            self._context = None
        return True

    # Facts

    @property
    def context(self) -> ProjectContext:
        """What document rules may know of the project."""
        if self._context is None:
            files = {path: self.index.file(path) for path in self._context_files}
            self._context = project_context(Index(files))
        return self._context

    @property
    def snapshot(self) -> Snapshot:
        """The project as it is now."""
        return Snapshot(self.index, self.settings, self.document, known=self.context)

    def put_facts(self, path: str, facts: FileFacts, decides_context: bool) -> set[type[Fact]]:
        """Put a file's facts into the index; the answer is the types that changed their meaning."""
        changed = self.index.put(path, facts)
        self._note(changed)
        if decides_context or path in self._context_files:
            before = self.context.digest
            (self._context_files.add if decides_context else self._context_files.discard)(path)
            self._context = None
            if self.context.digest != before:
                self._live.clear()
                self._stale = {rule.id for rule in self.registry.project_rules}
        return changed

    def _note(self, changed: set[type[Fact]]) -> None:
        for rule, reads in self._reads.items():
            if reads & changed:
                self._stale.add(rule)

    def collect(self, path: str) -> set[type[Fact]]:
        """Read the facts of an open file again."""
        document = self.open[path]
        return self.put_facts(path, collect(document), context_relevant(path, document.source))

    # Scanning

    def entries(self) -> list[Entry]:
        """All files of the project on disk."""
        return list(project_files(self.root, self.settings))

    def job(self) -> Job:
        """What worker processes must know."""
        return Job(str(self.root), self.context, self.settings)

    def read_context(self, entries: Iterable[Entry]) -> None:
        """Read the files that decide the context; document rules need them before all others."""
        for entry in entries:
            document = self.document(entry.path)
            if document is not None and context_relevant(entry.path, document.source):
                self.index.put(entry.path, collect(document))
                self._context_files.add(entry.path)
        self._context = None

    def recall_context(self, files: Iterable[tuple[str, FileFacts]]) -> None:
        """Take in facts of unchanged files that decide the context."""
        for path, facts in files:
            self.index.put(path, facts)
            self._context_files.add(path)
        self._context = None

    def take(self, results: Iterable[FileResult]) -> None:
        """Take in what a scan found in files; of open files the editor's text counts instead."""
        for result in results:
            self._results[result.path] = result
            if result.path in self.open:
                continue
            self._document_findings.pop(result.path, None)
            self._note(self.index.put(result.path, FileFacts(encoded=result.facts)))

    def keep_only(self, entries: Iterable[Entry]) -> None:
        """Forget files that are no longer on disk and not open."""
        paths = {entry.path for entry in entries}
        for path in [path for path in self.index.paths if path not in paths]:
            if path not in self.open:
                self.remove(path)

    @property
    def results(self) -> Mapping[str, FileResult]:
        """What the last scan found in single files."""
        return self._results

    # Findings

    def check(self, path: str, *, quick: bool = False) -> None:
        """Run the document rules on an open file; only forms that have changed are looked at.

        With `quick`, handlers of whole modules may wait for the next check without it.
        """
        document, rules = self.open[path], self.document_rules
        before = self._live.get(path)
        if before is not None and before.settled:
            return
        live = None
        if quick and before is not None:
            live = check_edited(before, document, rules, self.context, self.settings)
        if live is None:
            live = check_all(document, rules, self.context, self.settings, before)
        self._live[path] = live
        self._document_findings[path] = live.findings(path)

    def _check(self, document: Document) -> list[Finding]:
        found = check_document(document, self.document_rules, self.context, self.settings)
        return [replace(one, fix=detached(one.fix)) for one in found]

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

    def raw_findings(self, path: str) -> list[Finding]:
        """What all rules say of a file, before settings and suppressions."""
        own = self._document_findings.get(path)
        if own is None:
            result = self._results.get(path)
            own = [] if result is None else [restored(one) for one in result.findings]
        found = list(own)
        for by_path in self._project_findings.values():
            found.extend(by_path.get(path, ()))
        return found

    def findings(self, path: str) -> list[Finding]:
        """What is finally said of a file, in the order of the text."""
        if path == FILE_NAME:
            return self._configuration_findings()
        found = [one for one in map(self._leveled, self.raw_findings(path)) if one is not None]
        result = self._results.get(path)
        if path in self.open or result is None or result.has_suppressions:
            document = self.document(path)
            if document is not None:
                found += unreadable(document)
                found = suppress(document, found, self._known_names, self._ran(document.role, path))
        elif result.size > 0 and not result.facts and not found:
            document = self.document(path)
            found = [] if document is None else unreadable(document)
        return finish(found, path)

    @property
    def _known_names(self) -> set[str]:
        return {*self.registry.rules, *self.registry.packs}

    def _ran(self, role: Role, path: str) -> set[str]:
        return {
            rule.id
            for rule in (*self.document_rules, *self.project_rules)
            if role in rule.roles and self.settings.severity(rule, path) is not None
        }

    def _leveled(self, finding: Finding) -> Finding | None:
        rule = self.registry.rules.get(finding.rule)
        if rule is None:
            return finding
        severity = self.settings.severity(rule, finding.path, finding.severity)
        return None if severity is None else replace(finding, severity=severity)

    def _configuration_findings(self) -> list[Finding]:
        return finish(
            (
                Finding(one.span, one.message, FILE_NAME, rule=CONFIGURATION)
                for one in self.problems
            ),
            FILE_NAME,
        )

    def paths_with_findings(self) -> set[str]:
        """The files of which something may be said."""
        paths = {path for path, found in self._document_findings.items() if found}
        paths |= {
            path for path, one in self._results.items() if one.findings or one.has_suppressions
        }
        paths |= {path for path, one in self._results.items() if one.size and not one.facts}
        for by_path in self._project_findings.values():
            paths |= by_path.keys()
        if self.problems:
            paths.add(FILE_NAME)
        return paths | self.open.keys()

    def fresh(self, path: str, rule: str, fingerprint: str) -> Finding | None:
        """The finding as it is now, with a fix that can be computed; None where it is gone."""
        document = self.document(path)
        known = self.registry.rules.get(rule)
        if document is None:
            return None
        found: Iterable[Finding]
        if known is None:
            found = self.findings(path)
        elif isinstance(known, ProjectRule):
            found = check_project(known, self.snapshot)
        else:
            assert isinstance(known, Rule)
            found = check_document(document, [known], self.context, self.settings)
        return next(
            (one for one in found if one.path == path and one.fingerprint == fingerprint), None
        )

    def severity_of(self, rule: str, path: str) -> Severity | None:
        """The severity of a rule in a file under the settings; None where it is off."""
        known = self.registry.rules.get(rule)
        return None if known is None else self.settings.severity(known, path)


def _speaks_of(finding: Finding, path: str) -> bool:
    return any(one.path == path for one in finding.related)
