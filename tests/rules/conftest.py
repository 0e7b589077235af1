"""What holds for every case of every rule."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A rule or collector that raises is logged and skipped, and would pass for silent."""
    yield
    said = [one.getMessage() for one in caplog.get_records("call") if one.levelno >= logging.ERROR]
    assert said == []
