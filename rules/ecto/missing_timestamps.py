"""ecto/missing-timestamps"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from lsp_server.facts.database.database import MYSQL, POSTGRES, Database, Table, database
from lsp_server.facts.database.schemas import Schema, SchemaFile, Schemas, schemas
from lsp_server.lint.finding import Edit, Finding, Fix, Operation, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import DoBlock
from lsp_server.text import Span, line_ending

from ._alteration import Alteration
from ._new_index import CREATES, call_at
from ._schema_table import Held, table_of

SMALL = 2  # columns beside the key that a lookup table has at most
_STAMP = re.compile(
    r"(?:inserted|created|updated|modified|changed|recorded)(?:_at|_on)?|(?:\w+_)?timestamp"
)
_DEFAULT = ":naive_datetime"
# What rows get that are there already. SQLite adds no column with a computed default.
_NOW = {POSTGRES: "(now() AT TIME ZONE 'utc')", MYSQL: "CURRENT_TIMESTAMP"}


class MissingTimestamps(ProjectRule):
    """
    A table, or its schema, that does not record when a row was made and changed.

    The first question about any wrong row is since when it is so, and nothing answers it
    afterwards. Lists cannot be sorted by age, exports cannot take what is new, and what was created
    by a faulty release cannot be told from the rest. Two columns are cheap on the day on which the
    table is made.

    ## Bad

    `priv/repo/migrations/20240301090000_create_products.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateProducts do
      use Ecto.Migration

      def change do
        create table(:products) do
          add :name, :string
          add :price, :decimal
          add :stock, :integer
        end
      end
    end
    ```

    ## Good

    `priv/repo/migrations/20240301090000_create_products.exs`:
    ```elixir
    defmodule Shop.Repo.Migrations.CreateProducts do
      use Ecto.Migration

      def change do
        create table(:products) do
          add :name, :string
          add :price, :decimal
          add :stock, :integer

          timestamps()
        end
      end
    end
    ```

    ## When it stays silent

    - The table joins others: all of its columns are references, or some of them are its key. Or it
      is a lookup table, with two columns at most beside its key.
    - A column says when (`created_at`, `recorded_on`), whatever `timestamps` calls it, or a later
      migration adds one.
    - A schema without timestamps, where another schema of the same table has them, or the columns
      have other names.
    - Something is done to the table that cannot be read.

    ## What the fix changes

    `timestamps` goes into the migration if that is the newest of its folder, else into a new one,
    where rows that are there already get the time of the migration; and into the schema of the
    table. The type is that of the project's other tables.
    """

    severity = Severity.INFORMATION
    profile = Profile.AGGRESSIVE
    reads = (schemas, database)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Tables without timestamps, then schemas without those of their table."""
        known = schemas(snapshot.index)
        bases = database(snapshot.index)
        lacking: set[int] = set()
        for _, found in sorted(bases.items()):
            if found.orphan:
                continue
            place = 0
            for table in found.tables:
                if table.path is None or not _lacks(table, known):
                    continue
                lacking.add(id(table))
                own = [
                    one for one in known.by_table.get(table.name, ()) if _is_of(one, table, bases)
                ]
                yield self._of_table(found, table, table.path, own, known, place)
                place += not found.is_newest(table.path)
        for one in (one for one in known if role_of(one.path) is Role.LIB):
            held = table_of(one.schema, one.path, bases)
            if held is None or id(held.table) in lacking:
                continue
            peers = [peer.schema for peer in known.by_table.get(one.schema.table, ())]
            text = _declared(one.schema, held, known)
            if text and not any(peer.timestamps for peer in peers):
                yield self._of_schema(one, held.table, text)

    def _of_table(
        self,
        found: Database,
        table: Table,
        path: str,
        own: list[SchemaFile],
        known: Schemas,
        place: int,
    ) -> Finding:
        kinds = (
            column.type
            for other in found.tables
            for column in other.columns.values()
            if column.name == "inserted_at"
        )
        kind = _usual(kinds, _DEFAULT)
        generated = any(one.generated for at, one in found.migrations if at == path)
        now = _NOW.get(found.adapter)
        default = f'default: fragment("{now}")'

        def build(snapshot: Snapshot) -> list[Operation]:
            operations: list[Operation] = []
            if found.is_newest(path):
                operations += _in_block(snapshot, path, table.span, _stamps(kind))
            else:
                line = _stamps(kind, default)
                made = Alteration(found, table, "add_timestamps_to", line, "inserted_at", place)
                operations += made.build(snapshot)
            for one in own if operations and len(own) == 1 else ():
                if not one.schema.timestamps and not one.schema.open:
                    text = _stamps(_schema_kind(one.schema, known, _typed(kind, found)))
                    operations += _in_block(snapshot, one.path, one.schema.span, text)
            return operations

        fix: Fix | None = None
        if not generated and (now is not None or found.is_newest(path)):
            title = "Add timestamps" + ("" if found.is_newest(path) else " in a new migration")
            fix = Fix.review(title, build, needs_files=not found.is_newest(path))
        return self.finding(
            table.span,
            f"`{table.name}` does not record when a row was made and changed",
            path=path,
            fix=fix,
        )

    def _of_schema(self, one: SchemaFile, table: Table, text: str) -> Finding:
        def build(snapshot: Snapshot) -> list[Edit]:
            return _in_block(snapshot, one.path, one.schema.span, text)

        return self.finding(
            one.schema.span,
            f"`{table.name}` has timestamps, which its schema neither sets nor reads",
            path=one.path,
            fix=Fix.review("Add them to the schema", build),
            related=[Related(table.span, "the table", table.path or "")],
        )


def _is_of(one: SchemaFile, table: Table, bases: Mapping[str, Database]) -> bool:
    held = table_of(one.schema, one.path, bases)
    return held is not None and held.table is table


def _lacks(table: Table, known: Schemas) -> bool:
    """Whether a table that should say when its rows were made does not."""
    if table.uncertain or table.open or table.stamped:
        return False
    if any(_STAMP.fullmatch(one) for one in table.columns) or _joins(table):
        return False
    joined = (a.join_through for one in known for a in one.schema.associations)
    if table.name in joined:
        return False
    plain = [
        one
        for one in table.columns.values()
        if not (one.primary_key and one.reference is None) and one.name != "id"
    ]
    referring = [one for one in plain if one.reference is not None or one.name.endswith("_id")]
    return len(plain) > SMALL and len(referring) < len(plain)


def _joins(table: Table) -> bool:
    """Whether a row is known by the rows that it joins: their references are its key."""
    keys = [table.primary_key, *(one.index.columns for one in table.indexes if one.index.unique)]
    referring = {one.name for one in table.columns.values() if one.reference is not None}
    return any(len(key) > 1 and referring.issuperset(key) for key in keys)


def _declared(schema: Schema, held: Held, known: Schemas) -> str:
    """The `timestamps` that a schema lacks; empty where it lacks none or the columns are others."""
    table = held.table
    if schema.open or schema.timestamps or any(map(_STAMP.fullmatch, schema.all_fields)):
        return ""
    made, changed = table.columns.get("inserted_at"), table.columns.get("updated_at")
    if made is None or any(
        one.column in table.columns
        for one in schema.all_fields.values()
        if _STAMP.fullmatch(one.column)
    ):
        return ""
    kind = _schema_kind(schema, known, _typed(made.type, held.database))
    return _stamps(kind, *([] if changed is not None else ["updated_at: false"]))


def _typed(kind: str, found: Database) -> str:
    """The type that a column gets: where a migration names none, the repo's configuration does."""
    return found.repo.timestamps_type if kind == _DEFAULT and found.repo is not None else kind


def _schema_kind(schema: Schema, known: Schemas, kind: str) -> str:
    """The type that the schemas of a project say; a module of its own may set another by itself."""
    own = [use for use in schema.uses if use.partition("/")[0] != "Ecto.Schema"]
    said = (one.schema.timestamps[0].type for one in known if one.schema.timestamps)
    return _usual(said, kind) if own else kind


def _usual(kinds: Iterable[str], default: str) -> str:
    counted = Counter(one for one in kinds if re.fullmatch(r":\w+", one))
    return counted.most_common(1)[0][0] if counted else default


def _stamps(kind: str, *more: str) -> str:
    options = [*([] if kind == _DEFAULT else [f"type: {kind}"]), *more]
    return f"timestamps({', '.join(options)})"


def _in_block(snapshot: Snapshot, path: str, span: Span, text: str) -> list[Edit]:
    """The edit that makes a line the last of the block of a `create` or `schema`, or makes the
    block of a `create` that has none."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, span)
    if document is None or call is None or call.keyword("do") is not None:
        return []
    lines, newline = document.lines, line_ending(document.source)
    indent = lines.indentation(call.start).decode()
    if call.do_block is None:
        if call.name not in CREATES or not isinstance(call.parent, DoBlock):
            return []
        block = f" do{newline}{indent}  {text}{newline}{indent}end"
        return [Edit(Span(call.end, call.end), block, path)]
    last = lines.line_at(call.end)
    before = lines.line_span(last - 1)
    if document.source[lines.starts[last] : call.end].strip() != b"end":
        return []
    gap = newline if last - 1 > lines.line_at(call.do_block.start) else ""
    return [Edit(Span(before.end, before.end), f"{newline}{gap}{indent}  {text}", path)]
