"""ecto/missing-unique-index"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts import mix
from lsp_server.facts.changesets import ChangesetFile, Step, changesets
from lsp_server.facts.database import Table, database
from lsp_server.facts.migrations import default_index_name
from lsp_server.facts.schemas import Schema, schemas
from lsp_server.facts.table_state import same_name
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import app_of
from lsp_server.snapshot import Snapshot

from ._new_index import Wanted
from ._schema_table import Held, table_of

_ASH = ("ash_postgres", "ash_sqlite")


class MissingUniqueIndex(ProjectRule):
    """
    A changeset relies on a unique index that no migration creates.

    `unique_constraint/3` checks nothing by itself: it only translates the error of a unique index.
    Without the index two equal rows go in one after the other, and every `Repo.get_by` of that
    field raises from then on. `unsafe_validate_unique/3` asks first, but two requests that ask at
    the same time both hear that the value is free.

    ## Bad

    `lib/shop/user.ex`:
    ```elixir
    defmodule Shop.User do
      use Ecto.Schema
      import Ecto.Changeset

      schema "users" do
        field :email, :string
      end

      def changeset(user, attrs) do
        user
        |> cast(attrs, [:email])
        |> unique_constraint(:email)
      end
    end
    ```

    `priv/repo/migrations/20240301090000_create_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateUsers do
      use Ecto.Migration

      def change do
        create table(:users) do
          add :email, :string
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_create_tags.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateTags do
      use Ecto.Migration

      def change do
        create table(:tags)
      end
    end
    ```

    ## Good

    `lib/shop/user.ex`:
    ```elixir
    defmodule Shop.User do
      use Ecto.Schema
      import Ecto.Changeset

      schema "users" do
        field :email, :string
      end

      def changeset(user, attrs) do
        user
        |> cast(attrs, [:email])
        |> unique_constraint(:email)
      end
    end
    ```

    `priv/repo/migrations/20240301090000_create_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateUsers do
      use Ecto.Migration

      def change do
        create table(:users) do
          add :email, :string
        end
      end
    end
    ```

    `priv/repo/migrations/20240405090000_create_tags.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateTags do
      use Ecto.Migration

      def change do
        create table(:tags)
      end
    end
    ```

    `priv/repo/migrations/20260101000000_add_unique_index_to_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.AddUniqueIndexToUsers do
      use Ecto.Migration

      @disable_ddl_transaction true
      @disable_migration_lock true

      def change do
        create unique_index(:users, [:email], concurrently: true)
      end
    end
    ```

    ## When it stays silent

    - A unique index holds any of the fields, alone, with others or in an expression, or has the
      name that `name:` says; so do other constraints of that name.
    - The fields are the primary key, virtual, or of an embedded schema.
    - The function serves several schemas, the fields or the name are computed, or the table is not
      made by migrations that can be read.

    ## What the fix changes

    It creates the unique index: in the migration that makes the column if that is the newest, else
    in a new migration. The migration fails if there are equal rows already, which must be merged
    first.
    """

    reads = (changesets, schemas, database, mix.dependencies)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The steps of each schema's changesets that rely on an index."""
        known = changesets(snapshot.index)
        bases = database(snapshot.index)
        packages = mix.dependencies(snapshot.index)
        place = 0
        for found in schemas(snapshot.index):
            schema = found.schema
            held = table_of(schema, found.path, bases)
            if held is None:
                continue
            seen: set[tuple[str, ...]] = set()
            for site, step in _relying(known.of(schema.module)):
                lacks = _lacking(step, schema, held.table)
                if lacks is None or lacks in seen:
                    continue
                seen.add(lacks)
                own = {**packages.get("", {}), **packages.get(app_of(found.path), {})}
                generated = any(package in own for package in _ASH)
                finding = self._finding(site, step, lacks, held, place, generated)
                place += finding.fix is not None and finding.fix.needs_files
                yield finding

    def _finding(
        self,
        site: ChangesetFile,
        step: Step,
        columns: tuple[str, ...],
        held: Held,
        place: int,
        generated: bool,
    ) -> Finding:
        table = held.table
        last = max((table.columns[one] for one in columns), key=lambda one: one.path)
        slug = f"add_unique_index_to_{table.name}"
        name = step.constraint if step.name == "unique_constraint" else ""
        if same_name(name, default_index_name(table.name, columns)):
            name = ""
        wanted = Wanted(
            held.database, table, columns, last.path, last.span, slug, place, True, name
        )
        fix: Fix | None = None
        # An index that the newest migration makes and drops would be dropped again.
        undone = wanted.in_place and any(one.index.columns == columns for one in table.dropped)
        if not generated and not undone:
            where = "in its migration" if wanted.in_place else "in a new migration"
            title = f"Make {wanted.named} unique {where}"
            fix = Fix.review(title, wanted.build, needs_files=not wanted.in_place)
        return self.finding(
            step.span,
            f"`{step.name}` relies on a unique index of `{wanted.named}`, which no migration makes",
            path=site.path,
            fix=fix,
            related=[Related(last.span, f"the column `{last.name}`", last.path)],
        )


def _relying(sites: tuple[ChangesetFile, ...]) -> Iterator[tuple[ChangesetFile, Step]]:
    """The steps that rely on an index, constraints first."""
    for name in ("unique_constraint", "unsafe_validate_unique"):
        for site in sites:
            if "/test/" not in f"/{site.path}":
                yield from ((site, one) for one in site.changeset.steps if one.name == name)


def _lacking(step: Step, schema: Schema, table: Table) -> tuple[str, ...] | None:
    """The columns whose unique index a step relies on in vain."""
    if not step.complete or not step.fields or step.option("match") is not None:
        return None
    columns = tuple(schema.column(one.name) for one in step.fields)
    if not all(one in table.columns for one in columns):
        return None
    if set(columns) & set(table.primary_key) or set(columns) & set(schema.keys):
        return None
    for one in table.indexes:
        if one.index.unique and (not one.index.exact or _holds(one.index.columns, columns)):
            return None
    if any(one.exclude for one in table.constraints):
        return None
    if step.name == "unique_constraint" and step.option("name") is not None:
        name = step.constraint
        if re.fullmatch(r"\w+", name) is None or _is_taken(name, table):
            return None
        # Which columns an index of another name is to have, only its author knows.
        return columns if same_name(name, default_index_name(table.name, columns)) else None
    return columns


def _holds(indexed: tuple[str, ...], columns: tuple[str, ...]) -> bool:
    return any(
        re.search(rf"\b{re.escape(column)}\b", part) for part in indexed for column in columns
    )


def _is_taken(name: str, table: Table) -> bool:
    names = [one.index.name for one in table.indexes if one.index.unique]
    names += [one.name for one in table.constraints]
    return any(same_name(one, name) for one in [*names, f"{table.name}_pkey"])
