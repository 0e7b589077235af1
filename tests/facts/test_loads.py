"""Which loads of a controller or a LiveView pass nobody on."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.database.loads import collect_loads

CODE = b"""
defmodule ShopWeb.OrderLive do
  use ShopWeb, :live_view
  alias Shop.Orders

  def mount(%{"id" => id, "page" => page}, _session, socket) do
    Orders.get_page(page)
    {:ok, assign(socket, :order, Orders.get_order!(String.to_integer(id)))}
  end

  def handle_params(%{"id" => id}, _uri, socket) do
    {:noreply, assign(socket, :order, Orders.get_order!(socket.assigns.current_scope, id))}
  end
end
"""


def test_loads_by_an_id_alone() -> None:
    (load,) = collect_loads(Document("lib/shop_web/live/order_live.ex", CODE))
    assert (load.module, load.function, load.live) == ("ShopWeb.OrderLive", "mount", True)
    assert (load.callee, load.name, load.record) == ("Shop.Orders", "get_order!", "")
    assert load.span.slice(CODE) == b"Orders.get_order!"


def test_other_modules_and_tests_have_none() -> None:
    plain = CODE.replace(b":live_view", b":component")
    assert list(collect_loads(Document("lib/shop_web/live/order_live.ex", plain))) == []
    assert list(collect_loads(Document("test/order_live_test.exs", CODE))) == []
