"""What pages give to their layout."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collect
from lsp_server.facts.pages.layouts import LayoutCall, OwnLayout


def facts(source: str, path: str = "lib/shop_web/live/a.html.heex") -> list[Fact]:
    found = collect(Document(path, source.encode()))
    return [*found.of(LayoutCall), *found.of(OwnLayout)]


def test_attributes_as_they_are_written() -> None:
    source = (
        '<Layouts.app :if={@a} flash={@flash} nav={nav(@b.c)} {assigns} title="A">x</Layouts.app>'
    )
    (call,) = facts(source)
    assert isinstance(call, LayoutCall)
    assert [(one.name, one.reads, one.plain) for one in call.attributes] == [
        ("flash", ("flash",), True),
        ("nav", ("b",), False),
        ("", (), True),
        ("title", (), False),
    ]


def test_other_components_are_none() -> None:
    assert facts("<Layouts.apple flash={@flash} /><.app /><p>Layouts.app</p>") == []


def test_layouts_of_their_own() -> None:
    source = (
        "defmodule A do\n  use B, layout: {C, :d}\nend\n"
        "defmodule E do\n  def mount(_, _, s), do: {:ok, s, layout: false}\nend\n"
        "defmodule F do\n  def other(s), do: {:ok, s, layout: false}\nend\n"
    )
    found = facts(source, "lib/a.ex")
    assert [one.module for one in found if isinstance(one, OwnLayout)] == ["A", "E"]
