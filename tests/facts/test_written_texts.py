"""The texts that are written out in lists of maps, and those that Ash resources hold."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.pages.written_texts import TextAttribute, WrittenTexts


def test_lists_of_attributes_and_functions() -> None:
    code = b"""
defmodule Shop.Faqs do
  @faqs [%{ask: "Why?", answer: "<p>So</p>", at: 1}, %{ask: "How?", answer: "x #{y()}"}]
  @empty []
  @mixed [%{a: "1"}, other(), %{b: "2"}]

  def tips, do: [%{text: "one"}, %{text: "two"}] |> Enum.sort()
  def made(x), do: [%{text: "one"}, %{text: x}]
end
"""
    found = collect(Document("lib/shop/faqs.ex", code)).of(WrittenTexts)
    assert [(one.name, one.keys) for one in found] == [
        ("faqs", ("answer", "ask")),
        ("tips", ("text",)),
    ]


def test_texts_of_a_resource() -> None:
    code = b"""
defmodule Shop.Review do
  use Ash.Resource, domain: Shop

  attributes do
    uuid_primary_key :id
    attribute :body, :string, public?: true
    attribute :stars, :integer
    attribute :title, :ci_string do
      allow_nil? false
    end
  end
end
"""
    found = collect(Document("lib/shop/review.ex", code)).of(TextAttribute)
    assert [one.name for one in found] == ["body", "title"]
