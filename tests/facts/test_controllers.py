"""Controllers with their actions, and the options of sessions."""

from lsp_server.document import Document
from lsp_server.facts.routes.controllers import Controller, Entry, collect_controllers
from lsp_server.facts.routes.sessions import SessionOptions, collect_sessions

CONTROLLER = b"""
defmodule ShopWeb.OrderController do
  use ShopWeb, :controller
  alias ShopWeb.Plugs.RequireUser

  @open [:index, :show]

  plug RequireUser, [role: :staff] when action not in @open
  plug :load when action == :show
  plug :count

  def show(conn, _params), do: render(conn, :show)
  def create(%{assigns: %{current_user: user}} = conn, params), do: redirect(conn, to: "/")
  def helper(conn), do: conn
  defp own(conn, _params), do: conn
end
"""


def facts_of(source: bytes) -> list[object]:
    return list(collect_controllers(Document("lib/shop_web/order.ex", source)))


def test_a_controller_says_whether_it_speaks_of_limits() -> None:
    (plain,) = (one for one in facts_of(CONTROLLER) if isinstance(one, Controller))
    limited = CONTROLLER.replace(b"plug :count", b"plug :check_rate")
    (other,) = (one for one in facts_of(limited) if isinstance(one, Controller))
    assert (plain.limits, other.limits) == (False, True)


def test_entries_are_public_clauses_of_two_arguments() -> None:
    entries = [one for one in facts_of(CONTROLLER) if isinstance(one, Entry)]
    assert [(one.name, one.asks, one.renders, one.redirects) for one in entries] == [
        ("show", False, True, False),
        ("create", True, False, True),
    ]


def test_a_live_view_has_mount_and_handle_params() -> None:
    source = b"""
defmodule ShopWeb.CartLive do
  use ShopWeb, :live_view
  def mount(_params, _session, socket), do: {:ok, socket}
  def handle_event("x", _params, socket), do: {:noreply, socket}
end
"""
    assert [one.name for one in facts_of(source) if isinstance(one, Entry)] == ["mount"]


def test_broken_code_and_other_modules_state_nothing_wrong() -> None:
    assert facts_of(b"defmodule Shop.Controllers do\n  def show(conn, _), do: conn\nend") == []
    broken = b"defmodule A.BController do\n  use A, :controller\n  plug\n  plug when\n  plug 1\nend"
    (controller,) = facts_of(broken)
    assert isinstance(controller, Controller)


def test_session_options_are_read_where_they_are_written_out() -> None:
    source = b"""
defmodule ShopWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :shop
  @session_options [store: :cookie, http_only: false]
  plug Plug.Session, @session_options
  plug Plug.Session, store: :ets, secure: true
  plug Plug.Session, ShopWeb.session()
end
"""
    document = Document("lib/shop_web/endpoint.ex", source)
    found = [one for one in collect_sessions(document) if isinstance(one, SessionOptions)]
    options = [[(one.key, one.value) for one in session.options] for session in found]
    assert options == [
        [("store", "?"), ("http_only", "false")],
        [("store", "?"), ("secure", "true")],
    ]
    assert found[0].span.slice(source) == b"@session_options"
