"""When the server looks for garbage."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from lsp_server.server.garbage import filling, keep_what_is_loaded


class Ring:
    """Garbage that only a round finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_no_round_while_much_is_loaded_and_none_over_it_afterwards() -> None:
    with filling():
        assert not gc.isenabled()
        kept = [Ring() for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(kept)


def test_what_became_garbage_since_goes_the_next_time() -> None:
    ring = Ring()
    keep_what_is_loaded()
    gone = weakref.ref(ring)
    del ring
    gc.collect()
    assert gone() is not None  # it was left out
    keep_what_is_loaded()
    assert gone() is None


def test_rounds_come_back_after_a_check_that_was_cancelled() -> None:
    with pytest.raises(KeyboardInterrupt), filling():
        raise KeyboardInterrupt
    assert gc.isenabled()
