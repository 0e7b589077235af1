"""ecto/missing-fk-index"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.database.database import Database, Table, database
from lsp_server.facts.database.table_state import StoredColumn, StoredReference
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot

from ._new_index import Wanted, takes_index


class MissingFkIndex(ProjectRule):
    """
    A foreign key without an index.

    Postgres has an index on the column that a foreign key points at, and makes none on the column
    that holds it. Every query for the children of a parent then reads the whole table, and so does
    the check of the constraint, once for each parent that is deleted. Nobody notices until the
    table is large.

    ## Bad

    `priv/repo/migrations/20240301090000_create_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateComments do
      use Ecto.Migration

      def change do
        create table(:comments) do
          add :body, :text
          add :post_id, references(:posts, on_delete: :delete_all), null: false
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_create_tags.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateTags do
      use Ecto.Migration

      def change do
        create table(:tags) do
          add :name, :string
        end
      end
    end
    ```

    ## Good

    `priv/repo/migrations/20240301090000_create_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateComments do
      use Ecto.Migration

      def change do
        create table(:comments) do
          add :body, :text
          add :post_id, references(:posts, on_delete: :delete_all), null: false
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_create_tags.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateTags do
      use Ecto.Migration

      def change do
        create table(:tags) do
          add :name, :string
        end
      end
    end
    ```

    `priv/repo/migrations/20260101000000_add_foreign_key_indexes_to_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.AddForeignKeyIndexesToComments do
      use Ecto.Migration

      @disable_ddl_transaction true
      @disable_migration_lock true

      def change do
        create index(:comments, [:post_id], concurrently: true)
      end
    end
    ```

    ## When it stays silent

    - Any migration of the repo, also by plain SQL, creates an index that begins with the column:
      unique, partial and composite ones count, and so does the primary key.
    - The table, the column or the foreign key is dropped later, or such an index was: then somebody
      decided against it.
    - Something is done to the table that cannot be read: names that are computed, operations under
      a condition.
    - The repo's adapter is MyXQL: InnoDB makes the index by itself.
    - The migrations belong to no repo that the project still has.
    - `allow` in the settings names the table or the column, for tables that stay small:
      `allow = ["currencies", "orders.currency_id"]`.

    ## What the fix changes

    If the migration with the foreign key is the newest of its folder, the index goes into it, below
    the table. Else a new migration builds it beside running traffic (`concurrently`, with the two
    attributes that Postgres needs for that; on other databases as a plain index). The indexes that
    one table lacks go into one new migration. Look at the fix first where the newest migration adds
    the column to an older table: with the two attributes it runs without a transaction, and a
    failure leaves its first half in place. There is no fix in what Ash has generated: there the
    resource says `index?: true`, and the next migration is generated too.
    """

    severity = Severity.INFORMATION
    reads = (database,)
    options = {"allow": ()}

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every foreign key of every repo that no index begins with."""
        allowed = frozenset(snapshot.settings.option(self.id, "allow", ()))
        for _, found in sorted(database(snapshot.index).items()):
            if found.orphan or found.indexes_keys:
                continue
            generated = frozenset(path for path, one in found.migrations if one.generated)
            place = 0
            for table in found.tables:
                lacking = [] if table.uncertain else list(_lacking(table, allowed))
                for column, reference in lacking:
                    made = reference.path in generated
                    yield self._finding(found, table, column, reference, place, made)
                place += any(not takes_index(found, held.path) for _, held in lacking)

    def _finding(
        self,
        found: Database,
        table: Table,
        column: StoredColumn,
        held: StoredReference,
        place: int,
        generated: bool,
    ) -> Finding:
        slug = f"add_foreign_key_indexes_to_{table.name}"
        wanted = Wanted(found, table, (column.name,), held.path, held.span, slug, place)
        fix: Fix | None = None
        if not generated:
            where = "here" if wanted.in_place else "in a new migration"
            title = f"Index {wanted.named} {where}"
            make = Fix.review if wanted.ends_transaction else Fix.safe
            fix = make(title, wanted.build, needs_files=not wanted.in_place)
        target = held.reference.table.name
        hint = "; its resource can say `index?: true`" if generated else ""
        return self.finding(
            held.span,
            f"`{wanted.named}` refers to `{target}`, but no index begins with it{hint}",
            path=held.path,
            fix=fix,
        )


def _lacking(
    table: Table, allowed: frozenset[str]
) -> Iterator[tuple[StoredColumn, StoredReference]]:
    if table.name in allowed:
        return
    for column in table.columns.values():
        if column.reference is None or f"{table.name}.{column.name}" in allowed:
            continue
        led = any(table.led_by(column.name)) or table.primary_key[:1] == (column.name,)
        dropped = any(one.index.columns[:1] == (column.name,) for one in table.dropped)
        if not led and not dropped:
            yield column, column.reference
