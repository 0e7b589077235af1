"""ecto/filter-in-memory"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.rows.query_shape import shape_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.snapshot import Snapshot
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
from lsp_server.syntax.literals import Integer
from lsp_server.syntax.node import Node, cast
from lsp_server.syntax.outline import Module
from lsp_server.text import Span

from ._asked_rows import Asked, Loop, asked_of, existence, loop_over, takes_first
from ._discarded import whole
from ._in_memory import of_part, of_selected, of_values
from ._own_lists import own_lists, uses
from ._reads import JOINS, Read, fits, instead, more, within
from ._row_functions import (
    bare_fields_of,
    condition,
    field_of,
    fields_of,
    of_row,
    row_function,
)

_CUT = frozenset({"limit", "first", "last", "offset", "computed", "group_by"})
_COUNTS = frozenset({"length", "Kernel.length", "Enum.count"})
_ANY = {"Enum.any?": "is there any", "Enum.empty?": "is there none"}
_DIRECTIONS = {
    **dict.fromkeys((":asc", "Date", "DateTime", "NaiveDateTime", "Time"), ":asc"),
    **{f"{{:asc, {name}}}": ":asc" for name in ("Date", "DateTime", "NaiveDateTime", "Time")},
    **{f"{{:desc, {name}}}": ":desc" for name in ("Date", "DateTime", "NaiveDateTime", "Time")},
    ":desc": ":desc",
}
# By what chooses among the rows: the title of the fix, and what then runs the query.
_ENDINGS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "Enum.filter": ("Filter in the query", "all", ()),
    "Enum.count": ("Count in the database", "aggregate", (":count",)),
    "Enum.any?": ("Ask whether one exists", "exists?", ()),
}
_CHOOSING = {"Enum.filter": 2, "Enum.reject": 2, "Enum.count": 2, "Enum.find": 2, "Enum.any?": 2}


class FilterInMemory(Rule):
    """
    Rows are fetched only to be counted, filtered or thrown away in memory.

    `Repo.all` brings every row over the wire and builds a struct of each. If all but a few are then
    dropped, or only their number is looked at, the database has done the work for nothing, and the
    request grows slower with each row that customers add. SQL says the same in one word, and an
    index may answer it.

    ## Bad

    ```elixir
    defmodule Shop.Orders do
      import Ecto.Query

      alias Shop.{Order, Repo}

      def open_count(shop_id) do
        Order
        |> where(shop_id: ^shop_id)
        |> Repo.all()
        |> Enum.count()
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Orders do
      import Ecto.Query

      alias Shop.{Order, Repo}

      def open_count(shop_id) do
        Order
        |> where(shop_id: ^shop_id)
        |> Repo.aggregate(:count)
      end
    end
    ```

    ## When it stays silent

    - The rows are bound to a name that is used again, or in a loop.
    - The query is seen to have a limit already.
    - Conditions that a query cannot say: they call functions, or look into associations.
    - Conditions, orders and ids of a query that is not wholly visible in the function, or that
      selects, groups or combines: a further condition might not mean the same there.
    - `Enum.map(& &1.author)`: only `id` and names that end in `_id` are surely columns.

    ## What the fix changes

    Counting becomes `Repo.aggregate(query, :count)`, `Enum.any?/1`, `Enum.empty?/1` and a
    comparison with `[]` become `Repo.exists?`, and the first row is fetched with `limit(1)`. That
    is safe where the whole query is seen and joins, groups and selects nothing; else look at it. A
    filter, also one of a `for`, becomes a `where`, a sort an `order_by`, a map to an id a `select`,
    if the schema does not say that there is no such column: look at the filter's `nil`s, for which
    SQL has rules of its own, and at the collation of the order. `Enum.take` becomes a `limit`. Sums
    (`nil` without rows), the greatest and the least, groups, `Enum.uniq`, and rows that have a name
    or come from another function of the module are left to you.
    """

    @on(Call, name="all")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Queries whose rows go straight into a function."""
        if call.arity not in (1, 2) or not file.is_repo(call) or call.capture_arity is not None:
            return
        rows = whole(call)
        taken = _consumer(rows)
        place = rows if taken is not None else _use_of_name(rows, file) or rows
        asked = asked_of(place)
        consumer = None if asked is not None else _consumer(place)
        read = Read(call, consumer or call, shape_of(call.arguments[0], file.form))
        if read.shape.parts & _CUT:
            return
        if consumer is None:
            yield from self._asked(read, place, asked, file)
            return
        message = _of_values(read)
        if message:
            last = consumer if consumer.name != "map" else _consumer(whole(consumer))
            fix = None if taken is None else _fix("Fetch only those", _taken(read, file), False)
            yield self.finding((last or consumer).callee_span, message, fix=fix)
            return
        found = _judged(read, file)
        if found is not None:
            message, fix = found
            yield self.finding(consumer.callee_span, message, fix=None if taken is None else fix)

    def _asked(self, read: Read, rows: Node, asked: Asked | None, file: File) -> Iterator[Finding]:
        """Rows that go into a comparison, a pattern or a comprehension."""
        repo, loop = read.all.module or "Repo", loop_over(rows)
        here = rows == whole(read.all)
        if asked is not None:
            message = "every row is fetched to see whether there is one"
            edits = existence(read.all, asked, file) if here else []
            fix = _fix("Ask whether one exists", edits, read.is_plain)
            said = f"{message}; `{repo}.exists?` asks only that"
            span = read.all.callee_span if here else asked.span
            yield self.finding(span, said, fix=fix)
        elif takes_first(rows) and not read.shape.parts & JOINS:
            message = "one of all the rows that are fetched is taken; `limit: 1` fetches one"
            yield self.finding(read.all.callee_span, message)
        elif loop is not None and read.is_open_to_more:
            found = _of_loop(read, loop, file)
            if found is not None:
                span, message, fix = found
                yield self.finding(span, message, fix=fix if here else None)

    @on(Module, name="all")
    def check_own_lists(self, module: Module, file: File) -> Iterator[Finding]:
        """Lists that a function of the module fetches, given straight into such a function."""
        lists = own_lists(module, file.is_repo)
        for consumer, message in uses(module, lists, _consumer, whole) if lists else ():
            yield self.finding(consumer.callee_span, message)


def _consumer(rows: Node) -> Call | None:
    """The call that takes the rows as its first argument."""
    parent = rows.parent
    if isinstance(parent, Pipe) and parent.left == rows:
        step = parent.right
        return step if isinstance(step, Call) else None
    if parent is None or parent.kind != "arguments":
        return None
    outer = parent.parent
    if isinstance(outer, Call) and outer.pipe is None and outer.written_arguments[:1] == [rows]:
        return outer
    return None


def _use_of_name(rows: Node, file: File) -> Node | None:
    """Where rows are used which have a name, where that is the only place, and no loop stands
    between."""
    bound, form = rows.parent, file.form
    if form is None or not isinstance(bound, Match) or bound.right != rows:
        return None
    if not isinstance(bound.left, Identifier):
        return None
    name = re.compile(rb"(?<![\w.@:])" + re.escape(bound.left.bytes) + rb"(?![\w:?!])")
    places = [one.start() + form.span.start for one in name.finditer(form.bytes)]
    if len(places) != 2 or places[0] != bound.left.start:
        return None
    end = places[1] + bound.left.span.length
    raw = form.tree.raw.root_node.named_descendant_for_byte_range(places[1], end)
    use = None if raw is None else cast(raw, form.tree)
    if not isinstance(use, Identifier):
        return None
    for outer in use.ancestors():
        if outer == bound.parent:
            return use
        if isinstance(outer, (AnonymousFunction, Capture)):
            return None
        if isinstance(outer, Call) and outer.name in ("for", "receive"):
            if loop_over(use) is None:
                return None
    return None


def _of_values(read: Read) -> str:
    """What is said about values that are made of the rows, or a part of them that is taken."""
    name = read.consumer.dotted
    if "preload" not in read.shape.parts and read.shape.schema:
        found = of_part(name, read.rest)
        if found:
            return found
    if read.is_of_values:
        return of_selected(name, read.rest)
    if not read.is_open_to_more or "preload" in read.shape.parts:
        return ""
    after = _consumer(whole(read.consumer))
    return of_values(name, read.rest, after, read.all.module or "Repo")


def _judged(read: Read, file: File) -> tuple[str, Fix | None] | None:
    """What is said about a read and its fix; None where nothing is."""
    name, arity = read.consumer.dotted, len(read.rest) + 1
    repo = read.all.module or "Repo"
    if name == "length" and file.is_local(read.consumer, 1):
        return None
    if name in _COUNTS and arity == 1:
        message = f"`{name}` counts rows that it fetches first; `{repo}.aggregate(query, :count)`"
        edits = (
            instead(read, file, "aggregate", ":count") if not file.depends("ecto < 3.3.0") else []
        )
        return f"{message} only counts", _fix("Count in the database", edits, read.is_plain)
    if name in _ANY and arity == 1:
        edits = _existence(read, file)
        message = f"`{name}` fetches every row; `{repo}.exists?` asks only whether there is one"
        return message, _fix("Ask whether one exists", edits, read.is_plain)
    if _takes_first(read, name, arity):
        raising = name in ("hd", "Kernel.hd")
        edits = more(read, file, "limit", "1", ending="one!" if raising else "one")
        message = f"`{name}` takes one of all the rows that are fetched; `limit: 1` fetches one"
        return message, _fix("Fetch one row", edits, read.is_plain and not raising)
    if read.is_open_to_more and arity >= 2:
        return _of_rows(read, file, name, arity)
    return None


def _takes_first(read: Read, name: str, arity: int) -> bool:
    if "preload" in read.shape.parts and read.shape.parts & JOINS - {"preload"}:
        return False  # a limit would cut the joined rows
    return (name in ("List.first", "hd", "Kernel.hd") and arity == 1) or (
        name == "Enum.at" and arity == 2 and read.rest[0].text == "0"
    )


def _taken(read: Read, file: File) -> list[Edit]:
    """The edits that make the rows of `Enum.take` those of a query with a limit."""
    if read.consumer.dotted != "Enum.take" or not read.is_open_to_more:
        return []
    count = read.rest[0]
    if isinstance(count, Integer):
        return more(read, file, "limit", count.text)
    if isinstance(count, Identifier):
        return more(read, file, "limit", f"^{count.name}")
    return []


def _of_rows(read: Read, file: File, name: str, arity: int) -> tuple[str, Fix | None] | None:
    """What is said about a function that is given each row."""
    row = row_function(read.rest[0])
    if row is None:
        return None
    binding = row.parameter or read.shape.schema.rpartition(".")[2][0].lower()
    field = field_of(row.body, row)
    name = name.replace("Stream.", "Enum.")
    if _CHOOSING.get(name) == arity:
        said = condition(row.body, row, binding)
        bare = bare_fields_of(row)
        if not said or (bare and "preload" in read.shape.parts):
            return None  # with a preload, a bare name may be that of an association
        message = f"`{name}` chooses among all rows in memory; `where` leaves that to the database"
        ending = _ENDINGS.get(name)
        if ending is None:
            return message, None
        title, function, extra = ending
        edits = more(read, file, "where", f"[{binding}], {said}", function, extra)
        return message, _of_columns(title, edits, read, file, fields_of(row), bare)
    if name == "Enum.map" and arity == 2 and _is_key(field) and "preload" not in read.shape.parts:
        edits = more(read, file, "select", f"[{binding}], {binding}.{field}")
        message = f"only `{field}` of each row is used; `select` fetches nothing else"
        return message, _of_columns("Select the field", edits, read, file, {field})
    if name == "Enum.sort_by" and field and "order_by" not in read.shape.parts:
        direction = _DIRECTIONS.get(read.rest[1].text if arity == 3 else ":asc", "")
        if not direction:
            return None
        order = f"{binding}.{field}" if direction == ":asc" else f"desc: {binding}.{field}"
        edits = more(read, file, "order_by", f"[{binding}], {order}")
        message = f"rows are sorted by `{field}` in memory; `order_by` leaves that to the database"
        return message, _of_columns("Sort in the query", edits, read, file, {field})
    return None


def _of_loop(read: Read, loop: Loop, file: File) -> tuple[Span, str, Fix | None] | None:
    """What is said about a `for` over the rows."""
    preloads = "preload" in read.shape.parts
    choosing = "`for` chooses among all rows in memory; `where` leaves that to the database"
    if loop.is_chosen_by_pattern:
        return loop.pattern.span, choosing, None
    chosen = loop.filters[0] if loop.filters else loop.body
    row = None if chosen is None else of_row(loop.pattern, chosen)
    if row is None:
        return None
    binding = row.parameter or read.shape.schema.rpartition(".")[2][0].lower()
    field = field_of(row.body, row)
    if loop.filters:
        said, bare = condition(row.body, row, binding), bare_fields_of(row)
        if not said or (bare and preloads):
            return None
        edits = within(read.all, file, "where", f"[{binding}], {said}")
        before = [one for one in loop.call.written_arguments if one.end < row.body.start][-1]
        edits += [Edit(Span(before.end, row.body.end), "")] if edits else []
        edits = edits if fits(file.document, edits) else []
        fix = _of_columns("Filter in the query", edits, read, file, fields_of(row), bare)
        return row.body.span, choosing, fix
    if not _is_key(field) or preloads:
        return None
    edits = within(read.all, file, "select", f"[{binding}], {binding}.{field}")
    if edits:
        rows = whole(read.all)
        edits.append(Edit(Span(loop.call.start, rows.start), ""))
        edits.append(Edit(Span(rows.end, loop.call.end), ""))
    message = f"only `{field}` of each row is used; `select` fetches nothing else"
    return row.body.span, message, _of_columns("Select the field", edits, read, file, {field})


def _of_columns(
    title: str,
    edits: list[Edit],
    read: Read,
    file: File,
    fields: Set[str],
    booleans: Set[str] = frozenset(),
) -> Fix | None:
    """A fix that does not apply where the schema is known and one of the fields has no column, or
    is taken for a condition and is no boolean."""
    if not edits or file.form is None:
        return None
    module = file.form.names_at(read.all.start).expand(read.shape.schema)

    def build(snapshot: Snapshot) -> list[Edit]:
        schema = schemas(snapshot.index).of(module)
        if schema is not None and not schema.open:
            if not all(schema.column(name) for name in fields):
                return []
            known = schema.all_fields
            if any(known[name].type != ":boolean" for name in booleans):
                return []
        return edits

    return Fix.review(title, build)


def _is_key(field: str) -> bool:
    return field == "id" or field.endswith("_id")


def _fix(title: str, edits: list[Edit], is_safe: bool) -> Fix | None:
    if not edits:
        return None
    return Fix.safe(title, lambda _: edits) if is_safe else Fix.review(title, lambda _: edits)


def _existence(read: Read, file: File) -> list[Edit]:
    if read.consumer.name == "any?":
        return instead(read, file, "exists?", "")
    around = whole(read.consumer).parent
    if read.all.pipe is not None or isinstance(around, (Pipe, UnaryOperator)):
        return []
    if isinstance(around, BinaryOperator) and not isinstance(around, Match):
        return []
    return instead(read, file, "exists?", "", before="not ")
