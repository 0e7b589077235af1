"""Facts about messages to the processes of other modules."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.processes.process_messages import ProcessMessage, collect_process_messages


def sent(call: str) -> list[tuple[str, str, str, bool]]:
    code = f"defmodule Shop.Orders do\n alias Shop.Stock\n def run(id), do: {call}\nend"
    found = collect_process_messages(Document("lib/shop/orders.ex", code.encode()))
    return [
        (one.target, one.through, one.shape, one.plain)
        for one in found
        if isinstance(one, ProcessMessage)
    ]


def test_targets_and_shapes() -> None:
    stock = "Shop.Stock"
    assert sent("GenServer.call(Stock, {:count, id})") == [
        (stock, "GenServer.call", "count/1", True)
    ]
    assert sent("GenServer.cast(:stock, :reset)") == [(":stock", "GenServer.cast", "reset/0", True)]
    assert sent("GenServer.cast(Stock, :reset)") == [(stock, "GenServer.cast", "reset/0", True)]
    assert sent("GenServer.call(Stock, :a, 5_000)") == [(stock, "GenServer.call", "a/0", False)]
    assert sent("Stock |> GenServer.call(:a)") == [(stock, "GenServer.call", "a/0", False)]
    assert sent("GenServer.call(Stock, id)") == [(stock, "GenServer.call", "", True)]
    assert sent("Agent.get(Stock, & &1)") == [(stock, "Agent.get", "/0", True)]
    assert sent("Agent.get(Stock, &Map.get(&1, id))") == [(stock, "Agent.get", "Map.get/1", True)]
    assert sent("Agent.get(Stock, &(&1 + id))") == [(stock, "Agent.get", "", True)]


def test_what_is_no_other_module() -> None:
    for target in ("__MODULE__", "Shop.Orders", "id", "{:global, Stock}"):
        assert sent(f"GenServer.call({target}, :count)") == [], target
