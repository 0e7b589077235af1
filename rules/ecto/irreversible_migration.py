"""ecto/irreversible-migration"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lsp_server.document import Document
from lsp_server.facts.database.database import database
from lsp_server.facts.database.migrations import (
    AlterTable,
    Change,
    Execute,
    Migration,
    Reference,
)
from lsp_server.facts.database.new_migration import atom
from lsp_server.facts.database.table_state import StoredColumn, TableState
from lsp_server.facts.database.table_states import TableStates
from lsp_server.facts.values import spelled
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.text import Span

from ._new_index import call_at
from ._schema_fields import with_option

NEWEST = 5
_ACTIONS = frozenset(
    {"nothing", "delete_all", "nilify_all", "default_all", "update_all", "restrict"}
)


class IrreversibleMigration(ProjectRule):
    """
    A `change` that Ecto cannot run backwards.

    `mix ecto.rollback` and a release that goes back to the version before it both raise
    `Ecto.MigrationError` at such an operation. That is found out in the worst hour, when a
    deployment has failed and the database has to go back.

    ## Bad

    `priv/repo/migrations/20240301090000_create_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateUsers do
      use Ecto.Migration

      def change do
        create table(:users) do
          add :nick, :string
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_remove_nick.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.RemoveNick do
      use Ecto.Migration

      def change do
        alter table(:users) do
          remove :nick
        end
      end
    end
    ```

    ## Good

    `priv/repo/migrations/20240301090000_create_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateUsers do
      use Ecto.Migration

      def change do
        create table(:users) do
          add :nick, :string
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_remove_nick.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.RemoveNick do
      use Ecto.Migration

      def change do
        alter table(:users) do
          remove :nick, :string
        end
      end
    end
    ```

    ## When it stays silent

    - The migration has `up` and `down`.
    - It is not among the five newest of its repo. The setting `since` names the version from which
      on migrations are judged, or is `"all"`.
    - It is done only where `direction()` is `:up`.
    - `execute` is given the way back as well, `remove` a type, `modify` a `from:`.

    ## What the fix changes

    `remove` gets the type that the column has, or its `references(…)`, `modify` a `from:` with it,
    both with the column's options (`null: false`, `default:`). A `modify` of a foreign key gets no
    fix, for what `from:` refers to is dropped on the way up. What undoes SQL only its author knows:
    give it to `execute/2`, or write `up` and `down`.
    """

    severity = Severity.INFORMATION
    reads = (database,)
    options = {"since": ""}

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The operations of the newest migrations that have no way back."""
        since = str(snapshot.settings.option(self.id, "since", ""))
        for found in database(snapshot.index).values():
            if found.orphan:
                continue
            states = TableStates()
            count = len(found.migrations)
            for number, (path, migration) in enumerate(found.migrations):
                newest = number >= count - NEWEST
                if since.isdecimal():
                    newest = migration.version >= int(since)
                judged = migration.reversible and (newest or since == "all")
                for operation in migration.up:
                    backwards = judged and operation.span not in migration.only_up
                    if backwards and isinstance(operation, Execute) and operation.arguments == 1:
                        text = "`execute` has no way back: give it the SQL that undoes this as well"
                        yield self.finding(operation.span, text, path=path)
                    if backwards and isinstance(operation, AlterTable):
                        state = states.find(migration.folder, operation.table)
                        if not _is_sql(operation.span, migration):
                            for change in operation.changes:
                                yield from self._change(change, state, path)
                    states.apply((operation,), migration.folder, path)

    def _change(self, change: Change, state: TableState | None, path: str) -> Iterator[Finding]:
        name = change.column.name
        stored = None if state is None or state.uncertain else state.columns.get(name)
        if not name or (change.column.reference is not None and change.action == "remove"):
            return
        if change.action == "remove" and not change.column.type:
            text = f"`remove :{name}` has no way back without the column's type"
            yield self.finding(
                change.span, text, path=path, fix=_fix(change, stored, path, "Name its type", "")
            )
        elif change.action == "modify" and change.before is None:
            text = f"`modify :{name}` has no way back without `from:`"
            yield self.finding(
                change.span, text, path=path, fix=_fix(change, stored, path, "Add from:", "from: ")
            )


def _is_sql(span: Span, migration: Migration) -> bool:
    return any(isinstance(one, Execute) and one.span == span for one in migration.up)


def _fix(
    change: Change, stored: StoredColumn | None, path: str, title: str, key: str
) -> Fix | None:
    """The fix with what a column is, where migrations say all of it."""
    if stored is None or stored.primary_key:
        return None
    # A reference that `from:` names is dropped on the way up as well.
    of_key = None if stored.reference is None else stored.reference.reference
    kind = stored.type if of_key is None else _spelled(of_key)
    said = [*stored.options]
    if not stored.null:
        said.append(("null", "false"))
    if stored.default is not None:
        said.append(("default", stored.default))
    if not kind.startswith((":", "references(")) or not all(value for _, value in said):
        return None
    if key and of_key is not None:
        return None
    options = ", ".join(f"{name}: {value}" for name, value in said)
    text = f"{kind}, {options}" if options else kind
    if key and options:
        text = f"{{{text}}}"
    return Fix.review(title, _told(path, change.span, key + text, bare=not key))


def _spelled(reference: Reference) -> str:
    """A reference as source; empty where a migration computes a part of it."""
    table, prefix = reference.table.name, reference.table.prefix
    actions = {reference.on_delete, reference.on_update}
    if not table or reference.others or not actions <= _ACTIONS:
        return ""
    said = {
        "column": "" if reference.column == "id" else atom(reference.column),
        "type": reference.type,
        "prefix": spelled(prefix) if prefix else "",
        "name": spelled(reference.name) if reference.name else "",
        "on_delete": "" if reference.on_delete == "nothing" else atom(reference.on_delete),
        "on_update": "" if reference.on_update == "nothing" else atom(reference.on_update),
        "validate": "" if reference.validate else "false",
    }
    options = "".join(f", {key}: {value}" for key, value in said.items() if value)
    return f"references({atom(table)}{options})"


def _told(path: str, span: Span, text: str, *, bare: bool) -> Callable[[Snapshot], list[Edit]]:
    def build(snapshot: Snapshot) -> list[Edit]:
        document: Document | None = snapshot.document(path)
        call: Call | None = None if document is None else call_at(document, span)
        count = 0 if call is None else len(call.written_arguments)
        if document is None or call is None or (bare and count != 1):
            return []
        return [Edit(one.span, one.text, path) for one in with_option(call, text, document)]

    return build
