"""Which plugs of the project let everybody through."""

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.index import Index
from lsp_server.facts.routes.open_plugs import open_plugs

PLUG = """
defmodule ShopWeb.Auth do
  import Plug.Conn
  {using}
  def init(opts), do: opts

  def call(conn, _opts) do
    user_id = get_session(conn, :user_id)

    cond do
      user = user_id && Shop.Accounts.get_user(user_id) -> put_user(conn, user)
      true -> {otherwise}
    end
  end

  defp put_user(conn, user) do
    token = Phoenix.Token.sign(conn, "socket", user.id)
    conn |> assign(:current_user, user) |> assign(:token, token)
  end

  def require_user(conn, _opts) do
    if conn.assigns.current_user, do: conn, else: refused(conn)
  end

  defp refused(conn), do: conn |> send_resp(401, "") |> halt()
end
"""


def is_open(otherwise: str, using: str = "") -> bool:
    text = PLUG.replace("{otherwise}", otherwise).replace("{using}", using)
    document = Document("lib/shop_web/auth.ex", text.encode())
    return "ShopWeb.Auth" in open_plugs(Index({document.path: collect(document)}))


@pytest.mark.parametrize("otherwise", ["conn", "assign(conn, :current_user, nil)"])
def test_what_only_looks_at_who_visits_is_open(otherwise: str) -> None:
    assert is_open(otherwise)


@pytest.mark.parametrize(
    "otherwise",
    [
        'conn |> send_resp(401, "") |> halt()',
        "refused(conn)",
        "require_user(conn, [])",
        "raise ShopWeb.Unauthorized",
        "Guardian.Plug.ensure(conn)",
        "imported_from_somewhere(conn)",
        'Phoenix.Controller.redirect(conn, to: "/login")',
    ],
)
def test_what_may_refuse_is_not(otherwise: str) -> None:
    assert not is_open(otherwise)


def test_a_plug_made_of_plugs_is_not() -> None:
    assert not is_open("conn", "use Plug.Builder")
