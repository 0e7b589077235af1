"""What is read of functions that build changesets."""

from __future__ import annotations

from textwrap import dedent

import pytest

from lsp_server.document import Document
from lsp_server.facts.database.changesets import (
    IMPORTED,
    Changeset,
    Changesets,
    Step,
    changesets,
)
from lsp_server.facts.fact import FileFacts, collect, load_collectors
from lsp_server.facts.index import Index

list(load_collectors())

SCHEMA = """\
defmodule Shop.Post do
  use Ecto.Schema
  import Ecto.Changeset

  @fields [:title, :body]
  @required ~w(title)a

  schema "posts" do
    field :title
    field :body
    field :slug
  end

{}
end
"""


def read(function: str) -> list[Changeset]:
    code = SCHEMA.format(dedent(function))
    return list(collect(Document("lib/shop/post.ex", code.encode())).of(Changeset))


def steps(function: str) -> list[tuple[str, list[str]]]:
    (found,) = read(function)
    return [(step.name, [field.name for field in step.fields]) for step in found.steps]


def join(*codes: str) -> Changesets:
    files = {f"lib/{at}.ex": code.encode() for at, code in enumerate(codes)}
    return changesets(Index({path: collect(Document(path, code)) for path, code in files.items()}))


def test_the_steps_of_a_pipe_in_order() -> None:
    assert steps(
        """
        def changeset(post, attrs) do
          post
          |> cast(attrs, [:title, :body])
          |> validate_required([:title])
          |> unique_constraint(:slug, name: :posts_by_slug)
          |> check_constraint(:title, name: "long", message: "x")
        end
        """
    ) == [
        ("cast", ["title", "body"]),
        ("validate_required", ["title"]),
        ("unique_constraint", ["slug"]),
        ("check_constraint", ["title"]),
    ]


def test_names_of_constraints_and_places() -> None:
    function = "def c(post, a), do: post |> cast(a, @fields) |> unique_constraint(:slug, name: :x)"
    (found,) = read(function)
    cast, unique = found.steps
    source = SCHEMA.format(function).encode()
    assert unique.constraint == "x" and unique.span.slice(source) == b"unique_constraint"
    assert [field.span.slice(source) for field in cast.fields] == [b":title", b":body"]
    assert source[: unique.end].endswith(b"name: :x)")
    assert cast.piped and not cast.conditional


@pytest.mark.parametrize(
    ("written", "names", "complete"),
    [
        ("[:title, :body]", ["title", "body"], True),
        ("@fields", ["title", "body"], True),
        ("@required ++ [:slug]", ["title", "slug"], True),
        ("[:slug | @fields]", ["slug", "title", "body"], True),
        ("@fields -- [:title]", ["body"], True),
        ("~w(title slug)a", ["title", "slug"], True),
        ("fields()", ["slug"], True),
        ("__MODULE__.__schema__(:fields)", [], False),
        ("@required ++ other()", ["title"], False),
        ("@none", [], False),
    ],
)
def test_lists_of_fields(written: str, names: list[str], complete: bool) -> None:
    (found,) = read(
        f"def changeset(post, attrs), do: cast(post, attrs, {written})\ndef fields, do: [:slug]"
    )
    (cast,) = found.steps
    assert [field.name for field in cast.fields] == names
    assert cast.complete == complete


@pytest.mark.parametrize(
    ("function", "schema"),
    [
        ("def c(post, a), do: cast(post, a, [])", ""),
        ("def c(%__MODULE__{} = post, a), do: cast(post, a, [])", "Shop.Post"),
        ("def c(post = %Shop.User{}, a), do: cast(post, a, [])", "Shop.User"),
        ("def c(post \\\\ %__MODULE__{}, a), do: cast(post, a, [])", "Shop.Post"),
        ("def c(a), do: %__MODULE__{} |> cast(a, [])", "Shop.Post"),
        ("def c(a), do: %Shop.User{} |> prepare() |> cast(a, [])", "Shop.User"),
        ("def c(a, changeset), do: changeset |> cast(a, [])", ""),
        ("def c(a) do\nuser = %Shop.User{}\ncast(user, a, [])\nend", "Shop.User"),
        ("def c(a) do\n%Shop.User{} = user = find(a)\ncast(user, a, [])\nend", "Shop.User"),
        ("def c(a), do: Shop.User |> struct() |> cast(a, [])", "Shop.User"),
        ("def c(a), do: Repo.get!(Shop.User, 1) |> cast(a, [])", "Shop.User"),
        ("def c(p, a) do\np = Repo.preload(p, :x)\nEcto.Changeset.cast(p, a, [])\nend", ""),
    ],
)
def test_what_a_changeset_is_for(function: str, schema: str) -> None:
    (found,) = read(function)
    assert (found.schema, found.presumed) == (schema, False)


@pytest.mark.parametrize(
    "function",
    [
        "def c(a), do: {%{}, %{x: :string}} |> cast(a, [:x])",
        "def c(_, a, thing), do: cast(thing, a, [:x])",
        "def c(a), do: cast(a.b.c, a, [:x])",
        "def c(post), do: Ecto.Type.cast(post, :x, :y)",
        "def c(post), do: cast(post, 1)",
        "def c(post, a), do: cast(post, a, 1)\ndef cast(_, _, _), do: 1",
    ],
)
def test_what_is_not_known(function: str) -> None:
    assert read(function) == []


def test_a_function_for_several_schemas() -> None:
    found = read(
        """
        def both(post, user, attrs) do
          post |> cast(attrs, [:title])
          %Shop.User{} |> cast(attrs, [:email]) |> validate_required(:email)
        end
        """
    )
    assert [(one.schema, len(one.steps)) for one in found] == [("", 1), ("Shop.User", 2)]


def test_conditional_steps() -> None:
    (found,) = read(
        """
        def changeset(post, attrs) do
          changeset = cast(post, attrs, [:title])
          changeset = if attrs["x"], do: validate_required(changeset, [:title]), else: changeset
          validate_length(changeset, :title, max: 3)
        end
        """
    )
    assert [(step.name, step.conditional) for step in found.steps] == [
        ("cast", False),
        ("validate_required", True),
        ("validate_length", False),
    ]
    assert found.steps[2].option("max") == "3"


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ('["a", "b"]', ("a", "b")),
        ("~w(a b)", ("a", "b")),
        ("1..3", (1, 2, 3)),
        ("[:a]", ()),
        ("kinds()", ()),
        ("@fields", ()),
    ],
)
def test_values_of_an_inclusion(values: str, allowed: tuple[str | int, ...]) -> None:
    function = f"def changeset(post, attrs), do: validate_inclusion(post, :title, {values})"
    (found,) = read(function)
    assert found.steps[0].allowed == allowed


def test_options_in_attributes_are_read() -> None:
    (found,) = read(
        "@most 5\n  def changeset(post, _), do: validate_number(post, :x, less_than: @most)"
    )
    assert found.steps[0].option("less_than") == "5"


def test_the_only_clause_of_a_function() -> None:
    one = "def changeset(post, attrs), do: cast(post, attrs, [:title])"
    assert [found.lone for found in read(one)] == [True]
    other = "def changeset(post, nil), do: post"
    assert [found.lone for found in read(f"{one}\n  {other}")] == [False]
    assert [found.lone for found in read(f"{one}\n  def changeset(post), do: post")] == [True]


def test_functions_that_the_changeset_goes_through() -> None:
    (found,) = read(
        """
        def changeset(post, attrs) do
          post
          |> prepare()
          |> cast(attrs, [:title])
          |> Shop.Slugs.validate(:slug)
          |> validate_required(:title)
          |> finish(attrs)
        end
        """
    )
    assert set(found.calls) == {
        (IMPORTED, "prepare", 1),
        ("Shop.Slugs", "validate", 2),
        (IMPORTED, "finish", 2),
    }


SHARED = """
defmodule Shop.Slugs do
  import Ecto.Changeset
  def validate(changeset, field), do: unique_constraint(changeset, :slug)
end
"""


def names(found: Changesets, schema: str, *which: str) -> list[str]:
    return [step.name for _, step in found.steps(schema, *which)]


def test_changesets_by_schema_with_shared_functions() -> None:
    post = SCHEMA.format(
        "def c(p, a), do: p |> cast(a, [:title]) |> Shop.Slugs.validate(:slug)\n"
        "def d(changeset), do: validate_required(changeset, [:title])"
    )
    context = (
        "defmodule Shop.Posts do\nimport Ecto.Changeset\nalias Shop.Post\n"
        "def create(a), do: %Post{} |> Post.c(a) |> assoc_constraint(:user)\n"
        "def change(post, a), do: post |> Post.c(a) |> no_assoc_constraint(:x)\nend"
    )
    found = join(post, SHARED, context)
    assert sorted(names(found, "Shop.Post")) == [
        "assoc_constraint",
        "cast",
        "no_assoc_constraint",
        "unique_constraint",
        "validate_required",
    ]
    assert names(found, "Shop.Post", "cast") == ["cast"]


def test_a_first_parameter_that_cannot_be_the_schema() -> None:
    post = SCHEMA.format("def add_line(line, a), do: cast(line, a, [:title, :price])")
    assert join(post).of("Shop.Post") == ()
    assert len(join(post.replace(", :price", "")).of("Shop.Post")) == 1


def test_an_alias_that_use_brings() -> None:
    base = (
        "defmodule Shop.Schema do\ndefmacro __using__(_) do\nquote do\nuse Ecto.Schema\n"
        "import Ecto.Changeset\nalias Shop.Post\nend\nend\nend"
    )
    post = SCHEMA.format("def build(a), do: cast(%Post{}, a, [:title])")
    found = join(base, post.replace("use Ecto.Schema\n  import Ecto.Changeset", "use Shop.Schema"))
    assert names(found, "Shop.Post") == ["cast"]


@pytest.mark.parametrize(
    "function",
    [
        "def c(p, a), do: p |> cast(a, ",
        "def c(p, a) do\np = p\np = cast(p, p, p)\nend",
        "@x @x\ndef c(p, a), do: cast(p, a, @x)",
        "def f, do: f()\ndef c(p, a), do: cast(p, a, f())",
        "def c(p, a), do: p" + " |> validate_required([:title])" * 2000,
    ],
)
def test_broken_and_endless_code_is_survived(function: str) -> None:
    read(function)


def test_facts_survive_the_cache() -> None:
    code = SCHEMA.format("def c(p, a), do: p |> cast(a, [:title]) |> x() |> validate_required(:a)")
    facts = collect(Document("lib/a.ex", code.encode()))
    assert FileFacts(encoded=facts.encode()).of(Changeset) == facts.of(Changeset)
    assert isinstance(facts.of(Changeset)[0].steps[0], Step)


def test_functions_in_pipes_need_no_parentheses() -> None:
    (found,) = read(
        """
        def changeset(post, attrs) do
          post
          |> cast(attrs, [:title])
          |> put_slug
          |> validate_required([:title])
          |> put_rest
        end
        """
    )
    assert [step.name for step in found.steps] == ["cast", "validate_required"]
    assert found.schema == ""
    assert set(found.calls) == {("Shop.Post", "put_slug", 1), ("Shop.Post", "put_rest", 1)}


def test_steps_that_a_list_is_folded_into() -> None:
    for fold in (
        "Enum.reduce(@fields, cast(post, attrs, [:title]), fn one, acc -> "
        "unique_constraint(acc, one) end)",
        "Enum.reduce(@fields, cast(post, attrs, [:title]), &unique_constraint(&2, &1))",
    ):
        (found,) = read(f"def changeset(post, attrs), do: {fold}")
        assert [(one.name, one.complete) for one in found.steps] == [
            ("cast", True),
            ("unique_constraint", False),
        ]


def test_functions_that_an_import_brings() -> None:
    found = join(
        SCHEMA.format("  def changeset(post, attrs), do: post |> cast(attrs, [:slug]) |> named()"),
        "defmodule Shop.Named do\n"
        "  def named(changeset), do: Ecto.Changeset.unique_constraint(changeset, :slug)\n"
        "end\n",
    )
    assert [step.name for _, step in found.steps("Shop.Post")] == ["cast", "unique_constraint"]


def test_steps_of_another_name_for_the_module() -> None:
    code = """
defmodule Shop.Tag do
  alias Ecto.Changeset, as: C
  def changeset(tag, attrs), do: tag |> C.cast(attrs, [:name]) |> C.unique_constraint(:name)
end
"""
    (found,) = collect(Document("lib/shop/tag.ex", code.encode())).of(Changeset)
    assert [step.name for step in found.steps] == ["cast", "unique_constraint"]
