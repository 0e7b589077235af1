"""LiveViews and components joined with templates and callers, over a small project."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.pages.live_modules import Kind, live_modules, rendering
from lsp_server.facts.pages.template_owners import template_owners

list(load_collectors())

WEB = """
defmodule ShopWeb do
  def live_view do
    quote do
      use Phoenix.LiveView
      unquote(html_helpers())
    end
  end

  def live_component do
    quote do
      use Phoenix.LiveComponent
      unquote(html_helpers())
    end
  end

  def html do
    quote do
      use Phoenix.Component
      unquote(html_helpers())
    end
  end

  def view do
    quote do
      use Phoenix.View, root: "lib/shop_web/templates", namespace: ShopWeb
    end
  end

  defp html_helpers do
    quote do
      import ShopWeb.CoreComponents
      alias ShopWeb.Layouts
      def handle_event("lv:built-in", _, socket), do: {:noreply, socket}
    end
  end

  defmacro __using__(which) when is_atom(which), do: apply(__MODULE__, which, [])
end
"""
FILES = {
    "mix.lock": '%{"phoenix_live_view": {:hex, :phoenix_live_view, "1.1.0", "a", [:mix], []}}',
    "lib/shop_web.ex": WEB,
    "lib/shop_web/components/core_components.ex": """
defmodule ShopWeb.CoreComponents do
  use Phoenix.Component
  def button(assigns), do: ~H"<button phx-click='press'>x</button>"
  def lonely(assigns), do: ~H"<i phx-click='sulk'>x</i>"
  def icon(assigns), do: ~H"<.button />"
end
""",
    "lib/shop_web/components/layouts.ex": """
defmodule ShopWeb.Layouts do
  use ShopWeb, :html
  embed_templates "layouts/*"
end
""",
    "lib/shop_web/components/layouts/root.html.heex": "<.icon /><%= @inner_content %>\n",
    "lib/shop_web/live/order_live/index.ex": """
defmodule ShopWeb.OrderLive.Index do
  use ShopWeb, :live_view
  on_mount ShopWeb.UserAuth
  def mount(_, _, socket), do: {:ok, assign(socket, :orders, Shop.Orders.list())}
  def handle_event("delete", _, socket), do: {:noreply, socket}
end
""",
    "lib/shop_web/live/order_live/index.html.heex": "<.button /><Layouts.root />\n"
    "<.live_component module={ShopWeb.OrderLive.Editor} id='e' />\n",
    "lib/shop_web/live/order_live/editor.ex": """
defmodule ShopWeb.OrderLive.Editor do
  use ShopWeb, :live_component
  def render(assigns), do: ~H"<.row />"
  def row(assigns), do: ~H"<p phx-click='open'>x</p>"
  def handle_event("confirm", _, socket), do: confirm(socket, fn assigns -> ~H"<b>x</b>" end)
end
""",
    "lib/shop_web/live/cart_live.ex": """
defmodule ShopWeb.CartLive do
  use ShopWeb, :live_view
  def render(assigns), do: ShopWeb.CartLive.Page.show(assigns)
end

defmodule ShopWeb.CartLive.Page do
  use ShopWeb, :html
  def show(assigns), do: ~H"<.total />"
  defp total(assigns), do: ~H"<b phx-click='sum'>x</b>"
end
""",
    "lib/shop_web/views/page_view.ex": "defmodule ShopWeb.PageView do\n  use ShopWeb, :view\nend\n",
    "lib/shop_web/templates/page/index.html.eex": "<p><%= @x %></p>\n",
    "lib/shop_web/templates/page/parts/top.html.heex": "<ShopWeb.CoreComponents.icon />\n",
    "lib/shop_web/live/boards.ex": """
defmodule ShopWeb.BoardsLive do
  use ShopWeb, :live_view
  def mount(_, _, socket), do: {:ok, socket}
end
""",
    "lib/shop_web/live/boards_live.html.leex": "<%= @x %>\n",
    "lib/shop_web/stray.html.heex": "<ShopWeb.CoreComponents.lonely />\n",
}


def index(**changed: str) -> Index:
    files = FILES | {path.replace("__", "/"): text for path, text in changed.items()}
    return Index({path: collect(Document(path, text.encode())) for path, text in files.items()})


def test_kinds_follow_use() -> None:
    found = live_modules(index())
    assert {name: one.kind for name, one in found.items()} == {
        "ShopWeb.CoreComponents": Kind.COMPONENT,
        "ShopWeb.Layouts": Kind.COMPONENT,
        "ShopWeb.OrderLive.Index": Kind.LIVE_VIEW,
        "ShopWeb.OrderLive.Editor": Kind.LIVE_COMPONENT,
        "ShopWeb.CartLive": Kind.LIVE_VIEW,
        "ShopWeb.CartLive.Page": Kind.COMPONENT,
        "ShopWeb.PageView": Kind.VIEW,
        "ShopWeb.BoardsLive": Kind.LIVE_VIEW,
    }


def test_a_module_has_its_templates_and_callbacks() -> None:
    live = live_modules(index())["ShopWeb.OrderLive.Index"]
    (markup,) = live.markup()
    assert markup.path == "lib/shop_web/live/order_live/index.html.heex"
    assert [one.names for one in live.clauses("handle_event")] == [("delete",)]
    assert [one.target for one in live.hooks] == ["ShopWeb.UserAuth"]
    assert ("handle_event", 3) in live.injected
    editor = live_modules(index())["ShopWeb.OrderLive.Editor"]
    assert [one.function for one in editor.markups] == ["render", "row", "handle_event"]
    assert all(one.path == "lib/shop_web/live/order_live/editor.ex" for one in editor.markups)


def test_owners_of_template_files() -> None:
    owners = {path: (one.name, name) for path, (one, name) in template_owners(index()).items()}
    assert owners == {
        "lib/shop_web/components/layouts/root.html.heex": ("ShopWeb.Layouts", "root"),
        "lib/shop_web/live/order_live/index.html.heex": ("ShopWeb.OrderLive.Index", "render"),
        "lib/shop_web/templates/page/index.html.eex": ("ShopWeb.PageView", "index"),
        "lib/shop_web/templates/page/parts/top.html.heex": ("ShopWeb.PageView", "top"),
        "lib/shop_web/live/boards_live.html.leex": ("ShopWeb.BoardsLive", "render"),
    }


def callers(module: str, function: str) -> list[tuple[str, str]]:
    found = rendering(index()).callers.get((module, function), ())
    return [(one.module, one.function) for one in found]


def test_who_renders_a_component() -> None:
    core = "ShopWeb.CoreComponents"
    assert callers(core, "button") == [(core, "icon"), ("ShopWeb.OrderLive.Index", "render")]
    assert callers(core, "icon") == [("ShopWeb.Layouts", "root"), ("ShopWeb.PageView", "top")]
    assert callers("ShopWeb.OrderLive.Editor", "render") == [("ShopWeb.OrderLive.Index", "render")]
    assert callers("ShopWeb.Layouts", "root") == [("ShopWeb.OrderLive.Index", "render")]
    assert callers("ShopWeb.CartLive.Page", "show") == [("ShopWeb.CartLive", "render")]
    assert callers("ShopWeb.CartLive.Page", "total") == [("ShopWeb.CartLive.Page", "show")]
    assert callers(core, "lonely") == [("", "stray")]


def roots(module: str, function: str = "render", **changed: str) -> tuple[set[str], bool]:
    found = rendering(index(**changed)).live_views(module, function)
    return set(found.live_views), found.certain


def test_the_live_views_behind_a_component() -> None:
    orders, cart = {"ShopWeb.OrderLive.Index"}, {"ShopWeb.CartLive"}
    assert roots("ShopWeb.OrderLive.Index") == (orders, True)
    assert roots("ShopWeb.OrderLive.Editor") == (orders, True)
    assert roots("ShopWeb.OrderLive.Editor", "row") == (orders, True)
    assert roots("ShopWeb.OrderLive.Editor", "handle_event") == (orders, True)
    assert roots("ShopWeb.CartLive.Page", "total") == (cart, True)


def test_where_other_live_views_may_render_it_the_answer_is_not_certain() -> None:
    core = "ShopWeb.CoreComponents"
    assert roots(core, "button") == ({"ShopWeb.OrderLive.Index"}, False)  # the layout, a page
    assert roots(core, "lonely") == (set(), False)
    assert roots(core, "nobody") == (set(), False)
    path = "lib/shop_web/live/boards_live.html.leex".replace("/", "__")
    computed = {path: "<%= live_component @socket, @module, id: 1 %>"}
    orders = {"ShopWeb.OrderLive.Index"}
    assert roots("ShopWeb.OrderLive.Editor", **computed) == (orders, False)
