"""Where in the text of SQL something stands: as a value, in quotes, in a list, or as a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from lsp_server.syntax.elixir import BinaryOperator, Identifier, strip_parentheses
from lsp_server.syntax.literals import Quoted
from lsp_server.syntax.node import Node
from lsp_server.text import Span

HOLE = "\x00"  # stands for what is not written out


class Place(Enum):
    """What a piece of SQL is for the database."""

    VALUE = auto()  # `id = #{id}`
    QUOTED = auto()  # `name = '#{name}'`, also `'%#{name}%'`
    LIST = auto()  # `id IN (#{ids})`
    OTHER = auto()  # a name, a part of a statement: nothing that a parameter could be


@dataclass(frozen=True, slots=True)
class Part:
    """A run of written text, or (`text` is `HOLE`) something computed, with its bytes."""

    text: str
    span: Span

    @property
    def is_computed(self) -> bool:
        """Whether the program fills it in."""
        return self.text == HOLE


def nothing(variable: Identifier) -> Node | None:
    """Follows no variable."""
    return None


def parts_of(text: Node, follow: Callable[[Identifier], Node | None] = nothing) -> list[Part]:
    """A literal or a chain of `<>` in order, with the texts that `follow` gives for variables."""
    found: list[Part] = []
    pending: list[Node | Part] = [text]
    while pending:
        one = pending.pop()
        if isinstance(one, Part):
            found.append(one)
            continue
        node = strip_parentheses(one)
        if isinstance(node, BinaryOperator) and node.operator == "<>":
            pending += [node.right, node.left]
        elif isinstance(node, Quoted):
            pending += reversed(_of_literal(node, follow))
        else:
            inner = follow(node) if isinstance(node, Identifier) else None
            pending.append(inner or Part(HOLE, node.span))
    return found


def _of_literal(node: Quoted, follow: Callable[[Identifier], Node | None]) -> list[Node | Part]:
    found: list[Node | Part] = []
    source, at = node.tree.source, node.content.start
    for one in node.interpolations:
        found += _written(source, Span(at, one.start))
        value = one.expression
        inner = follow(value) if isinstance(value, Identifier) else None
        found.append(inner or Part(HOLE, one.span))
        at = one.end
    return [*found, *_written(source, Span(at, node.content.end))]


def _written(source: bytes, span: Span) -> list[Part]:
    return [Part(span.slice(source).decode("utf-8", "replace"), span)] if span.length else []


_VALUE_BEFORE = re.compile(
    r"(?: (?:^|[^<>=!])= | <> | != | <= | >= | (?<![-=|#@])[<>]"
    r"| \b(?:like|ilike|limit|offset|between) | \bbetween \s+ \S+ \s+ and ) \s* $",
    re.I | re.X,
)
_COMPARED = re.compile(r"(?:[^<>=!]=|<>|!=|\b(?:like|ilike))\s*$", re.I)
_LIST_BEFORE = re.compile(r"\b(not\s+)?in\s*\(\s*$", re.I)
_ENDS = re.compile(r"$|[\s),;]|::(?:int|integer|bigint|smallint|numeric|decimal)\b", re.I)
_TYPED_LITERAL = re.compile(
    r"(?:\b(?:interval|date|time|timestamp|timestamptz|json|jsonb|uuid|bytea)\s*|\b[ebxun]&?)$",
    re.I,
)
_CAST = re.compile(r"\s*::\s*(?!text\b|varchar\b|citext\b)", re.I)
_READING = re.compile(r"\s*\(?\s*(?:select|insert|update|delete|with|explain|merge|values)\b", re.I)
# Statements that take no parameters.
_FIXED = re.compile(
    r"\s*(?:set|reset|show|create|drop|alter|truncate|notify|listen|copy|grant|revoke|vacuum|refresh"
    r"|lock|do|use|comment|reindex|analyze|pragma|attach)\b",
    re.I,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)


@dataclass(frozen=True, slots=True)
class Located:
    """The place of a piece and the bytes that a parameter replaces: all of a quoted value, the
    whole of `IN (…)`. `before` is the SQL up to there, `after` what follows."""

    place: Place
    span: Span
    before: str = ""
    after: str = ""
    negated: bool = False  # `NOT IN`

    @property
    def sql(self) -> str:
        """The rest of the text."""
        return f"{self.before} {self.after}"


OTHER = Located(Place.OTHER, Span(0, 0))


def locate(parts: list[Part], hole: Span, *, fragment: bool = False) -> Located:
    """Where a computed part of a text stands. A `fragment` need not be a statement by itself; else
    the text must be one statement of a kind that takes parameters."""
    at = next((n for n, one in enumerate(parts) if one.span == hole), None)
    if at is None:
        return OTHER
    before = "".join(one.text for one in parts[:at])
    after = "".join(one.text for one in parts[at + 1 :])
    whole = _COMMENT.sub("", before + HOLE + after)
    if _FIXED.match(whole) or not (fragment or (_READING.match(whole) and _is_single(whole))):
        return OTHER
    if _open_quote(before) is not None:
        return _quoted(parts, at, before, after)
    listed = _LIST_BEFORE.search(before)
    if listed and re.match(r"\s*\)", after):
        return _listed(parts, at, before, after, listed)
    if _VALUE_BEFORE.search(before) and _ENDS.match(after):
        return Located(Place.VALUE, hole, before, after)
    if _is_in_values(before) and re.match(r"\s*[,)]", after):
        return Located(Place.VALUE, hole, before, after)
    return OTHER


def is_quoted_name(parts: list[Part], hole: Span) -> bool:
    """Whether a computed part stands between the quotes of a name, `"#{table}"`; what is compared
    with (`name = "#{name}"`) is a value, also in such quotes."""
    at = next((n for n, one in enumerate(parts) if one.span == hole), 0)
    before = _unquoted("".join(one.text for one in parts[:at]))
    after = "".join(one.text for one in parts[at + 1 :])
    for quote in ('"', "`"):
        if before.count(quote) % 2 == 1:
            opened = before.rpartition(quote)[0]
            compared = quote == '"' and _COMPARED.search(opened) is not None
            return not compared or after.partition(quote)[2].startswith(".")
    return False


def _is_single(sql: str) -> bool:
    return re.search(r";\s*\S", _unquoted(sql)) is None


def _unquoted(sql: str) -> str:
    return re.sub(r"'(?:[^']|'')*'", "''", sql)


def _open_quote(before: str) -> int | None:
    """Where the string literal begins in which a text ends; None outside of one."""
    text = _COMMENT.sub(lambda m: " " * len(m[0]), before)
    at = [n for n, char in enumerate(text) if char == "'"]
    return at[-1] if len(at) % 2 else None


def _quoted(parts: list[Part], at: int, before: str, after: str) -> Located:
    start = _open_quote(before)
    end = after.find("'")
    if start is None or end < 0 or after[end + 1 : end + 2] == "'":
        return OTHER
    rest = after[end + 1 :]
    if _TYPED_LITERAL.search(before[:start]) or _CAST.match(rest) or not _ENDS.match(rest):
        if not rest.startswith("::") or _CAST.match(rest):
            return OTHER
    first = _place_in(parts[:at], start)
    last = _place_in(parts[at + 1 :], end)
    if first is None or last is None:
        return OTHER
    if not (_VALUE_BEFORE.search(before[:start]) or _is_in_values(before[:start])):
        return OTHER
    return Located(Place.QUOTED, Span(first, last + 1), before[:start], rest)


def _listed(parts: list[Part], at: int, before: str, after: str, listed: re.Match[str]) -> Located:
    first = _place_in(parts[:at], listed.start())
    last = _place_in(parts[at + 1 :], after.index(")"))
    if first is None or last is None:
        return OTHER
    span = Span(first, last + 1)
    rest = after[after.index(")") + 1 :]
    return Located(Place.LIST, span, before[: listed.start()], rest, bool(listed[1]))


def _place_in(parts: list[Part], offset: int) -> int | None:
    """The byte of a character of the joined parts; None where it is computed."""
    for one in parts:
        if offset < len(one.text):
            return None if one.is_computed else one.span.start + len(one.text[:offset].encode())
        offset -= len(one.text)
    return None


def _is_in_values(before: str) -> bool:
    """Whether a text ends inside the parentheses of `VALUES (…)` or of a function's arguments,
    directly after the parenthesis or a comma."""
    text = _unquoted(_COMMENT.sub("", before)).rstrip()
    if not text.endswith(("(", ",")):
        return False
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        if text[at] == ")":
            depth += 1
        elif text[at] == "(":
            if depth == 0:
                head = text[:at].rstrip()
                return bool(re.search(r"\bvalues(?:\s*\([^()]*\)\s*,)*\s*$", head, re.I))
            depth -= 1
    return False
