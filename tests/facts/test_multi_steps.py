"""The steps of an Ecto.Multi that write."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.database.multi_steps import MultiStep
from lsp_server.facts.fact import collect


def steps(source: str, path: str = "lib/shop/orders.ex") -> list[tuple[str, str, tuple[str, ...]]]:
    found = collect(Document(path, source.encode())).of(MultiStep)
    return sorted((one.kind, one.label, one.named) for one in found)


SOURCE = """
defmodule Shop.Orders do
  alias Ecto.Multi
  alias Shop.{Order, Repo}

  def drop(order, name) do
    Multi.new()
    |> Multi.delete(:order, order)
    |> Multi.update_all({:lines, name}, Order.lines(order), set: [gone: true])
    |> Ecto.Multi.insert(:log, %Shop.Entry{order: order})
    |> Repo.transaction()
  end

  def other(map), do: Map.delete(map, :a)
end
"""


def test_steps_have_a_name_and_what_they_speak_of() -> None:
    assert steps(SOURCE) == [
        ("delete", "order", ()),
        ("insert", "log", ("Shop.Entry",)),
        ("update_all", "", ("Shop.Order",)),
    ]


def test_what_is_called_beside_a_step() -> None:
    found = collect(Document("lib/shop/orders.ex", SOURCE.encode())).of(MultiStep)
    assert {"lines", "transaction"} <= set(found[0].beside)


def test_tests_state_nothing() -> None:
    assert steps(SOURCE, "test/shop/orders_test.exs") == []


def test_broken_code_is_read_as_far_as_it_goes() -> None:
    broken = SOURCE + "defmodule Shop.Half do\n  def half(, do: Multi.delete(:"
    assert ("delete", "order", ()) in steps(broken)
