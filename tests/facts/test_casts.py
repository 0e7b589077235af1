"""Facts about messages that nobody waits for."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.processes.casts import Cast, collect_casts


def casts(body: str) -> list[tuple[bool, bool, bool]]:
    code = f"defmodule Shop.Index do\n def run(items, pid) do\n {body}\n end\nend"
    found = collect_casts(Document("lib/shop/index.ex", code.encode()))
    return [(one.fixed, one.looped, one.waits) for one in found if isinstance(one, Cast)]


def test_receivers() -> None:
    assert casts("GenServer.cast(__MODULE__, :go)") == [(True, False, False)]
    assert casts("GenServer.cast(pid, :go)") == [(False, False, False)]
    assert casts("send(self(), :go)") == []
    assert casts("cast(items, pid)") == []


def test_loops() -> None:
    assert casts("Enum.each(items, &GenServer.cast(pid, &1))") == [(False, True, False)]
    assert casts("Enum.each(items, &GenServer.cast(&1, :go))") == [(False, False, False)]
    assert casts("for one <- items, do: send(one, :go)") == [(False, False, False)]
    assert casts("for one <- items, do: send(pid, one)") == [(False, True, False)]


def test_waiting() -> None:
    body = "for one <- items do\n send(pid, one)\n receive do\n :ok -> :ok\n end\n end"
    assert casts(body) == [(False, True, True)]
