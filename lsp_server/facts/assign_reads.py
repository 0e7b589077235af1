"""What code reads of the assigns of a socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
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


_DOT = re.compile(rb"\bassigns\.([a-z_]\w*[?!]?)")
_KEY = re.compile(rb"\bassigns\[:([a-z_]\w*[?!]?)\]|\bassigns, :([a-z_]\w*[?!]?)")
_PATTERN = re.compile(rb"\bassigns: %\{([^{}]*)\}|%\{([^{}]*)\} = (?:\w+\.)?assigns\b")
_PATTERN_KEY = re.compile(rb"([a-z_]\w*[?!]?):")
_WHOLE = re.compile(rb"\.assigns(?![\w.\[]|\s*[,|]? :)")


@collects(SocketReads)
def collect_socket_reads(document: Document) -> Iterator[SocketReads]:
    """The reads of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    if b"assigns" not in document.source and b"update(" not in document.source:
        return
    for form in document.forms:
        function = form.function
        if function is None:
            continue
        text = form.bytes
        updates = b"update" in form.index.raw_calls
        if b"assigns" not in text and not updates:
            continue
        read = list(_reads(text))
        added: list[str] = []
        for call in form.index.calls("update") if updates else ():
            match call.arguments:
                case [_, Atom(key), given] if call.receiver is None:
                    (read if added_by(given) is None else added).append(key)
        for call in form.index.calls("assign") if b"assigns." in text else ():
            match call.arguments:
                case [_, Atom(key), value] if b"assigns." in value.bytes:
                    if key in read and added_to(value, key) is not None:
                        read.remove(key)  # this read of the key, not others of the function
                        added.append(key)
        if read or added:
            yield SocketReads(
                form.module.name,
                function.name,
                function.arity,
                tuple(dict.fromkeys(read)),
                tuple(dict.fromkeys(added)),
            )


def _reads(text: bytes) -> Iterator[str]:
    for found in _DOT.finditer(text):
        yield found[1].decode()
    for found in _KEY.finditer(text):
        yield (found[1] or found[2]).decode()
    for found in _PATTERN.finditer(text):
        for key in _PATTERN_KEY.finditer(found[1] or found[2]):
            yield key[1].decode()
    if _WHOLE.search(text):
        yield "*"


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
