"""What code reads of the assigns of a socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Capture,
    Identifier,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, List
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class SocketReads(Fact):
    """The assigns that one clause of a function reads outside of its templates.

    `read` are their keys, `*` where the assigns are handed on as a whole. `added` are those that
    are read only to put one element before or behind the list, for the same assign.
    """

    module: str
    function: str
    arity: int
    read: tuple[str, ...]
    added: tuple[str, ...]


class Added(NamedTuple):
    """One element that is put before (`first`) or behind a list."""

    element: Node
    first: bool


_READ = re.compile(
    rb"assigns(?:\.([a-z_]\w*[?!]?)|\[:([a-z_]\w*[?!]?)\]|, :([a-z_]\w*[?!]?)|: %\{([^{}]*)\}"
    rb"|(?![\w.:\[(]))"
)
_PATTERN_KEY = re.compile(rb"([a-z_]\w*[?!]?):")
# What has none of these is no LiveView and no component with a state.
_KEEPING = frozenset({"mount", "update", "handle_params", "handle_event"})
_SIGNS = tuple(f"def {name}(".encode() for name in sorted(_KEEPING))


_UPDATE = frozenset({b"update"})


@collects(SocketReads)
def collect_socket_reads(document: Document) -> Iterator[SocketReads]:
    """The reads of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    if all(_KEEPING.isdisjoint(module.names.functions) for module in document.modules):
        return
    source = document.source
    if not any(sign in source for sign in _SIGNS):
        return
    reads: dict[Span, list[str]] = {}
    forms: dict[Span, Form] = {}
    form: Form | None = None
    for found in _READ.finditer(source):
        at = found.start()
        if form is None or not form.raw.start_byte <= at < form.raw.end_byte:
            form = document.outline.form_at(at)
        if form is not None:
            forms[form.span] = form
            reads.setdefault(form.span, []).extend(_keys(found, source))
    for form in forms_calling(document, _UPDATE):
        forms[form.span] = form
        reads.setdefault(form.span, [])
    for span, read in reads.items():
        form = forms[span]
        function = form.function
        if function is None:
            continue
        added = _added(form, read)
        if read or added:
            yield SocketReads(
                form.module.name,
                function.name,
                function.arity,
                tuple(dict.fromkeys(read)),
                tuple(dict.fromkeys(added)),
            )


def _keys(found: re.Match[bytes], source: bytes) -> Iterator[str]:
    simple = found[1] or found[2] or found[3]
    if simple:
        yield simple.decode()
    elif found[4] is not None:
        for key in _PATTERN_KEY.finditer(found[4]):
            yield key[1].decode()
    elif source[found.start() - 1 : found.start()] == b".":
        yield "*"


def _added(form: Form, read: list[str]) -> list[str]:
    """The keys to which one element is added; those that `update` reads otherwise go to `read`, and
    what is read only to add to it is taken out there."""
    added: list[str] = []
    for call in form.index.calls("update"):
        match call.arguments:
            case [_, Atom(key), given] if call.receiver is None:
                (read if added_by(given) is None else added).append(key)
    for call in form.index.calls("assign") if read else ():
        match call.arguments:
            case [_, Atom(key), value] if key in read and b"assigns." in value.bytes:
                if added_to(value, key) is not None:
                    read.remove(key)  # this read of the key, not others of the function
                    added.append(key)
    return added


def added_by(function: Node) -> Added | None:
    """What the function given to `update` adds, if that is all that it does."""
    match strip_parentheses(function):
        case AnonymousFunction(clauses=[clause]) if len(clause.body) == 1:
            match clause.patterns:
                case [Identifier(name)]:
                    return _added_in(
                        clause.body[0], lambda it: isinstance(it, Identifier) and it.name == name
                    )
        case Capture() as capture if capture.function is None:
            found = _added_in(
                strip_parentheses(capture.operand),
                lambda it: isinstance(it, Capture) and it.placeholder == 1,
            )
            if found is not None and b"&" not in found.element.bytes:
                return found
    return None


def added_to(value: Node, key: str) -> Added | None:
    """What a value adds to the assign `key` of the socket, if that is all that it does."""
    return _added_in(value, lambda it: it.text.endswith(f"assigns.{key}"))


def _added_in(node: Node, is_list: Callable[[Node], bool]) -> Added | None:
    match node:
        case List([BinaryOperator("|", element, rest)]) if is_list(rest):
            return Added(element, True)
        case BinaryOperator("++", left, List([element])) if is_list(left):
            return None if element.kind == "keywords" else Added(element, False)
        case BinaryOperator("++", List([element]), right) if is_list(right):
            return None if element.kind == "keywords" else Added(element, True)
    return None
