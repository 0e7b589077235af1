"""The shop: exactly the marked lines carry findings, and every fix leaves it Elixir."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from lsp_server.config import Settings
from lsp_server.document import Document, Language
from lsp_server.lint.checker import check_document, check_project, operations
from lsp_server.lint.finding import Finding
from lsp_server.lint.registry import registry
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile
from lsp_server.snapshot import Snapshot
from tests.elixir_oracle import ElixirOracle
from tests.marks import take_marks
from tests.rules.harness import apply_operations, snapshot_of

SHOP = Path(__file__).parent / "shop"
ENDINGS = (".ex", ".exs", ".heex", ".eex", ".js", ".lock")


@cache
def shop() -> tuple[Mapping[str, bytes], frozenset[tuple[str, int, str]]]:
    """The files without their marks, and (path, zero-based line, rule) of each mark."""
    files: dict[str, bytes] = {}
    marks: set[tuple[str, int, str]] = set()
    for path in sorted(SHOP.rglob("*")):
        if path.suffix in ENDINGS and path.is_file():
            name = path.relative_to(SHOP).as_posix()
            text, found = take_marks(path.read_bytes().decode("utf-8"))
            files[name] = text.encode()
            marks |= {(name, line, rule) for line, rule in found}
    return files, frozenset(marks)


@cache
def snapshot() -> Snapshot:
    return snapshot_of(shop()[0], Settings(profile=Profile.AGGRESSIVE))


@cache
def findings() -> tuple[Finding, ...]:
    """What all rules of both profiles say of the shop."""
    known, rules = snapshot(), registry()
    found: list[Finding] = []
    for rule in rules.project_rules:
        found += check_project(rule, known)
    for path in known.index.paths:
        document = known.document(path)
        assert document is not None
        found += check_document(document, rules.document_rules, known.context, known.settings)
    return tuple(found)


def line_of(finding: Finding) -> int:
    document = snapshot().document(finding.path)
    assert document is not None
    return document.lines.line_at(finding.span.start)


def test_recommended_rules_find_exactly_what_is_marked() -> None:
    rules = registry().rules
    wanted = {id for id, rule in rules.items() if rule.profile is Profile.RECOMMENDED}
    found = {(one.path, line_of(one), one.rule) for one in findings() if one.rule in wanted}
    marked = {one for one in shop()[1] if one[2] in wanted}
    assert (sorted(found - marked), sorted(marked - found)) == ([], [])


def test_marks_of_aggressive_rules_are_found() -> None:
    found = {(one.path, line_of(one), one.rule) for one in findings()}
    known = {one for one in shop()[1] if one[2] in registry().rules}
    assert sorted(known - found) == []


def test_every_mark_names_a_rule() -> None:
    assert sorted({rule for _, _, rule in shop()[1]} - set(registry().rules)) == []


@pytest.mark.parametrize("rule", sorted({one.rule for one in findings()}))
def test_fixes_leave_elixir(rule: str, elixir: ElixirOracle) -> None:
    files = shop()[0]
    for finding in findings():
        if finding.rule != rule:
            continue
        built = operations(finding, snapshot())
        if not built:
            continue
        for path, source in apply_operations(files, built).items():
            if files.get(path) != source:
                still_elixir(path, files.get(path), source, elixir)


def broken(document: Document) -> int:
    """What is wrong in the templates of a file; some is planted there."""
    return sum(
        len(layer.template.errors) + layer.tree.raw.root_node.has_error
        for layer in document.templates
    )


def still_elixir(path: str, before: bytes | None, after: bytes, elixir: ElixirOracle) -> None:
    document = Document(path, after)
    assert broken(document) <= broken(Document(path, before or b"")), f"{path} is broken by the fix"
    if document.language is Language.ELIXIR:
        code = after.decode()
        assert elixir.parses(code) is None, f"{path} does not parse after the fix:\n{code}"
        if before is None or elixir.is_formatted(before.decode()):
            assert elixir.is_formatted(code), f"{path} is not formatted after the fix:\n{code}"


def test_project_rules_read_facts_alone() -> None:
    """A project rule that reads documents to find something would be stale after an edit."""
    known = snapshot()
    blind = Snapshot(known.index, known.settings, lambda _: None, known.now, known.known)
    for rule in registry().project_rules:
        assert isinstance(rule, ProjectRule)
        seen = [(one.path, one.span, one.message) for one in check_project(rule, blind)]
        assert seen == [(one.path, one.span, one.message) for one in check_project(rule, known)]
