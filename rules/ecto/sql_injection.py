"""ecto/sql-injection"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.outline import Module
from lsp_server.text import Span

from ._sql_flow import Piece, SqlFlow
from ._sql_parameters import Parameter, Parameters, parameter_for, text_of
from ._sql_sinks import NAMES, UNSAFE, Sink, fragments, sink_of
from ._sql_text import Part, Place, is_quoted_name, locate, parts_of

_CALLEES = frozenset(name.encode() for name in NAMES)
_ASIDE = re.compile(r"seeds|/migrations?(?:/|\.ex)")


class SqlInjection(Rule):
    """
    SQL that is put together from values.

    What is interpolated into a query is read by the database as SQL, not as a value. Whoever can
    choose the value chooses what the query does: reads other people's rows, changes them, drops a
    table. A parameter is sent beside the query and is never anything but a value.

    ## Bad

    ```elixir
    defmodule Shop.Search do
      alias Shop.Repo

      def products(name, limit) do
        sql = "SELECT id, name FROM products WHERE name ILIKE '%#{name}%' LIMIT $1"
        Repo.query!(sql, [limit])
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Search do
      alias Shop.Repo

      def products(name, limit) do
        sql = "SELECT id, name FROM products WHERE name ILIKE $2 LIMIT $1"
        Repo.query!(sql, [limit, "%#{name}%"])
      end
    end
    ```

    ## When it stays silent

    - Everything that goes into the text is written out: literals, module attributes, elements of
      literal lists, results of private functions that return nothing else.
    - What a test makes sure of: `if column in @columns do`, `unless column in @columns, do: raise`,
      `true = column in @columns`, a clause of `case` for a literal.
    - Numbers: arithmetic, `length`, `String.to_integer`, variables that a guard makes sure of
      (`when is_integer(id)`), arguments of private functions that are one of these in every call.
    - Times, UUIDs and what is read from the application's configuration.
    - What says in its name that it is quoted or escaped, `Repo.to_sql`, `__schema__`, and names of
      tables and columns that stand in the quotes of a name (`"#{table}"`).
    - A text of SQL that comes from elsewhere as a whole, also with more behind it if its name says
      that it is SQL (`sql <> " LIMIT 1"`).
    - Migrations, seeds, mix tasks, scripts and tests.

    ## What the fix changes

    The value becomes the next parameter, written as the database writes it (`$1`, `?`, `@1`), and
    is added to the list of parameters; quotes around it go. `IN (#{Enum.join(ids, ",")})` becomes
    `= ANY($1)` on Postgres. There is no fix for the name of a table or column, which cannot be a
    parameter (choose it from a list of your own), for parts of statements, and where the text is
    used more than once, made in a branch or in another function.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.LIB, Role.TEMPLATE})

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        """Every place of a module where SQL is run."""
        if file.is_mix_task or _ASIDE.search(file.path):
            return
        flow: SqlFlow | None = None
        seen: set[Span] = set()
        for sink in _sinks(module, file):
            flow = flow or SqlFlow(file.document)
            groups: dict[_Group, list[tuple[Piece, Parameter | None]]] = {}
            whole = text_of(sink, file.document)
            order = {part.span: at for at, part in enumerate(whole)}
            texts: dict[Span, list[Part]] = {}
            for piece, place in flow.pieces(sink.sql):
                if piece.span in seen:
                    continue
                seen.add(piece.span)
                parts = whole
                if piece.span not in order:
                    parts = texts.setdefault(piece.text.span, parts_of(piece.text))
                if not is_quoted_name(parts, piece.span):
                    parameter = None
                    if parts is whole:
                        parameter = parameter_for(piece, sink, file.document, parts)
                    group = _Group(place, _advice(piece, parts), parameter is not None)
                    groups.setdefault(group, []).append((piece, parameter))
            for group, found in groups.items():
                found.sort(key=lambda one: order.get(one[0].span, 0))
                yield self._finding(group, found, sink, file.document)

    def _finding(
        self,
        group: _Group,
        found: list[tuple[Piece, Parameter | None]],
        sink: Sink,
        document: Document,
    ) -> Finding:
        """One finding for all the pieces of which the same is to be said at one place."""
        pieces = [piece for piece, _ in found]
        related = [Related(one.span, "put into the text here") for one in pieces]
        if pieces[0].span == group.place:
            related = []
        run = document.lines.line_at(sink.call.start) != document.lines.line_at(group.place.start)
        if run and not sink.call.span.covers(group.place):
            related.append(Related(sink.call.span, f"`{sink.name}` runs the SQL"))
        parameters = tuple(one for _, one in found if one is not None)
        fix: Fix | None = None
        if parameters:
            texts = tuple({one.text.span: one.text for one in pieces}.values())
            whole = Parameters(document, sink, texts, parameters)
            title = "Make it a parameter" if len(parameters) == 1 else "Make them parameters"
            fix = Fix.safe(title, whole.build)
        names = list(dict.fromkeys(_shown(one) for one in pieces))
        verb = "becomes" if len(names) == 1 else "become"
        return self.finding(
            group.place,
            f"{_listed(names)} {verb} part of the SQL of `{sink.name}`{group.advice}",
            fix=fix,
            related=related[:10],
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """What the pieces of one finding have in common."""

    place: Span
    advice: str
    fixable: bool


def _advice(piece: Piece, parts: list[Part]) -> str:
    if isinstance(piece.node, Call) and piece.node.dotted == "Enum.join":
        return ": hand the list over as a parameter"
    if locate(parts, piece.span, fragment=True).place is Place.OTHER:
        return ", where no parameter can stand: choose from a list of your own"
    return ": hand values over as parameters"


def _shown(piece: Piece) -> str:
    written = " ".join(piece.node.text.split())
    return f"`{written}`" if len(written) <= 40 else f"`{written[:37]}…`"


def _listed(names: list[str]) -> str:
    """`a`, `b` and 2 more."""
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _sinks(module: Module, file: File) -> Iterator[Sink]:
    trusted = UNSAFE.encode() in file.document.source
    if not trusted and _CALLEES.isdisjoint(file.document.outline.callers):
        return
    for form in module.forms:
        if not form.is_function:
            continue
        if not _CALLEES.isdisjoint(form.index.callee_names):
            for call in form.index.calls(*NAMES):
                sink = sink_of(call, file)
                if sink is not None:
                    yield sink
        if trusted and UNSAFE.encode() in form.bytes:
            yield from fragments(form.node)
