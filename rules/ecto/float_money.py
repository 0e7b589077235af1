"""ecto/float-money"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.database.database import database
from lsp_server.facts.database.schemas import schemas
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.literals import Atom, Float
from lsp_server.text import Span

_MONEY = re.compile(
    r"(?:.+_)?(?:price|amount|balance|cost|fee|subtotal|grand_total|salary|revenue)s?"
    r"|total|rate|(?:order|invoice|cart|line|item|shipping|tax|sub|net|gross)_total"
    r"|total_(?:price|amount|cost|fee|paid|due|revenue|balance)s?"
    r"|(?:exchange|hourly|daily|monthly|day|billing|pay|commission)_rate"
    r"|(?:price|amount|cost|fee)_(?:net|gross|usd|eur|gbp|inr|total)"
    r"|amount_(?:paid|due|owed|refunded)|balance_due|price_(?:min|max)|(?:price|cost)_per_\w+"
)
_OTHER = re.compile(
    r"(?:.*_)?(?:percent|percentage|ratio|factor|share|score|water|energy|load|work|battery)(?:_.*)?"
)


class FloatMoney(ProjectRule):
    """
    Money is kept in a floating-point number.

    A float cannot hold most amounts: 0.1 is stored as the nearest sum of powers of two, and each
    addition moves further away. Totals are off by a cent now and then, comparisons with `==` fail,
    and the ledger does not balance at the end of the year. Nobody sees it in a test with three
    rows.

    ## Bad

    ```elixir
    defmodule Shop.Orders.Line do
      use Ecto.Schema

      schema "order_lines" do
        field :quantity, :integer
        field :unit_price, :float
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Orders.Line do
      use Ecto.Schema

      schema "order_lines" do
        field :quantity, :integer
        field :unit_price, :decimal
      end
    end
    ```

    ## When it stays silent

    - The name tells of a percentage, a ratio or a share, or of no money at all: `total_distance`,
      `click_rate`, `latitude`.
    - A column that a later migration removes, or makes a decimal; a table whose migrations cannot
      be read.
    - A column that a schema holds as something else than a float.

    ## What the fix changes

    The type becomes `:decimal`, and a default of a schema a `Decimal`. Code that does arithmetic
    with the field must then use `Decimal`, and a column that exists already needs a migration
    (`modify :unit_price, :decimal, from: :float`).
    """

    reads = (schemas, database)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The fields of schemas, then the columns of tables, whose name tells of money."""
        known = schemas(snapshot.index)
        for found in known:
            for field in found.schema.fields:
                if (
                    field.type == ":float"
                    and _is_money(field.name)
                    and role_of(found.path) is Role.LIB
                ):
                    yield self._finding(field.name, field.span, found.path)
        for repo in database(snapshot.index).values():
            for table in repo.tables:
                if table.uncertain or repo.orphan:
                    continue
                held = [one.schema for one in known.by_table.get(table.name, ())]
                for column in table.columns.values():
                    if column.type != ":float" or not _is_money(column.name):
                        continue
                    typed = [one.field(column.name) for one in held]
                    if all(one is None or one.type == ":float" for one in typed):
                        yield self._finding(column.name, column.span, column.path)

    def _finding(self, name: str, span: Span, path: str) -> Finding:
        def build(snapshot: Snapshot) -> list[Edit]:
            return _as_decimal(snapshot, path, span)

        return self.finding(
            span,
            f"`{name}` is money in a float, which rounds; a `:decimal` is exact",
            path=path,
            fix=Fix.review("Make it a decimal", build),
        )


def _is_money(name: str) -> bool:
    return _MONEY.fullmatch(name) is not None and _OTHER.fullmatch(name) is None


def _as_decimal(snapshot: Snapshot, path: str, span: Span) -> list[Edit]:
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(span.start)
    for call in form.index.calls(*_LINES) if form is not None else ():
        written = call.written_arguments
        if len(written) > 1 and written[0].span == span:
            if isinstance(written[1], Atom) and written[1].name == "float":
                edits = [Edit(written[1].span, ":decimal", path)]
                default = call.keyword("default")
                if call.name == "field" and isinstance(default, Float):
                    # Arithmetic of Decimal takes no floats.
                    edits.append(Edit(default.span, f'Decimal.new("{default.text}")', path))
                return edits
    return []


_LINES = ("field", "add", "add_if_not_exists", "modify")
