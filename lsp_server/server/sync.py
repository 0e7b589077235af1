"""Open documents: opened, changed, saved, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.config import FILE_NAME
from lsp_server.server import configuration, diagnostics
from lsp_server.server.convert import to_changes, to_path
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer


def register(server: RetortServer) -> None:
    """Register the notifications of text documents."""
    session, scheduler = server.session, server.scheduler

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        known = len(session.workspaces)
        place = session.locate(item.uri, create=True)
        file = to_path(item.uri)
        if place is None or file is None:
            return
        session.uris[file] = item.uri
        source = item.text.encode("utf-8", "replace")
        place.workspace.open_document(place.path, source, item.version)
        if len(session.workspaces) > known:
            from lsp_server.server.server import load

            server.start(load(server, place.workspace))
        diagnostics.opened(server, place)
        scheduler.check_now(place)
        scheduler.settle(place)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        place = session.locate(params.text_document.uri)
        document = None if place is None else place.workspace.open.get(place.path)
        if place is None or document is None:
            return
        encoding = session.features.encoding
        changes = to_changes(document, params.content_changes, encoding)
        place.workspace.edit(place.path, changes, params.text_document.version)
        scheduler.edited(place)
        if place.path == FILE_NAME:
            configuration.reread(server, place.workspace)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        place = session.locate(params.text_document.uri)
        if place is not None and place.path in place.workspace.open:
            scheduler.check_now(place)
            scheduler.settle(place)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        place = session.locate(params.text_document.uri)
        if place is None:
            return
        scheduler.forget(place)
        place.workspace.close_document(place.path)
        diagnostics.closed(server, place)
        file = to_path(params.text_document.uri)
        if file is not None:
            session.uris.pop(file, None)
        scheduler.run_project_rules(place.workspace)


def reread(server: RetortServer, place: Place) -> None:
    """A file that is not open may have changed on disk."""
    workspace = place.workspace
    before = workspace.context.digest
    if not workspace.changed_on_disk(place.path):
        return
    server.changed(place)
    if workspace.context.digest != before:
        server.scheduler.recheck(workspace)
    server.scheduler.run_project_rules(workspace)
