"""Modules that make requests."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.http.modules import collect_http_modules

CODE = """
defmodule Shop.A do
  def one, do: request("1")
  def two, do: request("2")
  def three, do: HTTPoison.get("3")
  defp request(path), do: HTTPoison.post(path, "")
end

defmodule Shop.B do
  # no retry here
  def one, do: Req.get("1")
  def two, do: Req.post("2", retry: :transient)
end

defmodule Shop.C do
  def one, do: Req.get("1")
end
"""


def test_sites_and_guards() -> None:
    found = list(collect_http_modules(Document("lib/shop/http.ex", CODE.encode())))
    assert [(one.module, one.sites, one.clients, one.guarded) for one in found] == [
        ("Shop.A", 2, ("HTTPoison",), False),
        ("Shop.B", 1, ("Req",), True),
    ]


def test_no_modules_in_tests_and_broken_code() -> None:
    assert not list(collect_http_modules(Document("test/http_test.exs", CODE.encode())))
    for end in range(0, len(CODE), 5):
        list(collect_http_modules(Document("lib/shop/http.ex", CODE[:end].encode())))
