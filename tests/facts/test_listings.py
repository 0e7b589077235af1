"""Lists that templates go over, and what code reads of the assigns."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.pages.assign_reads import SocketReads, collect_socket_reads
from lsp_server.facts.pages.listings import Listing, collect_listings

PAGE = "lib/shop_web/live/page_live.html.heex"


def listing(text: str, path: str = PAGE) -> list[Listing]:
    return list(collect_listings(Document(path, text.encode())))


def reads(body: str) -> list[SocketReads]:
    text = f"defmodule Shop.PageLive do\n  def mount(socket) do\n    {body}\n  end\nend\n"
    return list(collect_socket_reads(Document("lib/page_live.ex", text.encode())))


def test_loop_in_a_tag() -> None:
    (one,) = listing('<ul><li :for={x <- @orders} id={"o-#{x.id}"}>{x.number}</li></ul>')
    assert (one.function, one.key, one.update) == ("page_live", "orders", "")
    assert one.plain and one.reads_id


def test_block_around_an_item() -> None:
    (one,) = listing(
        '<ul id="a" phx-update="append">'
        "<%= for x <- @orders do %> <li id={x.id}></li> <% end %></ul>"
    )
    assert (one.key, one.update, one.plain) == ("orders", "append", True)


@pytest.mark.parametrize(
    "text",
    [
        "<ul><li :for={x <- @orders} :if={x.open}></li></ul>",
        "<ul><li :for={x <- @orders} {@rest}></li></ul>",
        "<ul :if={@open}><li :for={x <- @orders}></li></ul>",
        "<div :for={_ <- 1..2}><ul><li :for={x <- @orders}></li></ul></div>",
        "<ul><.row :for={x <- @orders} order={x} /></ul>",
        '<ul><li :for={x <- @orders} id="x"></li></ul>',
        '<ul><li :for={x <- @orders} id={"o-#{x.uuid}"}></li></ul>',
        '<ul><li :for={x <- @orders} id={"o-#{x.id}"}></li></ul> <a phx-click={hide("#o-1")}/>',
        "<ul><li :for={x <- @orders}>{id(dom_id, id)}</li></ul>",
        '<ul phx-update="ignore"><li :for={x <- @orders}></li></ul>',
    ],
)
def test_loops_that_stay_what_they_are(text: str) -> None:
    assert [one.plain for one in listing(text) if one.key == "orders"] == [False]


@pytest.mark.parametrize(
    "text",
    [
        "<ul><li :for={{x, i} <- @orders}></li></ul>",
        "<ul><li :for={x <- Enum.take(@orders, 3)}></li></ul>",
        "<ul><li :for={x <- @orders, x.open}></li></ul>",
        "<ul><li>First</li><li :for={x <- @orders}></li></ul>",
    ],
)
def test_other_loops(text: str) -> None:
    assert listing(text) == []


def test_a_growing_tag_without_a_plain_loop() -> None:
    (one,) = listing('<div id="a" phx-update="append"><p id="b"><%= @x %></p></div>', PAGE)
    assert (one.key, one.update, one.plain) == ("", "append", False)


@pytest.mark.parametrize(
    ("body", "read", "added"),
    [
        ("length(socket.assigns.orders)", ("orders",), ()),
        ("%{assigns: %{orders: orders, page: p}} = socket", ("orders", "page"), ()),
        ("socket.assigns[:orders]", ("orders",), ()),
        ("show(socket.assigns)", ("*",), ()),
        ("assign(socket, :orders, [order | socket.assigns.orders])", (), ("orders",)),
        ("assign(socket, :orders, socket.assigns.orders ++ [order])", (), ("orders",)),
        (
            "assign(socket, :orders, [socket.assigns.x | socket.assigns.orders])",
            ("x",),
            ("orders",),
        ),
        ("assign(socket, :orders, tl(socket.assigns.orders))", ("orders",), ()),
        ("update(socket, :orders, &[order | &1])", (), ("orders",)),
        ("update(socket, :orders, &(&1 ++ [order]))", (), ("orders",)),
        ("update(socket, :orders, fn orders -> [order | orders] end)", (), ("orders",)),
        ("socket |> update(:orders, fn o -> Enum.reject(o, & &1.old) end)", ("orders",), ()),
        ("update(socket, :count, &(&1 + 1))", ("count",), ()),
    ],
)
def test_reads_of_a_socket(body: str, read: tuple[str, ...], added: tuple[str, ...]) -> None:
    assert [(one.read, one.added) for one in reads(body)] == [(read, added)]


def test_code_that_reads_nothing() -> None:
    assert reads("assign(socket, :orders, [])") == []
