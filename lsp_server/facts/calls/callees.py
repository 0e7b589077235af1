"""Which calls of a form can lead to an effect, and what functions they are of.

This looks at every call of a project, so it works on raw nodes and bytes: a view, or the question
for a parent, costs more than all that is done here for most calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from lsp_server.facts.calls.primitives import GENERATED, KERNEL, LIBRARY, STANDARD, words
from lsp_server.facts.modules import full_name
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import ARGUMENTS, DO_BLOCK, DOT, UNARY
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.names import DIRECTIVES, Names
from lsp_server.syntax.node import RawNode
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.walk import NodeIndex
from lsp_server.text import Span

# What a call is before its place is known: the node that is the call or the capture, its callee,
# and the bytes of the callee.
Candidate = tuple[RawNode, str, str, int, Span]

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
_DIRECTIVES = frozenset(name.encode() for name in DIRECTIVES)
_ARITY = re.compile(rb"\s*/\s*(\d+)")
_MODULE_STARTS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_:")

# Imports of these bring nothing that leads to an effect.
_PURE_IMPORTS = STANDARD | {"Phoenix.ConnTest", "Plug.Conn", "Ecto.Query.API", "ExUnit.Assertions"}


class Scope:
    """What names mean in one module, remembered by how they are written."""

    def __init__(self, module: Module | None, names: Names) -> None:
        self.module = "" if module is None else full_name(module)
        self.names = names
        self.own = frozenset(name.encode() for name in names.functions)
        self._modules: dict[bytes, str | None] = {}

    @cached_property
    def brings(self) -> frozenset[bytes] | None:
        """The names that imports can bring, None for any name; without those of pure libraries. A
        template file has what the module has that owns it."""
        if not self.module:
            return None
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

    def subject(self, call: RawNode, source: bytes, index: NodeIndex) -> str:
        """The first module named in a call or the pipe that ends in it, its receiver apart."""
        start, end, receiver = call.start_byte, call.end_byte, call.children[0].end_byte
        if is_piped(source, start):
            parent = call.parent
            start = start if parent is None else parent.start_byte
        named = [
            (raw.start_byte, raw.end_byte)
            for raw in index.aliases
            if start <= raw.start_byte < end and not call.start_byte <= raw.start_byte < receiver
        ]
        if not named:
            return ""
        first = min(named)
        return self.module_named(source[first[0] : first[1]], self.names) or ""

    def may_call(self, name: bytes) -> bool:
        """Whether a call without a module can be one of a function of the project."""
        if name in self.own:
            return True
        brings = self.brings
        return name not in KERNEL if brings is None else name in brings

    def owner(self, name: bytes, text: str, arity: int) -> str | None:
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


def candidates(index: NodeIndex, scope: Scope, form: Form | None, head: int) -> Iterator[Candidate]:
    """The calls that can lead to an effect; `head` is where the head of the function begins."""
    source = index.tree.source
    nested = form is not None and not _DIRECTIVES.isdisjoint(form.index.raw_calls)
    own, brings = scope.own, scope.brings
    for name, raws in index.raw_calls.items():
        if name in _SYNTAX:
            continue
        local = name in own or (name not in KERNEL if brings is None else name in brings)
        text = ""
        for raw in raws:
            target = raw.children[0]
            if target.kind_id == DOT:
                receiver = target.children[0]
                start = receiver.start_byte
                if source[start] in _MODULE_STARTS:
                    names = form.names_at(start) if nested and form is not None else scope.names
                    module = scope.module_named(source[start : receiver.end_byte], names)
                    if module is not None:
                        text = text or name.decode("utf-8", "replace")
                        if _matters(module, text):
                            end = target.end_byte
                            yield raw, module, text, _arity(raw, source, end), Span(start, end)
            elif local and raw.start_byte != head:
                text = text or name.decode("utf-8", "replace")
                end = target.end_byte
                arity = _arity(raw, source, end)
                module = scope.owner(name, text, arity)
                if module is not None:
                    yield raw, module, text, arity, Span(raw.start_byte, end)
    for raw in index.raw_of_kind(UNARY):
        captured = _CAPTURED.match(source, raw.start_byte)
        if captured is not None and scope.may_call(captured[1]):
            text, arity = captured[1].decode(), int(captured[2])
            module = scope.owner(captured[1], text, arity)
            if module is not None:
                yield raw, module, text, arity, Span(*captured.span(1))


def is_piped(source: bytes, start: int) -> bool:
    """Whether a pipe sign stands before what begins at a byte."""
    if source[start - 3 : start] == b"|> ":
        return True
    return source[max(0, start - 200) : start].rstrip().endswith(b"|>")


def _arity(raw: RawNode, source: bytes, end: int) -> int:
    """The number of arguments with what is piped in and a do-block, or that of a capture; `end` is
    where the callee's name ends."""
    count = 0
    for child in raw.children:
        kind = child.kind_id
        if kind == ARGUMENTS:
            count += child.named_child_count
            if source.find(b"#", child.start_byte, child.end_byte) >= 0:
                count -= sum(1 for one in child.children if one.is_extra)
        elif kind == DO_BLOCK:
            count += 1
    start = raw.start_byte
    if is_piped(source, start):
        return count + 1
    if count == 0 and source[max(0, start - 9) : start].rstrip().endswith(b"&"):
        captured = _ARITY.match(source, end)
        if captured is not None:
            return int(captured[1])
    return count


_COMPONENT = re.compile(rb"<(?:\.[a-z_]|[A-Z])")


def components(
    layer: TemplateLayer, scope: Scope, form: Form | None
) -> Iterator[tuple[str, str, Span]]:
    """Module, name and span of the component tags of a template."""
    if _COMPONENT.search(layer.source, layer.span.start, layer.span.end) is None:
        return
    for node in layer.nodes(heex.Tag):
        if not node.is_component:
            continue
        if node.kind is heex.TagKind.COMPONENT:
            name = node.local_name
            if not scope.may_call(name.encode()):
                continue
            own = scope.owner(name.encode(), name, 1)
            if own is not None:
                yield own, name, node.name_span
        else:
            written, _, name = node.name.rpartition(".")
            names = scope.names if form is None else form.names_at(node.span.start)
            module = scope.module_named(written.encode(), names)
            if module is not None and _matters(module, name):
                yield module, name, node.name_span
