"""Facts are read in slices while nobody types."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lsp_server.document import Change
from lsp_server.facts.modules import Function
from lsp_server.project.workspace import Workspace
from lsp_server.server import scheduler as scheduling
from lsp_server.server.scheduler import Scheduler
from lsp_server.server.session import Place
from lsp_server.text import Span

PATH = "lib/shop/cart.ex"
TEXT = b"defmodule Shop.Cart do\n  def one, do: 1\n\n  def two, do: 2\nend\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    workspace = Workspace(tmp_path)
    workspace.ready = workspace.loaded = True
    workspace.open_document(PATH, TEXT, 0)
    return Place(workspace, PATH)


def edit(place: Place, old: bytes, new: bytes) -> None:
    at = place.workspace.open[PATH].source.index(old)
    place.workspace.edit(PATH, [Change(Span(at, at + len(old)), new)], 1)


def functions(place: Place) -> list[str]:
    return [one.name for one in place.workspace.index.file(PATH).of(Function)]


async def settled(scheduler: Scheduler, place: Place) -> None:
    async with asyncio.timeout(10):
        while not scheduler.is_settled(place.workspace):
            await asyncio.sleep(0.001)


def test_facts_are_read_in_many_turns_and_a_key_begins_anew(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "FACTS_AFTER", 0.0)
    monkeypatch.setattr(scheduling, "SLICE", 0.0)
    changed: list[Place] = []
    scheduler = Scheduler(changed.append, lambda _: None)

    async def type_twice() -> int:
        scheduler.settle(place)
        assert functions(place) == ["one", "two"]
        edit(place, b"one", b"first")
        scheduler.note_edit(place)
        await asyncio.sleep(0.01)  # some slices of many
        assert not scheduler.is_settled(place.workspace)
        assert functions(place) == ["one", "two"]
        edit(place, b"two", b"second")
        scheduler.note_edit(place)
        turns = 0
        while not scheduler.is_settled(place.workspace):
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(type_twice()) > 10
    assert functions(place) == ["first", "second"]
    assert changed


def test_what_must_not_be_stale_is_settled_at_once(place: Place) -> None:
    scheduler = Scheduler(lambda _: None, lambda _: None)

    async def ask() -> None:
        edit(place, b"one", b"first")
        scheduler.note_edit(place)
        scheduler.settle_pending(place.workspace)
        assert scheduler.is_settled(place.workspace)

    asyncio.run(ask())
    assert functions(place) == ["first", "two"]


def test_a_file_that_is_closed_meanwhile_is_left_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "FACTS_AFTER", 0.0)
    monkeypatch.setattr(scheduling, "SLICE", 0.0)
    scheduler = Scheduler(lambda _: None, lambda _: None)

    async def close() -> None:
        edit(place, b"one", b"first")
        scheduler.note_edit(place)
        await asyncio.sleep(0.005)
        place.workspace.close_document(PATH)
        scheduler.forget(place)
        await settled(scheduler, place)

    asyncio.run(close())
    assert PATH not in place.workspace.open
