"""The language server: one object that holds the session, and the features registered on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from lsp_server import __version__
from lsp_server.lint.registry import registry
from lsp_server.project.workspace import Workspace
from lsp_server.report.pages import write_pages
from lsp_server.server import (
    code_actions,
    commands,
    configuration,
    diagnostics,
    hover,
    symbols,
    sync,
    watched_files,
)
from lsp_server.server.convert import to_path
from lsp_server.server.features import Features
from lsp_server.server.garbage import keep_what_is_loaded
from lsp_server.server.loading import Loader
from lsp_server.server.protocol import RetortProtocol
from lsp_server.server.scheduler import Scheduler
from lsp_server.server.session import Place, Session

log = logging.getLogger(__name__)
READY_WITHIN = 60.0  # seconds that a request waits for the project's context


class RetortServer(LanguageServer):
    """A pygls server with Retort's session and scheduler."""

    protocol: RetortProtocol

    def __init__(self) -> None:
        super().__init__(
            "retort",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            protocol_cls=RetortProtocol,
            max_workers=2,
        )
        self.session = Session()
        self.mode = diagnostics.Mode()
        self.scheduler = Scheduler(self.changed, lambda place: diagnostics.edited(self, place))
        self.loader = Loader(self)
        self.folders: list[Path] = []  # to be opened after the handshake
        self._tasks: set[asyncio.Task[Any]] = set()

    def changed(self, place: Place) -> None:
        """The findings of a file may have changed: tell the client in its way."""
        diagnostics.changed(self, place)

    async def ready_place(self, uri: str) -> Place | None:
        """The file behind a URI, once enough of its project is known to speak of it."""
        place = self.session.locate(uri)
        if place is not None:
            deadline = asyncio.get_running_loop().time() + READY_WITHIN
            while not place.workspace.ready and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.01)
        return place

    def drop(self, workspace: Workspace) -> None:
        """A project was closed."""
        self.scheduler.drop(workspace)
        diagnostics.dropped(self, workspace)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong. pygls would show it to the user, at every keystroke if need be."""
        if not isinstance(error, JsonRpcException):  # those are answers
            log.error("%s: %s", getattr(source, "__name__", source), error)

    @property
    def was_shut_down(self) -> bool:
        """Whether the client has sent `shutdown`."""
        return self.protocol.was_shut_down

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine beside the messages; what it raises is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background work failed", exc_info=task.exception())

    def cancel_tasks(self) -> None:
        """Stop all background work."""
        for task in list(self._tasks):
            task.cancel()

    def show(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Show the user a message."""
        self.window_show_message(types.ShowMessageParams(kind, message))


def make_server() -> RetortServer:
    """A server with all features, not yet connected to anything."""
    server = RetortServer()
    register: Callable[[RetortServer], None]
    for register in (
        _lifecycle,
        sync.register,
        watched_files.register,
        configuration.register,
        diagnostics.register,
        code_actions.register,
        commands.register,
        hover.register,
        symbols.register,
    ):
        register(server)
    return server


def _lifecycle(server: RetortServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        encoding = server.protocol.workspace.position_encoding
        session = server.session
        session.features = Features.of(params, str(getattr(encoding, "value", encoding)))
        session.options = configuration.overrides_in(params.initialization_options)
        session.overrides = session.options
        server.folders = _folders(params)
        server.mode.pulls = session.features.pull_diagnostics
        if not server.mode.pulls:
            for method in (types.TEXT_DOCUMENT_DIAGNOSTIC, types.WORKSPACE_DIAGNOSTIC):
                server.protocol.fm.features.pop(method, None)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        load_rules()
        for folder in server.folders:
            server.session.add_folder(folder)
        server.start(_begin(server))

    @server.feature(types.SHUTDOWN)
    def shutdown(*_: object) -> None:
        for workspace in server.session.workspaces.values():
            server.scheduler.drop(workspace)
        server.cancel_tasks()


def load_rules() -> None:
    """Load the rules and take all that is loaded out of the garbage collector's rounds.

    A third of a second, for which the answer to `initialize` does not wait.
    """
    registry()
    keep_what_is_loaded()


def _folders(params: types.InitializeParams) -> list[Path]:
    uris = [folder.uri for folder in params.workspace_folders or ()]
    if not uris and params.root_uri:
        uris = [params.root_uri]
    folders = [folder for uri in uris if (folder := to_path(uri)) is not None]
    if not folders and params.root_path:
        folders = [Path(params.root_path)]
    return [folder for folder in folders if folder.is_dir()]


async def _begin(server: RetortServer) -> None:
    """After the handshake: register what the client wants registered, then read the projects."""
    write_pages()
    watched_files.watch(server)
    configuration.watch(server)
    await configuration.pull(server)
    for workspace in server.session.workspaces.values():
        server.loader.read(workspace)
