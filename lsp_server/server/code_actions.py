"""Code actions: the fix of a finding, «Ignore here», «Explain», and fix-all.

Edits are computed when an action is resolved, on the text as it is then; clients that cannot
resolve get them at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.config import FILE_NAME
from lsp_server.lint.apply import Overlap, changes
from lsp_server.lint.checker import operations
from lsp_server.lint.finding import Applicability, Edit, Finding
from lsp_server.lint.suppress import ignore_here
from lsp_server.project.fixing import Fixed, Fixer, safe
from lsp_server.project.workspace import Workspace
from lsp_server.server.convert import (
    Plain,
    difference,
    to_diagnostic,
    to_span,
    workspace_edit,
)
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

QUICK_FIX = "quickfix"
FIX_ALL = "source.fixAll.retort"
EXPLAIN_RULE = "retort.explainRule"
CONTENT_MODIFIED = -32801  # LSP 3.17, ErrorCodes.ContentModified


class ContentModified(JsonRpcException):
    """The text has changed since the action was offered."""

    CODE = CONTENT_MODIFIED
    MESSAGE = "The text has changed since; ask for the actions again."


def register(server: RetortServer) -> None:
    """Register the requests for code actions."""
    options = types.CodeActionOptions([QUICK_FIX, FIX_ALL], resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    def code_action(params: types.CodeActionParams) -> list[Plain]:
        place = server.session.locate(params.text_document.uri)
        if place is None or place.document is None:
            return []
        if server.scheduler.is_pending(place):
            server.scheduler.check_now(place)
        only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
        found: list[Plain] = []
        if _wanted(QUICK_FIX, only):
            span = to_span(place.document, params.range, server.session.features.encoding)
            near = [one for one in place.findings if one.span.touches(span)]
            for finding in near:
                found += _of_finding(server, place, finding)
        if _wanted(FIX_ALL, only) and any(safe(one) for one in place.findings):
            found += _fix_all(server, place)
        return found

    @server.feature(types.CODE_ACTION_RESOLVE)
    def resolve(action: types.CodeAction) -> Plain:
        data = action.data
        if not isinstance(data, dict):
            return _plain(action)
        place = server.session.locate(str(data.get("uri")))
        edit = None if place is None else _edit(server, place, data)
        if edit is None:
            raise ContentModified()
        return {**_plain(action), "edit": edit}


def _plain(action: types.CodeAction) -> Plain:
    return {
        "title": action.title,
        "kind": str(getattr(action.kind, "value", action.kind)),
        "data": action.data,
    }


def _wanted(kind: str, only: list[str]) -> bool:
    if not only:
        return kind == QUICK_FIX
    return any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def _of_finding(server: RetortServer, place: Place, finding: Finding) -> list[Plain]:
    session = server.session
    features = session.features
    document = place.document
    assert document is not None
    root, read = place.workspace.root, place.workspace.document
    diagnostic = to_diagnostic(finding, document, root, read, features)
    base = {
        "uri": session.uri(place),
        "rule": finding.rule,
        "fingerprint": finding.fingerprint,
        "version": document.version,
    }
    found: list[Plain] = []
    fix = finding.fix
    if fix is not None and (features.create_files or not fix.needs_files):
        action: Plain = {"title": fix.title, "kind": QUICK_FIX, "diagnostics": [diagnostic]}
        if features.code_action_preferred:
            action["isPreferred"] = fix.applicability is Applicability.SAFE
        found += _offer(server, place, action, {**base, "do": "fix"})
    if place.path != FILE_NAME and not finding.rule.startswith("retort/"):
        ignore = {
            "title": f"Ignore {finding.rule} here",
            "kind": QUICK_FIX,
            "diagnostics": [diagnostic],
        }
        found += _offer(server, place, ignore, {**base, "do": "ignore"})
    command = {"title": f"Explain {finding.rule}", "command": EXPLAIN_RULE}
    found.append(
        {
            "title": f"Explain {finding.rule}",
            "kind": QUICK_FIX,
            "diagnostics": [diagnostic],
            "command": {**command, "arguments": [finding.rule]},
        }
    )
    return found


def _fix_all(server: RetortServer, place: Place) -> list[Plain]:
    document = place.document
    assert document is not None
    action: Plain = {"title": "Fix all that Retort can fix safely", "kind": FIX_ALL}
    data = {"uri": server.session.uri(place), "do": "fix-all", "version": document.version}
    return _offer(server, place, action, data)


def _offer(server: RetortServer, place: Place, action: Plain, data: Plain) -> list[Plain]:
    """The action with its edit, or with what computes it later."""
    if server.session.features.code_action_resolve:
        return [{**action, "data": data}]
    edit = _edit(server, place, data)
    return [] if edit is None else [{**action, "edit": edit}]


def _edit(server: RetortServer, place: Place, data: Plain) -> Plain | None:
    """The WorkspaceEdit of an action; None where the text it was offered for is gone."""
    document = place.document
    if document is None or document.version != data.get("version"):
        return None
    server.scheduler.settle_all(place.workspace)
    if data.get("do") == "fix-all":
        return fix_all_edit(server, place)
    finding = place.workspace.fresh(place.path, str(data["rule"]), str(data["fingerprint"]))
    if finding is None:
        return None
    if data.get("do") == "ignore":
        return _to_edit(server, place.workspace, {place.path: ignore_here(document, finding)})
    try:
        todo = changes(operations(finding, place.workspace.snapshot))
    except Overlap:
        return None
    if not todo.paths:
        return None
    review = finding.fix is not None and finding.fix.applicability is Applicability.REVIEW
    return workspace_edit(
        todo.edits,
        todo.created,
        todo.renamed,
        root=place.workspace.root,
        read=place.workspace.document,
        features=server.session.features,
        annotation=finding.fix.title if finding.fix is not None and review else "",
    )


def _to_edit(
    server: RetortServer, workspace: Workspace, edits: dict[str, list[Edit]]
) -> Plain | None:
    return workspace_edit(
        edits,
        {},
        {},
        root=workspace.root,
        read=workspace.document,
        features=server.session.features,
    )


def fix_all_edit(server: RetortServer, place: Place) -> Plain | None:
    """All safe fixes of one file, to a fixed point."""
    fixer = Fixer(place.workspace)
    for _ in fixer.run([place.path], safe):
        pass
    return outcome_edit(server, place.workspace, fixer.outcome)


def outcome_edit(server: RetortServer, workspace: Workspace, outcome: Fixed) -> Plain | None:
    """The WorkspaceEdit that brings a fixer's outcome about; None if there is nothing to do."""
    edits: dict[str, list[Edit]] = {}
    created: dict[str, str] = {}
    renamed_from = {new: old for old, new in outcome.renamed.items()}
    for path, text in outcome.texts.items():
        before = workspace.document(renamed_from.get(path, path))
        if before is None:
            created[path] = text.decode("utf-8", "replace")
        elif before.source != text:
            edits[before.path] = difference(before.source, text)
    if not edits and not created and not outcome.renamed:
        return None
    return workspace_edit(
        edits,
        created,
        outcome.renamed,
        root=workspace.root,
        read=workspace.document,
        features=server.session.features,
    )
