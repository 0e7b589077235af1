"""Texts of new migrations: formatted, and what they were asked to be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.document import Document
from lsp_server.facts.database import migration_files  # noqa: F401 (registers the collector)
from lsp_server.facts.database.migrations import CreateIndex, Migration
from lsp_server.facts.database.new_migration import create_index, migration
from lsp_server.facts.fact import collect
from tests.elixir_oracle import ElixirOracle


def test_a_migration_that_builds_an_index_beside_running_traffic() -> None:
    statement = create_index("posts", ["author_id"], {"concurrently": "true"})
    assert migration("Shop.Repo.Migrations.X", [statement], concurrently=True) == (
        "defmodule Shop.Repo.Migrations.X do\n"
        "  use Ecto.Migration\n"
        "\n"
        "  @disable_ddl_transaction true\n"
        "  @disable_migration_lock true\n"
        "\n"
        "  def change do\n"
        "    create index(:posts, [:author_id], concurrently: true)\n"
        "  end\n"
        "end\n"
    )


names = st.integers(1, 90).map(lambda length: ("organization_membership_" * 4)[:length] + "x")


@settings(max_examples=60, deadline=None)
@given(
    table=names,
    columns=st.lists(names, min_size=1, max_size=4, unique=True),
    options=st.sampled_from([{}, {"concurrently": "true"}, {"prefix": '"a b"', "name": ":x"}]),
    unique=st.booleans(),
    parentheses=st.booleans(),
)
def test_indexes_are_formatted_at_every_length(
    elixir: ElixirOracle,
    table: str,
    columns: list[str],
    options: dict[str, str],
    unique: bool,
    parentheses: bool,
) -> None:
    statement = create_index(table, columns, options, unique=unique, parentheses=parentheses)
    text = migration("M", [statement])
    assert elixir.is_formatted(text), elixir.format(text)
    path = "priv/repo/migrations/1_m.exs"
    (found,) = collect(Document(path, text.encode())).of(Migration)
    (made,) = found.up
    assert isinstance(made, CreateIndex)
    assert (made.index.table.name, list(made.index.columns)) == (table, columns)
    assert made.index.unique == unique


@pytest.mark.parametrize("name", ["x y", "x-y", "é"])
def test_odd_names_are_quoted(name: str, elixir: ElixirOracle) -> None:
    text = migration("M", [create_index(name, [name])])
    assert elixir.parses(text) is None
