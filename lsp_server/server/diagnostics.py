"""Diagnostics, pushed and pulled; both say the same.

A client that pulls is not pushed anything about open files, or it would show everything twice.
Files that are not open are spoken of once the whole project was checked on demand.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.project.workspace import Workspace
from lsp_server.server.convert import Plain, to_path
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

PART = 50  # files in one partial result


@dataclass
class Mode:
    """How this client hears of findings, and what it has heard."""

    pulls: bool = False
    pulls_workspace: bool = False  # it has asked for the whole workspace at least once
    whole_project: bool = False  # the user has asked for the findings of all files
    # By URI: the version and a digest of what was pushed last, and a digest of what was pulled.
    pushed: dict[str, tuple[int | None, str]] = field(default_factory=dict)
    pulled: dict[str, str] = field(default_factory=dict)
    refresh_wanted: bool = False


def result_id(diagnostics: list[Plain]) -> str:
    """The same for the same diagnostics."""
    return hashlib.blake2b(json.dumps(diagnostics).encode(), digest_size=8).hexdigest()


def uri_of(server: RetortServer, place: Place) -> str:
    """The URI under which the client knows a file."""
    return server.session.uri(place.workspace, place.path)


def changed(server: RetortServer, place: Place) -> None:
    """The findings of a file may have changed."""
    mode = server.mode
    if not place.workspace.ready:
        return
    if not mode.pulls and place.is_open:
        if not server.scheduler.is_pending(place):  # else its check will speak of the new text
            _push(server, place, server.session.diagnostics(place))
    elif place.is_open or mode.pulls_workspace:
        known = mode.pulled.get(uri_of(server, place))
        if known != result_id(_shown(server, place)):
            _refresh(server)
    else:
        _push(server, place, _shown(server, place))


def edited(server: RetortServer, place: Place) -> None:
    """An open file was checked after an edit. A client that pulls asks by itself then."""
    if not server.mode.pulls:
        changed(server, place)


def _shown(server: RetortServer, place: Place) -> list[Plain]:
    """What the client is to show of a file."""
    whole = server.mode.whole_project and not server.session.is_guest(place.workspace)
    if place.is_open or whole:
        return server.session.diagnostics(place)
    return []


def _push(server: RetortServer, place: Place, diagnostics: list[Plain]) -> None:
    mode, uri = server.mode, uri_of(server, place)
    document = place.workspace.open.get(place.path)
    version = None if document is None else document.version
    said = (version, result_id(diagnostics))
    if mode.pushed.get(uri) == said or not (diagnostics or document or uri in mode.pushed):
        return
    params: dict[str, Any] = {"uri": uri, "diagnostics": diagnostics}
    if version is not None:
        params["version"] = version
    server.protocol.notify_plain(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)
    if diagnostics or document:
        mode.pushed[uri] = said
    else:
        mode.pushed.pop(uri, None)


def _take_back(server: RetortServer, uri: str) -> None:
    """Remove what was pushed for a file."""
    if server.mode.pushed.pop(uri, None) is not None:
        params = {"uri": uri, "diagnostics": []}
        server.protocol.notify_plain(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)


def _refresh(server: RetortServer) -> None:
    """Ask a pulling client to pull again, once for all changes of this turn of the loop."""
    mode = server.mode
    if not mode.refresh_wanted:
        mode.refresh_wanted = True
        asyncio.get_running_loop().call_later(0.02, _send_refresh, server)


def _send_refresh(server: RetortServer) -> None:
    server.mode.refresh_wanted = False
    server.protocol.send_request(types.WORKSPACE_DIAGNOSTIC_REFRESH)


def opened(server: RetortServer, place: Place) -> None:
    """A file was opened: from now on a pulling client asks for it itself."""
    if server.mode.pulls:
        _take_back(server, uri_of(server, place))


def closed(server: RetortServer, place: Place, uri: str) -> None:
    """A file was closed: its squiggles go, unless the whole project is shown."""
    server.mode.pulled.pop(uri, None)
    if uri != uri_of(server, place) or not server.mode.whole_project:
        _take_back(server, uri)
    changed(server, place)


def dropped(server: RetortServer, workspace: Workspace) -> None:
    """A project was closed, or its folder: nothing of its closed files is shown any more."""
    for uri in _pushed_closed(server):
        file = to_path(uri)
        if file is not None and file.is_relative_to(workspace.root):
            _take_back(server, uri)


def publish_closed(server: RetortServer) -> None:
    """Speak of every file that is not open, after the user has asked for it."""
    mode = server.mode
    mode.whole_project = True
    if mode.pulls_workspace:
        _refresh(server)
        return
    places = {uri_of(server, place): place for place in _closed_places(server)}
    for uri in _pushed_closed(server):
        if uri not in places:
            _take_back(server, uri)
    for place in places.values():
        _push(server, place, server.session.diagnostics(place))


def forget_closed(server: RetortServer) -> None:
    """Take back what was said of files that are not open."""
    for uri in _pushed_closed(server):
        _take_back(server, uri)


def _pushed_closed(server: RetortServer) -> list[str]:
    """The URIs of files that are not open and of which something was pushed."""
    opened = set(server.session.uris.values())
    return [uri for uri in server.mode.pushed if uri not in opened]


def _closed_places(server: RetortServer) -> Iterator[Place]:
    for workspace in server.session.workspaces.values():
        for path in server.session.paths_to_show(workspace):
            if path not in workspace.open:
                yield Place(workspace, path)


def register(server: RetortServer) -> None:
    """Register the requests of pulling clients."""
    options = types.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=True, identifier="retort"
    )

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def pull(params: types.DocumentDiagnosticParams) -> Plain:
        place = await server.ready_place(params.text_document.uri)
        if place is None:
            return {"kind": "full", "items": []}
        report = _report(server, place, params.previous_result_id)
        server.mode.pulled[uri_of(server, place)] = report["resultId"]
        return report

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def pull_workspace(params: types.WorkspaceDiagnosticParams) -> Plain:
        mode = server.mode
        if not mode.pulls_workspace:
            mode.pulls_workspace = True
            forget_closed(server)
        known = {one.uri: one.value for one in params.previous_result_ids}
        items = [
            _workspace_report(server, place, known.pop(uri_of(server, place), None))
            for place in _workspace_places(server)
        ]
        for uri, previous in known.items():  # what the client still shows, and is no more
            gone: Plain = {"kind": "full", "resultId": result_id([]), "items": []}
            if previous == result_id([]):
                gone = {"kind": "unchanged", "resultId": previous}
            items.append({**gone, "uri": uri, "version": None})
        token = params.partial_result_token
        if token is None:
            return {"items": items}
        for start in range(0, len(items), PART):
            value = {"items": items[start : start + PART]}
            server.protocol.notify_plain("$/progress", {"token": token, "value": value})
        return {"items": []}


def _workspace_places(server: RetortServer) -> Iterator[Place]:
    """The open files, and with the whole project shown all that have findings."""
    yield from server.session.open_places()
    if server.mode.whole_project:
        yield from _closed_places(server)


def _workspace_report(server: RetortServer, place: Place, previous: str | None) -> Plain:
    document = place.workspace.open.get(place.path)
    version = None if document is None else document.version
    report = _report(server, place, previous)
    if not place.is_open:  # of an open file VS Code believes only what it has asked for alone
        server.mode.pulled[uri_of(server, place)] = report["resultId"]
    return {**report, "uri": uri_of(server, place), "version": version}


def _report(server: RetortServer, place: Place, previous: str | None) -> Plain:
    server.scheduler.ensure(place)
    diagnostics = _shown(server, place)
    digest = result_id(diagnostics)
    if digest == previous:
        return {"kind": "unchanged", "resultId": digest}
    return {"kind": "full", "resultId": digest, "items": diagnostics}
