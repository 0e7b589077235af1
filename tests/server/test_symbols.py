"""Symbols of a whole project, best first."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types
from lsprotocol.types import SymbolKind

from tests.server.conftest import NEOVIM, session, write

FILES = {
    "mix.exs": "defmodule Shop.MixProject do\nend\n",
    "lib/shop/order.ex": (
        'defmodule Shop.Order do\n  use Ecto.Schema\n  schema "orders" do\n  end\n'
        "  def live?(order), do: order\nend\n"
    ),
    "lib/shop_web/order_live.ex": (
        "defmodule ShopWeb.OrderLive do\n  use ShopWeb, :live_view\n  def validate(x), do: x\nend\n"
    ),
    "lib/shop_web/router.ex": (
        "defmodule ShopWeb.Router do\n  use Phoenix.Router\n"
        '  scope "/", ShopWeb do\n    live "/orders", OrderLive\n  end\nend\n'
    ),
}


async def test_what_is_nearest_to_the_query_comes_first(project: Path) -> None:
    write(project, FILES)
    async with session(NEOVIM, project) as editor:
        await editor.command("retort.checkWorkspace")

        async def found(query: str) -> list[tuple[str, SymbolKind]]:
            params = types.WorkspaceSymbolParams(query)
            answer = await editor.client.workspace_symbol_async(params)
            return [(one.name, one.kind) for one in answer or []]

        live = await found("live")
        assert live[0] == ("live?/1", SymbolKind.Function)
        assert live.index(("ShopWeb.OrderLive", SymbolKind.Class)) < live.index(
            ("validate/1", SymbolKind.Function)
        )
        assert (await found("Order"))[0] == ("Shop.Order", SymbolKind.Struct)
        assert ("GET /orders", SymbolKind.Event) in await found("/orders")
        assert await found("nothing like it") == []


async def test_an_open_file_of_tests_has_its_tests(project: Path) -> None:
    text = (
        "defmodule Shop.CartTest do\n  use ExUnit.Case, async: true\n\n"
        '  describe "add/2" do\n    test "puts a product in" do\n      assert true\n    end\n'
        "  end\n\n"
        '  test "is empty" do\n    assert true\n  end\nend\n'
    )
    write(project, {"mix.exs": FILES["mix.exs"], "test/cart_test.exs": text})
    async with session(NEOVIM, project) as editor:
        editor.open("test/cart_test.exs")
        identifier = types.TextDocumentIdentifier(editor.uri("test/cart_test.exs"))
        params = types.DocumentSymbolParams(identifier)
        found = await editor.client.text_document_document_symbol_async(params)
        (suite,) = found or []
        assert isinstance(suite, types.DocumentSymbol) and suite.name == "Shop.CartTest"
        names = [one.name for one in suite.children or []]
        assert names == ["add/2 puts a product in", "is empty"]
