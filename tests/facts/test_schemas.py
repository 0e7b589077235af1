"""What is read of Ecto schemas."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.database.schemas import Association, Field, Schema, Schemas, schemas
from lsp_server.facts.fact import FileFacts, collect, load_collectors
from lsp_server.facts.index import Index

list(load_collectors())


def read(body: str, head: str = "use Ecto.Schema", module: str = "Shop.Post") -> list[Schema]:
    code = f"defmodule {module} do\n  {head}\n{body}\nend\n"
    return list(collect(Document("lib/shop/post.ex", code.encode())).of(Schema))


def one(block: str, **arguments: str) -> Schema:
    """The schema of a table with these lines."""
    (found,) = read(f'  schema "posts" do\n{block}\n  end', **arguments)
    return found


def project(*codes: str) -> Schemas:
    files = {f"lib/{at}.ex": code.encode() for at, code in enumerate(codes)}
    return schemas(Index({path: collect(Document(path, code)) for path, code in files.items()}))


def field_of(schema: Schema, name: str) -> Field:
    found = schema.field(name)
    assert found is not None
    return found


def association_of(schema: Schema, name: str) -> Association:
    found = schema.association(name)
    assert found is not None
    return found


def test_fields_with_types_and_options() -> None:
    post = one(
        """
        field :title
        field :body, :string, source: :text, default: "x", redact: true
        field :tags, {:array, :string}, virtual: true
        field :state, Ecto.Enum, values: [:draft, :live]
        field(:money, Money.Type)
        """,
        head="use Ecto.Schema\n  alias Shop.Money",
    )
    assert not post.open and post.table == "posts" and not post.embedded
    assert [(field.name, field.type) for field in post.fields] == [
        ("title", ":string"),
        ("body", ":string"),
        ("tags", "{:array, :string}"),
        ("state", "Ecto.Enum"),
        ("money", "Shop.Money.Type"),
    ]
    body, tags = field_of(post, "body"), field_of(post, "tags")
    assert (body.column, body.redact, body.option("default")) == ("text", True, '"x"')
    assert tags.virtual and tags.column == ""
    assert post.column("title") == "title" and post.column("none") == ""


def test_spans_are_those_of_names() -> None:
    code = b'defmodule P do\n  use Ecto.Schema\n  schema "p" do\n    field :a\n  end\nend\n'
    (found,) = collect(Document("lib/p.ex", code)).of(Schema)
    assert found.span.slice(code) == b"schema"
    assert found.fields[0].span.slice(code) == b":a"


def test_associations() -> None:
    post = one(
        """
        belongs_to :author, User
        belongs_to :editor, Shop.User, foreign_key: :edited_by, type: :binary_id
        has_many :comments, Comment
        has_one :cover, Shop.Cover, foreign_key: :owner
        has_many :readers, through: [:comments, :author]
        many_to_many :tags, Tag, join_through: "posts_tags"
        many_to_many :likes, Shop.User, join_through: Shop.Like
        embeds_one :meta, Meta
        """,
        head="use Ecto.Schema\n  alias Shop.{User, Comment, Tag}",
    )
    assert [(one.kind, one.name, one.target, one.foreign_key) for one in post.associations] == [
        ("belongs_to", "author", "Shop.User", "author_id"),
        ("belongs_to", "editor", "Shop.User", "edited_by"),
        ("has_many", "comments", "Shop.Comment", "post_id"),
        ("has_one", "cover", "Shop.Cover", "owner"),
        ("has_many", "readers", "", "post_id"),
        ("many_to_many", "tags", "Shop.Tag", ""),
        ("many_to_many", "likes", "Shop.User", ""),
        ("embeds_one", "meta", "Meta", ""),
    ]
    assert association_of(post, "readers").through == ("comments", "author")
    assert association_of(post, "tags").join_through == "posts_tags"
    assert association_of(post, "likes").join_through == "Shop.Like"
    assert field_of(post, "edited_by").type == ":binary_id"
    assert association_of(post, "comments").is_many and association_of(post, "meta").is_embed


def test_the_foreign_key_of_another_primary_key() -> None:
    head = "use Ecto.Schema\n  @primary_key {:uuid, :binary_id, autogenerate: true}"
    post = one("has_many :comments, Comment\nhas_one :x, X, references: :slug", head=head)
    keys = [association.foreign_key for association in post.associations]
    assert keys == ["post_uuid", "post_slug"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("timestamps()", ["inserted_at", "updated_at"]),
        ("timestamps(updated_at: false)", ["inserted_at"]),
        ("timestamps inserted_at: :created_at", ["created_at", "updated_at"]),
        ("field :a", []),
    ],
)
def test_timestamps(line: str, names: list[str]) -> None:
    assert [field.name for field in one(line).timestamps] == names


def test_types_of_timestamps() -> None:
    head = "use Ecto.Schema\n  @timestamps_opts [type: :utc_datetime]"
    assert one("timestamps()", head=head).timestamps[0].type == ":utc_datetime"
    assert one("timestamps()").timestamps[0].type == ":naive_datetime"
    assert one("timestamps(type: :utc_datetime_usec)").timestamps[0].type == ":utc_datetime_usec"


def test_attributes_of_the_module() -> None:
    head = (
        "use Ecto.Schema\n  @primary_key {:uid, Ecto.UUID, autogenerate: true}\n"
        '  @foreign_key_type :binary_id\n  @schema_prefix "blog"'
    )
    post = one("belongs_to :user, Shop.User", head=head)
    assert post.primary_key is not None
    assert [(key.name, key.type) for key in post.primary_key] == [("uid", "Ecto.UUID")]
    assert (post.prefix, post.foreign_key_type) == ("blog", ":binary_id")
    assert field_of(post, "user_id").type == ":binary_id"
    assert post.keys == ("uid",)


def test_composite_primary_keys() -> None:
    head = "use Ecto.Schema\n  @primary_key false"
    post = one(
        "field :a, :integer, primary_key: true\nbelongs_to :b, B, primary_key: true", head=head
    )
    assert post.keys == ("a", "b_id")


def test_embedded_schemas_and_inline_embeds() -> None:
    outer, inner = read(
        """
        embedded_schema do
          field :a
          embeds_many :lines, Line, primary_key: false do
            field :b, :integer
          end
        end
        """,
        module="Shop.Cart",
    )
    assert outer.embedded and outer.table == ""
    assert association_of(outer, "lines").target == "Shop.Cart.Line"
    assert (inner.module, inner.embedded, inner.primary_key) == ("Shop.Cart.Line", True, ())
    assert [field.name for field in inner.fields] == ["b"]


def test_tables_in_attributes_and_computed_ones() -> None:
    (known,) = read('  @table "posts"\n  schema @table do\n    field :a\n  end')
    (unknown,) = read("  schema table() do\n    field :a\n  end")
    assert known.table == "posts" and unknown.table == ""


def test_macros_leave_a_schema_open() -> None:
    assert one("field :a\npow_user_fields()").open
    assert one("for name <- names(), do: field(name)").open
    assert not one("field :a :: String.t()\n@doc false").open


@pytest.mark.parametrize(
    "body", ["  schema do\n    query :a\n  end", "  def schema(x), do: x", '  schema "posts"']
)
def test_what_is_no_schema(body: str) -> None:
    assert read(body) == []


def test_defaults_of_the_project_come_with_use() -> None:
    base = """
    defmodule Shop.Schema do
      defmacro __using__(_) do
        quote do
          use Ecto.Schema
          @primary_key {:id, :binary_id, autogenerate: true}
          @foreign_key_type :binary_id
          alias Shop.Accounts.User
        end
      end
    end
    """
    post = 'use Shop.Schema\nschema "posts" do\nbelongs_to :user, User\nend'
    plain = 'defmodule Plain do\nuse Ecto.Schema\nschema "plain" do\nfield :a\nend\nend'
    found = project(base, f"defmodule Shop.Post do\n{post}\nend", plain)
    post, other = found.of("Shop.Post"), found.of("Plain")
    assert post is not None and other is not None
    assert (field_of(post, "id").type, field_of(post, "user_id").type) == (
        ":binary_id",
        ":binary_id",
    )
    assert association_of(post, "user").target == "Shop.Accounts.User"
    assert field_of(other, "id").type == ":id"


def test_schemas_by_table_and_along_associations() -> None:
    found = project(
        'defmodule A do\nuse Ecto.Schema\nschema "as" do\nhas_many :bs, B\n'
        "has_many :cs, through: [:bs, :c]\nend\nend",
        'defmodule B do\nuse Ecto.Schema\nschema "bs" do\nbelongs_to :c, C\nend\nend',
        'defmodule C do\nuse Ecto.Schema\nschema "cs" do\nbelongs_to :x, Gone\nend\nend',
        'defmodule C.Short do\nuse Ecto.Schema\nschema "cs" do\nfield :a\nend\nend',
    )
    a, c = found.of("A"), found.of("C")
    assert a is not None and c is not None
    assert found.target(a, association_of(a, "cs")) == c
    assert found.target(c, association_of(c, "x")) is None
    assert [file.schema.module for file in found.by_table["cs"]] == ["C", "C.Short"]


@pytest.mark.parametrize(
    "code",
    [
        'defmodule A do\n schema "a" do\n field',
        'defmodule A do\n schema "a" do\n field(\n belongs_to :x\n has_many\n end\nend',
        'defmodule A do\n schema "a" do\n embeds_one :x do\n end\n end\nend',
        'defmodule A do\n schema "a" do\n' + "embeds_one :x, X do\n" * 3000,
        'schema "a" do\n field :x\nend',
    ],
)
def test_broken_code_is_survived(code: str) -> None:
    collect(Document("lib/a.ex", code.encode()))


def test_facts_survive_the_cache() -> None:
    code = b'defmodule A do\nuse Ecto.Schema\nschema "a" do\nfield :x, :map\nbelongs_to :b, B\n'
    facts = collect(Document("lib/a.ex", code + b"timestamps()\nend\nend"))
    assert FileFacts(encoded=facts.encode()).of(Schema) == facts.of(Schema)
