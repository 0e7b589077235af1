"""The migrations that fixes write are run by the real Elixir, forwards and backwards.

Ecto is not there: a small stand-in for Ecto.Migration records what would be done.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lsp_server.lint.registry import registry
from tests.elixir_oracle import ElixirOracle, elixir_command
from tests.rules.harness import encode, fix_all

RUNNER = Path(__file__).parents[2] / "migration_runner.exs"
FOLDER = "priv/repo/migrations"
LATER = (
    "defmodule A.Later do\n  use Ecto.Migration\n\n  def change, do: create(table(:later))\nend\n"
)
POST = """\
defmodule Blog.Post do
  use Ecto.Schema
  import Ecto.Changeset

  schema "posts" do
    field :title, :string
    field :price, :decimal
    field :rating, :integer
    belongs_to :user, Blog.User
  end

  def changeset(post, attrs) do
    post
    |> cast(attrs, [:title, :price, :rating, :user_id])
    |> validate_required([:title, :price, :user_id])
    |> validate_number(:rating, greater_than: 0)
    |> unique_constraint(:title)
  end
end
"""
CREATE = """\
defmodule Blog.Repo.Migrations.Create do
  use Ecto.Migration

  def change do
    create table(:users) do
      add :name, :string
    end

    create table(:posts) do
      add :title, :string
      add :price, :decimal, precision: 8, scale: 2
      add :rating, :integer
      add :user_id, :integer
      add :editor_id, references(:users, on_delete: :nilify_all)
      add :owner_id, references(:users, on_delete: :nothing)
      timestamps()
    end
  end
end
"""

NEW = (
    "ecto/missing-fk-constraint",
    "ecto/missing-check-constraint",
    "ecto/missing-timestamps",
    "ecto/nullable-required",
    "ecto/missing-fk-index",
    "ecto/missing-unique-index",
)

Blocks = tuple[list[str], list[str]]


def run(files: dict[str, bytes], folder: Path, names: list[str]) -> list[Blocks]:
    """The commands of migrations, up and down."""
    for name in names:
        (folder / Path(name).name).write_bytes(files[name])
    command = elixir_command()
    assert command is not None
    done = subprocess.run(
        [*command, RUNNER, *(folder / Path(name).name for name in names)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    blocks = [block.splitlines() for block in done.stdout.removesuffix("\n\n").split("\n\n")]
    assert len(blocks) == 2 * len(names)
    return list(zip(blocks[::2], blocks[1::2], strict=True))


def fixed(
    *rules: str, newest: bool = False, create: str = CREATE
) -> tuple[dict[str, bytes], list[str]]:
    """The files after the fixes of rules, and the names of new migrations."""
    files = encode({"lib/blog/post.ex": POST, f"{FOLDER}/20240101000000_create.exs": create})
    files["lib/blog/user.ex"] = POST.partition("  import")[0].replace("Post", "User").encode() + (
        b'  schema "users" do\n    has_many :posts, Blog.Post\n  end\nend\n'
    )
    if not newest:
        files[f"{FOLDER}/20240201000000_later.exs"] = LATER.encode()
    before = set(files)
    for rule in rules:
        files = fix_all(registry().rules[rule], files)
    return files, sorted(set(files) - before)


@pytest.mark.usefixtures("elixir")
class TestRun:
    def test_foreign_keys(self, tmp_path: Path) -> None:
        files, new = fixed("ecto/missing-fk-constraint")
        ((up, down),) = run(files, tmp_path, new)
        assert up == [
            '{:alter, {:table, "posts", []}, [{:modify, :user_id, '
            '{:references, "users", [on_delete: :nothing]}, [from: :integer]}]}'
        ]
        assert down == [
            '{:alter, {:table, "posts", []}, [{:modify, :user_id, :integer, '
            '[from: {{:references, "users", [on_delete: :nothing]}, []}]}]}'
        ]

    def test_required_columns(self, tmp_path: Path) -> None:
        files, new = fixed("ecto/nullable-required")
        ((up, down),) = run(files, tmp_path, new)
        price = "precision: 8, scale: 2"
        assert up == [
            '{:alter, {:table, "posts", []}, ['
            "{:modify, :title, :string, [null: false, from: {:string, [null: true]}]}, "
            f"{{:modify, :price, :decimal, [{price}, null: false, "
            f"from: {{:decimal, [{price}, null: true]}}]}}, "
            "{:modify, :user_id, :integer, [null: false, from: {:integer, [null: true]}]}]}"
        ]
        assert down == [
            '{:alter, {:table, "posts", []}, ['
            "{:modify, :user_id, :integer, [from: {:integer, [null: false]}, null: true]}, "
            f"{{:modify, :price, :decimal, [from: {{:decimal, [{price}, null: false]}}, "
            f"{price}, null: true]}}, "
            "{:modify, :title, :string, [from: {:string, [null: false]}, null: true]}]}"
        ]

    def test_indexes(self, tmp_path: Path) -> None:
        """Those of two rules lie in one file, which builds them beside running traffic."""
        files, new = fixed("ecto/missing-fk-index", "ecto/missing-unique-index")
        ((up, down),) = run(files, tmp_path, new)
        attributes = ["@disable_ddl_transaction", "@disable_migration_lock"]
        indexes = [
            f'{{:index, "posts", [:{column}], [name: "posts_{column}_index", '
            f"{unique}concurrently: true]}}"
            for column, unique in [
                ("editor_id", ""),
                ("owner_id", ""),
                ("title", "unique: true, "),
            ]
        ]
        assert up == attributes + [f"{{:create, {one}}}" for one in indexes]
        assert down == attributes + [f"{{:drop, {one}}}" for one in reversed(indexes)]

    def test_an_index_that_becomes_unique(self, tmp_path: Path) -> None:
        """Two of one name there cannot be: the first is dropped before, and made again on the way
        back."""
        plain = CREATE.replace(
            "      timestamps()\n    end\n",
            "      timestamps()\n    end\n\n    create index(:posts, [:title])\n",
        )
        files, new = fixed("ecto/missing-unique-index", create=plain)
        ((up, down),) = run(files, tmp_path, new)
        name = 'name: "posts_title_index"'
        old = f'{{:index, "posts", [:title], [{name}, concurrently: true]}}'
        made = f'{{:index, "posts", [:title], [{name}, unique: true, concurrently: true]}}'
        assert up[2:] == [f"{{:drop, {old}}}", f"{{:create, {made}}}"]
        assert down[2:] == [f"{{:drop, {made}}}", f"{{:create, {old}}}"]

    def test_one_file_for_a_table(self, tmp_path: Path) -> None:
        """What two rules change of a column cannot stand in one statement: Postgres alters no
        column twice in one."""
        files, new = fixed("ecto/missing-fk-constraint", "ecto/nullable-required")
        assert [Path(one).name for one in new] == ["20260101000000_add_foreign_keys_to_posts.exs"]
        ((up, down),) = run(files, tmp_path, new)
        assert [one.count(":modify") for one in up] == [3, 1]
        assert [one.count(":modify, :user_id") for one in up] == [1, 1]
        assert "{:modify, :user_id, :bigint, [null: false, " in up[1]
        assert [one.count(":modify") for one in down] == [1, 3]

    def test_check_constraints(self, tmp_path: Path) -> None:
        files, new = fixed("ecto/missing-check-constraint")
        ((up, down),) = run(files, tmp_path, new)
        check = '{:constraint, "posts", :rating_is_checked, [check: "rating > 0"]}'
        assert (up, down) == ([f"{{:create, {check}}}"], [f"{{:drop, {check}}}"])

    def test_timestamps(self, tmp_path: Path) -> None:
        bare = CREATE.replace("      timestamps()\n", "")
        files, new = fixed("ecto/missing-timestamps", create=bare)
        ((up, down),) = run(files, tmp_path, new)
        now = "[null: false, default: {:fragment, \"(now() AT TIME ZONE 'utc')\"}]"
        stamps = [f":{name}, :naive_datetime, {now}" for name in ("inserted_at", "updated_at")]
        table = '{:table, "posts", []}'
        added = ", ".join(f"{{:add, {one}}}" for one in stamps)
        removed = ", ".join(f"{{:remove, {one}}}" for one in reversed(stamps))
        assert up == [f"{{:alter, {table}, [{added}]}}"]
        assert down == [f"{{:alter, {table}, [{removed}]}}"]
        assert b"timestamps()" in files["lib/blog/post.ex"]

    def test_all_of_a_table_in_two_files(self, tmp_path: Path) -> None:
        """What keeps its transaction lies in one file, indexes in another."""
        bare = CREATE.replace("      timestamps()\n", "")
        files, new = fixed(*NEW, create=bare)
        assert len(new) == 2
        blocks = run(files, tmp_path, new)
        said = [one for up, _ in blocks for one in up]
        assert sum(one.count(":modify") for one in said) == 4
        assert sum(one.count("{:create, {:index") for one in said) == 4
        assert sum(one.count("{:create, {:constraint") for one in said) == 1
        assert sum(one.count("{:add, :inserted_at") for one in said) == 1
        for up, down in blocks:
            assert len(up) == len(down)

    def test_the_newest_migration_in_place(self, tmp_path: Path) -> None:
        rules = ("ecto/missing-fk-constraint", "ecto/nullable-required", "ecto/missing-fk-index")
        files, new = fixed(*rules, newest=True)
        assert new == []
        ((up, down),) = run(files, tmp_path, [f"{FOLDER}/20240101000000_create.exs"])
        assert [one.partition("[")[0] for one in up] == [
            '{:create, {:table, "users", ',
            '{:create, {:table, "posts", ',
            *['{:create, {:index, "posts", '] * 3,
        ]
        key = '{:add, :user_id, {:references, "users", [on_delete: :nothing]}, [null: false]}'
        assert key in up[1]
        assert down[-2:] == ['{:drop, {:table, "posts", []}}', '{:drop, {:table, "users", []}}']


def test_new_migrations_are_formatted(elixir: ElixirOracle) -> None:
    files, new = fixed("ecto/missing-fk-constraint", "ecto/nullable-required")
    assert new and all(elixir.is_formatted(files[name].decode()) for name in new)
