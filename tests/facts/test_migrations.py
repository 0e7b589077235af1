"""What is read of migrations, operation by operation."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from lsp_server.document import Document
from lsp_server.facts.database import migration_files  # noqa: F401 (registers the collector)
from lsp_server.facts.database.migrations import (
    AddForeignKey,
    AlterTable,
    AnyOperation,
    CreateConstraint,
    CreateIndex,
    CreateTable,
    DropConstraint,
    DropIndex,
    DropTable,
    Execute,
    Migration,
    RenameColumn,
    RenameIndex,
    RenameTable,
    SetPrimaryKey,
    TableName,
    Unknown,
    default_index_name,
    place_of,
)
from lsp_server.facts.fact import FileFacts, collect

PATH = "priv/repo/migrations/20240102030405_example.exs"


def migration(body: str, path: str = PATH) -> Migration:
    code = f"defmodule Shop.Repo.Migrations.Example do\n  use Ecto.Migration\n{body}\nend\n"
    (found,) = collect(Document(path, code.encode())).of(Migration)
    return found


def change(body: str) -> tuple[AnyOperation, ...]:
    """The operations of a `change` with this body."""
    return migration(f"  def change do\n{indent(dedent(body), '    ')}\n  end").up


def one(body: str) -> AnyOperation:
    (found,) = change(body)
    return found


def test_a_created_table_with_its_columns_and_key() -> None:
    table = one(
        """
        create table(:posts, prefix: "blog", comment: "x") do
          add :title, :string, null: false, size: 80
          add(:tags, {:array, :string}, default: [])
          add :author_id, references("users", on_delete: :delete_all, type: :binary_id), null: false
          timestamps(type: :utc_datetime)
        end
        """
    )
    assert isinstance(table, CreateTable)
    assert (table.table, table.timestamps, table.open) == (TableName("posts", "blog"), True, False)
    key, title, tags, author, inserted, updated = table.columns
    assert (key.name, key.primary_key, key.null) == ("id", True, False)
    assert (title.type, title.null, title.default, title.option("size")) == (
        ":string",
        False,
        None,
        "80",
    )
    assert (tags.type, tags.null, tags.default) == ("{:array, :string}", None, "[]")
    assert author.reference is not None
    assert author.reference.table == TableName("users")
    assert (author.reference.on_delete, author.reference.type) == ("delete_all", ":binary_id")
    assert (inserted.name, updated.name) == ("inserted_at", "updated_at")
    assert (updated.type, updated.null) == (":utc_datetime", False)


def test_spans_are_those_of_names() -> None:
    body = "  def change do\n    create table(:posts) do\n      add :title, :string\n    end\n  end"
    code = f"defmodule M do\n  use Ecto.Migration\n{body}\nend\n".encode()
    (found,) = collect(Document(PATH, code)).of(Migration)
    table = found.up[0]
    assert isinstance(table, CreateTable)
    assert found.span.slice(code) == b"M"
    assert table.span.slice(code) == b"create"
    assert table.columns[1].span.slice(code) == b":title"


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("create table(:t, primary_key: false) do\nadd :x, :uuid, primary_key: true\nend", ["x"]),
        ("create table(:t, primary_key: [name: :uid, type: :uuid])", ["uid"]),
        ("create table(:t)", ["id"]),
        ("create_if_not_exists table(:t, primary_key: false)", []),
    ],
)
def test_primary_keys(written: str, keys: list[str]) -> None:
    table = one(written)
    assert isinstance(table, CreateTable)
    assert [column.name for column in table.columns if column.primary_key] == keys
    assert table.if_not_exists == written.startswith("create_if_not_exists")


def test_timestamps_take_other_names_or_none() -> None:
    table = one("create table(:t) do\ntimestamps(inserted_at: :created_at, updated_at: false)\nend")
    assert isinstance(table, CreateTable)
    assert [column.name for column in table.columns] == ["id", "created_at"]


def test_alter_keeps_the_order_of_its_lines() -> None:
    table = one(
        """
        alter table("posts") do
          add_if_not_exists :a, :map
          modify :b, :text, null: true, from: {:string, null: false}
          modify :c, references(:users), from: references(:people)
          remove :d
          remove_if_exists :e, :string
          remove :f, :integer, default: 0
        end
        """
    )
    assert isinstance(table, AlterTable)
    assert [(line.action, line.column.name) for line in table.changes] == [
        ("add_if_not_exists", "a"),
        ("modify", "b"),
        ("modify", "c"),
        ("remove", "d"),
        ("remove_if_exists", "e"),
        ("remove", "f"),
    ]
    before = table.changes[1].before
    assert before is not None and (before.type, before.null) == (":string", False)
    referred = table.changes[2].before
    assert referred is not None and referred.reference is not None
    assert referred.reference.table.name == "people"


@pytest.mark.parametrize(
    ("written", "columns", "name", "unique"),
    [
        ("index(:posts, [:a, :b])", ("a", "b"), "posts_a_b_index", False),
        ("index(:posts, :a)", ("a",), "posts_a_index", False),
        ('unique_index("posts", ["lower(a)"])', ("lower(a)",), "posts_lower_a_index", True),
        ("index(:posts, [desc: :a])", ("a",), "posts_a_index", False),
        ("index(:posts, [:a], unique: true, name: :x)", ("a",), "x", True),
        ('index(:posts, ["a DESC NULLS LAST"])', ("a",), "posts_a_DESC_NULLS_LAST_index", False),
        ("index(:posts, ~w(a b)a)", ("a", "b"), "posts_a_b_index", False),
    ],
)
def test_indexes(written: str, columns: tuple[str, ...], name: str, unique: bool) -> None:
    made = one(f"create {written}")
    assert isinstance(made, CreateIndex)
    index = made.index
    assert (index.columns, index.name, index.unique, index.exact) == (columns, name, unique, True)


def test_options_of_an_index() -> None:
    made = one(
        """
        create index(:posts, [:a],
          where: "b is null", using: "GIN", include: [:c], concurrently: true, prefix: :blog)
        """
    )
    assert isinstance(made, CreateIndex)
    index = made.index
    assert (index.where, index.using, index.include) == ("b is null", "gin", ("c",))
    assert (index.concurrently, index.table.prefix) == (True, "blog")


def test_default_names_of_indexes_are_those_of_ecto() -> None:
    assert default_index_name("posts", ("lower(title)",)) == "posts_lower_title_index"
    assert default_index_name("posts", ("(data->>'a')",)) == "posts__data____a_index"


def test_what_is_dropped_and_renamed() -> None:
    body = """
    drop table(:a)
    drop_if_exists index(:b, [:x])
    drop constraint(:c, "c_x_fkey"), mode: :cascade
    rename table(:d), to: table(:e)
    rename table(:f), :x, to: :y
    rename index(:g, [:x]), to: "g_y"
    create constraint(:h, :positive, check: "x > 0", validate: false)
    """
    kinds = [type(operation) for operation in change(body)]
    assert kinds == [
        DropTable,
        DropIndex,
        DropConstraint,
        RenameTable,
        RenameColumn,
        RenameIndex,
        CreateConstraint,
    ]
    check = change(body)[-1]
    assert isinstance(check, CreateConstraint)
    assert (check.name, check.check, check.validate) == ("positive", "x > 0", False)


def test_loops_over_literal_lists_are_unrolled() -> None:
    found = migration(
        """
        @tables ~w(a b)a
        def change do
          for table <- @tables, {column, target} <- [x: :xs, y: "ys"] do
            alter table(table) do
              add :"#{column}_id", references(target)
            end
            create index(table, [:"#{column}_id"])
          end
        end
        """
    )
    indexes = [one.index for one in found.up if isinstance(one, CreateIndex)]
    assert [(one.table.name, one.columns) for one in indexes] == [
        ("a", ("x_id",)),
        ("a", ("y_id",)),
        ("b", ("x_id",)),
        ("b", ("y_id",)),
    ]
    assert not any(isinstance(one, Unknown) for one in found.up)


@pytest.mark.parametrize(
    "loop",
    [
        "Enum.each([:a, :b], fn table -> create index(table, [:x]) end)",
        "[:a, :b] |> Enum.each(fn table -> create(index(table, [:x])) end)",
        "Enum.each([:a, :b], &add_index/1)",
        "add_index(:a)\nadd_index(:b)",
        "for table <- [:a, :b], do: add_index(table)",
    ],
)
def test_other_loops_and_functions_of_the_migration(loop: str) -> None:
    functions = "defp add_index(table), do: create(index(table, [:x]))"
    found = migration(f"def change do\n{loop}\nend\n{functions}")
    tables = [one.index.table.name for one in found.up if isinstance(one, CreateIndex)]
    assert tables == ["a", "b"] and len(found.up) == 2


def test_columns_in_a_loop_inside_a_table() -> None:
    table = one("create table(:t) do\nfor name <- ~w(a b)a, do: add(name, :text)\nend")
    assert isinstance(table, CreateTable)
    assert [column.name for column in table.columns] == ["id", "a", "b"] and not table.open


def test_variables_hold_tables_and_indexes() -> None:
    index, table = change("it = index(:t, [:x])\ncreate it\nposts = table(:posts)\ndrop posts")
    assert isinstance(index, CreateIndex) and index.index.table.name == "t"
    assert isinstance(table, DropTable) and table.table.name == "posts"


def test_what_is_computed_is_unknown() -> None:
    alter, unknown = change("alter table(name()) do\nadd :x, :string\nend")
    assert isinstance(alter, AlterTable) and alter.table.name == ""
    assert isinstance(unknown, Unknown) and unknown.table.name == ""
    _, of_table = change("alter table(:t) do\nadd column(), :string\nend")
    assert isinstance(of_table, Unknown) and of_table.table.name == "t"
    index = one("create index(:t, columns())")
    assert isinstance(index, CreateIndex) and not index.index.exact
    table = one("create table(:t) do\nShared.columns()\nend")
    assert isinstance(table, CreateTable) and table.open


def test_conditions_make_operations_conditional() -> None:
    assert one("if Mix.env() == :prod do\ndrop table(:t)\nend").conditional
    assert one("unless old?(), do: drop(table(:t))").conditional
    assert not one("drop table(:t)").conditional


def test_conditions_on_the_direction_are_decided() -> None:
    body = "if direction() == :up do\ndrop table(:a)\nelse\ndrop table(:b)\nend"
    (dropped,) = change(body)
    assert isinstance(dropped, DropTable)
    assert (dropped.table.name, dropped.conditional) == ("a", False)


def test_up_and_change() -> None:
    found = migration("def up, do: drop(table(:a))\ndef down do\ncreate table(:a)\nend")
    assert [type(one) for one in found.up] == [DropTable]
    assert not found.reversible
    assert migration("def change, do: create(table(:a))").reversible


def test_attributes_of_the_migration() -> None:
    found = migration("@disable_ddl_transaction true\n@disable_migration_lock true\n")
    assert (found.ddl_transaction, found.lock) == (False, False)
    assert (found.version, found.name, found.repo) == (20240102030405, "example", "priv/repo")
    assert migration("").ddl_transaction


def test_plain_sql_is_read() -> None:
    execute, index = change('execute "CREATE UNIQUE INDEX x ON t (lower(a))", "DROP INDEX x"')
    assert isinstance(execute, Execute) and execute.down == "DROP INDEX x"
    assert isinstance(index, CreateIndex)
    assert (index.index.name, index.index.columns, index.index.unique) == ("x", ("lower(a)",), True)


def test_sql_of_other_ways_to_run_it() -> None:
    kinds = [
        type(one)
        for one in change(
            """
            execute(fn -> repo().query!("DROP INDEX a") end)
            repo().query!("DROP INDEX b", [], log: :info)
            execute(&shared/0)
            """
        )
    ]
    assert kinds == [Execute, DropIndex, DropIndex, Execute]


def test_sql_with_computed_names() -> None:
    _, unknown = change('execute "ALTER TABLE #{name()} ADD COLUMN x text"')
    assert isinstance(unknown, Unknown) and unknown.table.name == ""
    _, key = change('execute "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES b ON DELETE CASCADE"')
    assert isinstance(key, AddForeignKey) and key.reference.on_delete == "delete_all"
    _, primary = change('execute "ALTER TABLE t ADD PRIMARY KEY (a, b)"')
    assert isinstance(primary, SetPrimaryKey) and primary.columns == ("a", "b")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("priv/repo/migrations/1_a.exs", ("priv/repo/migrations", 1, "a")),
        ("apps/x/priv/repo/migrations/2_b.exs", ("apps/x/priv/repo/migrations", 2, "b")),
        ("priv/repo/tenant_migrations/3_c.exs", ("priv/repo/tenant_migrations", 3, "c")),
        ("priv/repo/migrations/2023/4_d.exs", ("priv/repo/migrations", 4, "d")),
        ("priv/repo/migrations/.formatter.exs", None),
        ("priv/repo/migrations/5_e.ex", None),
        ("lib/migrations/6_f.exs", None),
    ],
)
def test_which_files_ecto_runs(path: str, place: tuple[str, int, str] | None) -> None:
    assert place_of(path) == place


@pytest.mark.parametrize(
    "code",
    [
        "defmodule M do\n use Ecto.Migration\n def change do\n create table(:t",
        "defmodule M do\n use Ecto.Migration\n def change do\n create\n alter\n rename\n end\nend",
        "defmodule M do\n use Ecto.Migration\n def change, do: change()\n def up, do: up()\nend",
        "defmodule M do\n use Ecto.Migration\n @a @a\n def change, do: create(table(@a))\nend",
        "defmodule M do\n use Ecto.Migration\n def change do\n" + "(" * 5000 + "1",
        "defmodule M do\n use Ecto.Migration\n def change do\n execute "
        + '"'
        + "CREATE INDEX ON (((" * 2000
        + '"\nend\nend',
    ],
)
def test_broken_and_endless_code_is_survived(code: str) -> None:
    collect(Document(PATH, code.encode()))


def test_facts_survive_the_cache() -> None:
    code = b"defmodule M do\nuse Ecto.Migration\ndef change do\ncreate table(:t) do\nadd :a, "
    code += b"references(:b)\nend\ncreate index(:t, [:a])\nend\nend"
    facts = collect(Document(PATH, code))
    assert FileFacts(encoded=facts.encode()).of(Migration) == facts.of(Migration)


def test_functions_of_other_modules_may_do_anything_to_the_tables_they_are_told() -> None:
    for code in ("add_slug(:posts)", "Shop.Helpers.add_slug(:posts, unique: true)"):
        (found,) = (one for one in change(code) if isinstance(one, Unknown))
        assert found.table.name == "posts"
    for code in ("Logger.info(:posts)", "index(:posts, [:a])", "Shop.Helpers.run(1)"):
        assert not any(isinstance(one, Unknown) for one in change(code))


def test_sql_of_lists_and_of_own_functions() -> None:
    found = migration(
        """
  def change do
    Enum.each(["CREATE INDEX ON posts (a)", "CREATE INDEX ON posts (b)"], &execute/1)
    execute(on("c"))
    execute(last(), "")
    execute(computed())
  end

  defp on(column), do: "CREATE INDEX ON posts (#{column})"

  defp last do
    \"\"\"
    CREATE INDEX ON posts (d)
    \"\"\"
  end

  defp computed, do: File.read!("posts.sql")
"""
    )
    indexes = [one.index.columns for one in found.up if isinstance(one, CreateIndex)]
    assert indexes == [("a",), ("b",), ("c",), ("d",)]
    assert [one.up for one in found.up if isinstance(one, Execute)][-1] is None
