"""ecto/missing-check-constraint"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.database.changesets import Changesets, Step, changesets
from lsp_server.facts.database.database import SQLITE, Table, database
from lsp_server.facts.database.migration_sql import HOLE
from lsp_server.facts.database.new_migration import atom
from lsp_server.facts.database.schemas import Schema, schemas
from lsp_server.facts.database.table_state import StoredColumn
from lsp_server.facts.values import spelled
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot

from ._alteration import Alteration
from ._call_layout import laid_out
from ._changeset_entries import entries_of
from ._new_index import below_table, table_call
from ._schema_table import Held, table_of

_SIGNS = {
    "greater_than": ">",
    "greater_than_or_equal_to": ">=",
    "less_than": "<",
    "less_than_or_equal_to": "<=",
    "equal_to": "=",
    "not_equal_to": "<>",
}
_CHECKED = ("validate_number", "validate_inclusion")
_NUMBER = re.compile(r"-?\d[\d_]*(?:\.\d+)?")
_NUMBERS = re.compile(
    r":(?:big|small)?(?:int\w*|serial)|:id|:(?:decimal|numeric|float|real|double).*"
)
_TEXTS = re.compile(r":(?:string|text|citext|varchar.*|char.*)")
_COLUMN = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED = re.compile(
    r"all|and|any|asc|case|check|column|default|desc|distinct|do|else|end|for|from|grant|group"
    r"|having|in|into|key|limit|not|null|offset|on|only|or|order|primary|range|rank|references"
    r"|rows|select|table|then|to|union|unique|user|using|when|where|window|with"
)


class MissingCheckConstraint(ProjectRule):
    """
    A field whose range or values every changeset checks, and the database does not.

    The changeset stands before one door. `update_all`, `Repo.insert_all`, a migration of data and
    two requests that each take one from the same stock go past it, and a negative price or a status
    that no code knows is found in the accounts, or by a `FunctionClauseError`, months later. A
    check constraint refuses such a row whoever writes it.

    ## Bad

    `lib/shop/product.ex`:
    ```elixir
    defmodule Shop.Product do
      use Ecto.Schema
      import Ecto.Changeset

      schema "products" do
        field :price, :integer
      end

      def changeset(product, attrs) do
        product
        |> cast(attrs, [:price])
        |> validate_number(:price, greater_than: 0)
      end
    end
    ```

    `priv/repo/migrations/20240301090000_create_products.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateProducts do
      use Ecto.Migration

      def change do
        create table(:products) do
          add :price, :integer
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

    `lib/shop/product.ex`:
    ```elixir
    defmodule Shop.Product do
      use Ecto.Schema
      import Ecto.Changeset

      schema "products" do
        field :price, :integer
      end

      def changeset(product, attrs) do
        product
        |> cast(attrs, [:price])
        |> validate_number(:price, greater_than: 0)
      end
    end
    ```

    `priv/repo/migrations/20240301090000_create_products.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateProducts do
      use Ecto.Migration

      def change do
        create table(:products) do
          add :price, :integer
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

    `priv/repo/migrations/20260101000000_add_check_constraints_to_products.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.AddCheckConstraintsToProducts do
      use Ecto.Migration

      def change do
        create constraint(:products, :price_is_checked, check: "price > 0")
      end
    end
    ```

    ## When it stays silent

    - A check constraint of the table names the column, or cannot be read, or a changeset speaks of
      one (`check_constraint`).
    - The field is cast somewhere without the check, or checked under a condition only.
    - The field is virtual or embedded, the column is neither a number nor a text (an enum of the
      database, a composite type), or the migrations of the table cannot be read.
    - The database is SQLite, which adds no constraints to tables.

    ## What the fix changes

    It writes the constraint: in place if the newest migration creates the table, else in a new
    migration. It fails while there are rows that break the rule. There is no fix where changesets
    differ in what they check, or the limits are computed.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (changesets, schemas, database)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The columns whose values only changesets check."""
        built = changesets(snapshot.index)
        bases = database(snapshot.index)
        places: dict[str, int] = {}
        seen: set[tuple[str, str]] = set()
        for found in schemas(snapshot.index):
            schema = found.schema
            held = table_of(schema, found.path, bases)
            if held is None or held.database.adapter == SQLITE:
                continue
            for path, step, name, checks in _validated(schema, built):
                column = held.table.columns.get(schema.column(name))
                if column is None or (held.table.name, column.name) in seen:
                    continue
                if not _fits(step, column) or _is_checked(column, held.table):
                    continue
                seen.add((held.table.name, column.name))
                place = places.setdefault(held.table.name, len(places))
                check = checks[0] if len(checks) == 1 else ""
                yield self._finding(held, column, (path, step), check, place)

    def _finding(
        self, held: Held, column: StoredColumn, where: tuple[str, Step], check: str, place: int
    ) -> Finding:
        path, step = where
        found, table = held.database, held.table
        sql = check.replace("?", column.name)
        plain = _COLUMN.fullmatch(column.name) and not _RESERVED.fullmatch(column.name)
        fix: Fix | None = None
        if sql and plain:
            arguments = [atom(table.name), atom(f"{column.name}_is_checked")]
            prefix = [f"prefix: {spelled(table.prefix)}"] if table.prefix else []
            options = [*prefix, f'check: "{sql}"']
            if found.is_newest(column.path) and table.path == column.path:

                def build(snapshot: Snapshot) -> list[Edit]:
                    return _here(snapshot, column, arguments, options)

                fix = Fix.review("Check it in the database as well", build)
            else:
                before = len("create ")
                call = laid_out(
                    "constraint", arguments, options, 4, parentheses=True, before=before
                )
                if call is not None:
                    made = Alteration(
                        found, table, "add_check_constraints_to", f"create {call}", "", place
                    )
                    title = "Check it in the database as well, in a new migration"
                    fix = Fix.review(title, made.build, needs_files=True)
        return self.finding(
            step.span,
            f"only changesets check `{column.name}`: `{table.name}` has no check constraint for it",
            path=path,
            fix=fix,
            related=[Related(column.span, f"the column `{column.name}`", column.path)],
        )


def _here(
    snapshot: Snapshot, column: StoredColumn, arguments: list[str], options: list[str]
) -> list[Edit]:
    document = snapshot.document(column.path)
    call = None if document is None else table_call(document, column.span)
    if document is None or call is None:
        return []
    indent = len(document.lines.indentation(call.start))
    before = len("create ")
    made = laid_out("constraint", arguments, options, indent, parentheses=True, before=before)
    if made is None or (call.has_parentheses and "\n" in made):
        return []
    statement = f"create({made})" if call.has_parentheses else f"create {made}"
    return below_table(document, call, statement, ("index", "constraint"))


def _validated(
    schema: Schema, built: Changesets
) -> Iterator[tuple[str, Step, str, tuple[str, ...]]]:
    """The fields that each changeset that casts them also checks: the first check with its file,
    and all conditions in SQL with `?` for the column, an empty one for what is not known."""
    entries = entries_of(schema, built)
    names = dict.fromkeys(
        field.name
        for entry in entries
        for _, step in entry.steps
        if step.name in _CHECKED
        for field in step.fields
    )
    said = {
        field.name
        for _, step in built.steps(schema.module, "check_constraint")
        for field in step.fields
    }
    for name in names:
        casting = [entry for entry in entries if entry.casts(name)]
        checks = [
            [
                (path, step)
                for path, step in entry.steps
                if step.name in _CHECKED
                and not step.conditional
                and any(one.name == name for one in step.fields)
                and (
                    step.name != "validate_number" or any(key in _SIGNS for key, _ in step.options)
                )
            ]
            for entry in casting
        ]
        if name in said or not checks or not all(checks):
            continue
        path, step = checks[0][0]
        conditions = dict.fromkeys(
            " AND ".join(_condition(step) for _, step in steps) if all(map(_known, steps)) else ""
            for steps in checks
        )
        yield path, step, name, tuple(conditions)


def _known(where: tuple[str, Step]) -> bool:
    return _condition(where[1]) != ""


def _condition(step: Step) -> str:
    """What a step demands, in SQL that can stand in an Elixir string."""
    if step.name == "validate_number":
        limits = [(_SIGNS[key], value) for key, value in step.options if key in _SIGNS]
        if not all(_NUMBER.fullmatch(value) for _, value in limits):
            return ""
        return " AND ".join(f"? {sign} {value.replace('_', '')}" for sign, value in limits)
    values = step.allowed
    numbers = [one for one in values if isinstance(one, int)]
    if not values:
        return ""
    if len(numbers) == len(values):
        if numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 2:
            return f"? BETWEEN {numbers[0]} AND {numbers[-1]}"
        return f"? IN ({', '.join(map(str, numbers))})"
    if numbers or any(re.search(r'["\\#?\s]', str(one)) for one in values):
        return ""
    listed = ", ".join("'{}'".format(str(one).replace("'", "''")) for one in values)
    return f"? IN ({listed})"


def _fits(step: Step, column: StoredColumn) -> bool:
    """Whether the values that a step compares with are those of a column."""
    numbers = step.name == "validate_number" or any(isinstance(one, int) for one in step.allowed)
    if step.name == "validate_inclusion" and not step.allowed:
        return bool(_NUMBERS.fullmatch(column.type) or _TEXTS.fullmatch(column.type))
    return (_NUMBERS if numbers else _TEXTS).fullmatch(column.type) is not None


def _is_checked(column: StoredColumn, table: Table) -> bool:
    """Whether a constraint speaks of a column, or may."""
    word = re.compile(rf"\b{re.escape(column.name)}\b")
    return dict(column.options).get("check") is not None or any(
        not one.exclude and (not one.check or HOLE in one.check or word.search(one.check))
        for one in table.constraints
    )
