"""When work is done on the event loop: checks after edits, then facts, then project rules.

An edit is checked at once if the loop has been idle, else after twice what the last check took,
so that fast typing never queues more than one check a document. Project rules run one a turn of
the loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lsp_server.project.workspace import Workspace
from lsp_server.server.session import Place

log = logging.getLogger(__name__)

SHORTEST = 0.005  # seconds between two checks of one document while somebody types
FACTS_AFTER = 0.15  # seconds without an edit until the facts of a file are read again


@dataclass
class _Slot:
    """The one pending check of a document."""

    handle: asyncio.TimerHandle | asyncio.Handle | None = None
    facts: asyncio.TimerHandle | None = None
    cost: float = 0.0
    finished: float = 0.0


@dataclass
class Scheduler:
    """Runs checks; `changed` is called with each file whose findings may have changed."""

    changed: Callable[[Place], None]
    slots: dict[tuple[int, str], _Slot] = field(default_factory=dict)
    _passes: set[int] = field(default_factory=set)

    def _slot(self, place: Place) -> _Slot:
        return self.slots.setdefault((id(place.workspace), place.path), _Slot())

    def edited(self, place: Place) -> None:
        """A document has a new version: check it soon, and read its facts when typing pauses."""
        slot = self._slot(place)
        loop = asyncio.get_running_loop()
        if slot.handle is None:
            rest = max(SHORTEST, 2 * slot.cost) - (time.perf_counter() - slot.finished)
            if rest <= 0:
                slot.handle = loop.call_soon(self._check, place, slot)
            else:
                slot.handle = loop.call_later(rest, self._check, place, slot)
        if slot.facts is not None:
            slot.facts.cancel()
        slot.facts = loop.call_later(FACTS_AFTER, self.settle, place)

    def _check(self, place: Place, slot: _Slot) -> None:
        slot.handle = None
        self.check_now(place, quick=True)

    def check_now(self, place: Place, *, quick: bool = False) -> None:
        """Check a document without waiting; a pending check of it is dropped."""
        slot = self._slot(place)
        if slot.handle is not None:
            slot.handle.cancel()
            slot.handle = None
        if place.path not in place.workspace.open:
            return
        begun = time.perf_counter()
        place.workspace.check(place.path, quick=quick)
        self.changed(place)
        slot.finished = time.perf_counter()
        slot.cost = slot.finished - begun

    def is_pending(self, place: Place) -> bool:
        """Whether the document has changed since its last check."""
        return self._slot(place).handle is not None

    def settle(self, place: Place) -> None:
        """Bring the facts of a document up to date and run what depends on them."""
        slot = self._slot(place)
        if slot.facts is not None:
            slot.facts.cancel()
            slot.facts = None
        workspace = place.workspace
        if place.path not in workspace.open:
            return
        before = workspace.context.digest
        self.check_now(place)
        workspace.collect(place.path)
        if workspace.context.digest != before:
            self.recheck(workspace)
        self.run_project_rules(workspace)

    def recheck(self, workspace: Workspace) -> None:
        """Check all open documents of a project again."""
        for path in list(workspace.open):
            self.check_now(Place(workspace, path))

    def run_project_rules(self, workspace: Workspace) -> None:
        """Run stale project rules, one a turn of the loop, so that typing is never held up."""
        if id(workspace) in self._passes or not workspace.stale_rules():
            return
        self._passes.add(id(workspace))
        asyncio.get_running_loop().call_soon(self._step, workspace)

    def _step(self, workspace: Workspace) -> None:
        stale = workspace.stale_rules()
        if not stale:
            self._passes.discard(id(workspace))
            return
        for path in workspace.run_project_rule(stale[0]):
            self.changed(Place(workspace, path))
        asyncio.get_running_loop().call_soon(self._step, workspace)

    def settle_all(self, workspace: Workspace) -> None:
        """Bring everything up to date before an answer that must not be stale."""
        for (owner, path), slot in list(self.slots.items()):
            if owner == id(workspace) and path in workspace.open:
                if slot.handle is not None:
                    self.check_now(Place(workspace, path))
                if slot.facts is not None:
                    slot.facts.cancel()
                    slot.facts = None
                    workspace.collect(path)

    def forget(self, place: Place) -> None:
        """A document was closed."""
        slot = self.slots.pop((id(place.workspace), place.path), None)
        if slot is not None:
            for handle in (slot.handle, slot.facts):
                if handle is not None:
                    handle.cancel()

    def stop(self) -> None:
        """Drop all pending work."""
        for slot in self.slots.values():
            for handle in (slot.handle, slot.facts):
                if handle is not None:
                    handle.cancel()
        self.slots.clear()
