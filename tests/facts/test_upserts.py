"""Which writes take rows that are there already, and of which schemas."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.database.upserts import collect_upserts

CODE = b"""
defmodule Shop.Stock do
  alias Shop.{Repo, Tag, Visit}
  @key [:day, :code]

  def tag(name), do: Repo.insert!(%Tag{name: name}, on_conflict: :nothing)

  def visit(attrs) do
    %Visit{}
    |> Visit.changeset(attrs)
    |> Repo.insert(on_conflict: :replace_all, conflict_target: @key)
  end

  def plain(tag), do: Repo.insert(tag, on_conflict: :raise)
end
"""


def test_upserts() -> None:
    tag, visit = collect_upserts(Document("lib/shop/stock.ex", CODE))
    assert "Shop.Tag" in tag.modules and "Shop.Visit" not in tag.modules
    assert tag.columns == ()
    assert "Shop.Visit" in visit.modules and visit.columns == ("day", "code")
    assert visit.span.slice(CODE) == b"insert"


def test_scripts_and_tests_say_nothing() -> None:
    assert list(collect_upserts(Document("test/shop_test.exs", CODE))) == []
