"""What a query is made of, as far as the function that runs it shows."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.facts.local_flow import assigned
from lsp_server.syntax.elixir import (
    Alias,
    BinaryOperator,
    Call,
    Identifier,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.literals import Keywords
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

# The macros of Ecto.Query (ecto 3.13) that take a query and return one.
# fmt: off
_MACROS = frozenset({
    "where", "or_where", "order_by", "prepend_order_by", "join", "preload", "as",
    "put_query_prefix", "with_cte", "select", "select_merge", "group_by", "having",
    "or_having", "distinct", "limit", "offset", "lock", "union", "union_all", "except",
    "except_all", "intersect", "intersect_all", "windows", "exclude", "reverse_order",
    "first", "last", "with_named_binding",
})
# fmt: on
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts that a query is seen to have, by their names in `from`. `schema` is its source as
    written; empty where what the query starts from is not seen, so that it may have more parts.
    `start` is then the expression that it starts from, if there is one."""

    schema: str
    parts: frozenset[str]
    start: Node | None = None


def shape_of(query: Node, form: Form | None) -> Shape:
    """The shape of a query, through pipes, `from`, macros and the variables of the function."""
    parts: set[str] = set()
    node: Node | None = query
    for _ in range(_STEPS):
        node = None if node is None else strip_parentheses(node)
        match node:
            case Alias(name):
                return Shape(name, frozenset(parts))
            case Identifier("__MODULE__"):
                schema = "" if form is None else form.module.name
                return Shape(schema, frozenset(parts))
            case Identifier() if form is not None and (value := assigned(node, form)):
                node = value
            case Pipe(_, left, Call() as step) if _is_macro(step):
                parts.add(step.name)
                node = left
            case Call("from", [BinaryOperator("in", _, source), *rest]):
                parts.update(_keys(rest))
                node = source
            case Call("from", [source, *rest]):
                parts.update(_keys(rest))
                node = source
            case Call() if _is_macro(node) and node.arguments:
                parts.add(node.name)
                node = node.arguments[0]
            case _:
                break
    return Shape("", frozenset(parts), node)


def _is_macro(call: Call) -> bool:
    return call.name in _MACROS and call.module in (None, "Ecto.Query", "Query")


def _keys(arguments: list[Node]) -> set[str]:
    found: set[str] = set()
    for one in arguments:
        if not isinstance(one, Keywords):
            return {"computed"}
        found.update(one.values)
    return found
