"""Functions of one row that a query can say: `& &1.open`, `fn row -> row.total > limit end`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    UnaryOperator,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, Boolean, Float, Integer, List, Nil, String
from lsp_server.syntax.node import Node

_COMPARISONS = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_JUNCTIONS = {"and": "and", "&&": "and", "or": "or", "||": "or"}
_VARIABLE = re.compile(r"[a-z_]\w*")
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class RowFunction:
    """A function with one plain parameter: its name (empty in a capture) and its body."""

    parameter: str
    body: Node


def row_function(node: Node) -> RowFunction | None:
    """A function literal of one row."""
    if isinstance(node, Capture) and node.function is None and node.placeholder is None:
        return RowFunction("", node.operand)
    if isinstance(node, AnonymousFunction) and len(node.clauses) == 1:
        clause = node.clauses[0]
        patterns, body = clause.patterns, clause.body
        if clause.guard is None and len(patterns) == 1 and len(body) == 1:
            if isinstance(patterns[0], Identifier):
                return RowFunction(patterns[0].name, body[0])
    return None


def field_of(node: Node, row: RowFunction) -> str:
    """The name of the row's field that an expression reads; empty for anything else."""
    if not isinstance(node, Call) or not node.is_field_access:
        return ""
    receiver = node.receiver
    if isinstance(receiver, Capture):
        return node.name if not row.parameter and receiver.placeholder == 1 else ""
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


def _is_literal(node: Node) -> bool:
    return isinstance(node, List) and all(
        isinstance(one, (Atom, Integer)) or (isinstance(one, String) and not one.interpolations)
        for one in node.elements
    )


def fields_of(row: RowFunction) -> frozenset[str]:
    """The fields of the row that the function reads."""
    return frozenset(filter(None, (field_of(call, row) for call in row.body.find(Call))))


def bare_fields_of(row: RowFunction) -> frozenset[str]:
    """Those of them that are conditions by themselves, compared with nothing."""
    found: set[str] = set()
    for call in row.body.find(Call):
        around = call.parent
        compared = isinstance(around, BinaryOperator) and around.operator in {*_COMPARISONS, "in"}
        if not compared and (around is None or around.kind != "arguments"):
            found.add(field_of(call, row))
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
    if isinstance(node, String):
        return node.text if not node.interpolations and not node.is_heredoc else ""
    if isinstance(node, (Atom, Boolean, Float, Integer)):
        return node.text
    if isinstance(node, Identifier) and node.name != row.parameter:
        return f"^{node.name}" if _VARIABLE.fullmatch(node.name) else ""
    if isinstance(node, Call) and node.is_field_access and isinstance(node.receiver, Identifier):
        return f"^{node.text}" if node.receiver.name != row.parameter else ""
    return ""
