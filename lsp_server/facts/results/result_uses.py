"""Where code takes a result for granted: `{:ok, x} = f()`, a `case` of successes alone, `_ = f()`.

A result in statement position has no fact of its own: its call has the place `UNUSED`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.results.outcomes import (
    Outcome,
    callee_of,
    last_calls,
    shape_of,
    subject_of,
    told_by_argument,
)
from lsp_server.role import Role
from lsp_server.syntax.elixir import BODY, DO_BLOCK, SECTIONS, Call, Identifier, Match
from lsp_server.syntax.node import Node, RawNode, Tree, cast, kind_id
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

MATCH = "match"  # `{:ok, x} = f()`
CASE = "case"  # `case f() do {:ok, x} -> … end`, and no clause takes anything else
DISCARDED = "discarded"  # `_ = f()`, or the last call of a block whose value nobody takes
TIDYING = "tidying"  # a file that is removed after use, or because something else has failed


class ResultUse(Fact):
    """One place in a function of `lib`, named by the callee whose result it is.

    `where` is the pattern of a match, the word `case`, or the callee; `noted` tells that a comment
    stands with it, `asserted` that the function has asserted a condition before it (`true =
    allowed?(user)`).
    """

    kind: str
    callee: Span
    where: Span
    noted: bool = False
    outcomes: tuple[Outcome, ...] = ()  # of a transaction or deletion, whose argument tells them
    asserted: bool = False


_FUNCTIONS = frozenset({b"def", b"defp"})
_SUCCESS = re.compile(rb"(?:\{\s*:ok\s*,|:ok\s*=[^=~>])")
_CLAUSE = re.compile(rb"\{\s*:ok\s*,|:ok\b")
_CONDITION = re.compile(rb"^[ \t]*true = ", re.M)
_NOBODY = re.compile(rb"_[a-z0-9_]*\s*=[^=~>]")
_TEMPORARY = re.compile(rb"te?mp", re.I)
_TIDIES = re.compile(rb"abort|clean|discard|halt|purge|rollback|teardown|terminate|tidy")
_FAILING = re.compile(rb"\s*(?:Logger\.\w+[^\n]*\s*)?(?:\{:error|:error|raise|reraise)\b")
# Calls in statement position whose blocks or functions end in calls that nobody listens to.
_BLOCKS = frozenset({b"if", b"unless", b"case", b"cond", b"with", b"for", b"each"})
_WRITTEN = _BLOCKS - {b"each"} | {b"Enum.each"}
_LAST = re.compile(rb"\s*(?:end|else|rescue|catch|after)\b")  # what ends a block
_BODY_KINDS = frozenset({DO_BLOCK, BODY, *SECTIONS})
_STAB = kind_id("stab_clause")


@collects(ResultUse)
def collect_result_uses(document: Document) -> Iterator[ResultUse]:
    """The places in a file."""
    if document.role is not Role.LIB:
        return
    for form in document.forms:
        if form.callee in _FUNCTIONS and form.module.name:
            called = form.index.callee_names
            yield from _matches(form)
            if b"case" in called:
                yield from _cases(form)
            if not _BLOCKS.isdisjoint(called):
                yield from _blocks(form)
            if b"rm" in called:
                yield from _tidying(form)


def _matches(form: Form) -> Iterator[ResultUse]:
    source = form.tree.source
    for raw in form.index.binaries(b"="):
        start = raw.start_byte
        asserted = _SUCCESS.match(source, start) is not None
        if not asserted and _NOBODY.match(source, start) is None:
            continue
        match = Match(raw, form.tree)
        callee = callee_of(match.right)
        if callee is None:
            continue
        if asserted:
            if shape_of(match.left):
                told = told_by_argument(match.right)
                condition = _CONDITION.search(source, form.raw.start_byte, start) is not None
                where = match.left.span
                yield ResultUse(MATCH, callee, where, outcomes=told, asserted=condition)
        elif isinstance(match.left, Identifier):
            yield ResultUse(DISCARDED, callee, callee, noted=_is_noted(match))


def _is_noted(node: Node) -> bool:
    """Whether a comment stands behind a statement or on the line above it."""
    source = node.tree.source
    end = source.find(b"\n", node.end)
    if b"#" in source[node.end : len(source) if end < 0 else end]:
        return True
    line = source.rfind(b"\n", 0, node.start)
    above = source[source.rfind(b"\n", 0, max(line, 0)) + 1 : max(line, 0)]
    return above.lstrip().startswith(b"#")


def _cases(form: Form) -> Iterator[ResultUse]:
    source = form.tree.source
    for raw in form.index.raw_calls.get(b"case", ()):
        block = raw.child(raw.child_count - 1)
        if block is None or block.kind_id != DO_BLOCK:
            continue
        clauses = [one for one in block.named_children if one.kind_id == _STAB]
        if not clauses or any(_CLAUSE.match(source, one.start_byte) is None for one in clauses):
            continue
        call = Call(raw, form.tree)
        subject = subject_of(call)
        callee = None if subject is None else callee_of(subject)
        shapes = [shape_of(one) for clause in call.clauses() for one in clause.patterns]
        if subject is not None and callee is not None and call.receiver is None and all(shapes):
            told = told_by_argument(subject)
            yield ResultUse(CASE, callee, call.name_span, outcomes=told)


def _blocks(form: Form) -> Iterator[ResultUse]:
    """The last calls of blocks in statement position, and of functions given to `Enum.each`."""
    calls, source = form.index.raw_calls, form.tree.source
    blocks = [raw for name in calls.keys() & _BLOCKS for raw in calls[name]]
    for raw in sorted(blocks, key=lambda one: one.start_byte):
        if _LAST.match(source, raw.end_byte) or not _begins(source, raw.start_byte):
            continue
        if _callee(raw, source) not in _WRITTEN:
            continue
        if _is_statement(raw, form.tree):
            for callee in last_calls(cast(raw, form.tree)):
                yield ResultUse(DISCARDED, callee, callee)


def _begins(source: bytes, at: int) -> bool:
    """Whether an expression can begin here, by what stands before it on its line."""
    before = source[source.rfind(b"\n", 0, at) + 1 : at].rstrip()
    return not before or before.endswith((b"->", b";", b"do", b"else", b"after"))


def _is_statement(raw: RawNode, tree: Tree) -> bool:
    """Whether other expressions of a block follow an expression."""
    body = tree.parent(raw)
    if body is None or body.kind_id not in _BODY_KINDS:
        return False
    following = [one for one in body.named_children if one.start_byte >= raw.end_byte]
    return any(not one.is_extra and one.kind_id not in SECTIONS for one in following)


def _tidying(form: Form) -> Iterator[ResultUse]:
    """`File.rm(tmp_path)`, `File.rm(path)` before an error is returned or raised again."""
    source = form.tree.source
    for raw in form.index.raw_calls.get(b"rm", ()):
        callee = raw.child(0)
        if callee is None or not source.startswith(b"File.", raw.start_byte):
            continue
        end = raw.end_byte
        line = source[source.rfind(b"\n", 0, raw.start_byte) + 1 : end]
        name = b"" if form.function is None else form.function.name.encode()
        tidies = _TEMPORARY.search(line) or _TIDIES.search(name) or _FAILING.match(source, end)
        if tidies or _is_used_before(form, raw):
            span = Span(callee.start_byte, callee.end_byte)
            yield ResultUse(TIDYING, span, span)


def _is_used_before(form: Form, raw: RawNode) -> bool:
    """Whether the function has worked with the file that it removes."""
    arguments = Call(raw, form.tree).arguments
    if form.function is None or not arguments:
        return False
    before = form.tree.source[form.function.head.end : raw.start_byte]
    name = arguments[0].bytes
    return (
        re.search(rb"(?<![\w.])" + re.escape(name) + rb"(?![\w(])(?!\s*=[^=])", before) is not None
    )


def _callee(raw: RawNode, source: bytes) -> bytes:
    target = raw.child(0)
    return b"" if target is None else source[target.start_byte : target.end_byte]
