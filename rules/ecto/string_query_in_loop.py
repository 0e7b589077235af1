"""ecto/string-query-in-loop"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
    UnaryOperator,
)
from lsp_server.syntax.literals import Keywords, String
from lsp_server.syntax.node import Node

_STATEMENT = re.compile(
    r"\s*(?:SELECT\s.+\sFROM\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|INSERT\s+INTO\s)", re.I | re.S
)
_VALUE = re.compile(r"[=<>(',%]\s*$")
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
    - The query is run inside the loop: `ecto/query-in-loop` speaks of it.
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
        if condition is None or loop is None or _is_run(call, loop[0]):
            return
        element, column = loop[1], _column(condition, call.name == "dynamic")
        if column and column[1] == element:
            yield self.finding(
                call.name_span,
                f"A condition on `{column[0]}` for each element: one `in ^values` asks for all of "
                "them in a single query",
            )

    @on(String)
    def written(self, text: String, file: File) -> Iterator[Finding]:
        """A statement in SQL with the element in it."""
        if file.is_mix_task or not text.interpolations:
            return
        first = text.parts[0]
        if not isinstance(first, str) or _STATEMENT.match(first + " ") is None:
            return
        loop = _loop(text)
        if loop is None:
            return
        own = re.compile(rf"(?<![\w.]){re.escape(loop[1])}(?![\w(])")
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


def _column(condition: Node, either: bool) -> tuple[str, str] | None:
    """The column and the variable of `p.id == ^id`; with `either` as a part of an `or`."""
    if isinstance(condition, Keywords):
        pair = condition.pairs[0]
        element = None if pair.value is None else _pinned(pair.value)
        return (pair.key, element) if element else None
    if isinstance(condition, BinaryOperator) and condition.operator == "or" and either:
        for part in (condition.left, condition.right):
            found = _column(part, False)
            if found:
                return found
        return None
    match condition:
        case BinaryOperator("==", Call() as left, right) if left.is_field_access and not either:
            element = _pinned(right)
            return (left.text, element) if element else None
    return None


def _pinned(node: Node) -> str:
    """The variable of `^id` or `^post.id`."""
    if isinstance(node, UnaryOperator) and node.operator == "^":
        found = _EACH.fullmatch(node.text)
        return "" if found is None else found[1]
    return ""


def _loop(node: Node) -> tuple[Node, str] | None:
    """The innermost loop around a node, and its element; None inside of another function."""
    for outer in node.ancestors():
        match outer:
            case Call("for", [BinaryOperator("<-", Identifier(name), _), *_]):
                return outer, name
            case AnonymousFunction() | Capture():
                call = outer.enclosing(Call)
                if call is None or call.module not in ("Enum", "Stream"):
                    return None
                if call.name not in _BUILDING or outer not in call.written_arguments:
                    return None
                if isinstance(outer, Capture):
                    return call, "&1"
                clauses = outer.clauses
                first = clauses[0].patterns[:1] if len(clauses) == 1 else []
                if first and isinstance(first[0], Identifier):
                    return call, first[0].name
                return None
            case Call() if Function.of(outer) is not None:
                return None
    return None


def _is_run(node: Node, loop: Node) -> bool:
    """Whether the query is given to a repo inside the loop."""
    inner = loop
    calls = (one for one in inner.find(Call) if (one.module or "").endswith("Repo"))
    return any(one.start >= loop.start and _inside(one, node) for one in calls)


def _inside(repo: Call, query: Node) -> bool:
    whole = repo.pipe or repo
    function = query.enclosing(AnonymousFunction)
    return whole.span.covers(query.span) or (
        function is not None and function.span.covers(whole.span)
    )
