"""Databases as migrations leave them, and names for new migrations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from textwrap import dedent, indent

import pytest

from lsp_server.config import Settings
from lsp_server.document import Document
from lsp_server.facts.database.database import Database, Table, database, next_migration
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.snapshot import Snapshot

list(load_collectors())

REPO = "defmodule Shop.Repo do\n  use Ecto.Repo, otp_app: :shop, adapter: {}\nend\n"
POSTGRES = REPO.format("Ecto.Adapters.Postgres")


def snapshot_of(files: Mapping[str, str]) -> Snapshot:
    documents = {path: Document(path, text.encode()) for path, text in files.items()}
    index = Index({path: collect(document) for path, document in documents.items()})
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Snapshot(index, Settings(), documents.get, lambda: now)


def text_of(body: str, module: str = "Shop.Repo.Migrations.X") -> str:
    inner = indent(dedent(body), "    ")
    return f"defmodule {module} do\n  use Ecto.Migration\n\n  def change do\n{inner}\n  end\nend\n"


def databases(*bodies: str, folder: str = "priv/repo/migrations") -> Mapping[str, Database]:
    """The databases that `change`s with these bodies make, in their order."""
    files = {f"{folder}/{at}_m{at}.exs": text_of(body) for at, body in enumerate(bodies, 1)}
    return database(snapshot_of(files | {"lib/shop/repo.ex": POSTGRES}).index)


def tables(*bodies: str) -> dict[str, Table]:
    return {one.name: one for one in databases(*bodies)["priv/repo"].tables}


POSTS = """
create table(:posts) do
  add :title, :string
  add :author_id, references(:users)
  timestamps()
end
"""


def test_columns_with_where_they_were_added() -> None:
    posts = tables(POSTS)["posts"]
    assert list(posts.columns) == ["id", "title", "author_id", "inserted_at", "updated_at"]
    assert posts.primary_key == ("id",)
    title, author = posts.columns["title"], posts.columns["author_id"]
    assert (title.type, title.null, title.path) == (
        ":string",
        True,
        "priv/repo/migrations/1_m1.exs",
    )
    assert author.reference is not None
    assert (author.reference.name, author.reference.reference.table.name) == (
        "posts_author_id_fkey",
        "users",
    )
    assert not posts.columns["inserted_at"].null
    assert (posts.path, posts.open, posts.uncertain) == (title.path, False, False)


def test_migrations_run_by_version_not_by_name() -> None:
    files = {
        "priv/repo/migrations/20_b.exs": text_of("rename table(:a), to: table(:b)"),
        "priv/repo/migrations/3_z.exs": text_of("create table(:a)"),
        "priv/repo/migrations/old/4_y.exs": text_of("create index(:a, [:id])"),
    }
    (found,) = database(snapshot_of(files).index).values()
    (table,) = found.tables
    assert table.name == "b" and [one.index.columns for one in table.indexes] == [("id",)]
    assert found.newest == {"priv/repo/migrations": "priv/repo/migrations/20_b.exs"}
    assert found.is_newest("priv/repo/migrations/20_b.exs")


def test_modifications() -> None:
    posts = tables(
        POSTS,
        """
        alter table(:posts) do
          modify :title, :text, null: false, default: "x", from: :string
          modify :author_id, :bigint, from: references(:users)
          add :slug, :string
          remove :updated_at
        end
        """,
        "alter table(:posts) do\nmodify :title, :text, null: true\nend",
    )["posts"]
    title = posts.columns["title"]
    assert (title.type, title.null, title.default) == (":text", True, '"x"')
    assert title.path == "priv/repo/migrations/1_m1.exs"
    assert posts.columns["author_id"].reference is None
    assert posts.columns["slug"].path == "priv/repo/migrations/2_m2.exs"
    assert "updated_at" not in posts.columns


def test_a_reference_that_comes_later_is_marked_there() -> None:
    posts = tables(
        "create table(:posts) do\nadd :author_id, :bigint\nend",
        "alter table(:posts) do\nmodify :author_id, references(:users, name: :fk)\nend",
    )["posts"]
    reference = posts.columns["author_id"].reference
    assert reference is not None
    assert (reference.name, reference.path) == ("fk", "priv/repo/migrations/2_m2.exs")


@pytest.mark.parametrize(
    "drop",
    [
        'drop constraint(:posts, "posts_author_id_fkey")',
        'execute "ALTER TABLE posts DROP CONSTRAINT IF EXISTS posts_author_id_fkey"',
        "alter table(:posts) do\nremove :author_id\nadd :author_id, :bigint\nend",
    ],
)
def test_a_dropped_foreign_key(drop: str) -> None:
    assert tables(POSTS, drop)["posts"].columns["author_id"].reference is None


def test_renames_reach_keys_and_indexes() -> None:
    found = tables(
        "create table(:users)\n" + POSTS.strip(),
        "create unique_index(:posts, [:author_id, :title])",
        "rename table(:posts), :author_id, to: :writer_id",
        "rename table(:users), to: table(:people)",
        "rename table(:posts), to: table(:articles)",
        "rename index(:articles, [], name: :posts_author_id_title_index), to: :by_writer",
    )
    articles = found["articles"]
    (stored,) = articles.led_by("writer_id")
    assert (stored.index.columns, stored.index.name) == (("writer_id", "title"), "by_writer")
    assert list(articles.unique_indexes("title", "writer_id")) == [stored]
    reference = articles.columns["writer_id"].reference
    assert reference is not None and reference.reference.table.name == "people"
    assert set(found) == {"articles", "people"}


def test_indexes_go_with_what_they_stand_on() -> None:
    body = "create index(:posts, [:title])\ncreate index(:posts, [:author_id])"
    assert not tables(POSTS, body, "drop index(:posts, [:title])")["posts"].index_named(
        "posts_title_index"
    )
    assert not list(
        tables(POSTS, body, "alter table(:posts) do\nremove :title\nend")["posts"].led_by("title")
    )
    assert len(tables(POSTS, body, 'execute "DROP INDEX posts_title_index"')["posts"].indexes) == 1
    assert tables(POSTS, body, "drop table(:posts)") == {}


def test_dropped_indexes_are_remembered_under_their_present_columns() -> None:
    posts = tables(
        POSTS,
        "create index(:posts, [:author_id])",
        "drop index(:posts, [:author_id])",
        "rename table(:posts), :author_id, to: :writer_id",
    )["posts"]
    assert [one.index.columns for one in posts.dropped] == [("writer_id",)]
    assert posts.indexes == ()


def test_a_foreign_key_that_is_stated_anew_keeps_its_first_place() -> None:
    posts = tables(
        POSTS,
        'drop constraint(:posts, "posts_author_id_fkey")',
        "alter table(:posts) do\nmodify :author_id, references(:people)\nend",
    )["posts"]
    held = posts.columns["author_id"].reference
    assert held is not None and held.reference.table.name == "people"
    assert held.path == "priv/repo/migrations/1_m1.exs"


def test_long_names_are_cut_off_as_postgres_does() -> None:
    long = "c" * 70
    posts = tables(
        f"create table(:posts) do\nadd :{long}, :string\nend\ncreate index(:posts, [:{long}])",
        f'execute "DROP INDEX {("posts_" + long)[:63]}"',
    )["posts"]
    assert posts.indexes == ()


def test_conditional_and_computed_operations_make_tables_uncertain() -> None:
    assert tables(POSTS, "if prod?(), do: create(index(:posts, [:title]))")["posts"].uncertain
    assert tables(POSTS, "create index(:posts, columns())")["posts"].uncertain
    found = tables(POSTS, "create table(:tags)", "alter table(name()) do\nadd :x, :map\nend")
    assert found["posts"].uncertain and found["tags"].uncertain
    assert tables(POSTS, "if old?(), do: drop(table(:posts))")["posts"].uncertain


def test_a_table_that_no_migration_creates_is_open() -> None:
    posts = tables("alter table(:posts) do\nadd :author_id, references(:users)\nend")["posts"]
    assert (posts.path, posts.open, posts.uncertain) == (None, True, False)
    assert list(posts.columns) == ["author_id"]


def test_tables_of_tenants_are_apart() -> None:
    files = {
        "priv/repo/migrations/1_a.exs": text_of("create table(:posts)"),
        "priv/repo/tenant_migrations/2_b.exs": text_of(POSTS),
        "priv/repo/tenant_migrations/3_c.exs": text_of("create index(:posts, [:author_id])"),
        "priv/repo/data_migrations/4_d.exs": text_of("create table(:tags)"),
        "priv/repo/data_migrations/5_e.exs": text_of("alter table(:tags) do\nadd :x, :map\nend"),
    }
    (found,) = database(snapshot_of(files).index).values()
    posts = {one.folder: one for one in found.named("posts")}
    assert posts["priv/repo/migrations"].indexes == ()
    assert len(posts["priv/repo/tenant_migrations"].indexes) == 1
    assert found.table("posts") is None and found.table("tags") is not None
    assert set(found.newest.values()) == {
        "priv/repo/migrations/1_a.exs",
        "priv/repo/tenant_migrations/3_c.exs",
        "priv/repo/data_migrations/5_e.exs",
    }


def test_an_operation_on_another_folder_of_the_repo() -> None:
    files = {
        "priv/repo/migrations/1_a.exs": text_of(POSTS),
        "priv/repo/manual_migrations/2_b.exs": text_of("create index(:posts, [:author_id])"),
    }
    (found,) = database(snapshot_of(files).index).values()
    (posts,) = found.tables
    assert len(posts.indexes) == 1


def test_several_repos_and_umbrella_apps() -> None:
    files = {
        "apps/shop/lib/shop/repo.ex": POSTGRES,
        "apps/shop/lib/shop/events_repo.ex": POSTGRES.replace("Shop.Repo", "Shop.EventsRepo"),
        "apps/blog/lib/repo.ex": REPO.format("Ecto.Adapters.MyXQL").replace("Shop", "Blog"),
        "apps/shop/priv/repo/migrations/1_a.exs": text_of("create table(:a)"),
        "apps/shop/priv/events_repo/migrations/1_a.exs": text_of("create table(:b)"),
        "apps/blog/priv/repo/migrations/1_a.exs": text_of("create table(:c)"),
    }
    found = database(snapshot_of(files).index)
    repos = {folder: one.repo.module if one.repo else "" for folder, one in found.items()}
    assert repos == {
        "apps/shop/priv/repo": "Shop.Repo",
        "apps/shop/priv/events_repo": "Shop.EventsRepo",
        "apps/blog/priv/repo": "Blog.Repo",
    }
    assert found["apps/blog/priv/repo"].indexes_keys
    assert found["apps/shop/priv/repo"].is_postgres


def test_configuration_names_the_folder_and_the_types() -> None:
    config = """
    import Config
    config :shop, Shop.Repo,
      priv: "priv/db",
      migration_primary_key: [name: :uuid, type: :binary_id]
    """
    files = {
        "lib/shop/repo.ex": POSTGRES,
        "config/config.exs": dedent(config),
        "priv/db/migrations/1_a.exs": text_of("create table(:a)"),
        "priv/gone/migrations/1_a.exs": text_of("create table(:b)"),
    }
    found = database(snapshot_of(files).index)
    repo = found["priv/db"].repo
    assert repo is not None
    assert (repo.key, repo.key_type, repo.reference_type) == ("uuid", ":binary_id", ":binary_id")
    assert not found["priv/db"].orphan and found["priv/gone"].orphan


def test_the_next_migration() -> None:
    files = {"lib/shop/repo.ex": POSTGRES}
    assert next_migration(snapshot_of(files), "priv/repo", "add_x_to_y") == (
        "priv/repo/migrations/20260101000000_add_x_to_y.exs",
        "Shop.Repo.Migrations.AddXToY",
    )
    taken = {"priv/repo/migrations/20260101000000_a.exs": text_of("create table(:a)")}
    path, _ = next_migration(snapshot_of(files | taken), "priv/repo", "b", skip=2)
    assert path == "priv/repo/migrations/20260101000003_b.exs"
    later = {"priv/repo/migrations/20260131235959_a.exs": text_of("create table(:a)")}
    path, _ = next_migration(snapshot_of(later), "priv/repo", "b", folder="tenant_migrations")
    assert path == "priv/repo/tenant_migrations/20260201000000_b.exs"
    odd = {"priv/repo/migrations/99999999999999_a.exs": text_of("create table(:a)")}
    assert next_migration(snapshot_of(odd), "priv/repo", "b")[0].startswith(
        "priv/repo/migrations/100000000000000_"
    )


def test_a_name_that_is_taken_gets_a_number() -> None:
    files = {"priv/repo/migrations/1_b.exs": text_of("create table(:a)", "My.Repo.Migrations.B")}
    assert next_migration(snapshot_of(files), "priv/repo", "b") == (
        "priv/repo/migrations/20260101000000_b_2.exs",
        "My.Repo.Migrations.B2",
    )
