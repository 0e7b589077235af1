"""Which LiveViews have hooks of other modules."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.pages.hooked import hooked

list(load_collectors())

NAV = """
defmodule ShopWeb.Nav do
  import Phoenix.LiveView

  def on_mount(:default, _params, _session, socket) do
    {:cont, attach(socket)}
  end

  def attach(socket), do: attach_hook(socket, :nav, :handle_event, &nav/3)
end
"""


def having(files: dict[str, str], *views: str) -> set[str]:
    """The LiveViews that may be given an event by the hook of `ShopWeb.Nav`."""
    sources = {"lib/shop_web/nav.ex": NAV, **files}
    sources |= {
        f"lib/shop_web/live/{number}.ex": f"defmodule {name}" for number, name in enumerate(views)
    }
    index = Index({path: collect(Document(path, text.encode())) for path, text in sources.items()})
    found = hooked(index)
    assert not found.has("ShopWeb.ALive", "handle_info")
    return {one for one in ("ShopWeb.ALive", "ShopWeb.BLive") if found.has(one, "handle_event")}


A = "ShopWeb.ALive do\n  use Phoenix.LiveView\n  {}\nend\n"
B = 'ShopWeb.BLive do\n  use Phoenix.LiveView\n  def render(assigns), do: ~H""\nend\n'


def test_those_that_name_it() -> None:
    assert having({}, A.format("on_mount ShopWeb.Nav"), B) == {"ShopWeb.ALive"}
    called = "def mount(_, _, socket), do: {:ok, ShopWeb.Nav.attach(socket)}"
    assert having({}, A.replace("{}", called), B) == {"ShopWeb.ALive"}


def test_those_of_a_session() -> None:
    router = """
    defmodule ShopWeb.Router do
      use Phoenix.Router
      import Phoenix.LiveView.Router

      live_session :a, on_mount: [{ShopWeb.Nav, :default}] do
        live "/a", ShopWeb.ALive
      end

      live "/b", ShopWeb.BLive
    end
    """
    found = having({"lib/shop_web/router.ex": router}, A.format(""), B)
    assert found == {"ShopWeb.ALive"}


def test_anybodys() -> None:
    web = "defmodule ShopWeb do\n  def live_view, do: quote(do: on_mount(ShopWeb.Nav))\nend\n"
    assert having({"lib/shop_web.ex": web}, A.format(""), B) == {"ShopWeb.ALive", "ShopWeb.BLive"}
    assert having({}, A.format(""), B) == {"ShopWeb.ALive", "ShopWeb.BLive"}
