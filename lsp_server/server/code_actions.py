"""Code actions: the fix of a finding, «Ignore here», «Explain», and fix-all.

Edits are computed when an action is resolved, on the text as it is then; clients that cannot
resolve get them at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.document import Document
from lsp_server.lint.apply import Changes, Overlap, changes
from lsp_server.lint.checker import operations
from lsp_server.lint.finding import Applicability, Edit, Finding
from lsp_server.lint.suppress import ignore_here
from lsp_server.project.fixing import Fixed, Fixer, safe
from lsp_server.project.renew import renewed
from lsp_server.project.workspace import Workspace
from lsp_server.server.convert import Plain, difference, to_span, workspace_edit
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

QUICK_FIX = "quickfix"
FIX_ALL = "source.fixAll.retort"
EXPLAIN_RULE = "retort.explainRule"
TRIED = 16  # fixes that are tried before they are offered; a menu must not wait for more
CONTENT_MODIFIED = -32801  # LSP 3.17, ErrorCodes.ContentModified


class ContentModified(JsonRpcException):
    """The text has changed since the action was offered."""

    CODE = CONTENT_MODIFIED
    MESSAGE = "The text has changed since; ask for the actions again."


class NotPossible(Exception):
    """The finding is still there, but its fix cannot be made; the message is for the user."""


def register(server: RetortServer) -> None:
    """Register the requests for code actions."""
    options = types.CodeActionOptions([QUICK_FIX, FIX_ALL], resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_action(params: types.CodeActionParams) -> list[Plain]:
        place = await server.ready_place(params.text_document.uri)
        document = None if place is None else place.document
        if place is None or document is None:
            return []
        server.scheduler.ensure(place)
        only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
        found: list[Plain] = []
        if _wanted(QUICK_FIX, only):
            span = to_span(document, params.range, server.session.features.encoding)
            touched = [one for one in place.findings if one.span.touches(span)]
            idle = _idle(place, touched) if server.scheduler.is_settled(place.workspace) else ()
            for finding in touched:
                found += _of_finding(server, place, document, finding, finding not in idle)
        if _wanted(FIX_ALL, only) and any(map(wanted_by_fix_all(server), place.findings)):
            data = _data(server, place, document, "fix-all")
            action = {"title": "Fix all that Retort can fix safely", "kind": FIX_ALL}
            found += _offer(server, place, action, data)
        return found

    @server.feature(types.CODE_ACTION_RESOLVE)
    def resolve(action: types.CodeAction) -> Plain:
        plain: Plain = server.protocol.plain(action)
        data = action.data
        if not isinstance(data, dict) or "do" not in data:
            return plain
        place = server.session.locate(str(data.get("uri")))
        try:
            edit = None if place is None else _edit(server, place, data)
        except NotPossible as reason:
            # An error would reach the users of some editors as a number, those of others not at
            # all. Without data, for Eglot resolves what has data and no edit again and again.
            server.show(str(reason))
            return {name: value for name, value in plain.items() if name != "data"}
        if edit is None:
            raise ContentModified()
        return {**plain, "edit": edit}


def _idle(place: Place, findings: list[Finding]) -> list[Finding]:
    """Those of a few findings whose fixes come to nothing on the text as it is. A project rule sees
    facts alone, and does not know in advance what its fix will say to the text."""
    fixable = [one for one in findings if one.fix is not None][:TRIED]
    known = {(one.rule, one.fingerprint): one for one in fixable}
    workspace = place.workspace
    fresh = renewed(workspace, {(place.path, *identity) for identity in known})
    snapshot = workspace.snapshot
    return [known[one.rule, one.fingerprint] for one in fresh if not operations(one, snapshot)]


def _wanted(kind: str, only: list[str]) -> bool:
    if not only:
        return kind == QUICK_FIX
    return any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def wanted_by_fix_all(server: RetortServer) -> Callable[[Finding], bool]:
    """Which fixes belong to fix-all: safe ones that the client can carry out."""
    features = server.session.features
    files = features.create_files and features.rename_files

    def wanted(finding: Finding) -> bool:
        return safe(finding) and (files or not (finding.fix and finding.fix.needs_files))

    return wanted


def _data(server: RetortServer, place: Place, document: Document, do: str) -> Plain:
    """What an action carries so that it can be resolved later."""
    uri = server.session.uri(place.workspace, place.path)
    return {"do": do, "uri": uri, "version": document.version}


def _of_finding(
    server: RetortServer, place: Place, document: Document, finding: Finding, is_fixable: bool
) -> list[Plain]:
    session = server.session
    features = session.features
    base: Plain = {
        "kind": QUICK_FIX,
        "diagnostics": [session.diagnostic(place, finding, document)],
    }
    identity = {"rule": finding.rule, "fingerprint": finding.fingerprint}
    found: list[Plain] = []
    fix = finding.fix
    files = features.create_files and features.rename_files
    if fix is not None and is_fixable and (files or not fix.needs_files):
        action: Plain = {**base, "title": fix.title}
        if features.code_action_preferred:
            action["isPreferred"] = fix.applicability is Applicability.SAFE
        data = {**_data(server, place, document, "fix"), **identity}
        found += _offer(server, place, action, data)
    if finding.rule in place.workspace.registry:
        data = {**_data(server, place, document, "ignore"), **identity}
        found += _offer(server, place, {**base, "title": f"Ignore {finding.rule} here"}, data)
    title = f"Explain {finding.rule}"
    command = {"title": title, "command": EXPLAIN_RULE, "arguments": [finding.rule]}
    found.append({**base, "title": title, "command": command})
    return found


def _offer(server: RetortServer, place: Place, action: Plain, data: Plain) -> list[Plain]:
    """The action with its edit, or with what computes it later."""
    if server.session.features.code_action_resolve:
        return [{**action, "data": data}]
    try:
        edit = _edit(server, place, data)
    except NotPossible:
        return []
    return [] if edit is None else [{**action, "edit": edit}]


def _edit(server: RetortServer, place: Place, data: Plain) -> Plain | None:
    """The WorkspaceEdit of an action; None where the text it was offered for is gone.

    Raises NotPossible.
    """
    document, workspace = place.document, place.workspace
    if document is None or document.version != data.get("version"):
        return None
    server.scheduler.settle_pending(workspace)
    if data["do"] == "fix-all":
        fixer = Fixer(workspace)
        for _ in fixer.run([place.path], wanted_by_fix_all(server)):
            pass
        if not fixer.outcome.applied:
            raise NotPossible("No safe fix has anything to change here.")
        return outcome_edit(server, workspace, fixer.outcome)
    identity = (place.path, str(data.get("rule")), str(data.get("fingerprint")))
    finding = next(iter(renewed(workspace, [identity])), None)
    if finding is None:
        return None
    if data["do"] == "ignore":
        return _to_edit(server, workspace, changes(ignore_here(document, finding)))
    try:
        todo = changes(operations(finding, workspace.snapshot))
    except Overlap:
        todo = Changes()
    if not todo.paths:
        raise NotPossible(
            "This fix has nothing to change here; "
            f"the page of {finding.rule} says what can be done by hand."
        )
    fix = finding.fix
    to_review = fix is not None and fix.applicability is Applicability.REVIEW
    annotation = fix.title if fix is not None and to_review else ""
    return _to_edit(server, workspace, todo, annotation)


def _to_edit(
    server: RetortServer, workspace: Workspace, todo: Changes, annotation: str = ""
) -> Plain | None:
    """Raises NotPossible where a file is to come into a folder, or go from one, that cannot be
    written: editors leave such a file out and say nothing."""

    def uri(path: str) -> str:
        return server.session.uri(workspace, path)

    for path in (*todo.created, *todo.renamed, *todo.renamed.values()):
        folder = (workspace.root / path).parent
        while not folder.exists() and folder != workspace.root:
            folder = folder.parent
        if not os.access(folder, os.W_OK):
            raise NotPossible(f"`{path}` cannot be written: the folder `{folder}` is read-only.")
    features = server.session.features
    return workspace_edit(
        todo, read=workspace.document, uri=uri, features=features, annotation=annotation
    )


def outcome_edit(server: RetortServer, workspace: Workspace, outcome: Fixed) -> Plain | None:
    """The WorkspaceEdit that brings a fixer's outcome about; None if there is nothing to do, or if
    a text is no longer what the outcome was made from. Raises NotPossible."""
    edits: dict[str, tuple[Edit, ...]] = {}
    created: dict[str, str] = {}
    for path, text in outcome.texts.items():
        origin = outcome.origin(path)
        if path in outcome.created:
            created[path] = text.decode("utf-8", "replace")
            continue
        document, before = workspace.document(origin), outcome.before.get(origin)
        if document is None or document.source != before:
            return None
        if before != text:
            edits[origin] = tuple(difference(before, text))
    todo = Changes(edits, created, outcome.renamed)
    return _to_edit(server, workspace, todo) if todo.paths else None
