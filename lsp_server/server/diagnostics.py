"""Diagnostics, pushed and pulled; both say the same.

A client that pulls is not pushed anything about open files, or it would show everything twice.
Files that are not open are spoken of once the whole project was checked on demand.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.server.convert import Plain
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer


@dataclass
class Mode:
    """How this client hears of findings."""

    pulls: bool = False
    pulls_workspace: bool = False  # it has asked for the whole workspace at least once
    whole_project: bool = False  # the user has asked for the findings of all files
    published: dict[str, str] = field(default_factory=dict)  # URI -> digest of what was pushed
    refresh_wanted: bool = False


def choose_mode(server: RetortServer) -> None:
    """Decide by the client's capabilities."""
    server.mode.pulls = server.session.features.pull_diagnostics


def result_id(diagnostics: list[Plain]) -> str:
    """The same for the same diagnostics."""
    return hashlib.blake2b(json.dumps(diagnostics).encode(), digest_size=8).hexdigest()


def changed(server: RetortServer, place: Place) -> None:
    """The findings of a file may have changed."""
    state = server.mode
    is_open = place.path in place.workspace.open
    if state.pulls and is_open:
        _refresh(server)
        return
    if not is_open and (state.pulls_workspace or not state.whole_project):
        if server.session.uri(place) in state.published:
            _push(server, place, [])
        return
    _push(server, place, server.session.diagnostics(place))


def _push(server: RetortServer, place: Place, diagnostics: list[Plain]) -> None:
    state = server.mode
    uri = server.session.uri(place)
    document = place.workspace.open.get(place.path)
    version = None if document is None else document.version
    digest = result_id(diagnostics)
    if not diagnostics and uri not in state.published and version is None:
        return
    if document is None and state.published.get(uri) == digest:
        return
    params: dict[str, Any] = {"uri": uri, "diagnostics": diagnostics}
    if version is not None:
        params["version"] = version
    server.protocol.notify_plain(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)
    if diagnostics or document is not None:
        state.published[uri] = digest
    else:
        state.published.pop(uri, None)


def _refresh(server: RetortServer) -> None:
    """Ask a pulling client to pull again, once for all changes of this turn of the loop."""
    state = server.mode
    if not server.session.features.refresh_diagnostics or state.refresh_wanted:
        return
    state.refresh_wanted = True
    asyncio.get_running_loop().call_later(0.02, _send_refresh, server)


def _send_refresh(server: RetortServer) -> None:
    server.mode.refresh_wanted = False
    server.protocol.send_request(types.WORKSPACE_DIAGNOSTIC_REFRESH)


def opened(server: RetortServer, place: Place) -> None:
    """A file was opened: from now on a pulling client asks for it itself."""
    state = server.mode
    uri = server.session.uri(place)
    if state.pulls and state.published.pop(uri, None) is not None:
        params = {"uri": uri, "diagnostics": []}
        server.protocol.notify_plain(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)


def closed(server: RetortServer, place: Place) -> None:
    """A file was closed: its squiggles go, unless the whole project is shown."""
    state = server.mode
    shown = state.whole_project and not state.pulls_workspace
    _push(server, place, server.session.diagnostics(place) if shown else [])


def publish_closed(server: RetortServer) -> None:
    """Speak of every file that is not open, after the user has asked for it."""
    state = server.mode
    state.whole_project = True
    if state.pulls_workspace:
        _refresh(server)
        return
    for workspace in server.session.workspaces.values():
        for path in workspace.paths_with_findings():
            if path not in workspace.open:
                place = Place(workspace, path)
                _push(server, place, server.session.diagnostics(place))


def register(server: RetortServer) -> None:
    """Register the requests of pulling clients."""
    options = types.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=True, identifier="retort"
    )

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    def pull(params: types.DocumentDiagnosticParams) -> Plain:
        place = server.session.locate(params.text_document.uri)
        if place is None:
            return {"kind": "full", "items": []}
        if server.scheduler.is_pending(place):
            server.scheduler.check_now(place)
        return _report(server, place, params.previous_result_id)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    def pull_workspace(params: types.WorkspaceDiagnosticParams) -> Plain:
        state = server.mode
        state.pulls_workspace = True
        known = {one.uri: one.value for one in params.previous_result_ids}
        items: list[Plain] = []
        for place in _workspace_places(server, set(known)):
            uri = server.session.uri(place)
            report = _report(server, place, known.get(uri))
            document = place.workspace.open.get(place.path)
            version = None if document is None else document.version
            items.append({**report, "uri": uri, "version": version})
        token = params.partial_result_token
        if token is None:
            return {"items": items}
        for start in range(0, len(items), 50):
            value = {"items": items[start : start + 50]}
            server.protocol.notify_plain("$/progress", {"token": token, "value": value})
        return {"items": []}


def _workspace_places(server: RetortServer, known: set[str]) -> list[Place]:
    """The files that a workspace report speaks of: those the client still knows, and with the whole
    project shown all that have findings."""
    session = server.session
    places = list(session.open_places())
    if server.mode.whole_project:
        places += [
            Place(workspace, path)
            for workspace in session.workspaces.values()
            for path in sorted(workspace.paths_with_findings())
            if path not in workspace.open
        ]
    spoken = {session.uri(place) for place in places}
    places += [place for uri in known - spoken if (place := session.locate(uri)) is not None]
    return places


def _report(server: RetortServer, place: Place, previous: str | None) -> Plain:
    is_open = place.path in place.workspace.open
    shown = is_open or server.mode.whole_project
    diagnostics = server.session.diagnostics(place) if shown else []
    digest = result_id(diagnostics)
    if digest == previous:
        return {"kind": "unchanged", "resultId": digest}
    return {"kind": "full", "resultId": digest, "items": diagnostics}
