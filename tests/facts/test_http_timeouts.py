"""Requests that wait for ever, and what the configuration says of Tesla."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.http.timeouts import collect_unlimited_waits, tesla_adapters
from lsp_server.facts.index import Index

CODE = """
defmodule Shop.Rates do
  def one(url), do: :httpc.request(:get, {url, []}, [], [])
  def two(url), do: Tesla.get(url)
  def three(url), do: Req.get(url, receive_timeout: :infinity)
  def four(url), do: :httpc.request(:get, {url, []}, [timeout: 1_000], [])
end
"""


def test_waits() -> None:
    facts = collect_unlimited_waits(Document("lib/shop/rates.ex", CODE.encode()))
    assert [(one.client, one.module, one.name) for one in facts] == [
        (":httpc", "Shop.Rates", ":httpc.request/4"),
        ("Tesla", "Shop.Rates", "Tesla.get"),
        ("", "Shop.Rates", "receive_timeout"),
    ]


def test_no_waits_in_tests_and_broken_code() -> None:
    assert not list(collect_unlimited_waits(Document("test/rates_test.exs", CODE.encode())))
    for end in range(0, len(CODE), 7):
        list(collect_unlimited_waits(Document("lib/rates.ex", CODE[:end].encode())))


def test_adapters() -> None:
    files = {
        "config/config.exs": "config :tesla, Shop.A, adapter: Tesla.Adapter.Mint",
        "config/prod.exs": "config :tesla, :adapter, {Tesla.Adapter.Finch, name: Shop.Finch}",
        "config/test.exs": "config :tesla, Shop.B, adapter: Tesla.Mock",
    }
    index = Index({path: collect(Document(path, text.encode())) for path, text in files.items()})
    assert tesla_adapters(index) == {"Shop.A", "*"}
