"""Callbacks with what they take, hooks, and assigns that are set."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.pages.live_callbacks import (
    AssignSet,
    LiveCallback,
    LiveHook,
    collect_live_callbacks,
    shape,
)

PATH = "lib/shop_web/live/page_live.ex"


def document(body: str, path: str = PATH) -> Document:
    text = (
        f"defmodule ShopWeb.PageLive do\n  alias Shop.Orders\n  alias Phoenix.Socket\n{body}\nend\n"
    )
    return Document(path, text.encode())


def callbacks(body: str) -> list[LiveCallback]:
    found = collect_live_callbacks(document(body))
    return [one for one in found if isinstance(one, LiveCallback)]


def event(head: str) -> LiveCallback:
    (found,) = callbacks(f"  def handle_event({head}, do: {{:noreply, s}}")
    return found


@pytest.mark.parametrize(
    ("head", "names", "prefix", "any_"),
    [
        ('"save", params, s)', ("save",), "", False),
        ('"save" = event, _, s)', ("save",), "", False),
        ('event = "save", _, s)', ("save",), "", False),
        ("event, _, s)", (), "", True),
        ("_, _, s)", (), "", True),
        ('"nav:" <> rest, _, s)', (), "nav:", False),
        ('event, _, s) when event in ["a", "b"]', ("a", "b"), "", False),
        ("event, _, s) when event in ~w(a b)", ("a", "b"), "", False),
        ('event, _, s) when event == "a"', ("a",), "", False),
        ("event, _, s) when event in @events", (), "", True),
        ('event, x, s) when x == "a"', (), "", True),
        ("@event, _, s)", (), "", True),
    ],
)
def test_events_that_a_clause_takes(
    head: str, names: tuple[str, ...], prefix: str, any_: bool
) -> None:
    found = event(head)
    assert (found.names, found.prefix, found.any) == (names, prefix, any_)


def test_whether_a_clause_takes_an_event() -> None:
    assert event('"save", _, s)').takes("save") and not event('"save", _, s)').takes("edit")
    assert event("_, _, s)").takes("x")
    prefixed = event('"nav:" <> _, _, s)')
    assert prefixed.takes("nav:next") and not prefixed.takes("save")


def test_every_clause_of_every_callback() -> None:
    body = """
      def mount(_params, _session, socket), do: {:ok, socket}
      def handle_info({:saved, order}, s), do: {:noreply, s}
      def handle_info(%Socket.Broadcast{event: "x", payload: %{"id" => id}}, s), do: {:noreply, s}
      def handle_info(:tick, s), do: {:noreply, s}
      def handle_info(other, s), do: {:noreply, s}
      def handle_info(one_argument), do: one_argument
      def other(x), do: x
    """
    found = callbacks(body)
    assert [(one.name, one.arity) for one in found] == [("mount", 3), *[("handle_info", 2)] * 4]
    assert [(one.pattern, one.any) for one in found[1:]] == [
        ("{:saved, _}", False),
        ('%Phoenix.Socket.Broadcast{event: "x", payload: %{"id" => _}}', False),
        (":tick", False),
        ("_", True),
    ]
    text = document(body).source
    assert found[3].clause.slice(text) == b"def handle_info(:tick, s), do: {:noreply, s}"
    assert found[3].span.slice(text) == b"handle_info"


def test_a_process_that_is_no_live_view_has_no_live_callbacks() -> None:
    assert callbacks("  def init(x), do: {:ok, x}\n  def handle_info(:tick, s), do: s") == []


def test_patterns_that_are_nested_too_deep_end_somewhere() -> None:
    node = Document("lib/a.ex", ("{" * 3000 + "}" * 3000).encode()).forms[0].node
    assert shape(node, document("").outline.top.names) == "{{{{{{{_}}}}}}}"


def test_hooks() -> None:
    body = """
      on_mount ShopWeb.UserAuth
      on_mount {ShopWeb.UserAuth, :admin}
      def mount(_params, _session, socket) do
        socket = attach_hook(socket, :nav, :handle_event, fn _, _, s -> {:cont, s} end)
        socket = socket |> Phoenix.LiveView.attach_hook(:x, :handle_info, &info/2)
        {:ok, attach_hook(socket, :y, z, 1)}
      end
    """
    found = [one for one in collect_live_callbacks(document(body)) if isinstance(one, LiveHook)]
    assert [(one.stage, one.target) for one in found] == [
        ("mount", "ShopWeb.UserAuth"),
        ("mount", "ShopWeb.UserAuth"),
        ("handle_event", ""),
        ("handle_info", ""),
    ]


def sets(body: str) -> list[tuple[str, str, str, str]]:
    found = collect_live_callbacks(
        document(f"  def mount(params, _session, socket) do\n{body}\nend")
    )
    return [
        (one.by, one.key, one.subject, one.value) for one in found if isinstance(one, AssignSet)
    ]


def test_assigns_that_are_set() -> None:
    assert sets("assign(socket, :a, Orders.list(1))") == [
        ("assign", "a", "socket", "Shop.Orders.list/1")
    ]
    assert sets("assign(socket, a: 1, b: list(), c: x.y, d: [])") == [
        ("assign", "a", "socket", "1"),
        ("assign", "b", "socket", "list/0"),
        ("assign", "c", "socket", ""),
        ("assign", "d", "socket", "[]"),
    ]
    assert sets("assign(socket, %{a: nil, b: %{}})") == [
        ("assign", "a", "socket", "nil"),
        ("assign", "b", "socket", "%{}"),
    ]
    assert sets("assign(socket, key, 1)\nassign(socket, more)") == [
        ("assign", "*", "socket", ""),
        ("assign", "*", "socket", ""),
    ]


def test_assigns_in_pipes() -> None:
    body = """
    socket
    |> assign(:a, params |> Orders.find() |> Orders.total())
    |> assign_new(:b, fn -> Orders.default() end)
    |> stream(:c, Orders.list())
    |> assign_async([:d, :e], fn -> {:ok, %{}} end)
    |> update(:f, &(&1 + 1))
    |> Phoenix.Component.assign(:g, true)
    """
    assert sorted(sets(body)) == [
        ("assign", "a", "socket", "Shop.Orders.total/1"),
        ("assign", "g", "socket", "true"),
        ("assign_async", "d", "socket", ""),
        ("assign_async", "e", "socket", ""),
        ("assign_new", "b", "socket", "Shop.Orders.default/0"),
        ("stream", "c", "socket", "Shop.Orders.list/0"),
        ("update", "f", "socket", ""),
    ]
    assert sets("assign(assign(socket, :a, 1), :b, 2)")[0][2] == "socket"


def test_temporary_assigns() -> None:
    assert sets("{:ok, socket, temporary_assigns: [orders: [], x: nil]}") == [
        ("temporary_assigns", "orders", "socket", "[]"),
        ("temporary_assigns", "x", "socket", "nil"),
    ]


def test_what_only_looks_like_setting_an_assign() -> None:
    assert sets("Repo.update(changeset, :x, 1)\nRepo.stream(q, :x, [])\nupdate(socket, :x)") == []
    assert sets("Enum.assign(socket, :a, 1)") == []
