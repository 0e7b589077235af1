"""Runs rules on small projects held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from lsp_server.config import Settings
from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.lint.apply import apply_edits, changes
from lsp_server.lint.checker import check_document, check_project, operations
from lsp_server.lint.finding import Finding, Operation
from lsp_server.lint.rule import AnyRule, ProjectRule, Rule
from lsp_server.snapshot import Snapshot

ROUNDS = 20
Files = Mapping[str, bytes]

list(load_collectors())


def snapshot_of(files: Files, settings: Settings | None = None) -> Snapshot:
    """A snapshot of files by path; its clock stands at the start of 2026."""
    documents = {path: Document(path, source) for path, source in files.items()}
    index = Index({path: collect(document) for path, document in documents.items()})
    return Snapshot(
        index,
        settings or Settings(),
        documents.get,
        lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )


def check(rule: AnyRule, files: Files, settings: Settings | None = None) -> list[Finding]:
    """The findings of one rule in a project, in the order of paths and text."""
    return check_snapshot(rule, snapshot_of(files, settings))


def check_snapshot(rule: AnyRule, snapshot: Snapshot) -> list[Finding]:
    """The findings of one rule in a snapshot."""
    if isinstance(rule, ProjectRule):
        found = check_project(rule, snapshot)
    else:
        assert isinstance(rule, Rule)
        found = []
        for path in snapshot.index.paths:
            document = snapshot.document(path)
            assert document is not None
            found += check_document(document, [rule], snapshot.context, snapshot.settings)
    return sorted(found, key=lambda one: (one.path, one.span))


def apply_operations(files: Files, built: list[Operation]) -> dict[str, bytes]:
    """The files after the operations of one fix."""
    todo = changes(built)
    after = dict(files)
    for path, edits in todo.edits.items():
        after[path] = apply_edits(after[path], edits)
    for path, text in todo.created.items():
        assert path not in files, f"the fix creates {path}, which is there already"
        after[path] = text.encode()
    for path, new in todo.renamed.items():
        after[new] = after.pop(path)
    return after


def fix_all(rule: AnyRule, files: Files, settings: Settings | None = None) -> dict[str, bytes]:
    """The files after all fixes of a rule, one after the other, until nothing changes."""
    current = dict(files)
    for _ in range(ROUNDS):
        snapshot = snapshot_of(current, settings)
        for finding in check_snapshot(rule, snapshot):
            built = operations(finding, snapshot)
            if built:
                after = apply_operations(current, built)
                if after != current:
                    current = after
                    break
        else:
            return current
    raise AssertionError(f"{rule.id} still changes its own fix after {ROUNDS} rounds")


def encode(files: Mapping[str, str]) -> dict[str, bytes]:
    """Texts as bytes."""
    return {path: text.encode() for path, text in files.items()}


def found_lines(findings: list[Finding], files: Files) -> set[tuple[str, int, str]]:
    """(path, zero-based line, rule) of each finding."""
    return {
        (one.path, Document(one.path, files[one.path]).lines.line_at(one.span.start), one.rule)
        for one in findings
    }
