"""Rows on their way from a query to where they are read."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.rows.association_uses import association_uses, preloading
from lsp_server.facts.rows.reads import RowRead, RowsGiven
from lsp_server.facts.rows.returns import RowsReturned

list(load_collectors())

SCHEMAS = """
defmodule Shop.User do
  use Ecto.Schema
  schema "users" do
    field :name, :string
  end
end

defmodule Shop.Post do
  use Ecto.Schema
  schema "posts" do
    belongs_to :author, Shop.User
  end
end
"""


def index_of(files: Mapping[str, str]) -> Index:
    return Index({path: collect(Document(path, text.encode())) for path, text in files.items()})


def test_what_functions_return_and_read() -> None:
    code = """
    defmodule Shop.BlogLive do
      def list(scope), do: scope |> posts() |> Repo.all()
      def names(posts), do: Enum.map(posts, & &1.author.name)
      def page(socket), do: assign(socket, :posts, list(socket))
      defp with_author(post), do: Repo.preload(post, :author)
    end
    """
    index = index_of({"lib/shop_web/live/blog.ex": code})
    returned = {one.name: one.result for _, one in index.of(RowsReturned)}
    assert returned["list"].name == "all"
    assert returned["list"].args[0].name == "posts"
    [read] = [one for _, one in index.of(RowRead)]
    assert (read.function, read.text, read.root.kind) == ("names", "&1.author", "each")
    given = [one for _, one in index.of(RowsGiven)]
    assert [(one.kind, one.name) for one in given] == [("assign", "posts")]
    assert preloading(index) == {("Shop.BlogLive", "with_author", 1)}


def test_uses_name_the_query_and_what_it_lacks() -> None:
    code = """
    defmodule Shop.Blog do
      alias Shop.{Post, Repo}
      def list(opts \\\\ []), do: Post |> Repo.all() |> Repo.preload(opts[:preload] || [])
      def all, do: Repo.all(Post)
      def names, do: for(post <- all(), do: post.author.name)
      def silent, do: for(post <- list(preload: [:author]), do: post.author.name)
    end
    """
    [use] = association_uses(index_of({"lib/schemas.ex": SCHEMAS, "lib/blog.ex": code}))
    assert (use.text, use.association, use.schema) == ("post.author", "author", "Shop.Post")
    assert use.each
    assert [one.function for one in use.sites] == [("Shop.Blog", "all", 0)]
    assert ("author",) in use.needs


def test_broken_code_says_nothing() -> None:
    code = "defmodule A do\n def f(, do: for p <- Repo.all(Post), do: p.author.\n"
    assert association_uses(index_of({"lib/schemas.ex": SCHEMAS, "lib/a.ex": code})) == ()
