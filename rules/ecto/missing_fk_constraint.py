"""ecto/missing-fk-constraint"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsp_server.facts.database.database import SQLITE, Database, Table, database
from lsp_server.facts.database.migrations import AlterTable, Execute
from lsp_server.facts.database.new_migration import atom
from lsp_server.facts.database.repo_places import repo_places
from lsp_server.facts.database.schemas import Association, Schema, Schemas, schemas
from lsp_server.facts.database.table_state import NOWHERE, StoredColumn
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._alteration import Alteration, column_call, with_type
from ._call_layout import laid_out
from ._schema_table import table_of

_UUIDS = frozenset({":uuid", ":binary_id", "Ecto.UUID", "UUID"})
_LARGE = frozenset({":bigint", ":bigserial", ":identity", ":int8"})
_SMALL = frozenset({":integer", ":id", ":serial", ":int", ":int4"})


class MissingFkConstraint(ProjectRule):
    """
    A column that refers to another table, and no foreign key that keeps it so.

    Nothing stops the row it points at from being deleted, or an id from being written that never
    existed. The association then loads as `nil`, inner joins drop the row, and every place that
    takes the parent for granted crashes long after the fact, on data that nobody can repair then.

    ## Bad

    `lib/blog/comment.ex`:
    ```elixir
    defmodule Blog.Comment do
      use Ecto.Schema

      schema "comments" do
        field :body, :string
        belongs_to :post, Blog.Post
      end
    end
    ```

    `lib/blog/post.ex`:
    ```elixir
    defmodule Blog.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
      end
    end
    ```

    `priv/repo/migrations/20240301090000_create_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateComments do
      use Ecto.Migration

      def change do
        create table(:posts) do
          add :title, :string
        end

        create table(:comments) do
          add :body, :text
          add :post_id, :bigint, null: false
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

    `lib/blog/comment.ex`:
    ```elixir
    defmodule Blog.Comment do
      use Ecto.Schema

      schema "comments" do
        field :body, :string
        belongs_to :post, Blog.Post
      end
    end
    ```

    `lib/blog/post.ex`:
    ```elixir
    defmodule Blog.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
      end
    end
    ```

    `priv/repo/migrations/20240301090000_create_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateComments do
      use Ecto.Migration

      def change do
        create table(:posts) do
          add :title, :string
        end

        create table(:comments) do
          add :body, :text
          add :post_id, :bigint, null: false
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

    `priv/repo/migrations/20260101000000_add_foreign_keys_to_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.AddForeignKeysToComments do
      use Ecto.Migration

      def change do
        alter table(:comments) do
          modify :post_id, references(:posts, on_delete: :nothing), from: :bigint
        end
      end
    end
    ```

    ## When it stays silent

    - No schema of the table has a `belongs_to` over the column to a schema of the project, and no
      table has its name (`posts` for `post_id`): then it is an id of another system.
    - A `post_type` stands beside `post_id`: such a column points into several tables.
    - The other table belongs to another repo, prefix or folder of migrations, its key has another
      type, or it is not the column that is referred to alone.
    - A foreign key of the column was dropped by a migration: somebody decided against it.
    - The migrations of either table cannot be read, or Ash generates them.
    - `allow` in the settings names the table or the column: `allow = ["events", "logs.user_id"]`.

    ## What the fix changes

    The column becomes a reference: in place if its migration is the newest of its folder, else in a
    new migration, together with the other columns of the table. `on_delete:` is what the `has_many`
    of the other side says, else `:nothing`, which refuses to delete a parent that has children. The
    migration fails if there are rows already whose parent is gone, which must be found first; on a
    large table, add the constraint with `validate: false` and validate it later. There is no fix
    for existing tables on SQLite, which cannot alter a column.
    """

    reads = (schemas, database, repo_places)
    options = {"allow": ()}

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The columns of every repo that refer to a table of it without a foreign key."""
        allowed = frozenset(snapshot.settings.option(self.id, "allow", ()))
        known = schemas(snapshot.index)
        bases = database(snapshot.index)
        alone = max(len(bases), len(repo_places(snapshot.index))) == 1
        for _, found in sorted(bases.items()):
            if found.orphan:
                continue
            generated = frozenset(path for path, one in found.migrations if one.generated)
            place = 0
            for table in found.tables:
                if table.uncertain or table.name in allowed:
                    continue
                is_new = False
                own = list(_of(table, known, bases))
                for column in table.columns.values():
                    if column.path in generated or f"{table.name}.{column.name}" in allowed:
                        continue
                    target = _target(column, table, found, own, known, bases, alone)
                    if table.path is None and not _is_added(column, found):
                        continue  # it may have been a foreign key before
                    if target is not None:
                        yield self._finding(found, table, column, target, place)
                        is_new |= not found.is_newest(column.path)
                place += is_new

    def _finding(
        self, found: Database, table: Table, column: StoredColumn, target: _Target, place: int
    ) -> Finding:
        text = _reference(found, column, target)
        fix: Fix | None = None
        if found.is_newest(column.path) and _is_there(target.table, column):

            def build(snapshot: Snapshot) -> list[Edit]:
                document = snapshot.document(column.path)
                call = None if document is None else column_call(document, column.span)
                return [] if document is None or call is None else with_type(document, call, text)

            fix = Fix.review("Make it a foreign key here", build)
        elif found.adapter != SQLITE:
            line = laid_out("modify", [atom(column.name), text], [f"from: {column.type}"], 6)
            if line is not None and column.type.startswith(":"):
                made = Alteration(found, table, "add_foreign_keys_to", line, column.name, place)
                title = "Make it a foreign key in a new migration"
                fix = Fix.review(title, made.build, needs_files=True)
        return self.finding(
            column.span,
            f"`{table.name}.{column.name}` refers to `{target.table.name}`, "
            "but no foreign key makes sure of it",
            path=column.path,
            fix=fix,
            related=[target.related],
        )


@dataclass(frozen=True, slots=True)
class _Target:
    """The table and the column that a column refers to, and who says so."""

    table: Table
    column: StoredColumn
    on_delete: str
    related: Related


def _of(
    table: Table, known: Schemas, bases: Mapping[str, Database]
) -> Iterator[tuple[str, Schema]]:
    """The schemas of a table, with their paths."""
    for found in known.by_table.get(table.name, ()):
        held = table_of(found.schema, found.path, bases, whole=False)
        if held is not None and held.table is table:
            yield found.path, found.schema


def _is_added(column: StoredColumn, found: Database) -> bool:
    """Whether a migration adds a column, of a table that none makes."""
    return any(
        change.column.span == column.span and change.action.startswith("add")
        for path, migration in found.migrations
        if path == column.path
        for operation in migration.up
        if isinstance(operation, AlterTable)
        for change in operation.changes
    )


def _target(
    column: StoredColumn,
    table: Table,
    found: Database,
    own: list[tuple[str, Schema]],
    known: Schemas,
    bases: Mapping[str, Database],
    alone: bool,
) -> _Target | None:
    """What a column without a foreign key refers to. `alone`: there is no other database."""
    stem = column.name.removesuffix("_id")
    if column.reference is not None or column.referred is not None or _kind(column.type) is None:
        return None
    if f"{stem}_type" in table.columns or column.name == "id":
        return None
    tied = [
        (path, schema, one)
        for path, schema in own
        for one in schema.associations
        if one.kind == "belongs_to" and schema.column(one.foreign_key) == column.name
    ]
    for path, schema, association in tied:
        other = known.by_module.get(association.target)
        if other is None:
            continue  # the names say what they refer to
        name = other.schema.column(association.references)
        held = table_of(other.schema, other.path, bases)
        made = _unseen(other.schema, name, found) if held is None and alone else None
        if held is not None and held.database is found:
            made = held.table
        if made is None:
            return None
        on_delete = _on_delete(other.schema, schema, association)
        why = Related(association.span, f"`belongs_to :{association.name}`", path)
        return _checked(column, table, made, name, on_delete, why, found)
    if stem == column.name or (not tied and any(schema.open for _, schema in own)):
        return None
    named = [one for name in _plurals(stem) for one in found.named(name)]
    if len(named) != 1 or named[0] is table or len(named[0].primary_key) != 1:
        return None
    why = Related(named[0].span, f"the table `{named[0].name}`", named[0].path or "")
    for path, _, association in tied:
        why = Related(association.span, f"`belongs_to :{association.name}`", path)
    return _checked(column, table, named[0], named[0].primary_key[0], "", why, found)


def _unseen(schema: Schema, name: str, found: Database) -> Table | None:
    """The table of a schema that no migration makes, as the schema describes it; None where SQL
    that is not read speaks of it, as of a view."""
    key = schema.field(name)
    if schema.embedded or not schema.table or key is None or any(found.named(schema.table)):
        return None
    done = (one for _, migration in found.migrations for one in migration.up)
    if any(isinstance(one, Execute) and schema.table in (one.up or schema.table) for one in done):
        return None
    kind = key.type if key.type in _UUIDS else ""
    column = StoredColumn(name, "", NOWHERE, kind, primary_key=True)
    folder = found.migrations[-1][1].folder
    return Table(
        schema.table,
        schema.prefix,
        folder,
        None,
        NOWHERE,
        {name: column},
        (),
        (),
        (),
        False,
        True,
        False,
    )


def _checked(
    column: StoredColumn,
    table: Table,
    other: Table,
    name: str,
    on_delete: str,
    why: Related,
    found: Database,
) -> _Target | None:
    """The target, where the database would take the foreign key."""
    key = other.columns.get(name)
    if key is None or other.uncertain:
        return None
    if (other.prefix, other.folder) != (table.prefix, table.folder):
        return None
    alone = other.primary_key == (name,) or any(
        not one.index.where for one in other.unique_indexes(name)
    )
    if not alone or _kind(column.type) != _kind(_key_type(key, found)):
        return None
    action = on_delete.removeprefix(":")
    if action not in ("delete_all", "nilify_all") or (action == "nilify_all" and not column.null):
        action = "nothing"
    return _Target(other, key, action, why)


def _on_delete(parent: Schema, child: Schema, association: Association) -> str:
    """What the other side says is to happen to children."""
    for one in parent.associations:
        if one.kind in ("has_many", "has_one") and one.target == child.module:
            if one.foreign_key == association.foreign_key:
                return one.option("on_delete") or ""
    return ""


def _plurals(stem: str) -> Iterator[str]:
    yield f"{stem}s"
    if stem.endswith("y"):
        yield f"{stem[:-1]}ies"
    elif stem.endswith(("s", "x", "ch", "sh")):
        yield f"{stem}es"
    elif stem.endswith("child"):
        yield f"{stem}ren"
    if stem.endswith("person"):
        yield f"{stem.removesuffix('person')}people"
    yield stem


def _kind(type_: str) -> str | None:
    """What types a foreign key can be between."""
    if type_ in _UUIDS:
        return "uuid"
    return "integer" if type_ in _LARGE | _SMALL else None


def _key_type(key: StoredColumn, found: Database) -> str:
    """The type of a key that migrations may have left to the repo."""
    if key.type:
        return key.type
    if key.reference is not None:
        return found.repo.reference_type if found.repo is not None else ":bigserial"
    return found.repo.key_type if found.repo is not None else ":bigserial"


def _reference(found: Database, column: StoredColumn, target: _Target) -> str:
    """The reference that a column is to be. A type is named where it is not what Ecto assumes."""
    default = found.repo.reference_type if found.repo is not None else ":bigserial"
    key = _key_type(target.column, found)
    options = [f"on_delete: :{target.on_delete}"]
    if target.column.name != "id":
        options.insert(0, f"column: {atom(target.column.name)}")
    if _kind(key) == "uuid":
        wanted = column.type
        is_default = default in _UUIDS
    else:
        wanted = ":bigint" if {key, column.type} & _LARGE else ":integer"
        is_default = (default in _LARGE) == (wanted == ":bigint") and _kind(default) == "integer"
    if not is_default:
        options.append(f"type: {wanted}")
    return f"references({atom(target.table.name)}, {', '.join(options)})"


def _is_there(target: Table, column: StoredColumn) -> bool:
    """Whether a table is there already when a column is added."""
    return target.path != column.path or target.span.start < column.span.start
