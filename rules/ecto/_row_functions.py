"""Functions of one row that a query can say: `& &1.open`, `fn row -> row.total > limit end`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    UnaryOperator,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, Boolean, Float, Integer, List, Map, Nil, String
from lsp_server.syntax.node import Node

_COMPARISONS = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_JUNCTIONS = {"and": "and", "&&": "and", "or": "or", "||": "or"}
_VARIABLE = re.compile(r"[a-z_]\w*")
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class RowFunction:
    """A function of one row: the name of the row (empty in a capture, and where a pattern takes it
    apart), its body, and the fields that variables of the pattern stand for."""

    parameter: str
    body: Node
    fields: Mapping[str, str] = field(default_factory=dict)


def of_row(pattern: Node, body: Node) -> RowFunction | None:
    """The function of the row that a pattern binds, or takes apart into its fields."""
    if isinstance(pattern, Identifier):
        return RowFunction(pattern.name, body)
    pairs = pattern.keywords.pairs if isinstance(pattern, Map) and pattern.keywords else []
    fields = {pair.value.name: pair.key for pair in pairs if isinstance(pair.value, Identifier)}
    return RowFunction("", body, fields) if fields and len(fields) == len(pairs) else None


def row_function(node: Node) -> RowFunction | None:
    """A function literal of one row."""
    if isinstance(node, Capture) and node.function is None and node.placeholder is None:
        return RowFunction("", node.operand)
    if isinstance(node, AnonymousFunction) and len(node.clauses) == 1:
        clause = node.clauses[0]
        patterns, body = clause.patterns, clause.body
        if clause.guard is None and len(patterns) == 1 and len(body) == 1:
            return of_row(patterns[0], body[0])
    return None


def field_of(node: Node, row: RowFunction) -> str:
    """The name of the row's field that an expression reads; empty for anything else."""
    if isinstance(node, Identifier):
        return row.fields.get(node.name, "")
    if not isinstance(node, Call) or not node.is_field_access:
        return ""
    receiver = node.receiver
    if isinstance(receiver, Capture):
        bare = not row.parameter and not row.fields and receiver.placeholder == 1
        return node.name if bare else ""
    if isinstance(receiver, Identifier) and row.parameter and receiver.name == row.parameter:
        return node.name
    return ""


def condition(node: Node, row: RowFunction, binding: str, depth: int = 0) -> str:
    """A condition on a row as `where` takes it, in terms of `binding`; empty where none is known.

    A comparison has a field of the row on its left; what does not come from the row is pinned.
    """
    node = strip_parentheses(node)
    if depth > _DEEPEST:
        return ""
    field = field_of(node, row)
    if field:
        return f"{binding}.{field}"
    match node:
        case UnaryOperator("not" | "!", operand):
            inner = condition(operand, row, binding, depth + 1)
            return f"not {inner}" if inner and " " not in inner else ""
        case Call("is_nil", [one]) if field_of(one, row):
            return f"is_nil({binding}.{field_of(one, row)})"
        case Call("match?", [Map() as pattern, one]) if _is_row(one, row):
            return _matched(pattern, binding)
        case BinaryOperator(operator, left, right) if operator in _JUNCTIONS:
            first = condition(left, row, binding, depth + 1)
            second = condition(right, row, binding, depth + 1)
            nested = any(word in first + second for word in (" or ", " and "))
            return (
                f"{first} {_JUNCTIONS[operator]} {second}"
                if first and second and not nested
                else ""
            )
        case BinaryOperator(operator, left, right) if operator in _COMPARISONS:
            return _compared(operator, field_of(left, row), right, binding, row)
        case BinaryOperator("in", left, right) if field_of(left, row):
            value = right.text if _is_literal(right) else _value(right, row)
            return f"{binding}.{field_of(left, row)} in {value}" if value else ""
    return ""


def _is_row(node: Node, row: RowFunction) -> bool:
    if isinstance(node, Capture):
        return node.placeholder == 1 and not row.parameter and not row.fields
    return isinstance(node, Identifier) and node.name == row.parameter


def _matched(pattern: Map, binding: str) -> str:
    """The condition that a pattern of written-out fields is; empty for any other."""
    pairs = pattern.keywords.pairs if pattern.keywords else []
    fields = [(pair.key, pair.value) for pair in pairs]
    said = [
        f"is_nil({binding}.{key})" if isinstance(value, Nil) else f"{binding}.{key} == {value.text}"
        for key, value in fields
        if is_written_out(value)
    ]
    return " and ".join(said) if len(said) == len(fields) else ""


def is_written_out(node: Node | None) -> TypeGuard[Node]:
    """Whether a node is a value that a query can hold as it stands."""
    if isinstance(node, String):
        return not node.interpolations and not node.is_heredoc
    return isinstance(node, (Atom, Boolean, Float, Integer, Nil))


def _is_literal(node: Node) -> bool:
    return isinstance(node, List) and all(
        isinstance(one, (Atom, Integer)) or (isinstance(one, String) and not one.interpolations)
        for one in node.elements
    )


def fields_of(row: RowFunction) -> frozenset[str]:
    """The fields of the row that the function reads."""
    return frozenset(filter(None, (field_of(one, row) for one in _places(row))))


def _places(row: RowFunction) -> list[Node]:
    """What may read a field of the row."""
    return [*row.body.find(Call), *(row.body.find(Identifier) if row.fields else ())]


def bare_fields_of(row: RowFunction) -> frozenset[str]:
    """Those of them that are conditions by themselves, compared with nothing."""
    found: set[str] = set()
    for one in _places(row):
        around = one.parent
        compared = isinstance(around, BinaryOperator) and around.operator in {*_COMPARISONS, "in"}
        if not compared and (one == row.body or around is None or around.kind != "arguments"):
            found.add(field_of(one, row))
    return frozenset(found - {""})


def _compared(operator: str, field: str, right: Node, binding: str, row: RowFunction) -> str:
    if not field:
        return ""
    column = f"{binding}.{field}"
    if isinstance(right, Nil):
        return {"==": f"is_nil({column})", "!=": f"not is_nil({column})"}.get(operator, "")
    value = _value(right, row)
    return f"{column} {operator} {value}" if value else ""


def _value(node: Node, row: RowFunction) -> str:
    """A literal, or a pinned variable or field of one; empty for all else."""
    if is_written_out(node) and not isinstance(node, Nil):
        return node.text
    if isinstance(node, Identifier) and node.name not in (row.parameter, *row.fields):
        return f"^{node.name}" if _VARIABLE.fullmatch(node.name) else ""
    if isinstance(node, Call) and node.is_field_access and isinstance(node.receiver, Identifier):
        own = node.receiver.name in (row.parameter, *row.fields)
        return "" if own else f"^{node.text}"
    return ""
