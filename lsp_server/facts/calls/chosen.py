"""Which clauses of a function a call can run, as far as literals tell.

The call gives literals, the heads of clauses take some: `deliver(:log, mail)` never runs
`def deliver(:mail, mail)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import ARGUMENTS, BinaryOperator, Identifier
from lsp_server.syntax.literals import KEY, KEYWORDS, PAIR, VALUE
from lsp_server.syntax.node import Node, RawNode, kind_id

# Where a literal stands, and its text: the position of the argument, or, inside a map, the position
# and the key: ("0", ":log"), ("1.type", '"sms"').
Literal = tuple[str, str]
# The literals that a clause takes, and whether it takes whatever has them.
Taken = tuple[tuple[Literal, ...], bool]

_SIMPLE = frozenset(map(kind_id, ("atom", "boolean", "nil", "integer")))
_STRING = kind_id("string")
_MAP = kind_id("map")
_BINARY = kind_id("binary_operator")
_KEY = re.compile(rb'([a-z_]\w*[?!]?):|:([a-z_]\w*[?!]?)|"([\w.-]*)"')
_PLAIN = re.compile(rb'"[\w.-]{0,24}"')  # no text that somebody writes for people
# A literal where an argument or the value of a key may stand; most calls have none.
_MAY = re.compile(rb'[(,\s](?::[a-z_]|"[\w.-]{0,24}"\s*[,)}=]|\d|true\b|false\b|nil\b)')


def given(call: RawNode, source: bytes, end: int, piped: bool) -> tuple[Literal, ...]:
    """The literals among the arguments of a call whose callee ends at a byte."""
    if _MAY.search(source, end, min(call.end_byte, end + 300)) is None:
        return ()
    found: list[Literal] = []
    for child in call.children[1:]:
        if child.kind_id == ARGUMENTS:
            arguments = [one for one in child.named_children if not one.is_extra]
            for position, raw in enumerate(arguments, int(piped)):
                found.extend(_literals(raw, source, str(position)))
    return tuple(found)


def taken(function: Function) -> Taken:
    """What the head of a clause takes."""
    head = function.head
    source = head.tree.source
    if _MAY.search(source, head.start, head.end) is None:
        return (), False
    found: list[Literal] = []
    whole = function.guard is None
    for position, parameter in enumerate(function.parameters):
        for part in _parts(parameter):
            literals = list(_literals(part.raw, source, str(position)))
            found += literals
            simple = bool(literals) and literals[0][0].isdigit()
            whole = whole and (simple or isinstance(part, Identifier))
    return tuple(found), whole


def possible(clauses: Sequence[Taken], literals: Sequence[Literal]) -> list[int]:
    """The clauses, by their numbers, that a call with these literals can run."""
    there = dict(literals)
    maps = {where.partition(".")[0] for where in there if "." in where}
    found: list[int] = []
    for number, (wanted, whole) in enumerate(clauses):
        if any(_excludes(there, maps, where, text) for where, text in wanted):
            continue
        found.append(number)
        if whole and wanted and all(there.get(where) == text for where, text in wanted):
            break
    return found


def _excludes(there: dict[str, str], maps: set[str], where: str, text: str) -> bool:
    position, dot, _ = where.partition(".")
    if not dot and position in maps:
        return True
    return there.get(where, text) != text or (bool(dot) and position in there)


def _parts(parameter: Node) -> Iterator[Node]:
    """The patterns of one parameter: those on both sides of `=`, without a default."""
    match parameter:
        case BinaryOperator("=", left, right):
            yield left
            yield right
        case BinaryOperator("\\\\", left, _):
            yield left
        case _:
            yield parameter


def _literals(raw: RawNode, source: bytes, where: str) -> Iterator[Literal]:
    text = _literal(raw, source)
    if text:
        yield where, text
    elif raw.kind_id == _MAP:
        for key, value in _entries(raw):
            named = _KEY.match(source, key.start_byte, key.end_byte)
            text = _literal(value, source)
            if text and named is not None:
                name = named[3] if named[1] is None and named[2] is None else named[1] or named[2]
                quote = '"' if named[3] is not None else ""
                yield f"{where}.{quote}{name.decode()}", text


def _entries(raw: RawNode) -> Iterator[tuple[RawNode, RawNode]]:
    """The keys and values of a map or of keywords inside it."""
    for content in raw.named_children:
        for one in content.named_children:
            pairs = one.named_children if one.kind_id == KEYWORDS else [one]
            for pair in pairs:
                if pair.kind_id == PAIR:
                    key, value = pair.child_by_field_id(KEY), pair.child_by_field_id(VALUE)
                elif pair.kind_id == _BINARY and pair.named_child_count == 2:
                    key, value = pair.named_children
                else:
                    continue
                if key is not None and value is not None:
                    yield key, value


def _literal(raw: RawNode, source: bytes) -> str:
    """The text of a literal, empty for what is none or is long."""
    if raw.kind_id not in _SIMPLE and raw.kind_id != _STRING:
        return ""
    text = source[raw.start_byte : raw.end_byte]
    if raw.kind_id == _STRING and _PLAIN.fullmatch(text) is None:
        return ""
    written = text.decode("utf-8", "replace")
    return written.replace("_", "") if written[0].isdigit() else written
