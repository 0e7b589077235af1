"""Steps of callbacks that can run in a task."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.pages.async_steps import AsyncStep, collect_async_steps


def steps(body: str, head: str = 'handle_event("track", %{"code" => code}, socket)') -> list[str]:
    text = f"defmodule Shop.PageLive do\n  def {head} do\n{body}\n  end\nend\n".encode()
    found = collect_async_steps(Document("lib/page_live.ex", text))
    assert all(isinstance(one, AsyncStep) for one in found)
    document = Document("lib/page_live.ex", text)
    return [
        f"{one.name}: {one.moved.slice(text).decode()}" for one in collect_async_steps(document)
    ]


@pytest.mark.parametrize(
    "body",
    [
        "answer = ask(code)\n{:noreply, assign(socket, :answer, answer)}",
        "ask(code)\n{:noreply, socket}",
        "case ask(code) do\n  {:ok, it} -> {:noreply, assign(socket, :it, it)}\nend",
        "{:noreply, assign(socket, :answer, ask(code))}",
        "{:noreply, assign(socket, answer: ask(code))}",
    ],
)
def test_steps(body: str) -> None:
    assert steps(body) == ["track: ask(code)"]


def test_what_is_read_of_the_socket() -> None:
    body = "it = ask(socket.assigns.key)\n{:noreply, assign(socket, :it, it)}"
    assert steps(body) == ["track: ask(socket.assigns.key)"]


def test_names() -> None:
    body = "it = ask(1)\n{:noreply, assign(socket, :it, it)}"
    assert steps(body, "handle_info({:renew, _}, socket)") == ["renew: ask(1)"]
    assert steps(body, "handle_info(%Renewed{}, socket)") == ["ask: ask(1)"]


@pytest.mark.parametrize(
    "body",
    [
        "it = ask(code)\n{:noreply, assign(socket, it: it, code: code)}",  # needs what was known
        "it = ask(code)\n{:reply, it, socket}",
        "it = ask(socket)\n{:noreply, assign(socket, :it, it)}",
        "it = ask(self())\n{:noreply, assign(socket, :it, it)}",
        "^code = ask(1)\n{:noreply, socket}",
        "socket = ask(1)\n{:noreply, socket}",
        "{:noreply, ask(socket)}",
        "it = ask(socket.assigns.code)\n{:noreply, assign(socket, :it, it)}",  # a name twice
    ],
)
def test_what_cannot_move(body: str) -> None:
    assert steps(body) == []


def test_other_callbacks() -> None:
    body = "it = ask(1)\n{:noreply, assign(socket, :it, it)}"
    assert steps(body, "handle_params(_params, _uri, socket)") == []
    assert steps(f"{body}\nrescue\n  _ -> {{:noreply, socket}}") == []
