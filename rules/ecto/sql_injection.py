"""ecto/sql-injection"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.outline import Module
from lsp_server.text import Span

from ._sql_flow import Piece, SqlFlow
from ._sql_parameters import parameter_for
from ._sql_sinks import NAMES, UNSAFE, Sink, fragments, sink_of
from ._sql_text import Part, Place, is_quoted_name, locate, parts_of

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
    - Numbers: arithmetic, `length`, `String.to_integer`, variables that a guard makes sure of
      (`when is_integer(id)`), arguments of private functions that are one of these in every call.
    - Times, UUIDs and what is read from the application's configuration.
    - What says in its name that it is quoted or escaped, `Repo.to_sql`, `__schema__`, and names of
      tables and columns that stand in the quotes of a name (`"#{table}"`).
    - A text of SQL that comes from elsewhere as a whole.
    - Migrations, seeds, mix tasks, scripts and tests.

    ## What the fix changes

    The value becomes the next parameter, written as the database writes it (`$1`, `?`, `@1`), and
    is added to the list of parameters; quotes around it go. `IN (#{Enum.join(ids, ",")})` becomes
    `= ANY($1)` on Postgres. There is no fix for the name of a table or column, which cannot be a
    parameter (choose it from a list of your own), for parts of statements, and where the text is
    used more than once or made in another function.
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
        texts: dict[Span, list[Part]] = {}
        for sink in _sinks(module, file):
            flow = flow or SqlFlow(file.document)
            for piece in flow.pieces(sink.sql):
                if piece.span in seen:
                    continue
                seen.add(piece.span)
                parts = texts.get(piece.text.span)
                if parts is None:
                    parts = texts[piece.text.span] = parts_of(piece.text)
                if not is_quoted_name(parts, piece.span):
                    yield self._finding(piece, sink, file, parts)

    def _finding(self, piece: Piece, sink: Sink, file: File, parts: list[Part]) -> Finding:
        found = parameter_for(piece, sink, file.document, parts)
        lines = file.document.lines
        related: list[Related] = []
        if lines.line_at(sink.call.start) != lines.line_at(piece.span.start):
            related.append(Related(sink.call.span, f"`{sink.name}` runs the SQL"))
        written = " ".join(piece.node.text.split())
        shown = written if len(written) <= 60 else f"{written[:57]}…"
        where = locate(parts, piece.span, fragment=True)
        if isinstance(piece.node, Call) and piece.node.dotted == "Enum.join":
            advice = ": hand the list over as a parameter"
        elif where.place is Place.OTHER:
            advice = ", where no parameter can stand: choose it from a list of your own"
        else:
            advice = ": hand it over as a parameter"
        return self.finding(
            piece.span,
            f"`{shown}` becomes part of the SQL of `{sink.name}`{advice}",
            fix=None if found is None else Fix.safe("Make it a parameter", found.build),
            related=related,
        )


def _sinks(module: Module, file: File) -> Iterator[Sink]:
    trusted = UNSAFE.encode() in file.document.source
    for form in module.forms:
        if not form.is_function:
            continue
        names = form.index.callee_names
        for name in NAMES:
            if name.encode() in names:
                for call in form.index.calls(name):
                    sink = sink_of(call, file)
                    if sink is not None:
                        yield sink
        if trusted and UNSAFE.encode() in form.bytes:
            yield from fragments(form.node)
