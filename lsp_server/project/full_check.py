"""One check of a whole project: what the command line does once and the server in the background.

    check = FullCheck(workspace)
    for _ in check.find(): …
    for _ in check.learn(): …
    for batch in check.todo: check.take(…run_batch(batch)…)
    for _ in check.finish(): …

The caller decides in which processes batches run and what is done between the steps. Where nothing
has changed the command line needs none of them: see `standing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from lsp_server.facts.fact import FileFacts
from lsp_server.project.cache import Cache, load_cache, make_cache, now, store_cache
from lsp_server.project.files import Entry
from lsp_server.project.project_facts import context_facts
from lsp_server.project.result import FileResult, plain
from lsp_server.project.scan import (
    CAN_FORK,
    LEARN_FROM,
    POOL_FROM,
    Job,
    Learned,
    batches,
    learn_batch,
    pool,
    run,
    run_batch,
    workers,
)
from lsp_server.project.workspace import Workspace


class FullCheck:
    """The state of one check of all files, or of those in `only`.

    What the workspace itself has seen in an earlier check counts before the cache on disk.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        use_cache: bool = True,
        only: Iterable[str] | None = None,
    ) -> None:
        self.workspace = workspace
        self.use_cache = use_cache
        self.started = now()
        self._settings = workspace.settings
        self._configuration = workspace.configuration
        self.entries: list[Entry] = []
        self.todo: list[list[Entry]] = []  # the files that must be read, in batches
        self._only = None if only is None else frozenset(only)
        self._context = b""
        self._cache = Cache()
        if use_cache:
            settings = workspace.settings.encode()
            fits = workspace.scanned.fits(settings)
            self._cache = workspace.scanned if fits else load_cache(workspace.root, settings)

    def find(self) -> Iterator[Entry]:
        """Find the files, one a step."""
        for entry in self.workspace.entries():
            if self._only is None or entry.path in self._only:
                self.entries.append(entry)
                yield entry

    def learn(self, *, fork: bool = False) -> Iterator[int]:
        """Take in what is known of unchanged files and decide what must be read; a step looks at
        one file. With `fork`, where no other thread runs, processes look at many."""
        workspace, cache = self.workspace, self._cache
        workspace.keep_only(self.entries)
        changed = [one for one in self.entries if not cache.is_fresh(one)]
        known = cache.results() if len(changed) < len(self.entries) else {}
        unchanged = [known[one.path] for one in self.entries if cache.is_fresh(one)]
        forks = fork and CAN_FORK and workers() > 1 and len(changed) >= LEARN_FROM
        learned = self._learned(changed) if forks else self._read(changed)
        yield from workspace.learn_context(learned, unchanged)
        self._context = workspace.context.digest
        if cache.head is not None and cache.head.context == self._context:
            workspace.take(unchanged)
        else:
            changed = self.entries
        self.todo = batches(changed)

    def _read(self, changed: Iterable[Entry]) -> Iterator[tuple[str, FileFacts | None]]:
        root = self.workspace.root
        return ((one.path, context_facts(root, one.path)) for one in changed)

    def _learned(self, changed: Iterable[Entry]) -> Iterator[tuple[str, FileFacts]]:
        with pool(self.workspace.job(), fork=True) as executor:
            for answer in executor.map(learn_batch, batches(changed)):
                for path, blobs in msgspec.msgpack.decode(answer, type=Learned):
                    yield path, FileFacts(encoded=blobs)

    def take(self, answer: bytes) -> int:
        """Take in what a worker answered; the number of files in it."""
        results = msgspec.msgpack.decode(answer, type=tuple[FileResult, ...])
        self.workspace.take(results)
        return len(results)

    def finish(self) -> Iterator[str]:
        """Run the project rules, one a step, and remember what was found; each step gives what was
        done. Of some files alone no project rule can say anything."""
        workspace = self.workspace
        workspace.loaded = self._only is None
        for rule in workspace.stale_rules():
            workspace.run_project_rule(rule)
            yield rule.id
        if not self.use_cache or self._only is not None:
            return
        if workspace.context.digest != self._context:
            workspace.scanned = Cache()  # the files were read under another context
            return
        workspace.scanned = make_cache(
            self._settings,
            self._configuration,
            self._context,
            workspace.results,
            self.started,
        )
        if self.todo or not workspace.open:
            found = None if workspace.open else map(plain, workspace.all_findings())
            store_cache(workspace.root, workspace.scanned, found)


def answers(job: Job, todo: list[list[Entry]], *, fork: bool) -> Iterator[bytes]:
    """What the batches give, in processes if that is worth it."""
    if workers() == 1 or sum(map(len, todo)) < POOL_FROM:
        for batch in todo:
            yield msgspec.msgpack.encode(tuple(run(job, batch)))
        return
    with pool(job, fork=fork) as executor:
        yield from executor.map(run_batch, todo)
