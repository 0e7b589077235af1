"""Suites, their tests and case templates."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import FileFacts, collect, load_collectors, types_for
from lsp_server.facts.index import Index
from lsp_server.facts.modules import Module
from lsp_server.facts.processes.supervision import Start
from lsp_server.facts.project import tests as facts

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


def of(source: bytes, path: str = "test/shop/cart_test.exs") -> FileFacts:
    return collect(Document(path, source))


def test_a_suite() -> None:
    (suite,) = of(CART).of(facts.Suite)
    assert (suite.module, suite.subject) == ("Shop.CartTest", "Shop.Cart")
    assert (suite.template, suite.is_async, suite.describes) == ("Shop.DataCase", True, ("add/2",))
    assert CART[slice(*suite.name_span)] == b"Shop.CartTest"


def test_the_tests_of_a_suite() -> None:
    blocks = of(CART).of(facts.TestBlock)
    assert [(one.describe, one.name) for one in blocks] == [
        ("add/2", "puts a product in"),
        ("add/2", 'counts "'),
        ("", "is never negative"),
    ]
    assert CART[slice(*blocks[0].name_span)] == b'"puts a product in"'
    assert CART[slice(*blocks[2].span)].startswith(b"property") and blocks[2].span.end < len(CART)


def test_joins() -> None:
    support = b"defmodule Shop.DataCase do\n  use ExUnit.CaseTemplate\n  using do\n  end\nend\n"
    index = Index(
        {
            "test/shop/cart_test.exs": of(CART),
            "test/support/data_case.ex": of(support, "test/support/data_case.ex"),
        }
    )
    assert [path for path, _ in facts.suites(index)["Shop.Cart"]] == ["test/shop/cart_test.exs"]
    assert [one.module for _, one in index.of(facts.CaseTemplate)] == ["Shop.DataCase"]


def test_files_that_are_no_tests_have_no_such_facts() -> None:
    assert of(CART, "lib/shop/cart.ex").of(facts.Suite) == ()


def test_broken_code_raises_nothing() -> None:
    for source in (
        b"test",
        b'test "',
        b"describe do",
        b"defmodule ATest do\n test \nend",
        b"doctest",
    ):
        of(source)


def test_a_scan_neither_asks_for_what_no_rule_reads_nor_parses_the_file() -> None:
    assert facts.Suite not in types_for(())
    assert facts.Suite in types_for(facts.suites.reads)
    document = Document("test/shop/cart_test.exs", CART)
    assert [one.name for one in collect(document, types_for(())).of(Module)] == ["Shop.CartTest"]
    assert "tree" not in vars(document)


def test_what_a_suite_starts_is_still_known() -> None:
    source = CART.replace(b"setup [:empty_cart]", b"start_supervised!({Shop.Cache, []})")
    found = collect(Document("test/shop/cart_test.exs", source), types_for(()))
    assert [one.module for one in found.of(Start)] == ["Shop.Cache"]
