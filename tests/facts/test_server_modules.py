"""Facts about servers: polling modules and replies that another process could give."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.processes.server_modules import (
    LaterReply,
    ServerModule,
    collect_server_modules,
)


def facts(code: str) -> list[object]:
    return list(collect_server_modules(Document("lib/shop/feed.ex", code.encode())))


def module(body: str) -> str:
    return f"defmodule Shop.Feed do\n{body}\nend\n"


def test_a_module_polls_that_answers_nothing_but_its_timer() -> None:
    timer = (
        "def handle_info(:poll, s) do\n Process.send_after(self(), :poll, 5)\n {:noreply, s}\nend"
    )
    call = "def handle_call(:get, _from, s), do: {:reply, s, put(s)}"
    topic = 'def init(_), do: Phoenix.PubSub.subscribe(Shop.PubSub, "orders")'
    cast = "def handle_cast(_, s), do: {:noreply, s}"
    assert facts(module(timer)) == [ServerModule("Shop.Feed", True, True)]
    assert facts(module(f"{timer}\n{cast}")) == [ServerModule("Shop.Feed", False, True)]
    assert facts(module(f"{timer}\n{call}")) == [ServerModule("Shop.Feed", False)]
    assert facts(module(f"{topic}\n{timer}")) == [ServerModule("Shop.Feed", False)]


def test_replies_that_leave_the_state_alone() -> None:
    replies = {
        "def handle_call(:get, _from, s), do: {:reply, Req.get!(s), s}": True,
        "def handle_call(:get, _, %{a: 1} = s) do\n x = s.x\n {:reply, x, s}\nend": True,
        "def handle_call(:get, _from, s), do: {:reply, 1, %{s | a: 1}}": False,
        "def handle_call(:get, _from, s) do\n s = f(s)\n {:reply, 1, s}\nend": False,
        "def handle_call(:get, _from, s), do: {:reply, f(self()), s}": False,
        "def handle_call(:get, {pid, _}, s), do: {:reply, pid, s}": False,
        "def handle_call(:get, _from, s), do: {:noreply, s}": False,
        "def handle_cast(:get, s) do\n Req.get!(s)\n {:noreply, s}\nend": True,
        "def handle_info(:get, s) do\n s = Req.get!(s)\n {:noreply, s}\nend": False,
        "def handle_cast(:get, s), do: {:noreply, s}": False,
        "def handle_cast(:get, s) do\n again()\n {:noreply, s}\nend\n"
        "defp again, do: later()\ndefp later, do: Process.send_after(self(), :a, 1)": False,
    }
    info = "def handle_info(:end, s), do: {:noreply, s}"
    for code, expected in replies.items():
        found = [one for one in facts(module(f"{code}\n{info}")) if isinstance(one, LaterReply)]
        assert bool(found) == expected, code
