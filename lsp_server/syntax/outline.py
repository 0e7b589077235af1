"""The shallow structure of an Elixir file: modules, and the forms they are made of.

A form is one expression directly inside a module (a function clause, an attribute, a test) or at
the top of the file. Rules are run form by form, so that a keystroke touches one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lsp_server.syntax.definitions import FUNCTION_NAMES, MODULES, Function, module_name
from lsp_server.syntax.elixir import CALL, DOT, Call, ModuleAttribute
from lsp_server.syntax.layers import TemplateLayer, sigil_layers
from lsp_server.syntax.lazy import lazy
from lsp_server.syntax.names import DIRECTIVES, Names, block_of, directives
from lsp_server.syntax.node import Node, RawNode, Tree, cast
from lsp_server.syntax.walk import NodeIndex
from lsp_server.text import Span

_MODULES = frozenset(name.encode() for name in MODULES)
_DIRECTIVES = frozenset(name.encode() for name in DIRECTIVES)
_TEXT = re.compile(rb"@(?:module|type|short)?doc\s+(?:~[sS])?\"")


class Form:
    """One expression directly inside a module or at the top of a file."""

    def __init__(self, raw: RawNode, tree: Tree, module: Module, callee: bytes) -> None:
        self.raw = raw
        self.tree = tree
        self.module = module
        self.callee = callee  # the name of the call that the form is; empty for anything else

    @staticmethod
    def lone(raw: RawNode, tree: Tree, module: Module) -> Form:
        """A form that was parsed by itself."""
        return Form(raw, tree, module, callee_of(raw, tree))

    @property
    def span(self) -> Span:
        """The bytes of the form."""
        return Span(self.raw.start_byte, self.raw.end_byte)

    @property
    def bytes(self) -> bytes:
        """The form's text."""
        return self.tree.source[self.raw.start_byte : self.raw.end_byte]

    @property
    def node(self) -> Node:
        """The form's view."""
        return cast(self.raw, self.tree)

    @property
    def is_function(self) -> bool:
        """Whether the form is a clause of a function or macro."""
        return self.callee in FUNCTION_NAMES

    @property
    def is_text(self) -> bool:
        """Whether the form is documentation, which means nothing to other forms."""
        return _TEXT.match(self.tree.source, self.raw.start_byte) is not None

    @lazy
    def function(self) -> Function | None:
        """The function clause that the form is."""
        if not self.is_function:
            return None
        function = Function(Call(self.raw, self.tree))
        return function if function.name else None

    @lazy
    def index(self) -> NodeIndex:
        """The nodes of the form."""
        return NodeIndex(self.tree, self.raw)

    @lazy
    def templates(self) -> list[TemplateLayer]:
        """The layers of the template sigils inside the form."""
        return sigil_layers(self.index)

    @lazy
    def _inner_names(self) -> list[tuple[Span, Names]]:
        """Names that directives inside the form add, with where they hold, in the order of the
        text."""
        if self.callee in _DIRECTIVES or _DIRECTIVES.isdisjoint(self.index.raw_calls):
            return []
        found: list[tuple[Span, Names]] = []
        calls = sorted(self.index.calls(*DIRECTIVES), key=lambda call: call.start)
        for call in calls:
            block = block_of(call)
            outer = self.module.names
            for span, names in found:
                if span.covers(call.span):
                    outer = names
            names = Names(outer.module, outer)
            names.add(directives(call))
            found.append((block, names))
        return found

    def names_at(self, offset: int) -> Names:
        """What names mean at a byte offset inside the form."""
        names = self.module.names
        for span, inner in self._inner_names:
            if span.start <= offset < span.end:
                names = inner
        return names


def callee_of(raw: RawNode, tree: Tree) -> bytes:
    """The name of the call without module that a node is; empty for anything else."""
    if raw.kind_id != CALL:
        return b""
    target = raw.children[0]
    if target.kind_id == DOT:
        return b""
    return tree.source[target.start_byte : target.end_byte]


@dataclass(slots=True, eq=False)
class Module:
    """A `defmodule`, `defprotocol` or `defimpl`; the top of a file is one without name and call."""

    name: str
    span: Span
    names: Names
    outer: Module | None = None
    call: Call | None = None
    forms: list[Form] = field(default_factory=list)

    @property
    def name_span(self) -> Span:
        """The name after `defmodule`."""
        if self.call is None or not self.call.written_arguments:
            return Span(self.span.start, self.span.start)
        return self.call.written_arguments[0].span

    @property
    def keyword(self) -> str:
        """`defmodule`, `defprotocol`, `defimpl`; empty for the top of the file."""
        return "" if self.call is None else self.call.name

    @property
    def functions(self) -> Iterator[Function]:
        """The clauses of functions directly inside the module."""
        for form in self.forms:
            if form.function is not None:
                yield form.function

    def uses(self, *modules: str) -> bool:
        """Whether the module itself says `use` of one of these modules."""
        return any(use.module in modules for use in self.names.uses)

    def attribute(self, name: str) -> Node | None:
        """The last value given to `@name`."""
        sign = b"@" + name.encode()
        for form in reversed(self.forms):
            if form.callee or not form.tree.source.startswith(sign, form.raw.start_byte):
                continue  # a view of each form would cost 5 % of the parse
            node = form.node
            if isinstance(node, ModuleAttribute) and node.name == name and node.value is not None:
                return node.value
        return None

    @property
    def context(self) -> bytes:
        """Everything that decides what a form of the module means apart from its own text."""
        parts: list[bytes] = [self.name.encode(), b"" if self.outer is None else self.outer.context]
        for form in self.forms:
            if not form.is_function:
                if form.callee not in _MODULES and not form.is_text:
                    parts.append(form.bytes)
        # Also the aliases of modules inside this one, which are no forms of it.
        parts.append(repr(sorted(self.names.aliases.items())).encode())
        functions = self.names.functions
        parts.append(
            repr(sorted((name, sorted(arities)) for name, arities in functions.items())).encode()
        )
        return b"\0".join(parts)


class Outline:
    """Modules and forms of one tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        raw = tree.raw.root_node
        self.top = Module("", Span(raw.start_byte, len(tree.source)), Names())
        self.modules: list[Module] = [self.top]
        self.forms: list[Form] = []
        self._read(raw)
        self.forms.sort(key=lambda form: form.raw.start_byte)

    def _read(self, root: RawNode) -> None:
        tree = self.tree
        pending: list[tuple[RawNode, Module]] = [(root, self.top)]
        while pending:
            block, module = pending.pop()
            for raw in block.named_children:
                if raw.is_extra:
                    continue
                callee = callee_of(raw, tree)
                if callee in _MODULES:
                    inner = self._open(raw, module)
                    if inner is not None:
                        pending.append(inner)
                        continue
                form = Form(raw, tree, module, callee)
                module.forms.append(form)
                self.forms.append(form)
                self._note(form)

    def _open(self, raw: RawNode, outer: Module) -> tuple[RawNode, Module] | None:
        call = Call(raw, self.tree)
        block = call.do_block
        if block is None:
            return None
        written = module_name(call)
        name = written
        if outer.name and written and call.name != "defimpl":
            first = written.partition(".")[0]
            name = outer.names.expand(written)
            if name == written:
                name = f"{outer.name}.{written}"
                outer.names.aliases.setdefault(first, f"{outer.name}.{first}")
        elif call.name == "defimpl":
            name = outer.names.expand(written)
        module = Module(name, call.span, Names(name, outer.names), outer, call)
        self.modules.append(module)
        return block.raw, module

    def _note(self, form: Form) -> None:
        names = form.module.names
        if form.callee in _DIRECTIVES:
            names.add(directives(Call(form.raw, self.tree)))
        elif form.callee in FUNCTION_NAMES:
            function = form.function
            if function is not None:
                names.define(function.name, function.arity, function.defaults)

    @lazy
    def callers(self) -> Mapping[bytes, Sequence[Form]]:
        """The forms that call functions, by the functions' names, in the order of the text."""
        found: dict[bytes, list[Form]] = {}
        for form in self.forms:
            for name in form.index.callee_names:
                if name in found:
                    found[name].append(form)
                else:
                    found[name] = [form]
        return found

    def module_at(self, offset: int) -> Module:
        """The innermost module around a byte offset."""
        found = self.top
        for module in self.modules:
            if (
                module.span.start <= offset < module.span.end
                and module.span.start >= found.span.start
            ):
                found = module
        return found

    def form_at(self, offset: int) -> Form | None:
        """The form that holds a byte offset."""
        for form in self.forms:
            if form.raw.start_byte <= offset < form.raw.end_byte:
                return form
        return None
