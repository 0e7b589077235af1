"""What components give their slots."""

from lsp_server.document import Document
from lsp_server.facts.rows.expressions import Expression
from lsp_server.facts.rows.slots import SlotRendered, collect_slots

HEAD = 'defmodule Web.Core do\n  use Phoenix.Component\n\n  def table(assigns) do\n    ~H"""\n'
END = '    """\n  end\nend\n'


def slots(template: str) -> list[SlotRendered]:
    text = f"{HEAD}    {template}\n{END}"
    return list(collect_slots(Document("lib/web/core.ex", text.encode())))


def test_a_row_for_each_slot() -> None:
    (one,) = slots("<p :for={row <- @rows}><b :for={c <- @col}>{render_slot(c, row)}</b></p>")
    assert (one.module, one.function, one.slot) == ("Web.Core", "table", "col")
    assert one.value == Expression("each", args=(Expression("assign", "rows"),))
    assert one.through == ""


def test_a_row_goes_through_a_function() -> None:
    (one,) = slots("<p :for={row <- @rows}>{render_slot(@inner_block, @row_item.(row))}</p>")
    assert (one.slot, one.through) == ("inner_block", "row_item")


def test_a_slot_without_a_value() -> None:
    assert slots("<p>{render_slot(@inner_block)}</p>") == []
