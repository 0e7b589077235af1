"""ecto/missing-constraint-call"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence

from lsp_server.facts.database.changesets import ChangesetFile, Step, changesets
from lsp_server.facts.database.database import Database, Table, database
from lsp_server.facts.database.migrations import default_index_name
from lsp_server.facts.database.new_migration import atom
from lsp_server.facts.database.schemas import Schema, schemas
from lsp_server.facts.database.table_state import same_name
from lsp_server.facts.database.upserts import Upsert
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot

from ._changeset_step import with_step
from ._schema_table import table_of

OWNING = 6  # tables with the same foreign key, from which on it is an owner that code puts in
CUSTOM = 6  # foreign keys that no changeset names, from which on they may be how a project does it
_UNIQUE = ("unique_constraint",)
_FOREIGN = ("foreign_key_constraint", "assoc_constraint")


class MissingConstraintCall(ProjectRule):
    """
    A changeset casts a field that the database constrains, and does not name the constraint.

    The database refuses a second row with the same value, or a reference to a row that is gone.
    A changeset that names the constraint turns that into an error beside the field of the form. One
    that does not raises `Ecto.ConstraintError`: the user sees an error page, and that only when two
    requests race or somebody sends an id that is no longer there.

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

        create unique_index(:users, [:email])
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

        create unique_index(:users, [:email])
      end
    end
    ```

    ## When it stays silent

    - Any changeset of the schema, or a function that it is handed to, names the constraint, the
      field or the association.
    - The foreign key is one that six tables have or more, as `organization_id` where all belongs to
      an organization: that is put in by code which has the row at hand. Or the project casts six
      foreign keys or more without naming them, and that is most of those it casts: there the ids
      come from code, too. In the profile `aggressive` all of these are found.
    - No changeset casts the field; the index has expressions or is partial.
    - The rows are written with `on_conflict:`, so that a second one of the same value is no error.
    - The function serves several schemas, a constraint is named by something computed, or the
      migrations of the table cannot be read.

    ## What the fix changes

    It adds the step directly behind the `cast`, with `name:` where the index has a name of its own.
    A `cast` that stands alone becomes a pipe.
    """

    severity = Severity.INFORMATION
    reads = (changesets, schemas, database, Upsert)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The constraints of each schema's table that its changesets do not name."""
        known = changesets(snapshot.index)
        bases = database(snapshot.index)
        upserts = [one for _, one in snapshot.index.of(Upsert)]
        thorough = snapshot.settings.profile is Profile.AGGRESSIVE
        foreign: list[Finding] = []
        names_them = 0
        for found in schemas(snapshot.index):
            schema = found.schema
            held = table_of(schema, found.path, bases, whole=False)
            if held is None or schema.open:
                continue
            named = [step for _, step in known.steps(schema.module, *_UNIQUE, *_FOREIGN)]
            casts = [
                (site, step)
                for site in known.of(schema.module)
                for step in site.changeset.steps
                if step.name == "cast"
            ]
            if casts:
                handled = [one.columns for one in upserts if schema.module in one.modules]
                yield from self._unique(schema, held.table, named, casts, handled)
                owners = frozenset() if thorough else _owners(held.database)
                foreign += self._foreign(schema, held.table, named, casts, owners)
                names_them += sum(one.name in _FOREIGN for one in named)
        if thorough or len(foreign) < CUSTOM or len(foreign) <= names_them:
            yield from foreign

    def _unique(
        self,
        schema: Schema,
        table: Table,
        named: Sequence[Step],
        casts: Sequence[tuple[ChangesetFile, Step]],
        handled: Sequence[tuple[str, ...]],
    ) -> Iterator[Finding]:
        steps = [one for one in named if one.name in _UNIQUE]
        if not all(one.complete for one in steps):
            return
        for stored in table.indexes:
            index = stored.index
            if not index.unique or not index.exact or index.has_expression or index.where:
                continue
            fields = [_field(schema, column) for column in index.columns]
            if "" in fields or set(index.columns) & set(table.primary_key):
                continue
            if any(same_name(one.constraint, index.name) for one in steps if one.constraint):
                continue
            if any(part.name in fields for one in steps for part in one.fields):
                continue
            if any(not one or sorted(one) == sorted(fields) for one in handled):
                continue
            # One that casts only some of the fields leaves the others to the code, which knows.
            at = next((one for one in casts if _casts(one[1], fields)), None)
            if at is None:
                continue
            listed = ", ".join(map(atom, fields))
            argument = listed if len(fields) == 1 else f"[{listed}]"
            default = default_index_name(table.name, tuple(index.columns))
            if not same_name(default, index.name):
                argument += f", name: {atom(index.name)}"
            where = Related(index.span, "the unique index", stored.path)
            yield self._finding(at, f"unique_constraint({argument})", fields, where)

    def _foreign(
        self,
        schema: Schema,
        table: Table,
        named: Sequence[Step],
        casts: Sequence[tuple[ChangesetFile, Step]],
        owners: Container[tuple[str, str]],
    ) -> Iterator[Finding]:
        steps = [one for one in named if one.name in _FOREIGN]
        if not all(one.complete for one in steps):
            return
        for column in table.columns.values():
            reference, field = column.reference, _field(schema, column.name)
            if reference is None or not field:
                continue
            if (column.name, reference.reference.table.name) in owners:
                continue
            names = {one.name for one in schema.associations if one.foreign_key == field} | {field}
            if any(part.name in names for one in steps for part in one.fields):
                continue
            if any(same_name(one.constraint, reference.name) for one in steps if one.constraint):
                continue
            at = next((one for one in casts if _casts(one[1], [field])), None)
            if at is None:
                continue
            argument = atom(field)
            if not same_name(reference.name, f"{table.name}_{field}_fkey"):
                argument += f", name: {atom(reference.name)}"
            where = Related(reference.span, "the foreign key", reference.path)
            yield self._finding(at, f"foreign_key_constraint({argument})", [field], where)

    def _finding(
        self, at: tuple[ChangesetFile, Step], text: str, fields: list[str], where: Related
    ) -> Finding:
        site, cast = at

        def build(snapshot: Snapshot) -> list[Edit]:
            return with_step(snapshot, site.path, cast, text)

        what = ", ".join(f"`{one}`" for one in fields)
        return self.finding(
            cast.span,
            f"the database constrains {what}: without `{text}` a conflict raises",
            path=site.path,
            fix=Fix.safe(f"Add {text}", build),
            related=[where],
        )


def _owners(found: Database) -> frozenset[tuple[str, str]]:
    """The columns that say in most tables to whom a row belongs, with the table they refer to."""
    counted = Counter(
        (column.name, column.reference.reference.table.name)
        for table in found.tables
        for column in table.columns.values()
        if column.reference is not None
    )
    return frozenset(one for one, count in counted.items() if count >= OWNING)


def _field(schema: Schema, column: str) -> str:
    """The field of a column; empty where the schema has none."""
    return next((one.name for one in schema.all_fields.values() if one.column == column), "")


def _casts(step: Step, fields: Sequence[str]) -> bool:
    return {one.name for one in step.fields}.issuperset(fields)
