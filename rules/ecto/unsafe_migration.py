"""ecto/unsafe-migration"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.database.database import Database, database
from lsp_server.facts.database.migrations import (
    AlterTable,
    AnyOperation,
    Change,
    ChangeData,
    CreateIndex,
    CreateTable,
    DropIndex,
    Execute,
    Migration,
    RenameColumn,
    RenameTable,
    TableName,
    Unknown,
)
from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.database.table_state import TableState
from lsp_server.facts.database.table_states import TableStates
from lsp_server.facts.index import Index
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._new_index import attributes, call_at
from ._schema_fields import with_option

NEWEST = 5
_VOLATILE = re.compile(
    r"random|uuid_generate|uuid_?v[1-7]\b|gen\w*_ulid|clock_timestamp|timeofday|nextval",
    re.IGNORECASE,
)
_NO_SCHEMA = (Execute, ChangeData, Unknown)  # what a migration that only changes data does


class UnsafeMigration(ProjectRule):
    """
    A migration that stops requests, or breaks the code that still runs, while it is deployed.

    Building an index locks the table against writes until it is done; changing a type rewrites
    every row; `null: false` reads all of them under a lock, or fails at the first row that has no
    value. And between the migration and the last restart the old code is still there: it selects
    each column of its schemas by name, also the one that was just removed or renamed.

    What is safe takes several deployments. A column goes away in two: first from the schema, then
    from the table. A rename, or another type, is a new column that is written beside the old one
    and filled in batches. `NOT NULL` is a check constraint with `validate: false` that is validated
    later. Data is changed by a task of its own and not inside the transaction that holds the locks.

    ## Bad

    `priv/repo/migrations/20240301090000_create_orders.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateOrders do
      use Ecto.Migration

      def change do
        create table(:orders) do
          add :number, :string
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_index_orders.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.IndexOrders do
      use Ecto.Migration

      def change do
        create index(:orders, [:number])
      end
    end
    ```

    ## Good

    `priv/repo/migrations/20240301090000_create_orders.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateOrders do
      use Ecto.Migration

      def change do
        create table(:orders) do
          add :number, :string
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_index_orders.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.IndexOrders do
      use Ecto.Migration

      @disable_ddl_transaction true
      @disable_migration_lock true

      def change do
        create index(:orders, [:number], concurrently: true)
      end
    end
    ```

    ## When it stays silent

    - The table is made by the same migration, or perhaps by what cannot be read of it.
    - Rows are written by a migration that does nothing else.
    - The migration is not among the five newest of its repo: what has run cannot be changed. The
      setting `since` names the version from which on migrations are judged, or is `"all"`.
    - It is the first migration, the operation is under a condition, or it belongs to `down`.
    - Columns that plain SQL adds or changes, for SQL has more clauses than are read.
    - Indexes where the database is not Postgres; a `:string` that becomes a `:text`.

    ## What the fix changes

    An index is built `concurrently`, with the two attributes that Postgres needs for that. Where
    the migration does more than indexes, look at the fix first: without a transaction a failure
    leaves the first half in place. For all else there is no fix, only the steps above.
    """

    reads = (database, schemas, call_graph)
    options = {"since": ""}

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The operations of the newest migrations, each on the tables as they were before it."""
        since = str(snapshot.settings.option(self.id, "since", ""))
        index = snapshot.index
        for found in database(index).values():
            if found.orphan:
                continue
            states = TableStates()
            count = len(found.migrations)
            for number, (path, migration) in enumerate(found.migrations):
                judged = number > 0 and _is_judged(migration, number >= count - NEWEST, since)
                created: set[str] = set()
                for operation in migration.up:
                    if judged and not operation.conditional:
                        if isinstance(operation, ChangeData):
                            if _is_mixed(operation, migration, created, index):
                                yield self._writing(operation, path)
                            continue
                        yield from self._judge(operation, found, states, (path, migration), created)
                    if isinstance(operation, CreateTable):
                        created.add(operation.table.name)
                    elif isinstance(operation, RenameTable) and operation.table.name in created:
                        created.add(operation.to.name)
                    states.apply((operation,), migration.folder, path)

    def _writing(self, operation: ChangeData, path: str) -> Finding:
        said = operation.text + (f"/{operation.function[2]}" if operation.function[0] else "")
        text = f"`{said}` changes rows inside a migration of the schema, which holds its locks"
        return self.finding(operation.span, f"{text} until it is done", path=path)

    def _judge(
        self,
        operation: AnyOperation,
        found: Database,
        states: TableStates,
        file: tuple[str, Migration],
        created: set[str],
    ) -> Iterator[Finding]:
        path, migration = file

        def existing(table: TableName) -> TableState | None:
            if not table.name or table.name in created:
                return None
            state = states.find(migration.folder, table)
            if state is None or state.path is None:
                # What no migration makes was there before, unless this one does what is not seen.
                known = all(_is_seen(one, migration) for one in migration.up)
                return state or TableState(table.name, "", "", open=True) if known else None
            return state if state.path != path else None

        match operation:
            case CreateIndex(index=index) if found.is_postgres and not index.concurrently:
                if existing(index.table) is not None:
                    yield self.finding(
                        index.span,
                        f"building an index on `{index.table.name}` stops all writes to it;"
                        " `concurrently: true` does not",
                        path=path,
                        fix=None
                        if _is_sql(operation, migration)
                        else _concurrent(path, index.span, migration),
                    )
            case AlterTable(table=table, changes=changes) if not _is_sql(operation, migration):
                state = existing(table)
                said: set[Span] = set()  # `timestamps` makes two columns
                for change in changes if state is not None else ():
                    problem = _problem(change, state, path) if state is not None else ""
                    if problem and change.span not in said:
                        said.add(change.span)
                        name = f"`{table.name}.{change.column.name}`"
                        yield self.finding(change.span, f"{name}: {problem}", path=path)
            case RenameColumn(table=table, column=column) if existing(table) is not None:
                text = f"`{table.name}.{column}` gets a new name while running code uses the old"
                yield self.finding(operation.span, text, path=path)
            case RenameTable(table=table) if existing(table) is not None:
                text = f"`{table.name}` gets a new name while running code uses the old"
                yield self.finding(operation.span, text, path=path)


def _is_mixed(
    change: ChangeData, migration: Migration, created: Container[str], index: Index
) -> bool:
    """Whether rows that were there before are written beside a change of the schema."""
    steps = [one for one in migration.up if not isinstance(one, _NO_SCHEMA)]
    if not steps:
        return False
    if change.function[1]:
        if not call_graph(index).effects_of(change.function) & Effect.DB_WRITE:
            return False
    schema = schemas(index).of(change.schema) if change.schema else None
    table = change.table or (schema.table if schema is not None else "")
    if table:
        return table not in created
    return not all(_table(one) in created for one in steps)


def _table(operation: AnyOperation) -> str:
    """The table that an operation is about; empty where it is not known."""
    table = getattr(operation, "table", None)
    if isinstance(table, TableName):
        return table.name
    index = getattr(operation, "index", None)
    return index.table.name if index is not None else ""


def _is_judged(migration: Migration, newest: bool, since: str) -> bool:
    if since == "all":
        return True
    return migration.version >= int(since) if since.isdecimal() else newest


def _is_seen(operation: AnyOperation, migration: Migration) -> bool:
    """Whether an operation is all that its line does."""
    if isinstance(operation, Execute):
        return operation.up is not None and "create table" not in operation.up.lower()
    if isinstance(operation, ChangeData):
        return not operation.function[1]
    return not isinstance(operation, Unknown)


def _is_sql(operation: AnyOperation, migration: Migration) -> bool:
    """Whether an operation was read from SQL, of which not every clause is known."""
    return any(isinstance(one, Execute) and one.span == operation.span for one in migration.up)


def _problem(change: Change, state: TableState, path: str) -> str:
    """What is wrong with one line of `alter`; empty where nothing is."""
    column, stored = change.column, state.columns.get(change.column.name)
    match change.action.removesuffix("_if_not_exists").removesuffix("_if_exists"):
        case "add" if column.default is not None and _VOLATILE.search(column.default):
            return "a default that differs from row to row rewrites the table under a lock"
        case "add" if column.null is False and not column.primary_key:
            if column.default in (None, "nil") and column.option("generated") is None:
                return "`null: false` without a default fails on a table that has rows"
        case "remove" if state.open if stored is None else stored.path != path:
            return "running code still selects the column that is removed"
        case "modify" if stored is not None:
            if column.type and stored.type and column.type != stored.type:
                if (stored.type, column.type) not in ((":string", ":text"), (":id", ":bigint")):
                    return f"another type ({stored.type} to {column.type}) rewrites the table"
            if column.null is False and stored.null:
                return "`null: false` reads the whole table under a lock, and fails on a NULL"
    return ""


def _concurrent(path: str, span: Span, migration: Migration) -> Fix:
    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(path)
        call = None if document is None else call_at(document, span)
        if document is None or call is None or not call.has_parentheses:
            return []
        said = call.keyword("concurrently")
        added = with_option(call, "concurrently: true", document)
        edits = [Edit(one.span, one.text, path) for one in added]
        if said is not None:
            edits = [Edit(said.span, "true", path)]
        return [*edits, *attributes(document, call)] if edits else []

    only = all(isinstance(one, (CreateIndex, DropIndex)) for one in migration.up)
    title = "Build it concurrently"
    return Fix.safe(title, build) if only else Fix.review(title, build)
