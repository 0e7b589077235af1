"""Commands of the workspace: check it, fix it, explain a rule, show the supervision tree, restart,
clear the cache."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.facts.processes.supervision_tree import Member, supervision_trees
from lsp_server.lint.finding import Finding
from lsp_server.project.cache import Cache, clear_cache
from lsp_server.project.fixing import Fixer
from lsp_server.project.workspace import Workspace
from lsp_server.report.pages import page, rule_path, write_pages
from lsp_server.report.tree import FORMAT, FORMATS, plain, render
from lsp_server.server import diagnostics
from lsp_server.server.code_actions import (
    EXPLAIN_RULE,
    NotPossible,
    outcome_edit,
    wanted_by_fix_all,
)
from lsp_server.server.convert import Plain, joined, to_range, to_uri
from lsp_server.server.progress import Progress
from lsp_server.severity import Severity
from lsp_server.text import Span

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

CHECK = "retort.checkWorkspace"
FIX = "retort.fixWorkspace"
RESTART = "retort.restart"
CLEAR = "retort.clearCache"
TREE = "retort.supervisionTree"


def register(server: RetortServer) -> None:
    """Register the commands."""

    @server.command(CHECK)
    async def check_workspace(*_: Any) -> Plain:
        found: list[list[Finding]] = []  # of each file
        for workspace in list(server.session.workspaces.values()):
            if not await _check(server, workspace):
                server.show("Retort's check was cancelled.")
                return {**_summary([]), "cancelled": True}
            found += map(workspace.findings, server.session.paths_to_show(workspace))
        diagnostics.publish_closed(server)
        summary = _summary(found)
        if not server.session.features.progress:
            server.show(summary["sentence"])
        return {**summary, "cancelled": False}

    @server.command(FIX)
    async def fix_workspace(*_: Any) -> Plain:
        applied, edits = 0, list[Plain]()
        for workspace in list(server.session.workspaces.values()):
            if not await _check(server, workspace):
                return {"applied": 0}
            fixed = await _fix(server, workspace)
            if fixed is not None:
                applied += fixed[0]
                edits.append(fixed[1])
        if not await _apply(server, joined(edits)):
            applied = 0
        server.show(f"Retort applied {applied} safe fix{'' if applied == 1 else 'es'}.")
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
        else:
            server.show(f"{rule}: see {rule_path(rule)}")
        return {"rule": rule, "markdown": text, "uri": uri}

    @server.command(TREE)
    async def supervision_tree(*given: Any) -> Plain:
        """Answers `{"format", "text", "trees"}`: the trees of all projects, or of the one that a
        file or folder belongs to, in the format asked for, and as data with locations."""
        style, uri = (*map(str, given), "text", "")[:2] if given else ("text", "")
        if style not in FORMATS:
            server.show(f"Retort draws no tree as `{style}`.", types.MessageType.Warning)
            style = FORMATS[0]
        place = server.session.locate(uri) if uri else None
        found: list[tuple[Workspace, Member]] = []
        for workspace in list(server.session.workspaces.values()):
            if place is None or workspace is place.workspace:
                if not workspace.loaded and not await _check(server, workspace):
                    continue
                server.scheduler.settle_pending(workspace)
                found += ((workspace, tree) for tree in supervision_trees(workspace.index))
        trees = [
            tree
            for workspace, member in found
            for tree in plain([member], partial(_location, server, workspace))
        ]
        text = json.dumps({"version": FORMAT, "trees": trees}, indent=2)
        if style != "json":
            text = render([member for _, member in found], style)
        return {"format": style, "text": text, "trees": trees}

    @server.command(RESTART)
    async def restart(*_: Any) -> None:
        session = server.session
        server.cancel_tasks()
        diagnostics.forget_closed(server)
        server.mode.whole_project = False
        for root, old in list(session.workspaces.items()):
            server.scheduler.drop(old)
            workspace = session.workspaces[root] = Workspace(root, session.settings_of(root))
            workspace.ready = root in session.loose
            for path, document in old.open.items():
                workspace.open_document(path, document.source, document.version)
            if not workspace.ready:
                server.loader.read(workspace)

    @server.command(CLEAR)
    def clear(*_: Any) -> Plain:
        cleared = 0
        for root, workspace in server.session.workspaces.items():
            workspace.scanned = Cache()
            cleared += clear_cache(root)
        return {"cleared": cleared}


def _location(server: RetortServer, workspace: Workspace, path: str, span: Span) -> Plain:
    """The protocol's location of some bytes of a file."""
    document = workspace.document(path)
    if document is None:
        return {"uri": server.session.uri(workspace, path)}
    encoding = server.session.features.encoding
    uri = server.session.uri(workspace, path)
    return {"uri": uri, "range": to_range(document, span, encoding)}


async def _check(server: RetortServer, workspace: Workspace) -> bool:
    """Check a project as it is now; False where the user has cancelled it."""
    if workspace.root in server.session.loose:
        return True
    server.scheduler.settle_pending(workspace)
    done = await server.loader.check(workspace, "Retort checks the project")
    server.scheduler.recheck(workspace)
    return done


async def _fix(server: RetortServer, workspace: Workspace) -> tuple[int, Plain] | None:
    """How many safe fixes a project has, and the edit that makes them."""
    progress = Progress.begin(server, "Retort fixes the project")
    try:
        fixer = Fixer(workspace)
        paths = server.session.paths_to_show(workspace)
        for count in fixer.run(paths, wanted_by_fix_all(server)):
            progress.report(f"{count} fixes", None)
            await asyncio.sleep(0)
            if progress.is_cancelled():
                return None
    finally:
        progress.end()
    try:
        edit = outcome_edit(server, workspace, fixer.outcome)
    except NotPossible as reason:
        server.show(str(reason), types.MessageType.Warning)
        return None
    return None if edit is None else (len(fixer.outcome.applied), edit)


async def _apply(server: RetortServer, edit: Plain | None) -> bool:
    """Have the client apply an edit; whether it did."""
    if edit is None:
        return False
    if not server.session.features.apply_edit:
        server.show("The editor cannot apply edits; run `retort check --fix`.")
        return False
    params = {"label": "Retort: fix all", "edit": edit}
    try:
        answer = await server.protocol.request_plain(types.WORKSPACE_APPLY_EDIT, params)
        applied, reason = bool(answer.applied), answer.failure_reason or "no reason given"
    except JsonRpcException as error:
        applied, reason = False, str(error)
    if not applied:
        server.show(f"The editor did not apply the fixes: {reason}", types.MessageType.Warning)
        return False
    return True


def _summary(found: list[list[Finding]]) -> Plain:
    findings = [finding for of_file in found for finding in of_file]
    severities = Counter(finding.severity for finding in findings)
    files = sum(map(bool, found))
    return {
        "sentence": _sentence(severities, files),
        "findings": len(findings),
        "files": files,
        "severities": {one.label: count for one in Severity if (count := severities[one])},
        "packs": dict(Counter(finding.rule.partition("/")[0] for finding in findings)),
        "rules": dict(Counter(finding.rule for finding in findings)),
    }


def _sentence(severities: Counter[Severity], files: int) -> str:
    """A summary in one line."""
    if not severities:
        return "Retort finds nothing."
    labels = {
        one: one.label if one is Severity.INFORMATION else f"{one.label}s" for one in Severity
    }
    parts = [
        f"{count} {one.label if count == 1 else labels[one]}"
        for one in Severity
        if (count := severities[one])
    ]
    findings = f"{total} findings" if (total := severities.total()) > 1 else "1 finding"
    where = f"{files} files" if files > 1 else "1 file"
    return f"Retort: {findings} in {where} ({', '.join(parts)})."
