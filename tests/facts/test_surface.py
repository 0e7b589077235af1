"""What is known of templates of Surface."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.pages.surface import SurfaceTemplate
from lsp_server.project.files import is_project_file


def templates(path: str, source: str) -> list[str]:
    return [one.module for one in collect(Document(path, source.encode())).of(SurfaceTemplate)]


def test_a_file_is_read_and_is_one() -> None:
    assert is_project_file("lib/shop_web/live/order_live.sface")
    assert templates("apps/shop_web/lib/live/order_live.sface", "<p>{@a}</p>") == [""]
    assert templates("lib/empty.sface", "") == [""]


@pytest.mark.parametrize("path", ["test/support/a.sface", "deps/surface/a.sface", "a.heex"])
def test_files_of_others_are_none(path: str) -> None:
    assert templates(path, "<p>{@a}</p>") == []


def test_a_module_is_named_once_and_only_for_its_own_sigil() -> None:
    source = (
        "defmodule A do\n"
        '  def a(assigns), do: ~F"<p/>"\n'
        '  def b(assigns), do: ~F"<p/>"\n'
        "end\n"
        "defmodule B do\n"
        '  def a(assigns), do: ~H"<p>~F</p>"\n'
        "end\n"
    )
    assert templates("lib/a.ex", source) == ["A"]
