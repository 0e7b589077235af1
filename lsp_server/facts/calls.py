"""Who calls what: the calls of every function that can lead to an effect, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.loops import recursion, tag_loops
from lsp_server.facts.modules import full_name
from lsp_server.facts.places import (
    RESCUED,
    TEMPLATE,
    UNUSED,
    Region,
    in_order,
    place_at,
)
from lsp_server.facts.primitives import GENERATED, KERNEL, LIBRARY, STANDARD, words
from lsp_server.facts.regions import regions_of
from lsp_server.role import Role
from lsp_server.syntax import heex
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    ARGUMENTS,
    BINARY,
    BODY,
    DO_BLOCK,
    DOT,
    IDENTIFIER,
    OPERATOR,
    SECTIONS,
    UNARY,
)
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.names import DIRECTIVES, Names, module_text
from lsp_server.syntax.node import RawNode, kind_id
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.walk import NodeIndex
from lsp_server.text import Span


class CallSite(Fact):
    """One call or capture of a function, or one component tag.

    `module` is the callee's full name; empty where an import must bring it. In a template file it
    is as written. `place` holds the bits of `facts.places`; `over` is the text of the collection
    that the innermost loop runs over, if it is short; `subject` is the first module that is named
    among the arguments of a repo's function, or in the chain that is piped into it.
    """

    module: str
    name: str
    arity: int
    span: Span  # of `Module.name`, without the arguments
    place: int = 0
    over: str = ""
    subject: str = ""


class FunctionCalls(Fact):
    """The calls of one clause of a function, in the order of the text; clauses without any are left
    out. A template file is a clause of the function that is named as the file, of no module."""

    module: str
    name: str
    arity: int
    span: Span  # of the name
    calls: tuple[CallSite, ...]


_MODULE = re.compile(rb"(?:__MODULE__|[A-Z]\w*)(?:\s*\.\s*[A-Z]\w*)*|:[a-z]\w*")
_CAPTURED = re.compile(rb"&\s*([a-z_]\w*[?!]?)\s*/\s*(\d+)")
# Names of what is only ever syntax; nearly half of all calls are of these.
_SYNTAX = KERNEL & {
    name.encode()
    for name in words(
        "alias case cond def defdelegate defguard defguardp defimpl defmacro defmacrop defmodule "
        "defp defprotocol fn for if import quote raise receive require try unless use with @"
    )
} | {b"."}
_MACROS = frozenset({b"defmacro", b"defmacrop", b"defguard", b"defguardp"})
_DIRECTIVES = frozenset(name.encode() for name in DIRECTIVES)
_RESCUES = tuple(kind for kind, name in SECTIONS.items() if name in ("rescue", "catch"))
_BLOCK = kind_id("block")
_BODIES = frozenset({DO_BLOCK, BODY, _BLOCK, *SECTIONS})

# Imports of these bring nothing that leads to an effect.
_PURE_IMPORTS = STANDARD | {"Phoenix.ConnTest", "Plug.Conn", "Ecto.Query.API", "ExUnit.Assertions"}
_ROLES = frozenset({Role.LIB, Role.TEMPLATE})


@collects(FunctionCalls)
def collect_calls(document: Document) -> Iterator[FunctionCalls]:
    """The calls of functions and templates. Macros, tests, scripts and migrations have none."""
    if document.role not in _ROLES:
        return
    if document.template is not None:
        calls = _of_template(document.template, _Scope(None, Names()))
        if calls:
            yield FunctionCalls("", _stem(document.path), 1, Span(0, 0), _ordered(calls))
        return
    scopes: dict[int, _Scope] = {}
    for form in document.forms:
        function = form.function
        if function is None or form.callee in _MACROS or not form.module.name:
            continue
        scope = scopes.get(id(form.module))
        if scope is None:
            scope = scopes[id(form.module)] = _Scope(form.module, form.module.names)
        calls = _of_function(form, function, scope)
        if calls:
            yield FunctionCalls(
                scope.module, function.name, function.arity, function.name_span, _ordered(calls)
            )


def _stem(path: str) -> str:
    return PurePosixPath(path).name.partition(".")[0]


def _ordered(calls: list[CallSite]) -> tuple[CallSite, ...]:
    calls.sort(key=lambda call: call.span.start)
    return tuple(calls)


class _Scope:
    """What names mean in one module, remembered by how they are written."""

    def __init__(self, module: Module | None, names: Names) -> None:
        self.module = "" if module is None else full_name(module)
        self.names = names
        self.own = frozenset(name.encode() for name in names.functions)
        self._modules: dict[bytes, str | None] = {}

    @cached_property
    def brings(self) -> frozenset[bytes] | None:
        """The names that imports can bring, None for any name; without those of pure libraries."""
        found: set[bytes] = set()
        for use in self.names.uses:
            found.update(name.encode() for name in GENERATED.get(use.module, ()))
        for one in self.names.all_imports():
            if one.module in _PURE_IMPORTS or one.module.startswith(":"):
                continue
            if one.only is None:
                return None
            found.update(name.encode() for name, _ in one.only)
        return frozenset(found)

    def module_named(self, written: bytes, names: Names) -> str | None:
        """The full name of a receiver; None for what is no module."""
        if names is not self.names:
            return _expand(written, names)
        if written not in self._modules:
            self._modules[written] = _expand(written, names)
        return self._modules[written]

    def subject(self, call: RawNode, index: NodeIndex) -> str:
        """The first module named in a call or the pipe that ends in it, its receiver apart."""
        start, end, receiver = call.start_byte, call.end_byte, call.children[0].end_byte
        parent = index.tree.parent(call)
        if parent is not None and parent.kind_id == BINARY and parent.end_byte == end:
            start = parent.start_byte
        named = [
            (raw.start_byte, raw.end_byte)
            for raw, _ in index.aliases
            if start <= raw.start_byte < end and not call.start_byte <= raw.start_byte < receiver
        ]
        if not named:
            return ""
        first = min(named)
        return self.module_named(index.tree.source[first[0] : first[1]], self.names) or ""

    def may_call(self, name: bytes) -> bool:
        """Whether a call without a module can be one of a function of the project."""
        if name in self.own:
            return True
        brings = self.brings
        return name not in KERNEL if brings is None else name in brings

    def calls_itself(self, name: bytes, text: str, arity: int) -> str | None:
        """The own module for a function of it, empty for what an import must bring, else None."""
        if arity in self.names.functions.get(text, ()):
            return self.module
        brings = self.brings
        return "" if (brings is None and name not in KERNEL) or name in (brings or ()) else None


def _expand(written: bytes, names: Names) -> str | None:
    if _MODULE.fullmatch(written) is None:
        return None
    module = names.expand(b"".join(written.split()).decode("utf-8", "replace"))
    if module in STANDARD and module not in LIBRARY:
        return None
    if module[:1] == ":" and module not in LIBRARY:
        return None
    return None if module == "Routes" or module.endswith("Router.Helpers") else module


def _matters(module: str, name: str) -> bool:
    """Whether a function of a library or of the project can lead to an effect."""
    known = LIBRARY.get(module)
    return known is None or name in known


def _of_function(form: Form, function: Function, scope: _Scope) -> list[CallSite]:
    if form.callee == b"defdelegate":
        return list(_delegated(function, scope))
    found: list[CallSite] = []
    candidates = list(_candidates(form.index, scope, form, function.head.start))
    if candidates:
        regions = in_order(_regions_of_clause(form, function), template=False)
        found = [_placed(one, form.index, scope, regions, 0) for one in candidates]
    for layer in form.templates:
        found.extend(_of_template(layer, scope, form))
    return found


def _regions_of_clause(form: Form, function: Function) -> Iterator[Region]:
    index = form.index
    yield from regions_of(index)
    own = index.raw_calls.get(function.name.encode(), ())
    if len(own) > 1:
        yield from recursion(function.head, own, form.raw.end_byte)
    if any(kind in index.kinds for kind in _RESCUES):
        block = function.call.do_block
        if block is not None and not {"rescue", "catch"}.isdisjoint(block.sections):
            sections = [one.start_byte for one in block.raw.children if one.kind_id in SECTIONS]
            yield Region(block.start, sections[0], RESCUED)


def _of_template(layer: TemplateLayer, scope: _Scope, form: Form | None = None) -> list[CallSite]:
    candidates = list(_candidates(layer.index, scope, form, -1))
    tags = list(_components(layer, scope, form))
    if not candidates and not tags:
        return []
    regions = in_order((*regions_of(layer.index), *tag_loops(layer)), template=True)
    found = [_placed(one, layer.index, scope, regions, TEMPLATE) for one in candidates]
    for module, name, span in tags:
        place, over = place_at(regions, *span)
        found.append(CallSite(module, name, 1, span, place | TEMPLATE, over))
    return found


def _delegated(function: Function, scope: _Scope) -> Iterator[CallSite]:
    target = function.call.keyword("to")
    module = scope.names.expand(module_text(target))
    if target is not None and module and not module.startswith(":"):
        renamed = function.call.keyword("as")
        name = renamed.name if isinstance(renamed, Atom) else function.name
        yield CallSite(module, name, function.arity, target.span)


# What a call is before its place is known: the node that is the call or the capture, its callee,
# and the bytes of the callee.
_Candidate = tuple[RawNode, str, str, int, Span]


def _candidates(
    index: NodeIndex, scope: _Scope, form: Form | None, head: int
) -> Iterator[_Candidate]:
    """The calls that can lead to an effect; `head` is where the head of the function begins."""
    source = index.tree.source
    nested = form is not None and not _DIRECTIVES.isdisjoint(form.index.raw_calls)
    for name, raws in index.raw_calls.items():
        if name in _SYNTAX:
            continue
        local = scope.may_call(name)
        text = ""
        for raw in raws:
            target = raw.child(0)
            if target is None:
                continue
            kind = target.kind_id
            if kind == DOT:
                start, end = target.start_byte, target.end_byte
                names = form.names_at(start) if nested and form is not None else scope.names
                module = scope.module_named(source[start : end - len(name) - 1], names)
                if module is None:
                    continue
                text = text or name.decode("utf-8", "replace")
                if _matters(module, text):
                    yield raw, module, text, _arity(raw, index), Span(start, end)
            elif local and kind == IDENTIFIER and target.start_byte != head:
                text = text or name.decode("utf-8", "replace")
                arity = _arity(raw, index)
                own = scope.calls_itself(name, text, arity)
                if own is not None:
                    yield raw, own, text, arity, Span(target.start_byte, target.end_byte)
    for raw in index.raw_of_kind(UNARY):
        captured = _CAPTURED.match(source, raw.start_byte)
        if captured is not None and scope.may_call(captured[1]):
            text, arity = captured[1].decode(), int(captured[2])
            own = scope.calls_itself(captured[1], text, arity)
            if own is not None:
                yield raw, own, text, arity, Span(*captured.span(1))


def _arity(raw: RawNode, index: NodeIndex) -> int:
    """The number of arguments with what is piped in and a do-block, or that of a capture."""
    source = index.tree.source
    count = 0
    for child in raw.children[1:]:
        kind = child.kind_id
        if kind == ARGUMENTS:
            count += child.named_child_count
            if source.find(b"#", child.start_byte, child.end_byte) >= 0:
                count -= sum(1 for one in child.children if one.is_extra)
        elif kind == DO_BLOCK:
            count += 1
    parent = index.tree.parent(raw)
    if parent is None or parent.kind_id != BINARY:
        return count
    if parent.start_byte != raw.start_byte:
        return count + 1 if _operator(parent, source) == b"|>" else count
    if count == 0 and source[raw.end_byte : raw.end_byte + 1] == b"/":
        outer = index.tree.parent(parent)
        if outer is not None and source[outer.start_byte : outer.start_byte + 1] == b"&":
            written = source[raw.end_byte + 1 : parent.end_byte].strip()
            return int(written) if written.isdigit() else 0
    return count


def _operator(binary: RawNode, source: bytes) -> bytes:
    operator = binary.child_by_field_id(OPERATOR)
    return b"" if operator is None else source[operator.start_byte : operator.end_byte]


def _placed(
    candidate: _Candidate, index: NodeIndex, scope: _Scope, regions: Sequence[Region], base: int
) -> CallSite:
    raw, module, name, arity, span = candidate
    place, over = place_at(regions, raw.start_byte, raw.end_byte) if regions else (0, "")
    if _is_unused(raw, index):
        place |= UNUSED
    subject = scope.subject(raw, index) if module.endswith("Repo") else ""
    return CallSite(module, name, arity, span, place | base, over, subject)


def _is_unused(raw: RawNode, index: NodeIndex) -> bool:
    """Whether a call, or the pipe that ends in it, stands in a body before another expression."""
    parent_of, source = index.tree.parent, index.tree.source
    parent = parent_of(raw)
    while parent is not None and parent.kind_id == BINARY:
        if parent.start_byte == raw.start_byte or _operator(parent, source) != b"|>":
            return False
        raw, parent = parent, parent_of(parent)
    if parent is None or parent.kind_id not in _BODIES:
        return False
    end = raw.end_byte
    return any(
        one.is_named and one.start_byte >= end and not one.is_extra and one.kind_id not in SECTIONS
        for one in parent.children
    )


_COMPONENT = re.compile(rb"<(?:\.[a-z_]|[A-Z])")


def _components(
    layer: TemplateLayer, scope: _Scope, form: Form | None
) -> Iterator[tuple[str, str, Span]]:
    """Module, name and span of the component tags of a template."""
    if _COMPONENT.search(layer.source, layer.span.start, layer.span.end) is None:
        return
    for node in heex.walk(layer.template):
        if type(node) is not heex.Tag or not node.is_component:
            continue
        if node.kind is heex.TagKind.COMPONENT:
            name = node.local_name
            if not scope.may_call(name.encode()):
                continue
            own = scope.calls_itself(name.encode(), name, 1)
            if own is not None:
                yield own, name, node.name_span
        else:
            written, _, name = node.name.rpartition(".")
            names = scope.names if form is None else form.names_at(node.span.start)
            module = scope.module_named(written.encode(), names)
            if module is not None and _matters(module, name):
                yield module, name, node.name_span
