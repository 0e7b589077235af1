"""Which queries are ordered by when rows were inserted, and of which schemas."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.rows.orderings import collect_orderings

CODE = b"""
defmodule Shop.Orders do
  import Ecto.Query
  alias Shop.{Item, Order, Repo}

  def all, do: from(o in Order, order_by: [desc: o.inserted_at])
  def newest, do: Item |> recent() |> Repo.all()
  def by_buyer, do: from(o in Order, join: u in assoc(o, :user), order_by: u.inserted_at)

  defp recent(query), do: order_by(query, desc: :inserted_at)
end
"""


def test_orderings() -> None:
    found = list(collect_orderings(Document("lib/shop/orders.ex", CODE)))
    assert [one.schema for one in found] == ["Shop.Order", "Shop.Item"]
    assert [one.span.slice(CODE) for one in found] == [b"from", b"order_by"]


def test_calls_without_arguments_say_nothing() -> None:
    code = b"defmodule A do\n  def all, do: Order |> from() |> order_by() # inserted_at\nend\n"
    assert list(collect_orderings(Document("lib/a.ex", code))) == []


def test_tests_say_nothing() -> None:
    assert list(collect_orderings(Document("test/shop_test.exs", CODE))) == []
