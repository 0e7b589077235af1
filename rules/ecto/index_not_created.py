"""ecto/index-not-created"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call, DoBlock
from lsp_server.text import Span

from ._discarded import is_discarded

WIDTH = 98
_DIRECTIONS = ("change", "up", "down")


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

    It puts `create` before the description. In a migration that has already run this changes
    nothing in the database: then the index belongs into a new one.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.MIGRATION})

    @on(Call, name=("index", "unique_index", "constraint"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Descriptions that are statements."""
        if call.receiver is not None or call.pipe is not None or call.arity < 2:
            return
        if file.is_local(call) or not (_is_statement(call, file) or is_discarded(call)):
            return
        edits = _created(call, file)
        yield self.finding(
            call.name_span,
            f"`{call.name}` only describes: without `create` before it nothing is created",
            fix=Fix.safe("Create it", lambda _: edits) if edits else None,
        )


def _is_statement(call: Call, file: File) -> bool:
    """Whether a call stands directly in the body of a direction, where also the last value is
    thrown away."""
    function = None if file.form is None else file.form.function
    if function is None or function.name not in _DIRECTIONS or function.arity != 0:
        return False
    block = call.parent
    return isinstance(block, DoBlock) and block.parent == function.call


def _created(call: Call, file: File) -> list[Edit]:
    """The edits that put `create` before a call; none where the line becomes too wide."""
    lines, source = file.document.lines, file.document.source
    first, last = lines.line_at(call.start), lines.line_at(call.end)
    line = lines.line_span(first)
    written = call.written_arguments
    before, here = Span(call.start, call.start), Span(call.end, call.end)
    if first != last and not call.has_parentheses:
        return []
    edits = [Edit(before, "create ")]
    added = len("create ")
    if not call.has_parentheses:
        edits += [Edit(Span(call.name_span.end, written[0].start), "("), Edit(here, ")")]
        added += 1
    code = source[line.start : min(line.end, call.end)].decode("utf-8", "replace")
    if len(code.rstrip("\r\n")) + added > WIDTH:
        return []
    for number in range(first + 1, last + 1):
        start = lines.starts[number]
        if lines.line_bytes(number).strip():
            edits.append(Edit(Span(start, start), " " * len("create ")))
    return edits
