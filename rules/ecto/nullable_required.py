"""ecto/nullable-required"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lsp_server.facts.database.changesets import (
    Changesets,
    FieldName,
    changesets,
)
from lsp_server.facts.database.database import MYSQL, SQLITE, Database, database
from lsp_server.facts.database.new_migration import atom
from lsp_server.facts.database.schemas import Schema, Schemas, schemas
from lsp_server.facts.database.table_state import StoredColumn
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.literals import Keywords

from ._alteration import Alteration, column_call
from ._call_layout import laid_out
from ._changeset_entries import Entry, entries_of
from ._schema_fields import with_option
from ._schema_table import Held, table_of

_TYPE = re.compile(r':\w+|:"[^"\\]*"|\{:\w+, :\w+\}')
# What changesets are called that new rows go through, and those that only change rows.
_MAKES = re.compile(r"^changeset$|create|insert|regist|build|(?:^|_)new(?:_|$)|sign_?up|invite")
_CHANGES = re.compile(r"(?:update|edit|set|reset|change|confirm|publish|activate|rotat|approve)")
_NILLED = (":nilify_all", ":nilify")
_PLAIN = re.compile(r': (?:\d+|"[^"\\#]*"|true|false|:\w+)$')
# Options that a column of this name keeps when it is modified; others are of `add` alone.
_KEPT = ("size", "precision", "scale", "collation")


class NullableRequired(ProjectRule):
    """
    A field that every changeset requires, in a column that takes `NULL`.

    What is required in the changeset is required only of what goes through it. A data migration,
    `insert_all`, a job that builds the struct itself, or another service still writes a row without
    the value, and the code that takes the value for granted then crashes on `nil`, far from where
    the row was made. `NOT NULL` is the same promise, kept for every writer.

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
        |> validate_required([:email])
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
        |> validate_required([:email])
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

    `priv/repo/migrations/20260101000000_add_not_null_to_users.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.AddNotNullToUsers do
      use Ecto.Migration

      def change do
        alter table(:users) do
          modify :email, :string, null: false, from: {:string, null: true}
        end
      end
    end
    ```

    ## When it stays silent

    - The field is virtual, embedded, or (part of) the primary key, or a check constraint demands a
      value (`IS NOT NULL`).
    - The database sets it to `NULL` itself: `on_delete: :nilify_all`, also of the `has_many` on the
      other side, and `on_replace: :nilify`.
    - Another schema of the same table does without it.
    - It is required under a condition only, or the migrations of the table cannot be read.

    If some changesets of the schema require the field and others do not, it is a hint, and that
    only where those that make new rows require it (`changeset`, `create_changeset`,
    `registration_changeset`): what `publish_changeset` asks for cannot be there from the start.

    ## What the fix changes

    The column becomes `null: false`: in place if the newest migration creates the table, else in a
    new migration, together with the other columns of the table. It fails while there are rows
    without a value, which must be filled in first. On a large table, Postgres checks all rows under
    a lock: there, add a check constraint with `validate: false`, validate it in a second migration,
    and set `NOT NULL` after that. There is no fix for existing tables on SQLite, which cannot alter
    a column.
    """

    severity = Severity.INFORMATION
    reads = (changesets, schemas, database)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The nullable columns whose field the changesets of their schema require."""
        known = schemas(snapshot.index)
        built = changesets(snapshot.index)
        bases = database(snapshot.index)
        places: dict[str, int] = {}
        seen: set[tuple[str, str]] = set()
        for found in known:
            schema = found.schema
            held = table_of(schema, found.path, bases)
            if held is None:
                continue
            for name, where, always in _demanded(entries_of(schema, built)):
                column = held.table.columns.get(schema.column(name))
                if column is None or (held.table.name, column.name) in seen:
                    continue
                if not _takes_null(column, schema, name, known) or _is_checked(column, held):
                    continue
                if not _others_agree(column.name, schema, known, built):
                    continue
                seen.add((held.table.name, column.name))
                place = places.setdefault(held.table.name, len(places))
                yield self._finding(held, column, where, always, place)

    def _finding(
        self,
        held: Held,
        column: StoredColumn,
        where: tuple[str, FieldName],
        always: bool,
        place: int,
    ) -> Finding:
        path, field = where
        found, table = held.database, held.table
        fix: Fix | None = None
        generated = any(one.generated for at, one in found.migrations if at == column.path)
        if found.is_newest(column.path) and table.path == column.path:

            def build(snapshot: Snapshot) -> list[Edit]:
                return _not_null(snapshot, column)

            fix = Fix.review("Make the column null: false in its migration", build)
        elif found.adapter != SQLITE and not generated:
            line = _modified(found, column)
            if line is not None:
                made = Alteration(found, table, "add_not_null_to", line, column.name, place)
                title = "Make the column null: false in a new migration"
                fix = Fix.review(title, made.build, needs_files=True)
        some = "" if always else "here "
        return self.finding(
            field.span,
            f"`{field.name}` is required {some}but `{table.name}.{column.name}` takes NULL",
            path=path,
            fix=fix,
            related=[Related(column.span, f"the column `{column.name}`", column.path)],
            severity=None if always else Severity.HINT,
        )


def _required(entry: Entry) -> Mapping[str, tuple[str, FieldName]]:
    """The fields that a changeset requires, each with its place."""
    found: dict[str, tuple[str, FieldName]] = {}
    for path, step in entry.steps:
        if step.name == "validate_required" and not step.conditional:
            for field in step.fields:
                found.setdefault(field.name, (path, field))
    return found


def _demanded(entries: list[Entry]) -> Iterator[tuple[str, tuple[str, FieldName], bool]]:
    """The fields that new rows are required to have, and whether every changeset says so.

    One that is required only later in a row's life (`publish_changeset`) is none of them.
    """
    seen: set[str] = set()
    makes = [one for one in entries if _MAKES.search(one.function)]
    changes = bool(entries) and all(_CHANGES.match(one.function) for one in entries)
    for entry in makes or ([] if changes else entries[:1]):
        for name, where in _required(entry).items():
            if name in seen:
                continue
            seen.add(name)
            always = all(name in _required(one) for one in entries)
            if always or makes:
                yield name, where, always


def _others_agree(column: str, schema: Schema, known: Schemas, built: Changesets) -> bool:
    """Whether no other schema of the table writes rows without the column."""
    for other in known.by_table.get(schema.table, ()):
        if other.schema.module == schema.module:
            continue
        names = [one.name for one in other.schema.all_fields.values() if one.column == column]
        entries = entries_of(other.schema, built)
        if not all(set(names) & set(_required(one)) for one in entries):
            return False
    return True


def _takes_null(column: StoredColumn, schema: Schema, name: str, known: Schemas) -> bool:
    """Whether a column is nullable, and nothing but a changeset decides that it is not NULL."""
    if not column.null or column.primary_key or name in schema.keys:
        return False
    if column.type in (":serial", ":bigserial") or dict(column.options).get("generated"):
        return False
    if column.reference is not None and column.reference.reference.on_delete == "nilify_all":
        return False
    for one in schema.associations:
        parent = known.of(one.target) if one.foreign_key == name else None
        for back in () if parent is None else parent.associations:
            if back.kind in ("has_many", "has_one") and back.target == schema.module:
                if back.foreign_key == name and {
                    back.option("on_delete"),
                    back.option("on_replace"),
                } & {*_NILLED}:
                    return False
    return True


def _is_checked(column: StoredColumn, held: Held) -> bool:
    """Whether a check constraint demands a value, which on a large table comes first."""
    demand = re.compile(rf'\b{re.escape(column.name)}"?\s+is\s+not\s+null\b', re.IGNORECASE)
    return any(demand.search(one.check) for one in held.table.constraints)


def _modified(found: Database, column: StoredColumn) -> str | None:
    """The line of `alter` that makes a column `null: false`; None where its type is not plain."""
    kind = column.type
    if not kind and column.reference is not None and found.adapter != MYSQL:
        kind = found.repo.reference_type if found.repo is not None else ":bigserial"
    kind = {":bigserial": ":bigint", ":serial": ":integer"}.get(kind, kind)
    given = dict(column.options)
    if column.default is not None and found.adapter == MYSQL:
        given["default"] = column.default  # MySQL forgets what is not said again
    kept = [f"{key}: {given[key]}" for key in (*_KEPT, "default") if key in given]
    if _TYPE.fullmatch(kind) is None or any(_PLAIN.search(one) is None for one in kept):
        return None
    before = ", ".join([kind, *kept, "null: true"])
    return laid_out(
        "modify", [atom(column.name), kind], [*kept, "null: false", f"from: {{{before}}}"], 6
    )


def _not_null(snapshot: Snapshot, column: StoredColumn) -> list[Edit]:
    """The edits that make a column `null: false` where it is added."""
    document = snapshot.document(column.path)
    call = None if document is None else column_call(document, column.span)
    if document is None or call is None:
        return []
    written = call.written_arguments
    said = written[-1].get("null") if isinstance(written[-1], Keywords) else None
    if said is not None:
        return [Edit(said.span, "false", column.path)]
    edits = with_option(call, "null: false", document)
    return [Edit(one.span, one.text, column.path) for one in edits]
