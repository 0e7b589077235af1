"""Files that change outside of the editor, and folders that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.config import FILE_NAME
from lsp_server.project.files import is_project_file
from lsp_server.project.workspace import Workspace
from lsp_server.server import configuration, diagnostics, sync
from lsp_server.server.convert import to_path
from lsp_server.server.session import Place

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

IGNORES = ".gitignore"
PATTERNS = (
    "**/*.{ex,exs,heex,leex,eex,sface}",
    "**/mix.lock",
    f"**/{FILE_NAME}",
    f"**/{IGNORES}",
    "**/assets/js/**/*.{js,ts}",
)
_FILTERS = types.FileOperationRegistrationOptions(
    [types.FileOperationFilter(types.FileOperationPattern("**/*"), scheme="file")]
)


def register(server: RetortServer) -> None:
    """Register the notifications of watched files, file operations and folders."""

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        for event in params.changes:
            touched(server, event.uri)

    @server.feature(types.WORKSPACE_DID_CREATE_FILES, _FILTERS)
    def did_create(params: types.CreateFilesParams) -> None:
        for created in params.files:
            touched(server, created.uri)

    @server.feature(types.WORKSPACE_DID_DELETE_FILES, _FILTERS)
    def did_delete(params: types.DeleteFilesParams) -> None:
        for deleted in params.files:
            touched(server, deleted.uri)

    @server.feature(types.WORKSPACE_DID_RENAME_FILES, _FILTERS)
    def did_rename(params: types.RenameFilesParams) -> None:
        for renamed in params.files:
            touched(server, renamed.old_uri)
            touched(server, renamed.new_uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def did_change_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        session = server.session
        added, removed = (
            [path for folder in folders if (path := to_path(folder.uri)) is not None]
            for folders in (params.event.added, params.event.removed)
        )
        new = [workspace for folder in added for workspace in session.add_folder(folder)]
        for folder in removed:
            for workspace in session.remove_folder(folder):
                server.drop(workspace)
        for workspace in session.workspaces.values():
            if session.is_guest(workspace):  # stays for its open files alone
                diagnostics.dropped(server, workspace)
        server.start(_read(server, new))


async def _read(server: RetortServer, new: list[Workspace]) -> None:
    """Read projects that a folder has brought, under that folder's settings."""
    if new and server.session.features.configuration:
        await configuration.pull(server)
    for workspace in new:
        if server.session.workspaces.get(workspace.root) is workspace:
            server.loader.read(workspace)


def watch(server: RetortServer) -> None:
    """Ask the client to watch the files that matter, where it can."""
    if not server.session.features.watched_files:
        return
    watchers = [types.FileSystemWatcher(pattern) for pattern in PATTERNS]
    server.client_register_capability(
        types.RegistrationParams(
            [
                types.Registration(
                    "retort-files",
                    types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                    types.DidChangeWatchedFilesRegistrationOptions(watchers),
                )
            ]
        )
    )


def touched(server: RetortServer, uri: str) -> None:
    """Something happened to a file or a folder."""
    place = server.session.locate(uri)
    if place is None:
        return
    workspace, path = place.workspace, place.path
    if path == FILE_NAME:
        configuration.reread(server, workspace)
    elif path.rpartition("/")[2] == IGNORES:
        server.loader.read_again(workspace)
    elif place.file.is_dir() and path not in workspace.index:
        server.loader.read_again(workspace)  # a folder has come, and no event tells of its files
    elif is_project_file(path):
        sync.reread(server, place)
    else:
        # A folder that has gone: its files are told of by no event of their own.
        for known in [one for one in workspace.index.paths if one.startswith(f"{path}/")]:
            sync.reread(server, Place(workspace, known))
