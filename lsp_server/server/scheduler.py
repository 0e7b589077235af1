"""When work is done on the event loop: checks after edits, then facts, then project rules.

An edit is checked at once if the loop has been idle, else after twice what the last check took,
so that fast typing never queues more than one check a document. When typing pauses, facts are read
in slices, which the next key ends; project rules run one a turn of the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from lsp_server.project.workspace import Workspace
from lsp_server.server.session import Place

SHORTEST = 0.005  # seconds between two checks of one document while somebody types
LONGEST = 0.1  # the same for documents that take long
FACTS_AFTER = (
    0.35  # seconds without an edit until facts are read again: longer than between two keys
)
SLICE = 0.003  # seconds of reading facts until somebody else has a turn
PAUSE = 0.001  # seconds that they have at least: keys come in through another thread


@dataclass
class _Slot:
    """What is pending for a document."""

    check: asyncio.TimerHandle | asyncio.Handle | None = None
    facts: asyncio.TimerHandle | None = None
    work: Iterator[None] | None = None  # what is left of reading the facts
    cost: float = 0.0  # seconds of the last check after an edit
    settling: float = 0.0  # seconds that the last full look took
    finished: float = 0.0

    def cancel(self) -> None:
        for handle in (self.check, self.facts):
            if handle is not None:
                handle.cancel()
        self.check = self.facts = self.work = None


@dataclass
class Scheduler:
    """Runs checks. `changed` is called with each file whose findings may have changed, `edited`
    with each that was checked after an edit of its own."""

    changed: Callable[[Place], None]
    edited: Callable[[Place], None]
    _slots: dict[tuple[Path, str], _Slot] = field(default_factory=dict)
    _passes: dict[Path, Workspace] = field(default_factory=dict)  # whose project rules are running

    def _slot(self, place: Place) -> _Slot:
        return self._slots.setdefault((place.workspace.root, place.path), _Slot())

    def note_edit(self, place: Place) -> None:
        """A document has a new version: check it soon, and read its facts when typing pauses."""
        slot = self._slot(place)
        loop = asyncio.get_running_loop()
        if slot.check is None:
            rest = min(max(SHORTEST, 2 * slot.cost), LONGEST)
            rest -= time.perf_counter() - slot.finished
            if rest <= 0:
                slot.check = loop.call_soon(self._check_quickly, place)
            else:
                slot.check = loop.call_later(rest, self._check_quickly, place)
        if slot.facts is not None:
            slot.facts.cancel()
        slot.work = self._settling(place)
        slot.facts = loop.call_later(max(FACTS_AFTER, slot.settling), self._settle_on, place)

    def _check_quickly(self, place: Place) -> None:
        self._check(place, quick=True)
        self.edited(place)

    def _check(self, place: Place, *, quick: bool = False) -> None:
        """Check a document; a pending check of it is dropped."""
        slot = self._slot(place)
        if slot.check is not None:
            slot.check.cancel()
            slot.check = None
        if not place.workspace.ready:
            return
        begun = time.perf_counter()
        place.workspace.check(place.path, quick=quick)
        slot.finished = time.perf_counter()
        if quick:  # a check of the whole file says nothing about the next edit
            slot.cost = slot.finished - begun

    def is_pending(self, place: Place) -> bool:
        """Whether the document has changed since its last check."""
        slot = self._slots.get((place.workspace.root, place.path))
        return slot is not None and slot.check is not None

    def ensure(self, place: Place) -> None:
        """Check a document that has changed since its last check, before an answer about it."""
        if place.is_open and self.is_pending(place):
            self._check_quickly(place)

    def settle(self, place: Place) -> None:
        """Bring the facts of a document up to date and run what depends on them."""
        self._slot(place).cancel()
        deque(self._settling(place), maxlen=0)

    def _settle_on(self, place: Place) -> None:
        """Do a slice of that, and the rest later."""
        slot, until = self._slot(place), time.perf_counter() + SLICE
        for _ in slot.work or ():
            if time.perf_counter() > until:
                loop = asyncio.get_running_loop()
                slot.facts = loop.call_later(PAUSE, self._settle_on, place)
                return

    def _settling(self, place: Place) -> Iterator[None]:
        slot, workspace, took = self._slot(place), place.workspace, 0.0
        if not (place.is_open and workspace.ready):
            slot.cancel()
            return
        before, begun = workspace.context.digest, time.perf_counter()
        for _ in chain(workspace.open[place.path].parsing(), self._settling_steps(place)):
            took += time.perf_counter() - begun
            yield
            begun = time.perf_counter()
        slot.cancel()
        slot.settling = took
        if workspace.context.digest == before:
            self.changed(place)
        else:
            self.recheck(workspace)
        self.run_project_rules(workspace)
        while workspace.moved:
            self.changed(Place(workspace, workspace.moved.pop()))

    def _settling_steps(self, place: Place) -> Iterator[None]:
        self._check(place)
        yield
        yield from place.workspace.collecting(place.path)

    def settle_pending(self, workspace: Workspace) -> None:
        """Bring everything up to date before an answer that must not be stale."""
        for path in self._unsettled(workspace):
            self.settle(Place(workspace, path))

    def is_settled(self, workspace: Workspace) -> bool:
        """Whether everything is up to date."""
        return not self._unsettled(workspace)

    def _unsettled(self, workspace: Workspace) -> list[str]:
        slots = ((path, self._slots.get((workspace.root, path))) for path in workspace.open)
        return [path for path, slot in slots if slot and (slot.check or slot.facts)]

    def settle_all(self, workspace: Workspace) -> None:
        """Check all open documents of a project, and read their facts."""
        for path in list(workspace.open):
            self.settle(Place(workspace, path))

    def recheck(self, workspace: Workspace) -> None:
        """Check all open documents of a project again."""
        for path in list(workspace.open):
            place = Place(workspace, path)
            self._check(place)
            self.changed(place)

    def run_project_rules(self, workspace: Workspace) -> None:
        """Run stale project rules, one a turn of the loop, so that typing is never held up."""
        if self._passes.get(workspace.root) is not workspace and workspace.stale_rules():
            self._passes[workspace.root] = workspace
            asyncio.get_running_loop().call_soon(self._step, workspace)

    def _step(self, workspace: Workspace) -> None:
        if self._passes.get(workspace.root) is not workspace:
            return  # the project was closed
        stale = workspace.stale_rules()
        if not stale or self._unsettled(workspace):
            # Facts of an edited file still say where things stood before; what is found by them
            # would stand there for good. Once they are read the rules are run.
            del self._passes[workspace.root]
            return
        try:
            for path in workspace.run_project_rule(stale[0]):
                self.changed(Place(workspace, path))
        finally:
            asyncio.get_running_loop().call_soon(self._step, workspace)

    def forget(self, place: Place) -> None:
        """A document was closed."""
        slot = self._slots.pop((place.workspace.root, place.path), None)
        if slot is not None:
            slot.cancel()

    def drop(self, workspace: Workspace) -> None:
        """A project was closed: nothing more is to be done for it."""
        self._passes.pop(workspace.root, None)
        for key in [key for key in self._slots if key[0] == workspace.root]:
            self._slots.pop(key).cancel()
