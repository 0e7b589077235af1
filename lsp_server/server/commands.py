"""Commands of the workspace: check it, fix it, explain a rule, restart, clear the cache."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types

from lsp_server.lint.finding import Finding
from lsp_server.project.cache import clear_cache
from lsp_server.project.files import Entry
from lsp_server.project.fixing import Fixer, safe
from lsp_server.project.full_check import FullCheck
from lsp_server.project.scan import POOL_FROM, pool, run, run_batch, workers
from lsp_server.project.workspace import Workspace
from lsp_server.report.pages import page, rule_path, write_pages
from lsp_server.server import diagnostics
from lsp_server.server.code_actions import EXPLAIN_RULE, outcome_edit
from lsp_server.server.convert import Plain, to_uri

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

log = logging.getLogger(__name__)

CHECK = "retort.checkWorkspace"
FIX = "retort.fixWorkspace"
RESTART = "retort.restart"
CLEAR = "retort.clearCache"


def register(server: RetortServer) -> None:
    """Register the commands."""

    @server.command(CHECK)
    async def check_workspace(*_: Any) -> Plain:
        for workspace in list(server.session.workspaces.values()):
            server.scheduler.settle_all(workspace)
            await full_check(server, workspace, title="Retort checks the project")
            server.scheduler.recheck(workspace)
        diagnostics.publish_closed(server)
        summary = _summary(
            [
                finding
                for workspace in server.session.workspaces.values()
                for path in workspace.paths_with_findings()
                for finding in workspace.findings(path)
            ]
        )
        if not server.session.features.progress:
            server.show(sentence(summary))
        return summary

    @server.command(FIX)
    async def fix_workspace(*_: Any) -> Plain:
        applied = 0
        for workspace in list(server.session.workspaces.values()):
            server.scheduler.settle_all(workspace)
            if not workspace.loaded:
                await full_check(server, workspace, title="Retort checks the project")
            applied += await _fix(server, workspace)
        server.show(f"Retort applied {applied} safe fixes.")
        return {"applied": applied}

    @server.command(EXPLAIN_RULE)
    def explain_rule(*given: Any) -> Plain | None:
        rule = str(given[0]) if given else ""
        text = page(rule)
        if text is None:
            server.show(f"Retort has no rule `{rule}`.", types.MessageType.Warning)
            return None
        write_pages()
        uri = to_uri(rule_path(rule))
        if server.session.features.show_document:
            shown = types.ShowDocumentParams(uri, external=False, take_focus=True)
            server.window_show_document(shown)
        return {"rule": rule, "markdown": text, "uri": uri}

    @server.command(RESTART)
    async def restart(*_: Any) -> None:
        from lsp_server.server.server import load

        server.scheduler.stop()
        session = server.session
        for root, old in list(session.workspaces.items()):
            workspace = Workspace(root, session.overrides)
            for path, document in old.open.items():
                workspace.open_document(path, document.source, document.version)
            session.workspaces[root] = workspace
            await load(server, workspace)

    @server.command(CLEAR)
    def clear(*_: Any) -> Plain:
        cleared = [str(root) for root in server.session.workspaces if clear_cache(root)]
        return {"cleared": len(cleared)}


async def full_check(server: RetortServer, workspace: Workspace, *, title: str) -> bool:
    """Read all files of a project in worker processes and run all project rules.

    Open files count as the editor has them. Whether it was finished; the user may cancel it.
    """
    progress = await Progress.begin(server, title)
    try:
        check = FullCheck(workspace)
        todo = check.prepare()
        total = sum(map(len, todo)) or 1
        done = 0
        async for answer in _answers(check, todo, progress.is_cancelled):
            done += check.take(answer)
            progress.report(f"{done} of {total} files", 90 * done // total)
            await asyncio.sleep(0)
        if progress.is_cancelled():
            return False
        for path in list(workspace.open):
            workspace.collect(path)
        rules = max(1, len(workspace.project_rules))
        for number, rule in enumerate(check.finish()):
            progress.report(rule, 90 + min(10, 10 * number // rules))
            await asyncio.sleep(0)
        return True
    finally:
        progress.end()


async def _answers(
    check: FullCheck, todo: list[list[Entry]], cancelled: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """What the batches give, in the order in which they are finished."""
    job = check.workspace.job()
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


async def _fix(server: RetortServer, workspace: Workspace) -> int:
    progress = await Progress.begin(server, "Retort fixes the project")
    try:
        fixer = Fixer(workspace)
        for count in fixer.run(workspace.paths_with_findings(), safe):
            progress.report(f"{count} fixes", None)
            await asyncio.sleep(0)
        edit = outcome_edit(server, workspace, fixer.outcome)
    finally:
        progress.end()
    if edit is None:
        return 0
    if not server.session.features.apply_edit:
        server.show("The editor cannot apply edits; run `retort check --fix`.")
        return 0
    answer = await asyncio.wrap_future(
        server.protocol.send_request(
            types.WORKSPACE_APPLY_EDIT, {"label": "Retort: fix all", "edit": edit}
        )
    )
    applied = bool(getattr(answer, "applied", False))
    if not applied:
        reason = getattr(answer, "failure_reason", None) or "no reason given"
        server.show(f"The editor did not apply the fixes: {reason}", types.MessageType.Warning)
    return len(fixer.outcome.applied) if applied else 0


def _summary(findings: list[Finding]) -> Plain:
    return {
        "findings": len(findings),
        "files": len({finding.path for finding in findings}),
        "severities": dict(Counter(finding.severity.label for finding in findings)),
        "packs": dict(Counter(finding.rule.partition("/")[0] for finding in findings)),
        "rules": dict(Counter(finding.rule for finding in findings)),
    }


def sentence(summary: Plain) -> str:
    """A summary in one line."""
    if not summary["findings"]:
        return "Retort finds nothing."
    severities = ", ".join(f"{count} {name}" for name, count in summary["severities"].items())
    return f"Retort: {summary['findings']} findings in {summary['files']} files ({severities})."


class Progress:
    """Work-done progress that the user sees and can cancel; silent where the client has none."""

    def __init__(self, server: RetortServer, token: str | None) -> None:
        self._server = server
        self._token = token

    @staticmethod
    async def begin(server: RetortServer, title: str) -> Progress:
        """Ask the client for a progress and begin it."""
        if not server.session.features.progress:
            return Progress(server, None)
        token = str(uuid.uuid4())
        try:
            await asyncio.wait_for(server.work_done_progress.create_async(token), 5)
        except Exception as error:  # a client may refuse or never answer; the work goes on unseen
            log.warning("the client gives no progress: %s", error)
            return Progress(server, None)
        begin = types.WorkDoneProgressBegin(title, cancellable=True, percentage=0)
        server.work_done_progress.begin(token, begin)
        return Progress(server, token)

    def report(self, message: str, percentage: int | None) -> None:
        """Say how far the work is."""
        if self._token is not None:
            value = types.WorkDoneProgressReport(message=message, percentage=percentage)
            self._server.work_done_progress.report(self._token, value)

    def is_cancelled(self) -> bool:
        """Whether the user wants it to stop."""
        if self._token is None:
            return False
        future = self._server.work_done_progress.tokens.get(self._token)
        return future is not None and future.cancelled()

    def end(self) -> None:
        """The work is over, or given up."""
        if self._token is not None:
            self._server.work_done_progress.end(self._token, types.WorkDoneProgressEnd())
