"""What is read of the files of tests."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.modules import Module
from lsp_server.facts.processes.supervision import Start

list(load_collectors())

CART = b"""
defmodule Shop.CartTest do
  use Shop.DataCase, async: true

  alias Shop.{Cart, Catalog}
  import Shop.Fixtures

  doctest Shop.Money

  describe "add/2" do
    setup [:empty_cart]

    test "puts a product in" do
      assert Cart.add(product(), 1) == {:ok, %Catalog.Product{}}
      assert Enum.map([1], &Cart.price/1) == [2]
    end

    test("counts \\"#{1}\\" of them", %{cart: cart}, do: assert(cart |> Cart.count() == 1))
  end

  property "is never negative" do
    assert total() >= 0
  end

  defp total, do: Shop.Prices.sum([])
end
"""


def test_a_suite_that_starts_nothing_is_not_parsed() -> None:
    document = Document("test/shop/cart_test.exs", CART)
    assert [one.name for one in collect(document).of(Module)] == ["Shop.CartTest"]
    assert "tree" not in vars(document)


def test_what_a_suite_starts_is_still_known() -> None:
    source = CART.replace(b"setup [:empty_cart]", b"start_supervised!({Shop.Cache, []})")
    found = collect(Document("test/shop/cart_test.exs", source))
    assert [one.module for one in found.of(Start)] == ["Shop.Cache"]
