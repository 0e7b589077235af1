"""Function components: what they declare of their attributes and slots."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom, Boolean
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class Attr(Fact):
    """One `attr :name, type`; `type` as written, without the colon of an atom."""

    name: str
    type: str
    required: bool
    default: str | None  # as written; None without one
    span: Span


class Slot(Fact):
    """One `slot :name` with the attributes that it declares."""

    name: str
    required: bool
    attrs: tuple[Attr, ...]
    span: Span


class FunctionComponent(Fact):
    """A function of one argument that has a template or declares attributes or slots.

    `declares`: whether it says of any attribute or slot what it takes.
    """

    module: str
    name: str
    attrs: tuple[Attr, ...]
    slots: tuple[Slot, ...]
    span: Span  # of the name, in the first clause

    @property
    def declares(self) -> bool:
        """Whether it says of any attribute or slot what it takes."""
        return bool(self.attrs or self.slots)

    def attr(self, name: str) -> Attr | None:
        """The declaration of an attribute."""
        return next((one for one in self.attrs if one.name == name), None)


@collects(FunctionComponent)
def collect_components(document: Document) -> Iterator[FunctionComponent]:
    """The function components of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    for module in document.modules:
        yield from _of_module(module)


def _of_module(module: Module) -> Iterator[FunctionComponent]:
    attrs: list[Attr] = []
    slots: list[Slot] = []
    seen: set[str] = set()
    for form in module.forms:
        callee = form.callee
        if callee == b"attr":
            attrs.extend(_attr(Call(form.raw, form.tree)))
        elif callee == b"slot":
            slots.extend(_slot(Call(form.raw, form.tree)))
        elif callee in (b"def", b"defp") and (function := form.function) is not None:
            if function.arity == 1 and function.name not in seen:
                if attrs or slots or _has_template(form):
                    seen.add(function.name)
                    yield FunctionComponent(
                        module.name,
                        function.name,
                        tuple(attrs),
                        tuple(slots),
                        function.name_span,
                    )
            attrs, slots = [], []


def _has_template(form: Form) -> bool:
    return bool(form.templates) and b"~H" in form.bytes


def _attr(call: Call) -> Iterator[Attr]:
    match call.written_arguments:
        case [Atom(name), kind, *_]:
            default = call.keyword("default")
            yield Attr(
                name,
                kind.text.removeprefix(":"),
                _is_true(call, "required"),
                None if default is None else default.text,
                call.span,
            )


def _slot(call: Call) -> Iterator[Slot]:
    match call.written_arguments:
        case [Atom(name), *_]:
            inner = (one for one in call.body if isinstance(one, Call) and one.name == "attr")
            attrs = tuple(attr for one in inner for attr in _attr(one))
            yield Slot(name, _is_true(call, "required"), attrs, call.span)


def _is_true(call: Call, key: str) -> bool:
    match call.keyword(key):
        case Boolean(value):
            return value
    return False
