"""Full checks of projects in the background: one at a time for a project, and none twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from lsp_server.project.full_check import FullCheck
from lsp_server.project.scan import POOL_FROM, pool, run, run_batch, workers
from lsp_server.project.workspace import Workspace
from lsp_server.server import diagnostics
from lsp_server.server.garbage import filling
from lsp_server.server.progress import Progress

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

STEPS = 20  # files that are looked at in one turn of the loop


class Loader:
    """Reads projects. A check that is asked for while one waits to begin is that one."""

    def __init__(self, server: RetortServer) -> None:
        self._server = server
        self._locks: WeakKeyDictionary[Workspace, asyncio.Lock] = WeakKeyDictionary()
        self._waiting: WeakKeyDictionary[Workspace, asyncio.Task[None]] = WeakKeyDictionary()

    def read(self, workspace: Workspace) -> None:
        """Read a project in the background, unless that was done already."""
        self._request(workspace, 0.0, again=False)

    def read_again(self, workspace: Workspace, delay: float = 0.0) -> None:
        """Read a project in the background, `delay` seconds after the last request."""
        self._request(workspace, delay, again=True)

    def _request(self, workspace: Workspace, delay: float, *, again: bool) -> None:
        # The folder of a lone file is not read: it may be somebody's home.
        if workspace.root not in self._server.session.loose:
            self._forget_waiting(workspace)
            load = self._load(workspace, delay, again)
            self._waiting[workspace] = self._server.start(load)

    def _forget_waiting(self, workspace: Workspace) -> None:
        waiting = self._waiting.pop(workspace, None)
        if waiting is not None:
            waiting.cancel()

    async def _load(self, workspace: Workspace, delay: float, again: bool) -> None:
        await asyncio.sleep(delay)
        async with self._lock(workspace):
            self._waiting.pop(workspace, None)
            if workspace.loaded and not again:
                return
            await self._check(workspace, "Retort reads the project")
        self._server.scheduler.recheck(workspace)
        if self._server.mode.whole_project:
            diagnostics.publish_closed(self._server)

    async def check(self, workspace: Workspace, title: str) -> bool:
        """Check a project now; False where the user has cancelled it."""
        self._forget_waiting(workspace)
        async with self._lock(workspace):
            return await self._check(workspace, title)

    def _lock(self, workspace: Workspace) -> asyncio.Lock:
        return self._locks.setdefault(workspace, asyncio.Lock())

    async def _check(self, workspace: Workspace, title: str) -> bool:
        """Read the files of a project in worker processes and run all project rules.

        Open files count as the editor has them.
        """
        with filling():
            return await self._fill(workspace, title)

    async def _fill(self, workspace: Workspace, title: str) -> bool:
        server = self._server
        progress = Progress.begin(server, title)
        try:
            check = FullCheck(workspace)
            for number, _ in enumerate(check.find()):
                if number % (10 * STEPS) == 0:
                    await asyncio.sleep(0)
            for number, _ in enumerate(check.learn()):
                if number % STEPS == 0:
                    await asyncio.sleep(0)
            server.scheduler.settle_all(workspace)
            total = sum(map(len, check.todo)) or 1
            done = 0
            async for answer in _answers(check, progress.is_cancelled):
                done += check.take(answer)
                progress.report(f"{done} of {total} files", 90 * done // total)
                await asyncio.sleep(0)
            if progress.is_cancelled():
                return False
            for path in list(workspace.open):
                workspace.collect(path)
            rules = max(1, len(workspace.project_rules))
            for number, rule in enumerate(check.finish()):
                progress.report(rule, 90 + 10 * number // rules)
                await asyncio.sleep(0)
                server.scheduler.settle_pending(workspace)  # the next rule finds by these facts
            server.scheduler.run_project_rules(workspace)
            return True
        finally:
            workspace.ready = True
            progress.end()


async def _answers(check: FullCheck, cancelled: Callable[[], bool]) -> AsyncIterator[bytes]:
    """What the batches give, in the order in which they are finished."""
    job, todo = check.workspace.job(), check.todo
    if workers() == 1 or sum(map(len, todo)) < POOL_FROM:
        for batch in todo:
            for entry in batch:
                if cancelled():
                    return
                yield msgspec.msgpack.encode(tuple(run(job, [entry])))
        return
    loop = asyncio.get_running_loop()
    executor = pool(job, fork=False)
    try:
        futures = [loop.run_in_executor(executor, run_batch, batch) for batch in todo]
        for future in asyncio.as_completed(futures):
            answer = await future
            if cancelled():
                return
            yield answer
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
