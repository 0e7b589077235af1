"""What plugs of the project do for pages."""

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.index import Index
from lsp_server.facts.routes.page_plugs import FORGERY, HEADERS, POLICY, page_plugs

GUARDS = """
defmodule ShopWeb.Guards do
  @policy "default-src 'self'"

  def secured(conn, _), do: sent(conn)
  def policy(conn, _), do: put_resp_header(conn, "content-security-policy", @policy)
  def other(conn, _), do: put_resp_header(conn, "content-language", "en")
  defp sent(conn), do: conn |> put_secure_browser_headers()
end
"""
BROWSER = """
defmodule ShopWeb.Browser do
  use Plug.Builder
  plug :protect_from_forgery
  plug ShopWeb.Frames
end

defmodule ShopWeb.Frames do
  def call(conn, _), do: merge_resp_headers(conn, [{"x-frame-options", "DENY"}])
end
"""


def test_what_plugs_of_the_project_do() -> None:
    files = {"lib/shop_web/guards.ex": GUARDS, "lib/shop_web/browser.ex": BROWSER}
    index = Index({path: collect(Document(path, text.encode())) for path, text in files.items()})
    known = page_plugs(index)
    assert known.does("ShopWeb.Router", "secured") == {HEADERS}
    assert known.does("ShopWeb.Guards", "policy") == {POLICY}
    assert known.does("ShopWeb.Router", "other") == frozenset()
    assert known.does("ShopWeb.Router", "ShopWeb.Browser") == {FORGERY, HEADERS}
