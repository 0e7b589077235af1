"""Reads queries of Ecto as `expressions`: their source and their preloads."""

from __future__ import annotations

from typing import Protocol

from lsp_server.facts.rows.expressions import NOTHING, UNKNOWN, Expression
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier
from lsp_server.syntax.literals import Keywords, List, Tuple
from lsp_server.syntax.node import Node

# The macros of Ecto.Query (ecto 3.13) that take a query and return one of the same rows.
# fmt: off
MACROS = frozenset({
    "where", "or_where", "order_by", "prepend_order_by", "join", "preload", "as", "limit", "offset",
    "put_query_prefix", "with_cte", "select", "select_merge", "group_by", "having", "or_having",
    "distinct", "lock", "union", "union_all", "except", "except_all", "intersect", "intersect_all",
    "windows", "exclude", "reverse_order", "first", "last", "with_named_binding",
})
# fmt: on


class Reader(Protocol):
    """What reads the expressions in a query."""

    def read(self, node: Node | None, depth: int = 0) -> Expression:
        """The expression that a node is."""
        ...


def read_from(reader: Reader, call: Call, depth: int) -> Expression:
    """`from p in Post, …`."""
    written = call.arguments
    if not written:
        return UNKNOWN
    source, binding = written[0], ""
    if isinstance(source, BinaryOperator) and source.operator == "in":
        left, source = source.left, source.right
        if isinstance(left, List) and left.elements:
            left = left.elements[0]
        binding = left.name if isinstance(left, Identifier) else ""
    query = reader.read(source, depth + 1)
    if isinstance(source, Call) and source.name == "subquery":
        return UNKNOWN
    for one in written[1:]:
        if not isinstance(one, Keywords):
            return UNKNOWN
        for pair in one.pairs:
            query = _part(reader, pair.key, pair.value, query, binding, depth)
    return query


def read_macro(reader: Reader, call: Call, depth: int) -> Expression:
    """`where(query, …)` and its kin."""
    arguments = call.arguments
    if not arguments:
        return UNKNOWN
    query = reader.read(arguments[0], depth + 1)
    binding = ""
    if len(arguments) > 2 and isinstance(arguments[1], List) and arguments[1].elements:
        first = arguments[1].elements[0]
        binding = first.name if isinstance(first, Identifier) else ""
    value = arguments[-1] if len(arguments) > 1 else None
    return _part(reader, call.name, value, query, binding, depth)


def _part(
    reader: Reader, name: str, value: Node | None, query: Expression, binding: str, depth: int
) -> Expression:
    """One part of a query; those that change neither rows nor preloads are left out."""
    if name == "preload":
        return Expression("step", name, (query, _preloads(reader, value, depth)))
    if name in ("exclude", "with_named_binding", "combinations"):
        return Expression("step", "exclude", (query,))
    if name == "select" and not (binding and value is not None and value.text == binding):
        return Expression("step", "select", (query,))
    return query


def _preloads(reader: Reader, node: Node | None, depth: int) -> Expression:
    """What `preload` of a query names: bindings of joins are not read, pinned values are."""
    match node:
        case List() | Keywords():
            args: list[Expression] = []
            for one in node.elements if isinstance(node, List) else [node]:
                if isinstance(one, Keywords):
                    for pair in one.pairs:
                        below = _preloads(reader, pair.value, depth + 1)
                        args.append(Expression("pair", pair.key, (below,)))
                else:
                    args.append(_preloads(reader, one, depth + 1))
            return Expression("list", args=tuple(args))
        case Tuple([_, inner]):
            return _preloads(reader, inner, depth + 1)
        case Identifier():
            return NOTHING
    return reader.read(node, depth + 1)
