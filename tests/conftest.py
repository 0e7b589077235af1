"""Fixtures that tests of every folder share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.elixir_oracle import ElixirOracle, elixir_command


@pytest.fixture(scope="session")
def elixir() -> Iterator[ElixirOracle]:
    """The real Elixir. Skips where there is none, unless RETORT_REQUIRE_ELIXIR=1 forbids that."""
    command = elixir_command()
    if command is None:
        reason = "no `elixir` on PATH (and RETORT_ELIXIR does not name one)"
        if os.environ.get("RETORT_REQUIRE_ELIXIR") == "1":
            pytest.fail(f"{reason}, but RETORT_REQUIRE_ELIXIR=1")
        pytest.skip(reason)
    with ElixirOracle(command) as oracle:
        yield oracle
