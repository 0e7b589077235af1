"""One check of a whole project: what the command line does once and the server in the background.

    check = FullCheck(workspace)
    if not check.is_current:
        for batch in check.prepare(): check.take(…run_batch(batch)…)
        for _ in check.finish(): …
    check.findings

The caller decides in which processes batches run and what is done between the steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from lsp_server.facts.fact import FileFacts
from lsp_server.lint.finding import Finding
from lsp_server.project.cache import Cache, load_cache, now, store_cache
from lsp_server.project.files import Entry
from lsp_server.project.result import FileResult, plain, restored
from lsp_server.project.scan import POOL_FROM, Job, batches, pool, run, run_batch, workers
from lsp_server.project.workspace import Workspace


class FullCheck:
    """The state of one check of all files."""

    def __init__(self, workspace: Workspace, *, use_cache: bool = True) -> None:
        self.workspace = workspace
        self.started = now()
        self.settings = workspace.settings.encode()
        self.entries = workspace.entries()
        self.cache = load_cache(workspace.root, self.settings) if use_cache else Cache()
        self.use_cache = use_cache

    @property
    def is_current(self) -> bool:
        """Whether nothing has changed since the last check and no editor's text differs from
        disk."""
        return not self.workspace.open and self.cache.is_current(self.entries)

    @property
    def known_findings(self) -> list[Finding]:
        """The findings of the last check, if it `is_current`; their fixes have no function."""
        return [restored(one) for one in self.cache.findings()]

    def prepare(self) -> list[list[Entry]]:
        """Take in what is known of unchanged files; the answer is the batches that must be read."""
        workspace = self.workspace
        workspace.keep_only(self.entries)
        known = self.cache.results()
        changed = [one for one in self.entries if not self.cache.is_fresh(one)]
        unchanged = [known[one.path] for one in self.entries if self.cache.is_fresh(one)]
        self._read_context(changed, unchanged)
        head = self.cache.head
        if head is not None and head.context == workspace.context.digest:
            workspace.take(unchanged)
            return batches(changed)
        return batches(self.entries)

    def _read_context(self, changed: Sequence[Entry], unchanged: Iterable[FileResult]) -> None:
        self.workspace.read_context(changed)
        self.workspace.recall_context(
            (one.path, FileFacts(encoded=one.facts)) for one in unchanged if one.decides_context
        )

    def take(self, answer: bytes) -> int:
        """Take in what a worker answered; the number of files in it."""
        results = msgspec.msgpack.decode(answer, type=tuple[FileResult, ...])
        self.workspace.take(results)
        return len(results)

    def finish(self) -> Iterator[str]:
        """Run the project rules, one a step, and write the cache; each step gives what was done."""
        workspace = self.workspace
        workspace.loaded = True
        for rule in workspace.stale_rules():
            workspace.run_project_rule(rule)
            yield rule.id
        if self.use_cache and not workspace.open:
            store_cache(
                workspace.root,
                self.settings,
                workspace.context.digest,
                workspace.results,
                [plain(one) for one in self.findings],
                self.started,
            )

    @property
    def findings(self) -> list[Finding]:
        """All findings of the project by path and place."""
        workspace = self.workspace
        return [
            one
            for path in sorted(workspace.paths_with_findings())
            for one in workspace.findings(path)
        ]


def answers(job: Job, todo: list[list[Entry]], *, fork: bool) -> Iterator[bytes]:
    """What the batches give, in processes if that is worth it."""
    if workers() == 1 or sum(map(len, todo)) < POOL_FROM:
        for batch in todo:
            yield msgspec.msgpack.encode(tuple(run(job, batch)))
        return
    with pool(job, fork=fork) as executor:
        yield from executor.map(run_batch, todo)
