"""Open documents: opened, changed, saved, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.config import FILE_NAME
from lsp_server.server import configuration, diagnostics
from lsp_server.server.convert import to_changes, unsaved_path
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer


def register(server: RetortServer) -> None:
    """Register the notifications of text documents."""
    session, scheduler = server.session, server.scheduler

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        if (unsaved := unsaved_path(item.uri, item.language_id)) is not None:
            session.unsaved[item.uri] = unsaved
        found, file = session.locate_or_open(item.uri), session.file(item.uri)
        if found is None or file is None:
            return
        place, unread = found
        session.uris[file] = item.uri
        source = item.text.encode("utf-8", "replace")
        place.workspace.open_document(place.path, source, item.version)
        if unread:
            server.loader.read(place.workspace)
        diagnostics.opened(server, place)
        _settle(server, place)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        place = session.locate(params.text_document.uri)
        document = None if place is None else place.workspace.open.get(place.path)
        if place is None or document is None:
            return
        changes = to_changes(document, params.content_changes, session.features.encoding)
        place.workspace.edit(place.path, changes, params.text_document.version)
        if place.path == FILE_NAME:
            configuration.reread(server, place.workspace)
        else:
            scheduler.note_edit(place)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        place = session.locate(params.text_document.uri)
        if place is not None and place.is_open:
            _settle(server, place)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        place, file = session.locate(uri), session.file(uri)
        if place is None or file is None or not place.is_open:
            return
        scheduler.forget(place)
        session.uris.pop(file, None)
        session.unsaved.pop(uri, None)
        context = place.workspace.context.digest
        place.workspace.close_document(place.path)
        diagnostics.closed(server, place, uri)
        if place.path == FILE_NAME:
            configuration.reread(server, place.workspace)
        gone = session.close_idle(place.workspace.root)
        if gone is not None:
            server.drop(gone)
        else:
            after_change(server, place, context)


def _settle(server: RetortServer, place: Place) -> None:
    if place.path == FILE_NAME:
        configuration.reread(server, place.workspace)
    else:
        server.scheduler.settle(place)


def after_change(server: RetortServer, place: Place, context: bytes) -> None:
    """Do what follows from a change of a file on disk; `context` is the digest before it."""
    workspace = place.workspace
    if workspace.context.digest != context:
        server.scheduler.recheck(workspace)
    server.scheduler.run_project_rules(workspace)


def reread(server: RetortServer, place: Place) -> None:
    """A file that is not open may have changed on disk."""
    context = place.workspace.context.digest
    if place.workspace.changed_on_disk(place.path):
        server.changed(place)
        after_change(server, place, context)
