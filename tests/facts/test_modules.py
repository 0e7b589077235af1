"""Modules and functions as facts."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.index import Index
from lsp_server.facts.modules import Function, Imported, Module, functions, modules

SHOP = b"""
defmodule Shop.Cart do
  @moduledoc false
  @behaviour Shop.Store
  use GenServer
  use ShopWeb, :live_view
  alias Shop.Catalog.Product
  import Shop.Prices, only: [net: 1, gross: 2]
  import Shop.Text, except: [trim: 1]

  @callback total(term) :: integer

  @doc "Adds."
  def add(cart, product, count \\\\ 1)
  def add(cart, %Product{} = product, count) when count > 0, do: {cart, product, count}
  def add(cart, _product, _count), do: cart

  @doc false
  def hidden, do: :ok

  @impl true
  def init(state) do
    {:ok, state}
  end

  @impl false
  defp private(x), do: x
  defmacro build(x), do: x
  defdelegate total(cart), to: Shop.Prices

  def left <|> right, do: {left, right}

  defmodule Line do
    def total(%{price: price}), do: price
  end
end

defimpl String.Chars, for: Shop.Cart do
  def to_string(_), do: "cart"
end
"""


def facts(source: bytes, path: str = "lib/shop/cart.ex") -> tuple[list[Module], list[Function]]:
    found = collect(Document(path, source))
    return list(found.of(Module)), list(found.of(Function))


def test_modules_with_what_they_use() -> None:
    cart, line, chars = facts(SHOP)[0]
    assert (cart.name, line.name, chars.name) == (
        "Shop.Cart",
        "Shop.Cart.Line",
        "String.Chars.Shop.Cart",
    )
    assert [(use.module, use.selector) for use in cart.uses] == [
        ("GenServer", ""),
        ("ShopWeb", "live_view"),
    ]
    assert cart.uses[1].span.slice(SHOP) == b"use ShopWeb, :live_view"
    assert cart.uses_any("GenServer") and not line.uses_any("GenServer")
    assert cart.behaviours == ("Shop.Store",)
    assert cart.hidden
    assert not line.hidden
    assert cart.name_span.slice(SHOP) == b"Shop.Cart"
    assert line.span.slice(SHOP).startswith(b"defmodule Line do")
    assert chars.keyword == "defimpl"


def test_imports_say_what_they_bring() -> None:
    cart, line, _ = facts(SHOP)[0]
    assert set(cart.imports) == {
        Imported("Shop.Prices", (("gross", 2), ("net", 1)), ()),
        Imported("Shop.Text", None, (("trim", 1),)),
    }
    assert set(line.imports) == set(cart.imports)
    prices = next(one for one in cart.imports if one.module == "Shop.Prices")
    text = next(one for one in cart.imports if one.module == "Shop.Text")
    assert prices.offers("net", 1) and not prices.offers("net", 2)
    assert text.offers("pad", 2) and not text.offers("trim", 1)


def test_functions_with_their_clauses_joined() -> None:
    found = {(one.module, one.name): one for one in facts(SHOP)[1]}
    assert [(one.name, one.arity) for one in facts(SHOP)[1] if one.module == "Shop.Cart"] == [
        ("add", 3),
        ("hidden", 0),
        ("init", 1),
        ("private", 1),
        ("build", 1),
        ("total", 1),
        ("<|>", 2),
    ]
    add = found["Shop.Cart", "add"]
    assert add.defaults == 1 and add.name_span.slice(SHOP) == b"add"
    assert add.span.slice(SHOP).startswith(b"def add(cart, product, count \\\\ 1)")
    assert add.span.slice(SHOP).endswith(b"do: cart")
    assert found["Shop.Cart", "hidden"].hidden and not add.hidden
    assert found["Shop.Cart", "init"].impl and not found["Shop.Cart", "private"].impl
    assert found["Shop.Cart", "private"].is_private and not add.is_private
    assert found["Shop.Cart", "build"].is_macro and not add.is_macro
    assert found["Shop.Cart", "total"].keyword == "defdelegate"
    assert found["Shop.Cart.Line", "total"].arity == 1


def test_functions_are_found_under_every_arity_that_defaults_give() -> None:
    path = "lib/shop/cart.ex"
    index = Index({path: collect(Document(path, SHOP))})
    known = functions(index)
    assert known["Shop.Cart", "add", 2] == known["Shop.Cart", "add", 3]
    assert ("Shop.Cart", "add", 1) not in known
    assert modules(index)["Shop.Cart.Line"][0] == path


def test_a_module_whose_template_is_another_file_states_its_aliases() -> None:
    source = b"""
defmodule ShopWeb.PageHTML do
  use ShopWeb, :html
  alias Shop.{Catalog, Orders}
  alias Shop.Accounts, as: People
  embed_templates "page_html/*"
  embed_templates "*.text", root: "mails"
end

defmodule ShopWeb.CartLive do
  use ShopWeb, :live_view
  alias Shop.Catalog
  def mount(_, _, socket), do: {:ok, socket}
end

defmodule ShopWeb.OrderLive do
  use ShopWeb, :live_view
  alias Shop.Catalog
  def mount(_, _, socket), do: {:ok, socket}
  def render(assigns), do: assigns
end
"""
    page, cart, order = facts(source)[0]
    assert page.embeds == ("page_html/*", "mails/*.text")
    assert dict(page.aliases) == {
        "Catalog": "Shop.Catalog",
        "Orders": "Shop.Orders",
        "People": "Shop.Accounts",
    }
    assert cart.aliases == (("Catalog", "Shop.Catalog"),)
    assert order.aliases == ()


def test_broken_code_gives_what_can_be_read() -> None:
    found, defined = facts(
        b"defmodule Shop.Cart do\n  def total(x), do: %{a: }\n  def add(a, b), do: a\nend\n"
    )
    assert [one.name for one in found] == ["Shop.Cart"]
    assert [(one.name, one.arity) for one in defined] == [("total", 1), ("add", 2)]
    assert facts(b"defmodule Shop.Cart do\n  def total(x do\n  def add(a, b), do: a\n") == ([], [])
    assert facts(b"defmodule do end") == ([], [])
    assert facts(b"defmodule unquote(name) do\n  def unquote(f)(x), do: x\nend") == ([], [])


def test_scripts_and_templates_have_no_more_than_their_modules() -> None:
    assert facts(b"<div></div>", "lib/shop_web/page.html.heex") == ([], [])
    assert facts(b"import Config\nconfig :shop, a: 1\n", "config/config.exs") == ([], [])
