"""What unescaped texts are made of, and which functions clean."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.pages.raw_html import HtmlGiven, HtmlMaker, HtmlSink, collect_raw_html


def facts(code: str, path: str = "lib/shop_web/page.ex") -> list[object]:
    return list(collect_raw_html(Document(path, code.encode())))


def test_parts_of_a_text() -> None:
    code = """
    defmodule ShopWeb.Page do
      def show(conn, %{"name" => name}) do
        user = load(conn)
        html(conn, "<h1>#{name}</h1>" <> user.bio <> clean(user))
      end
    end
    """
    (sink,) = (one for one in facts(code) if isinstance(one, HtmlSink))
    assert sink.kind == "html"
    assert [(one.kind, one.name, one.inside) for one in sink.parts] == [
        ("request", "name", True),
        ("field", "bio", True),
        ("call", "ShopWeb.Page.clean", True),
    ]


def test_patterns_and_quoted_code_make_nothing() -> None:
    code = """
    defmodule ShopWeb.Page do
      def of({:safe, text}), do: text
      defmacro unsafe(text), do: quote(do: {:safe, unquote(text)})
    end
    """
    assert facts(code) == []


def test_functions_that_clean_and_that_do_not() -> None:
    code = """
    defmodule Shop.Text do
      def clean(changeset), do: update_change(changeset, :body, &HtmlSanitizeEx.basic_html/1)
      def convert(text), do: Earmark.as_html!(text)
      def other(text), do: String.trim(text)
    end
    """
    found = [one for one in facts(code, "lib/shop/text.ex") if isinstance(one, HtmlMaker)]
    assert [(one.function, one.cleans) for one in found] == [
        ("Shop.Text.clean", True),
        ("Shop.Text.convert", False),
    ]
    assert "body" in found[0].names


def test_what_a_controller_gives() -> None:
    code = """
    defmodule ShopWeb.PageController do
      def show(conn, %{"q" => q}) do
        render(conn, "show.html", query: q, title: "Shop", page: load(q))
      end
    end
    """
    found = [(one.name, one.kind) for one in facts(code) if isinstance(one, HtmlGiven)]
    assert found == [("query", "request"), ("title", "literal"), ("page", "")]
