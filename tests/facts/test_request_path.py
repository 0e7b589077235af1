"""Actions, plugs and callbacks, what they come to, and requests whose errors nobody takes."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.calls.request_path import Turn, entries, request_path
from lsp_server.facts.fact import collect
from lsp_server.facts.http.results import collect_untaken_errors
from lsp_server.facts.index import Index

FILES = {
    "lib/shop_web/controllers/rate_controller.ex": """
defmodule ShopWeb.RateController do
  use Phoenix.Controller

  plug :load when action in [:show]

  def show(conn, _params), do: render(conn, :show, rate: Shop.Rates.one())
  def later(conn, _params) do
    Task.start(fn -> Shop.Rates.other() end)
    conn
  end

  defp load(conn, _options), do: conn
end
""",
    "lib/shop_web/plugs/token.ex": """
defmodule ShopWeb.Token do
  import Plug.Conn

  def init(options), do: options
  def call(conn, _options), do: assign(conn, :token, Shop.Rates.token())
end
""",
    "lib/shop/rates.ex": """
defmodule Shop.Rates do
  def one, do: private()
  def other, do: Req.get!("https://rates.example.com")
  def token, do: 1
  defp private, do: two()
  defp two, do: 2
end
""",
}


def index() -> Index:
    return Index({path: collect(Document(path, text.encode())) for path, text in FILES.items()})


def test_entries() -> None:
    assert entries(index()) == {
        ("ShopWeb.RateController", "show", 2): Turn.ACTION,
        ("ShopWeb.RateController", "later", 2): Turn.ACTION,
        ("ShopWeb.RateController", "load", 2): Turn.PLUG,
        ("ShopWeb.Token", "call", 2): Turn.PLUG,
    }


def test_what_is_run_before_the_answer() -> None:
    reached = {name for module, name, _ in request_path(index()) if module == "Shop.Rates"}
    assert reached == {"one", "private", "two", "token"}


def test_untaken_errors_of_broken_code() -> None:
    code = 'defmodule A do\n  def f do\n    {:ok, x} = Req.get("a")\n    case Req.get(x) do\n'
    for end in range(len(code)):
        list(collect_untaken_errors(Document("lib/a.ex", code[:end].encode())))
    whole = f"{code}      {{:ok, y}} -> y\n    end\n  end\nend\n"
    found = collect_untaken_errors(Document("lib/a.ex", whole.encode()))
    assert [one.kind for one in found] == ["match", "case"]
