"""Lists that functions of the same module fetch, and what their callers do with all of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lsp_server.facts.rows.query_shape import shape_of
from lsp_server.syntax.elixir import Call, Pipe, strip_parentheses
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

from ._row_functions import condition, row_function

# Parts of a query that leave it open to one more condition.
_OPEN = frozenset({"where", "or_where", "order_by", "as", "join", "inner_join", "left_join", "on"})
_COUNTS = frozenset({"length", "Enum.count"})
_FIRST = frozenset({"List.first", "hd"})
_CHOOSING = frozenset({"Enum.filter", "Enum.reject", "Enum.count", "Enum.find", "Enum.any?"})


def own_lists(module: Module, is_repo: Callable[[Call], bool]) -> dict[tuple[str, int], Call]:
    """The module's functions of one clause that return what `Repo.all` gives, with that call."""
    found: dict[tuple[str, int], Call] = {}
    clauses: dict[str, int] = {}
    for form in module.forms:
        function = form.function
        if function is None:
            continue
        clauses[function.name] = clauses.get(function.name, 0) + 1
        if b"all" not in form.index.raw_calls or not function.body:
            continue
        last = strip_parentheses(function.body[-1])
        call = last.right if isinstance(last, Pipe) else last
        if isinstance(call, Call) and call.name == "all" and call.arity in (1, 2) and is_repo(call):
            shape = shape_of(call.arguments[0], form)
            if shape.schema and shape.parts <= _OPEN:
                found[function.name, function.arity] = call
    return {key: call for key, call in found.items() if clauses[key[0]] == 1}


def uses(
    module: Module,
    lists: dict[tuple[str, int], Call],
    consumer: Callable[[Node], Call | None],
    whole: Callable[[Call], Node],
) -> Iterator[tuple[Call, str]]:
    """The calls that are given such a list at once, and what is said about each."""
    for form in module.forms:
        for (name, arity), read in lists.items():
            if not form.is_function or name.encode() not in form.index.raw_calls:
                continue
            for call in form.index.calls(name):
                if call.receiver is not None or call.arity != arity:
                    continue
                if call.capture_arity is not None:
                    continue
                taking = consumer(whole(call))
                said = "" if taking is None else _said(taking, f"`{name}/{arity}`", read)
                if taking is not None and said:
                    yield taking, said


def _said(taking: Call, fetcher: str, read: Call) -> str:
    name, rest = taking.dotted, taking.arguments[1:]
    repo = read.module or "Repo"
    if name in _COUNTS and not rest:
        only = f"`{repo}.aggregate(query, :count)` only counts"
        return f"`{name}` counts rows that {fetcher} fetches; {only}"
    if name in ("Enum.any?", "Enum.empty?") and not rest:
        only = f"`{repo}.exists?` asks only whether there is one"
        return f"`{name}` makes {fetcher} fetch every row; {only}"
    if name in _FIRST and not rest:
        return f"`{name}` takes one of all the rows that {fetcher} fetches; `limit: 1` fetches one"
    row = row_function(rest[0]) if len(rest) == 1 and name in _CHOOSING else None
    if row is not None and condition(row.body, row, "row"):
        chosen = f"`{name}` chooses among all rows of {fetcher} in memory"
        return f"{chosen}; `where` leaves that to the database"
    return ""
