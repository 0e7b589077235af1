"""ecto/string-query-in-loop"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    Match,
    Pipe,
    UnaryOperator,
)
from lsp_server.syntax.literals import Keywords, List, Map, String, Tuple
from lsp_server.syntax.node import Node

from ._discarded import PASSING, whole

_STATEMENT = re.compile(
    r"\s*(?:SELECT\s.+\sFROM\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|INSERT\s+INTO\s)", re.I | re.S
)
_SQL = re.compile(rb"\bRepo\b|\bSQL\b|\bSELECT\b|\bWHERE\b|\bPostgrex\b")
_VALUE = re.compile(r"[=<>(',%]\s*$")
_EQUALITY = re.compile(r"\s*\(?\w+(?:\.\w+)? *= *'?$")
_MACROS = frozenset(
    {"from", "where", "or_where", "select", "order_by", "limit", "offset", "join", "preload"}
    | {"group_by", "distinct", "subquery", "dynamic", "union", "union_all"}
)
_BUILDING = ("map", "flat_map", "reduce", "each", "map_join", "reduce_while")
_EACH = re.compile(r"\^\(?\s*(&1|[a-z_]\w*)(?:\.[a-z_]\w*)*\s*\)?")


class StringQueryInLoop(Rule):
    """
    A query is put together inside a loop, one piece for each element, where one `in` would do.

    Every `or_where` of a loop makes the statement longer: the database plans it anew for each
    number of elements, no prepared statement is ever used again, and at some length it gives up.
    `where: p.id in ^ids` is one statement for all of them. SQL that a loop writes as text is the
    same with injection added.

    ## Bad

    ```elixir
    defmodule Blog.Posts do
      import Ecto.Query

      alias Blog.Post

      def with_ids(ids) do
        Enum.reduce(ids, Post, fn id, query ->
          or_where(query, [p], p.id == ^id)
        end)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Blog.Posts do
      import Ecto.Query

      alias Blog.Post

      def with_ids(ids) do
        where(Post, [p], p.id in ^ids)
      end
    end
    ```

    ## When it stays silent

    - The loop adds different conditions, as one over the filters of a search does.
    - The condition is more than one comparison of a column with the element, or combines the
      pieces by `and`.
    - The query is run inside the loop, of which `ecto/query-in-loop` speaks, or given to another
      function there.
    - Mix tasks, migrations, seeds and tests.

    ## What the fix changes

    There is none: only the author knows whether the loop does more. Write `column in ^values`,
    or collect one `dynamic` and use it in a single `where`.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE

    @on(Call, name=("or_where", "where", "from", "dynamic"))
    def built(self, call: Call, file: File) -> Iterator[Finding]:
        """A condition that compares a column with the element of the loop."""
        if file.is_mix_task or (call.receiver is not None and call.module != "Ecto.Query"):
            return
        condition = _condition(call)
        loop = None if condition is None else _loop(call)
        if condition is None or loop is None or not _is_built(call, loop.call):
            return
        column = _column(condition, call.name)
        narrowing = "or_where" not in (call.name, *_keys(call)) and call.name != "dynamic"
        if column and column.element in loop.elements:
            if narrowing and loop.gathers != (column.operator == "not in"):
                return  # `and` of equalities, or a query for each without one
            yield self.finding(
                call.name_span,
                f"A condition on `{column.name}` for each element: one `{column.operator} ^values` "
                "asks for all of them in a single query",
            )

    @on(String)
    def written(self, text: String, file: File) -> Iterator[Finding]:
        """A statement in SQL with the element in it."""
        if file.is_mix_task or not text.interpolations:
            return
        first = text.parts[0]
        if not isinstance(first, str):
            return
        loop = None
        if _STATEMENT.match(first + " ") or _EQUALITY.match(first):
            loop = _loop(text)
        if loop is None or not (_STATEMENT.match(first + " ") or _is_joined(loop.call, file)):
            return
        names = "|".join(map(re.escape, loop.elements))
        own = re.compile(rf"(?<![\w.])(?:{names})(?![\w(])")
        if any(own.search(value) for value in _values(text)):
            yield self.finding(
                text.span,
                "One statement of SQL as text for each element: a single query with `in ^values` "
                "or `= ANY($1)` does for all of them",
            )


def _values(text: String) -> Iterator[str]:
    """The interpolations that stand for values; a table's name cannot be one of a list."""
    before = ""
    for part in text.parts:
        if isinstance(part, str):
            before = part
        elif _VALUE.search(before):
            yield part.text


def _keys(call: Call) -> list[str]:
    """The keywords of a `from`."""
    last = call.written_arguments[-1]
    return [pair.key for pair in last.pairs] if isinstance(last, Keywords) else []


def _condition(call: Call) -> Node | None:
    """The only condition that a call adds."""
    written = call.written_arguments
    if not written:
        return None
    last = written[-1]
    if call.name == "from":
        if not isinstance(last, Keywords):
            return None
        conditions = [pair for pair in last.pairs if pair.key in ("where", "or_where")]
        if len(conditions) != 1 or set(last.values) - {"where", "or_where", "select"}:
            return None
        return conditions[0].value
    if isinstance(last, Keywords):
        return None if call.name == "dynamic" or len(last.pairs) != 1 else last
    return last


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that is compared with a variable, and what compares it with all values at once."""

    name: str
    element: str
    operator: str = "in"


def _column(condition: Node, macro: str) -> _Column | None:
    """The column and the variable of `p.id == ^id`; of `dynamic` as a part of an `or`."""
    if isinstance(condition, Keywords):
        pair = condition.pairs[0]
        element = "" if pair.value is None else _pinned(pair.value)
        return _Column(pair.key, element) if element else None
    if isinstance(condition, BinaryOperator) and condition.operator == "or" and macro == "dynamic":
        for part in (condition.left, condition.right):
            found = _column(part, "")
            if found:
                return found
        return None
    match condition:
        case BinaryOperator("==" | "!=" as operator, left, right) if macro != "dynamic":
            for one, other in ((left, right), (right, left)):
                element = _pinned(other)
                if not element or not isinstance(one, Call) or not one.is_field_access:
                    continue
                if operator == "==":
                    return _Column(one.text, element)
                return _Column(one.text, element, "not in") if macro != "or_where" else None
    return None


def _pinned(node: Node) -> str:
    """The variable of `^id` or `^post.id`."""
    if isinstance(node, UnaryOperator) and node.operator == "^":
        found = _EACH.fullmatch(node.text)
        return "" if found is None else found[1]
    return ""


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop, or a function that goes over a list, and the names that an element is taken by."""

    call: Call
    elements: tuple[str, ...]

    @property
    def gathers(self) -> bool:
        """Whether each time around goes on with what the one before has made."""
        if self.call.name == "for":
            return self.call.keyword("reduce") is not None
        return self.call.name not in ("map", "flat_map", "each", "map_join")


def _loop(node: Node) -> _Loop | None:
    """The innermost loop around a node; None inside of another function."""
    again = False  # whether a call of the function itself stands around the node
    names: set[str] = set()
    for outer in node.ancestors():
        match outer:
            case Call("for", [BinaryOperator("<-", pattern, _), *_]):
                return _Loop(outer, _bound(pattern))
            case AnonymousFunction() | Capture():
                call = outer.enclosing(Call)
                if call is None or call.module not in ("Enum", "Stream"):
                    return None
                if call.name not in _BUILDING or outer not in call.written_arguments:
                    return None
                if isinstance(outer, Capture):
                    return _Loop(call, ("&1",))
                clauses = outer.clauses
                first = clauses[0].patterns[:1] if len(clauses) == 1 else []
                return _Loop(call, _bound(first[0])) if first else None
            case Call():
                function = Function.of(outer)
                if function is not None:
                    again = function.name in names
                    return _Loop(outer, _headed(function)) if again else None
                if outer.receiver is None:
                    names.add(outer.name)
    return None


def _bound(pattern: Node) -> tuple[str, ...]:
    """The variables that a pattern takes an element apart into."""
    return tuple(one.name for one in pattern.find(Identifier) if not one.name.startswith("_"))


def _headed(function: Function) -> tuple[str, ...]:
    """The first elements of lists that the parameters of a function take apart."""
    found: list[str] = []
    for one in function.parameters:
        match one:
            case List([BinaryOperator("|", head, _)]):
                found += _bound(head)
    return tuple(found)


def _is_joined(loop: Call, file: File) -> bool:
    """Whether what a loop gives is joined by `OR` in a function that speaks of SQL: the filters of
    search engines are written so, too."""
    if file.form is None or _SQL.search(file.form.bytes) is None:
        return False
    if loop.name == "map_join":
        joiner = loop.arguments[1:2]
    else:
        around = whole(loop).parent
        step = around.right if isinstance(around, Pipe) else None
        joined = isinstance(step, Call) and step.dotted == "Enum.join"
        joiner = step.arguments[1:2] if isinstance(step, Call) and joined else []
    return [(one.value or "").strip().upper() for one in joiner if isinstance(one, String)] == [
        "OR"
    ]


def _is_built(call: Call, loop: Call) -> bool:
    """Whether the query is no more than built in the loop: what else is given it may run it."""
    if call.name in ("or_where", "dynamic"):
        return not _is_run(call, loop)
    node: Node = call
    for outer in call.ancestors():
        if isinstance(outer, (AnonymousFunction, Capture)) or outer == loop:
            return True
        match outer:
            case Pipe(_, left, Call() as step) if node == left and step.name not in _MACROS:
                return False
            case Call() if outer.name not in _MACROS and outer.name not in PASSING:
                return False
            case Map() | Tuple() | Match():
                return False
        node = outer
    return True


def _is_run(node: Node, loop: Node) -> bool:
    """Whether the query is given to a repo inside the loop."""
    calls = (one for one in loop.find(Call) if (one.module or "").endswith("Repo"))
    return any(one.start >= loop.start and _inside(one, node) for one in calls)


def _inside(repo: Call, query: Node) -> bool:
    piped = repo.pipe or repo
    function = query.enclosing(AnonymousFunction)
    return piped.span.covers(query.span) or (
        function is not None and function.span.covers(piped.span)
    )
