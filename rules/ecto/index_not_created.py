"""ecto/index-not-created"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.lint.set_apart import set_apart
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call, Capture, DoBlock
from lsp_server.syntax.literals import Keywords, Pair
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._call_layout import laid_out
from ._discarded import is_discarded

WIDTH = 98
_DIRECTIONS = ("change", "up", "down")
_TABLES = frozenset({"create", "create_if_not_exists", "alter"})


class IndexNotCreated(Rule):
    """
    A migration names an index or a constraint and does nothing with it.

    `index/3`, `unique_index/3` and `constraint/3` only describe what is meant. Without `create`
    (or `drop`) before it the migration runs, reports success, and the database is as it was: the
    query stays slow, and the uniqueness that the code relies on is not there.

    ## Bad

    `priv/repo/migrations/20240212090100_create_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateUsers do
      use Ecto.Migration

      def change do
        create table(:users) do
          add :email, :string, null: false
        end

        unique_index(:users, [:email])
      end
    end
    ```

    ## Good

    `priv/repo/migrations/20240212090100_create_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateUsers do
      use Ecto.Migration

      def change do
        create table(:users) do
          add :email, :string, null: false
        end

        create unique_index(:users, [:email])
      end
    end
    ```

    ## When it stays silent

    - The description goes somewhere: into a variable, a pipe, a list, another call, or it is what a
      function of the migration's own returns.
    - The migration defines a function of that name itself.

    ## What the fix changes

    It puts `create` before the description; one that stands among the columns of a table is left to
    you, for it belongs below the block. In a migration that has already run this changes
    nothing in the database: then the index belongs into a new one.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.MIGRATION})

    @on(Call, name=("index", "unique_index", "constraint"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Descriptions that are statements."""
        if call.receiver is not None or call.pipe is not None or call.arity < 2:
            return
        within = _is_within_table(call)
        if file.is_local(call) or not (within or is_discarded(call, _direction(file))):
            return
        edits = [] if within else _created(call, file)
        yield self.finding(
            call.name_span,
            f"`{call.name}` only describes: without `create` before it nothing is created",
            fix=Fix.safe("Create it", lambda _: edits) if edits else None,
        )


def _is_within_table(call: Call) -> bool:
    """Whether a call stands among the columns of a `create` or `alter`."""
    block = call.parent
    table = block.parent if isinstance(block, DoBlock) else None
    return isinstance(table, Call) and table.name in _TABLES


def _direction(file: File) -> Node | None:
    """The definition around, where it is a direction: nobody looks at what that returns."""
    function = None if file.form is None else file.form.function
    if function is None or function.name not in _DIRECTIONS or function.arity != 0:
        return None
    return function.call


def _created(call: Call, file: File) -> list[Edit]:
    """The edits that put `create` before a call, laid out anew where its line gets too wide."""
    lines, source = file.document.lines, file.document.source
    first, last = lines.line_at(call.start), lines.line_at(call.end)
    line = lines.line_span(first)
    is_line = not source[line.start : call.start].strip()
    if first != last:
        return _indented(call, file) if is_line and call.has_parentheses else []
    written = call.written_arguments
    options = written[-1] if isinstance(written[-1], Keywords) else None
    pairs = [] if options is None else [one.text for one in options.pairs]
    plain = [one.text for one in (written[:-1] if pairs else written)]
    made = f"{call.name}({', '.join([*plain, *pairs])})"
    text = f"create({made})" if isinstance(call.parent, (Pair, Capture)) else f"create {made}"
    code = line.slice(source).decode("utf-8", "replace")
    if len(code) + len(text) - len(call.text) <= WIDTH:
        return [Edit(call.span, text)]
    column = call.start - line.start
    laid = laid_out(call.name, plain, pairs, column, parentheses=True, before=len("create "))
    if laid is None or not is_line or source[call.end : line.end].strip():
        return []
    newline = line_ending(source)
    edits = [Edit(call.span, f"create {laid}".replace("\n", newline))]
    return [*edits, *set_apart(file.document, call)]


def _indented(call: Call, file: File) -> list[Edit]:
    """The edits for a call of several lines."""
    lines, source = file.document.lines, file.document.source
    first, last = lines.line_at(call.start), lines.line_at(call.end)
    starts = [lines.starts[one] for one in range(first + 1, last + 1)]
    shown = [lines.line_bytes(one) for one in range(first, last + 1)]
    added = len("create ")
    if any(len(one.decode("utf-8", "replace")) + added > WIDTH for one in shown):
        return []
    filled = [at for at in starts if source[at : at + 1] not in b"\r\n"]
    indented = [Edit(Span(at, at), " " * added) for at in filled]
    return [Edit(Span(call.start, call.start), "create "), *indented]
