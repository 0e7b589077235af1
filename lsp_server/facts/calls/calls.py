"""Who calls what: the calls of every function that can lead to an effect, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from lsp_server.document import Document
from lsp_server.facts.calls.callees import Candidate, Scope, candidates, components, is_piped
from lsp_server.facts.calls.chosen import Literal, given, taken
from lsp_server.facts.calls.loops import functions_in, recursion, tag_loops
from lsp_server.facts.calls.places import (
    ELSEWHERE,
    RESCUED,
    TEMPLATE,
    UNUSED,
    Region,
    in_order,
    place_at,
)
from lsp_server.facts.calls.primitives import LIBRARY
from lsp_server.facts.calls.regions import regions_of
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    BINARY,
    BODY,
    DO_BLOCK,
    OPERATOR,
    SECTIONS,
    Identifier,
)
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.names import Names, module_text
from lsp_server.syntax.node import RawNode, kind_id
from lsp_server.syntax.outline import Form
from lsp_server.syntax.walk import NodeIndex
from lsp_server.text import Span


class CallSite(Fact):
    """One call or capture of a function, or one component tag.

    `module` is the callee's full name; empty where an import must bring it. In a template file it
    is as written. `place` holds the bits of `facts.places`; `over` is the text of the collection
    that the innermost loop runs over, if it is short; `subject` is the first module that is named
    among the arguments of a repo's function, or in the chain that is piped into it. `given` are the
    literal arguments of a call that may be one of the project's own functions.
    """

    module: str
    name: str
    arity: int
    span: Span  # of `Module.name`, without the arguments
    place: int = 0
    over: str = ""
    subject: str = ""
    given: tuple[Literal, ...] = ()


class FunctionCalls(Fact):
    """The calls of one clause of a function, in the order of the text; clauses without any are left
    out, unless their heads take literals. A template file is a clause of the function that is named
    as the file, of no module."""

    module: str
    name: str
    arity: int
    span: Span  # of the name
    calls: tuple[CallSite, ...]
    taken: tuple[Literal, ...] = ()  # by its head
    whole: bool = False  # whether it takes every call that gives these


_TASKS = frozenset({b"async", b"async_nolink"})
_MACROS = frozenset({b"defmacro", b"defmacrop", b"defguard", b"defguardp"})
_RESCUES = tuple(kind for kind, name in SECTIONS.items() if name in ("rescue", "catch"))
# What follows the last expression of a line if it is not the last of its block.
_FOLLOWED = re.compile(
    rb"[ \t]*(?:#[^\n]*)?\r?\n(?:\s|#[^\n]*\n)*+"
    rb"(?!(?:end|else|rescue|catch|after)\b|[|)\]},<>=+*/&.]|and\b|or\b|in\b|when\b)\S"
)
_BLOCK = kind_id("block")
_BODIES = frozenset({DO_BLOCK, BODY, _BLOCK, *SECTIONS})

_ROLES = frozenset({Role.LIB, Role.TEMPLATE})


@collects(FunctionCalls)
def collect_calls(document: Document) -> Iterator[FunctionCalls]:
    """The calls of functions and templates. Macros, tests, scripts and migrations have none."""
    if document.role not in _ROLES:
        return
    if document.template is not None:
        calls = _of_template(document.template, Scope(None, Names()))
        if calls:
            yield FunctionCalls("", _stem(document.path), 1, Span(0, 0), _ordered(calls))
        return
    scopes: dict[int, Scope] = {}
    starters = frozenset(_starters(document)) if b"Task" in document.source else frozenset()
    for form in document.forms:
        function = form.function
        if function is None or form.callee in _MACROS or not form.module.name:
            continue
        scope = scopes.get(id(form.module))
        if scope is None:
            scope = scopes[id(form.module)] = Scope(form.module, form.module.names)
        calls = _of_function(form, function, scope, starters)
        literals, whole = taken(function) if form.callee != b"defdelegate" else ((), False)
        if calls or literals:
            yield FunctionCalls(
                *(scope.module, function.name, function.arity, function.name_span),
                *(_ordered(calls), literals, whole),
            )


def _stem(path: str) -> str:
    return PurePosixPath(path).name.partition(".")[0]


def _ordered(calls: list[CallSite]) -> tuple[CallSite, ...]:
    calls.sort(key=lambda call: call.span.start)
    return tuple(calls)


def _starters(document: Document) -> Iterator[bytes]:
    """The functions of a file that have a task run the function which they are given."""
    for form in document.forms:
        function = form.function
        if function is not None and not _TASKS.isdisjoint(form.index.raw_calls):
            parameters = {one.bytes for one in function.parameters if isinstance(one, Identifier)}
            for call in form.index.calls("async", "async_nolink"):
                if any(one.bytes in parameters for one in call.written_arguments[-1:]):
                    yield function.name.encode()


def _of_function(
    form: Form, function: Function, scope: Scope, starters: frozenset[bytes]
) -> list[CallSite]:
    if form.callee == b"defdelegate":
        return list(_delegated(function, scope))
    found: list[CallSite] = []
    called = list(candidates(form.index, scope, form, function.head.start))
    if called:
        starts = _starts(called)
        regions = in_order(_regions_of_clause(form, function, starters, starts), template=False)
        found = [_placed(one, form.index, scope, regions, 0) for one in called]
    for layer in form.templates:
        found.extend(_of_template(layer, scope, form))
    return found


def _starts(called: Iterable[Candidate]) -> list[int]:
    return sorted(raw.start_byte for raw, *_ in called)


def _regions_of_clause(
    form: Form, function: Function, starters: frozenset[bytes], starts: Sequence[int]
) -> Iterator[Region]:
    index = form.index
    yield from regions_of(index, starts)
    for name in starters & index.raw_calls.keys():
        for call in index.calls(name.decode()):
            if call.receiver is None:
                for argument in functions_in(call):
                    yield Region(*argument.span, ELSEWHERE)
    own = index.raw_calls.get(function.name.encode(), ())
    if len(own) > 1:
        yield from recursion(function.head, own, form.raw.end_byte)
    if any(kind in index.kinds for kind in _RESCUES):
        block = function.call.do_block
        if block is not None and not {"rescue", "catch"}.isdisjoint(block.sections):
            sections = [one.start_byte for one in block.raw.children if one.kind_id in SECTIONS]
            yield Region(block.start, sections[0], RESCUED)


def _of_template(layer: TemplateLayer, scope: Scope, form: Form | None = None) -> list[CallSite]:
    called = list(candidates(layer.index, scope, form, -1))
    tags = list(components(layer, scope, form))
    if not called and not tags:
        return []
    starts = sorted((*_starts(called), *(span.start for _, _, span in tags)))
    regions = in_order((*regions_of(layer.index, starts), *tag_loops(layer)), template=True)
    found = [_placed(one, layer.index, scope, regions, TEMPLATE) for one in called]
    for module, name, span in tags:
        place, over = place_at(regions, *span)
        found.append(CallSite(module, name, 1, span, place | TEMPLATE, over))
    return found


def _delegated(function: Function, scope: Scope) -> Iterator[CallSite]:
    target = function.call.keyword("to")
    module = scope.names.expand(module_text(target))
    if target is not None and module and not module.startswith(":"):
        renamed = function.call.keyword("as")
        name = renamed.name if isinstance(renamed, Atom) else function.name
        yield CallSite(module, name, function.arity, target.span)


def _operator(binary: RawNode, source: bytes) -> bytes:
    operator = binary.child_by_field_id(OPERATOR)
    return b"" if operator is None else source[operator.start_byte : operator.end_byte]


def _placed(
    candidate: Candidate, index: NodeIndex, scope: Scope, regions: Sequence[Region], base: int
) -> CallSite:
    raw, module, name, arity, span = candidate
    source = index.tree.source
    place, over = place_at(regions, raw.start_byte, raw.end_byte) if regions else (0, "")
    if _is_unused(raw, source):
        place |= UNUSED
    if module.endswith("Repo"):
        subject = scope.subject(raw, source, index)
        return CallSite(module, name, arity, span, place | base, over, subject)
    literals: tuple[Literal, ...] = ()
    if module not in LIBRARY:
        literals = given(raw, source, span.end, is_piped(source, raw.start_byte))
    return CallSite(module, name, arity, span, place | base, over, given=literals)


def _is_unused(raw: RawNode, source: bytes) -> bool:
    """Whether a call, or the pipe that ends in it, stands in a body before another expression."""
    start, end = raw.start_byte, raw.end_byte
    if _FOLLOWED.match(source, end) is None:
        return False
    if not is_piped(source, start):
        if not source[max(0, start - 200) : start].rstrip(b" \t").endswith(b"\n"):
            return False
    parent = raw.parent
    while parent is not None and parent.kind_id == BINARY:
        if parent.start_byte == raw.start_byte or _operator(parent, source) != b"|>":
            return False
        raw, parent = parent, parent.parent
    if parent is None or parent.kind_id not in _BODIES:
        return False
    return any(
        one.is_named and one.start_byte >= end and not one.is_extra and one.kind_id not in SECTIONS
        for one in parent.children
    )
