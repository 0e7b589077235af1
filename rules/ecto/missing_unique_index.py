"""ecto/missing-unique-index"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.database.changesets import ChangesetFile, Step, changesets
from lsp_server.facts.database.database import database
from lsp_server.facts.database.migrations import Migration, default_index_name
from lsp_server.facts.database.new_migration import atom
from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.database.table_state import same_name
from lsp_server.facts.project import mix
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import app_of
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Keywords
from lsp_server.text import Span, line_ending

from ._new_index import Wanted, call_at
from ._schema_fields import with_option
from ._schema_table import Held, table_of
from ._unique_index import UNIQUE, Lack, Relied, index_name, unread_sql

_ASH = ("ash_postgres", "ash_sqlite")


class MissingUniqueIndex(ProjectRule):
    """
    A changeset relies on a unique index that no migration creates.

    `unique_constraint/3` checks nothing by itself: it only translates the error of a unique index.
    Without the index two equal rows go in one after the other, and every `Repo.get_by` of that
    field raises from then on. `unsafe_validate_unique/3` asks first, but two requests that ask at
    the same time both hear that the value is free.

    The error is found by the name of the index, which Ecto makes up from the table and the fields
    in their order: `unique_constraint(:email)` waits for `users_email_index`. If the only unique
    index is one of `[:org_id, :email]`, or has a name of its own, its error raises
    `Ecto.ConstraintError`, and the step has to say `name:`.

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

    - A unique index has an expression over any of the fields, or the name that `name:` says; so do
      other constraints of that name, and SQL that contains it and cannot be read.
    - Another step of the schema's changesets names the unique index that holds the fields.
    - The fields are the primary key, virtual, or of an embedded schema.
    - The function serves several schemas, the fields or the name are computed, or the table is not
      made by migrations that can be read.

    ## What the fix changes

    It creates the unique index: in the migration that makes the column if that is the newest, else
    in a new migration. The migration fails if there are equal rows already, which must be merged
    first. A plain index that has the name already is dropped before, or becomes the unique one
    where the newest migration makes it. Where there is a unique index of another name, the step is
    given that name.
    """

    reads = (changesets, schemas, database, mix.dependencies, Migration)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The steps of each schema's changesets that rely on an index."""
        known = changesets(snapshot.index)
        bases = database(snapshot.index)
        packages = mix.dependencies(snapshot.index)
        sql = unread_sql(snapshot.index)
        place = 0
        for found in schemas(snapshot.index):
            schema = found.schema
            held = table_of(schema, found.path, bases)
            if held is None:
                continue
            reader = Relied(schema, held, [step for _, step in known.steps(schema.module, UNIQUE)])
            seen: set[tuple[str, ...]] = set()
            for site, step in _relying(known.of(schema.module)):
                lack = reader.lacking(step)
                if lack is None or lack.columns in seen:
                    continue
                if lack.name and any(lack.name in text for text in sql):
                    continue
                if lack.others:
                    yield self._misnamed(site, step, lack, held)
                    continue
                seen.add(lack.columns)
                own = {**packages.get("", {}), **packages.get(app_of(found.path), {})}
                generated = any(package in own for package in _ASH)
                finding = self._finding(site, step, lack, held, place, generated)
                place += finding.fix is not None and finding.fix.needs_files
                yield finding

    def _finding(
        self,
        site: ChangesetFile,
        step: Step,
        lack: Lack,
        held: Held,
        place: int,
        generated: bool,
    ) -> Finding:
        table, columns = held.table, lack.columns
        last = max((table.columns[one] for one in columns), key=lambda one: one.path)
        slug = f"add_unique_index_to_{table.name}"
        name = "" if same_name(lack.name, default_index_name(table.name, columns)) else lack.name
        wanted = Wanted(
            held.database, table, columns, last.path, last.span, slug, place, True, name
        )
        fix: Fix | None = None
        # An index that the newest migration makes and drops would be dropped again.
        undone = wanted.in_place and any(one.index.columns == columns for one in table.dropped)
        if not generated and not undone and lack.certain:
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

    def _misnamed(self, site: ChangesetFile, step: Step, lack: Lack, held: Held) -> Finding:
        """A step that waits for the error of an index that has another name."""
        index, path = lack.others[0].index, lack.others[0].path
        name = index_name(index, held)

        def build(snapshot: Snapshot) -> list[Edit]:
            return _named(snapshot, site.path, step.span, name)

        only = len(lack.others) == 1
        return self.finding(
            step.span,
            f"`{step.name}` waits for `{lack.name}`, but the unique index is called `{name}`",
            path=site.path,
            fix=Fix.review(f"Name the index: {atom(name)}", build) if only else None,
            related=[Related(index.span, "the unique index", path)],
        )


def _relying(sites: tuple[ChangesetFile, ...]) -> Iterator[tuple[ChangesetFile, Step]]:
    """The steps that rely on an index, constraints first."""
    for name in (UNIQUE, "unsafe_validate_unique"):
        for site in sites:
            yield from ((site, one) for one in site.changeset.steps if one.name == name)


def _named(snapshot: Snapshot, path: str, step: Span, name: str) -> list[Edit]:
    """The edit that gives a constraint the name of its index."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, step)
    if document is None or call is None or not call.has_parentheses:
        return []
    said = call.keyword("name")
    if said is not None:
        return [Edit(said.span, atom(name), path)]
    edits = with_option(call, f"name: {atom(name)}", document)
    return [Edit(one.span, one.text, path) for one in edits] or _below(document, call, name)


def _below(document: Document, call: Call, name: str) -> list[Edit]:
    """The same for a step of a pipe that gets too long: its options have lines of their own."""
    lines, newline = document.lines, line_ending(document.source)
    line = lines.line_span(lines.line_at(call.start))
    if document.source[line.start : call.start].strip() != b"|>" or b"\n" in call.bytes:
        return []
    written = call.written_arguments
    last = written[-1] if written else None
    pairs = [one.text for one in last.pairs] if isinstance(last, Keywords) else []
    plain = ", ".join(one.text for one in (written[:-1] if pairs else written))
    indent = lines.indentation(call.start).decode()
    inner = f"{newline}{indent}  "
    options = f",{inner}".join([*pairs, f"name: {atom(name)}"])
    function = Span(call.start, call.name_span.end).slice(document.source).decode()
    text = f"{function}({plain},{inner}{options}{newline}{indent})"
    return [Edit(call.span, text, document.path)]
