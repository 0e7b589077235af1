"""Constraints are laid out as the formatter does it, at every length."""

from __future__ import annotations

import pytest
from lsp_server.rules.ecto._call_layout import laid_out

from lsp_server.facts.database.new_migration import create_index, migration
from tests.elixir_oracle import ElixirOracle


@pytest.mark.parametrize("prefix", [[], ['prefix: "shop"']], ids=["plain", "prefix"])
def test_constraints(elixir: ElixirOracle, prefix: list[str]) -> None:
    texts = []
    for length in range(1, 120):
        options = [*prefix, f'check: "{"x" * length}"']
        arguments = [":orders", ":status_is_checked"]
        call = laid_out("constraint", arguments, options, 4, parentheses=True, before=7)
        assert call is not None
        texts.append(migration("M", [f"create {call}"]))
    assert elixir.format_all(texts) == texts


def test_indexes(elixir: ElixirOracle) -> None:
    texts = [
        migration("M", [create_index("orders", ["status"], {"name": ":" + "x" * length})])
        for length in range(1, 64)  # no name is longer in Postgres
    ]
    assert elixir.format_all(texts) == texts
