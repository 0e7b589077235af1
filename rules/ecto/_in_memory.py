"""What is done with all rows in memory, and how a query says the same."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.syntax.elixir import AnonymousFunction, BinaryOperator, Call, Capture, Identifier
from lsp_server.syntax.elixir import strip_parentheses as stripped
from lsp_server.syntax.literals import Integer, Tuple
from lsp_server.syntax.node import Node

from ._row_functions import condition, field_of, row_function

_TOTALS = {"Enum.sum": "sum", "Enum.max": "max", "Enum.min": "min"}
_LENGTHS = frozenset({"length", "Enum.count"})
_SIDES = {"Enum.max_by": "desc", "Enum.min_by": "asc"}


def of_part(name: str, rest: Sequence[Node]) -> str:
    """What is said where some of the rows are taken by their place; empty for anything else."""
    match name, rest:
        case "Enum.take", [count] if not count.text.startswith("-"):
            return "`Enum.take` drops rows that were fetched; `limit` fetches those that stay"
        case "Enum.slice", [_] | [_, _]:
            return (
                "`Enum.slice` drops rows that were fetched; `limit` and `offset` fetch the others"
            )
        case "Enum.drop", [count] if not count.text.startswith("-"):
            return "`Enum.drop` drops rows that were fetched; `offset` fetches those that stay"
        case ("List.last", []) | ("Enum.at", [Node(text="-1")]):
            return (
                f"`{name}` takes one of all the rows that are fetched; the other order with"
                " `limit: 1` fetches one"
            )
    return ""


_SELECTED = {
    "Enum.sum": ("adds up", "`sum` in the `select` fetches the sum alone"),
    "Enum.max": ("compares", "`max` in the `select` fetches the greatest alone"),
    "Enum.min": ("compares", "`min` in the `select` fetches the least alone"),
    "Enum.uniq": ("drops some of", "`distinct: true` fetches those that stay"),
    "Enum.frequencies": ("counts", "`group_by` and `count()` do"),
    "Enum.sort": ("sorts", "`order_by` leaves that to the database"),
}


def of_selected(name: str, rest: Sequence[Node]) -> str:
    """What is said about the values that a query selects; empty for what no query says."""
    said = _SELECTED.get(name)
    if said is None or (rest and (name != "Enum.sort" or rest[0].text not in (":asc", ":desc"))):
        return ""
    return f"`{name}` {said[0]} values that it fetches first; {said[1]}"


def of_values(name: str, rest: Sequence[Node], after: Call | None, repo: str) -> str:
    """What is said about a value that is made of the rows' fields, `after` being the call that is
    given what the consumer returns; empty for what no query says."""
    row = row_function(rest[0]) if len(rest) == 1 else None
    field = "" if row is None else field_of(row.body, row)
    if name == "Enum.map" and field and after is not None and len(after.arguments) == 1:
        kind = _TOTALS.get(after.dotted)
        if kind is None:
            return ""
        return _total(after.dotted, kind, field, repo)
    if name == "Enum.sum_by" and field:
        return _total(name, "sum", field, repo)
    if name == "Enum.reduce" and len(rest) == 2:
        field = _added(rest[1]) if isinstance(rest[0], Integer) else ""
        return _total(name, "sum", field, repo) if field else ""
    if name in _SIDES and field:
        return (
            f"`{name}` looks at every row; `order_by: [{_SIDES[name]}: :{field}], limit: 1`"
            " fetches the one"
        )
    if name == "Enum.uniq_by" and field:
        return (
            f"`{name}` drops rows that were fetched; `distinct: :{field}` fetches those that stay"
        )
    if name == "Enum.uniq" and not rest:
        return f"`{name}` drops rows that were fetched; `distinct: true` fetches those that stay"
    counted = name == "Enum.frequencies_by" or (name == "Enum.group_by" and _counts(after))
    if counted and field:
        return f"`{name}` counts rows that it fetches first; `group_by: :{field}` and `count()` do"
    if name == "Enum.all?" and row is not None and condition(row.body, row, "row"):
        return (
            f"`{name}` looks at every row; `{repo}.exists?` of the opposite condition asks only"
            " whether there is one"
        )
    if name == "Enum.member?" and len(rest) == 1:
        return f"`{name}` fetches every row; `{repo}.exists?` asks only whether there is one"
    return ""


def _total(name: str, kind: str, field: str, repo: str) -> str:
    verb = {"sum": "adds up", "max": "compares", "min": "compares"}[kind]
    found = {"sum": "the sum", "max": "the greatest", "min": "the least"}[kind]
    return (
        f"`{name}` {verb} rows that it fetches first; `{repo}.aggregate(query, :{kind}, :{field})`"
        f" fetches {found} alone"
    )


def _added(function: Node) -> str:
    """The field that `fn row, sum -> sum + row.field end` adds up."""
    sides = stripped(function.operand) if isinstance(function, Capture) else None
    if isinstance(sides, BinaryOperator):
        texts = (sides.left.text, sides.right.text)
        for field, total in (texts, texts[::-1]):
            if sides.operator == "+" and total == "&2" and field.startswith("&1."):
                return field.removeprefix("&1.") if field.count(".") == 1 else ""
        return ""
    if not isinstance(function, AnonymousFunction) or len(function.clauses) != 1:
        return ""
    clause = function.clauses[0]
    patterns, body = clause.patterns, clause.body
    if len(patterns) != 2 or len(body) != 1 or not isinstance(patterns[0], Identifier):
        return ""
    added = stripped(body[0])
    if not isinstance(added, BinaryOperator) or added.operator != "+":
        return ""
    for one, other in ((added.left, added.right), (added.right, added.left)):
        if other.same_code(patterns[1]) and isinstance(one, Call) and one.is_field_access:
            if one.receiver is not None and one.receiver.same_code(patterns[0]):
                return one.name
    return ""


def _counts(after: Call | None) -> bool:
    """Whether of the groups that a call is given it looks at nothing but how many are in each."""
    if after is None or after.dotted not in ("Enum.map", "Map.new", "Enum.into", "Enum.sort_by"):
        return False
    for function in after.arguments[1:]:
        if not isinstance(function, AnonymousFunction) or len(function.clauses) != 1:
            continue
        patterns = function.clauses[0].patterns
        if len(patterns) != 1 or not isinstance(patterns[0], Tuple):
            return False
        rows = patterns[0].elements[-1]
        uses = [
            one
            for part in function.clauses[0].body
            for one in part.find(Identifier)
            if one.same_code(rows)
        ]
        return bool(uses) and all(_is_counted(one) for one in uses)
    return False


def _is_counted(use: Identifier) -> bool:
    call = use.enclosing(Call)
    return call is not None and call.dotted in _LENGTHS and call.arguments[:1] == [use]
