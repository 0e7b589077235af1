"""Reads what the functions of `Enum`, `List` and `Map` make of rows as `expressions`."""

from __future__ import annotations

from typing import Protocol

from lsp_server.facts.rows.expressions import UNKNOWN, Expression
from lsp_server.syntax.elixir import AnonymousFunction, Call
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.node import Node

# fmt: off
_SAME = frozenset({
    "filter", "reject", "sort", "sort_by", "reverse", "take", "drop", "uniq", "uniq_by", "shuffle",
    "slice", "to_list", "take_while", "drop_while", "take_random", "dedup_by", "take_every",
})
_ONE = frozenset({"at", "fetch!", "find", "random", "max_by", "min_by", "first", "last", "hd"})
# fmt: on


class Reader(Protocol):
    """What reads the expressions in a call."""

    def read(self, node: Node | None, depth: int = 0) -> Expression:
        """The expression that a node is."""
        ...


def read_collection(reader: Reader, call: Call, depth: int) -> Expression:
    """What a function of `Enum` and its kin makes of rows."""
    base = call.arguments[0] if call.arguments else None
    if call.module in ("Map", "Keyword"):
        return _of_pairs(reader, call, depth)
    if call.module in (None, "Enum", "Stream", "List"):
        if call.name in _SAME or call.name == "tl":
            return reader.read(base, depth + 1)
        if call.name in _ONE:
            return Expression("one", args=(reader.read(base, depth + 1),))
        if call.name == "with_index" and call.arity == 1:
            pair = (Expression("one", args=(reader.read(base, depth + 1),)), UNKNOWN)
            return Expression("rows", args=(Expression("tuple", args=pair),))
        if call.name == "reduce" and call.arity == 3:
            return _reduced(reader, call, depth)
    return UNKNOWN


def _of_pairs(reader: Reader, call: Call, depth: int) -> Expression:
    """`Map.put(assigns, :posts, posts)` and `Map.merge`, of what is written out."""
    given = call.arguments
    if call.name not in ("put", "put_new", "merge") or len(given) < 2:
        return UNKNOWN
    base = reader.read(given[0], depth + 1)
    if call.name == "merge":
        added = reader.read(given[1], depth + 1)
    elif isinstance(given[1], Atom) and len(given) == 3:
        value = reader.read(given[2], depth + 1)
        added = Expression("map", args=(Expression("pair", given[1].name, (value,)),))
    else:
        return UNKNOWN
    if not {base.kind, added.kind} <= {"map", "list"}:
        return UNKNOWN
    names = {one.name for one in added.args if one.kind == "pair"}
    rest = (one for one in base.args if one.name not in names)
    return Expression(base.kind, args=(*added.args, *rest))


def _reduced(reader: Reader, call: Call, depth: int) -> Expression:
    """What a function makes of a query for each of some filters, or what it began with."""
    _, begun, function = call.arguments
    found = [reader.read(begun, depth + 1)]
    for clause in function.clauses if isinstance(function, AnonymousFunction) else ():
        found.append(reader.read(clause.body[-1] if clause.body else None, depth + 1))
    if UNKNOWN in found or len(found) == 1:
        return UNKNOWN
    return Expression("either", args=tuple(dict.fromkeys(found)))
