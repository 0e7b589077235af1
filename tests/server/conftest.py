"""A real server process over stdio, driven as each of the known editors declares itself."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import pytest
import pytest_asyncio
from lsprotocol import converters, types
from pygls.io_ import run_async
from pytest_lsp import ClientServerConfig, LanguageClient, make_test_lsp_client

from lsp_server.project import scan, workspace
from lsp_server.report import pages
from lsp_server.server import loading
from lsp_server.server.server import RetortServer, make_server
from lsp_server.text import Encoding, LineIndex, Position
from tests.planted import with_planted

CLIENTS = Path(__file__).parent / "clients"
ALL = sorted(path.stem for path in CLIENTS.glob("*.json"))
VSCODE = next(name for name in ALL if name.startswith("vscode"))
NEOVIM = next(name for name in ALL if name.startswith("neovim-0.11"))
EGLOT = next(name for name in ALL if name.startswith("emacs"))
KATE = next(name for name in ALL if name.startswith("kate"))
ALE = next(name for name in ALL if name.startswith("vim"))

PAGE_PATH = "lib/shop/page.ex"
LINE = '    _ = "😀é"; one()'
PAGE = f"defmodule Shop.Page do\n  def go(x) do\n{LINE}\n  end\nend\n"
OTHER_PATH = "lib/shop/other.ex"
OTHER = "defmodule Shop.Other do\n  def go, do: one()\nend\n"

# The real command with the rules of tests/planted.py beside its own.
SERVER = [sys.executable, "-m", "tests.planted", "serve", "--log-level", "info"]
ROOT = Path(__file__).parent.parent.parent
SOON = 10.0  # seconds in which anything must have happened


def parameters(name: str, folders: Iterable[Path], options: Any = None) -> types.InitializeParams:
    """The `initialize` parameters of an editor, opened on folders as it opens them."""
    plain: dict[str, Any] = json.loads((CLIENTS / f"{name}.json").read_text("utf-8"))
    folders = list(folders)
    root = folders[0] if folders else None
    plain["processId"] = os.getpid()
    plain["rootPath"] = None if root is None else str(root)
    plain["rootUri"] = None if root is None else root.as_uri()
    if not name.startswith(("kate", "vim-9.0-ale")):
        plain["workspaceFolders"] = [{"uri": one.as_uri(), "name": one.name} for one in folders]
    if options is not None:
        plain["initializationOptions"] = options
    return converters.get_converter().structure(plain, types.InitializeParams)


@dataclass
class Editor:
    """A client that has opened the small project in `root`."""

    name: str
    client: LanguageClient
    root: Path
    capabilities: types.ServerCapabilities = field(default_factory=types.ServerCapabilities)
    registered: list[types.Registration] = field(default_factory=list)
    published: list[types.PublishDiagnosticsParams] = field(default_factory=list)
    refreshes: int = 0
    applied: list[types.WorkspaceEdit] = field(default_factory=list)
    server: RetortServer | None = None  # where it runs in this process

    @property
    def encoding(self) -> Encoding:
        """The position encoding that was agreed on."""
        agreed = self.capabilities.position_encoding
        return Encoding(str(getattr(agreed, "value", agreed) or "utf-16"))

    @property
    def pulls(self) -> bool:
        """Whether the editor asks for diagnostics itself, as the server has offered."""
        return self.capabilities.diagnostic_provider is not None

    @property
    def pid(self) -> int:
        """The server's process."""
        server = self.client._server
        assert server is not None
        return server.pid

    def uri(self, path: str) -> str:
        """The URI of a file of the project; a URI is itself."""
        return path if ":" in path else (self.root / path).as_uri()

    def open(
        self, path: str, text: str | None = None, version: int = 0, language: str = "elixir"
    ) -> str:
        """Open a file; the answer is its text."""
        text = (self.root / path).read_bytes().decode() if text is None else text
        item = types.TextDocumentItem(self.uri(path), language, version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return text

    def change(self, path: str, version: int, *changes: tuple[types.Range, str] | str) -> None:
        """Replace ranges, each of the text that the one before left, or the whole text."""
        events: list[Any] = [
            types.TextDocumentContentChangeWholeDocument(change)
            if isinstance(change, str)
            else types.TextDocumentContentChangePartial(change[0], change[1])
            for change in changes
        ]
        identifier = types.VersionedTextDocumentIdentifier(version, self.uri(path))
        params = types.DidChangeTextDocumentParams(identifier, events)
        self.client.text_document_did_change(params)

    def save(self, path: str) -> None:
        """Tell that a file was saved."""
        identifier = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))

    def close(self, path: str) -> None:
        """Close a file."""
        identifier = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))

    def write(self, path: str, text: str | None) -> None:
        """Write a file to disk, or delete it, and tell the server as a file watcher would."""
        file = self.root / path
        kind = types.FileChangeType.Changed if file.exists() else types.FileChangeType.Created
        if text is None:
            kind = types.FileChangeType.Deleted
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        event = types.FileEvent(self.uri(path), kind)
        params = types.DidChangeWatchedFilesParams([event])
        self.client.workspace_did_change_watched_files(params)

    async def diagnostics_now(self, path: str) -> list[types.Diagnostic] | None:
        """What the editor shows of a file; None where nothing was ever said."""
        uri = self.uri(path)
        if self.pulls:
            identifier = types.TextDocumentIdentifier(uri)
            params = types.DocumentDiagnosticParams(identifier)
            report = await self.client.text_document_diagnostic_async(params)
            return list(getattr(report, "items", ()))
        known = self.client.diagnostics.get(uri)
        return None if known is None else list(known)

    async def diagnostics(self, path: str, *codes: str) -> list[types.Diagnostic]:
        """The diagnostics of a file, once they are of these rules in this order."""
        found: list[types.Diagnostic] | None = None
        for _ in range(int(SOON / 0.02)):
            found = await self.diagnostics_now(path)
            if found is not None and [one.code for one in found] == list(codes):
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"{path}: expected {codes}, but there is {found}")

    async def eventually(self, condition: Any) -> None:
        """Wait until something holds."""
        for _ in range(int(SOON / 0.02)):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("waited in vain")

    async def quiet(self, seconds: float = 0.4) -> None:
        """Give the server time to say what it should not say."""
        await asyncio.sleep(seconds)

    async def actions(self, path: str, where: types.Range, *only: str) -> list[types.CodeAction]:
        """The code actions at a range."""
        kinds: Any = list(only) or None
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.uri(path)),
            where,
            types.CodeActionContext([], kinds),
        )
        found = await self.client.text_document_code_action_async(params)
        return [one for one in found or () if isinstance(one, types.CodeAction)]

    async def action(
        self, path: str, where: types.Range, title: str, *only: str
    ) -> types.CodeAction:
        """The one code action whose title begins so, with its edit."""
        found = await self.actions(path, where, *only)
        chosen = [one for one in found if one.title.startswith(title)]
        assert len(chosen) == 1, [one.title for one in found]
        return chosen[0] if chosen[0].edit else await self.resolve(chosen[0])

    async def resolve(self, action: types.CodeAction) -> types.CodeAction:
        """The action with its edit."""
        return await self.client.code_action_resolve_async(action)

    async def command(self, name: str, *arguments: Any) -> Any:
        """Execute a command of the server's; objects come as plain dicts."""
        params = types.ExecuteCommandParams(name, list(arguments) or None)
        answer = await self.client.workspace_execute_command_async(params)
        return plain(answer)

    def range(self, text: str, part: str) -> types.Range:
        """The range of the first place of `part`, in the agreed encoding."""
        index = LineIndex(text.encode())
        start = text.encode().index(part.encode())
        first = index.position(start, self.encoding)
        last = index.position(start + len(part.encode()), self.encoding)
        return types.Range(types.Position(*first), types.Position(*last))

    def apply(self, text: str, edits: Iterable[Any]) -> str:
        """The text after the protocol's edits of it."""
        source = text.encode()
        index = LineIndex(source)

        def offset(position: types.Position) -> int:
            return index.offset(Position(position.line, position.character), self.encoding)

        for edit in sorted(edits, key=lambda one: offset(one.range.start), reverse=True):
            start, end = offset(edit.range.start), offset(edit.range.end)
            source = source[:start] + edit.new_text.encode() + source[end:]
        return source.decode()

    def text_edits(self, edit: types.WorkspaceEdit | None, path: str) -> list[Any]:
        """The edits of one file in a WorkspaceEdit of either form."""
        assert edit is not None
        if edit.changes is not None:
            assert edit.document_changes is None
            return list(edit.changes.get(self.uri(path), ()))
        return [
            one
            for change in edit.document_changes or ()
            if isinstance(change, types.TextDocumentEdit)
            and change.text_document.uri == self.uri(path)
            for one in change.edits
        ]


def plain(value: Any) -> Any:
    """What pygls made of a JSON object, as dicts and lists."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project on disk."""
    root = tmp_path / "shop"
    write(root, {PAGE_PATH: PAGE, OTHER_PATH: OTHER})
    return root


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


class Wire:
    """One direction between two ends in this process."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader

    def write(self, data: bytes) -> None:
        """What one end writes the other reads."""
        self.reader.feed_data(data)

    def close(self) -> None:
        """Nothing more will come."""
        self.reader.feed_eof()


def make_editor(
    name: str, client: LanguageClient, folders: tuple[Path, ...], settings: Any
) -> Editor:
    """An editor that notes what the server tells it."""
    editor = Editor(name, client, folders[0] if folders else Path("/nowhere"))
    if settings is not None:
        client.set_configuration({"retort": settings})
    for method in (types.WORKSPACE_DIAGNOSTIC_REFRESH, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS):
        client.protocol.fm.features.pop(method, None)

    def action(given: Any, _: Any) -> types.Command | types.CodeAction:
        """lsprotocol takes every action that holds a command for a command."""
        kind = types.Command if isinstance(given.get("command"), str) else types.CodeAction
        return converter.structure(given, kind)

    converter = client.protocol._converter
    either: Any = Union[types.Command, types.CodeAction]  # noqa: UP007 (the key in its table)
    converter.register_structure_hook(either, action)

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def publish(params: types.PublishDiagnosticsParams) -> None:
        editor.published.append(params)
        client.diagnostics[params.uri] = params.diagnostics

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        editor.registered += params.registrations

    @client.feature(types.WORKSPACE_DIAGNOSTIC_REFRESH)
    def refresh(*_: object) -> None:
        editor.refreshes += 1

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply_edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        editor.applied.append(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    return editor


@asynccontextmanager
async def process(name: str, *folders: Path) -> AsyncIterator[Editor]:
    """A server process and an editor that is connected to it over stdio."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    client = await ClientServerConfig(SERVER, server_env=env).start()
    assert isinstance(client, LanguageClient)
    editor = make_editor(name, client, folders, None)
    result = await client.initialize_session(parameters(name, folders))
    editor.capabilities = result.capabilities
    yield editor
    if editor.client._server is not None and editor.client._server.returncode is None:
        await client.shutdown_session()
    await client.stop()


@asynccontextmanager
async def session(
    name: str, *folders: Path, settings: dict[str, Any] | None = None, options: Any = None
) -> AsyncIterator[Editor]:
    """A server in this process, which starts in no time, and an editor that is connected to it."""
    server, client = make_server(), make_test_lsp_client()
    to_server, to_client = asyncio.StreamReader(), asyncio.StreamReader()
    editor = make_editor(name, client, folders, settings)
    stop = threading.Event()
    server.protocol.set_writer(Wire(to_client))  # type: ignore[arg-type]
    client.protocol.set_writer(Wire(to_server))  # type: ignore[arg-type]
    tasks = [
        asyncio.create_task(run_async(stop, to_server, server.protocol)),
        asyncio.create_task(run_async(stop, to_client, client.protocol)),
    ]
    result = await client.initialize_session(parameters(name, folders, options))
    editor.capabilities = result.capabilities
    editor.server = server
    yield editor
    await client.shutdown_async(None)
    to_server.feed_eof()
    to_client.feed_eof()
    await asyncio.gather(*tasks)


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and the planted rules beside the real ones, which worker processes do
    not have."""
    monkeypatch.setenv("RETORT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "POOL_FROM", 1_000_000)
    pages.rule_url.cache_clear()
    for module in (workspace, scan, pages):
        monkeypatch.setattr(module, "registry", with_planted)


@pytest_asyncio.fixture(params=ALL)
async def editor(request: pytest.FixtureRequest, project: Path) -> AsyncIterator[Editor]:
    """Each known editor in turn, with a server process of its own."""
    async with process(request.param, project) as one:
        yield one


@pytest_asyncio.fixture
async def vscode(project: Path) -> AsyncIterator[Editor]:
    """VS Code alone, for what only it declares: it pulls, in UTF-16."""
    async with session(VSCODE, project) as one:
        yield one


@pytest_asyncio.fixture
async def neovim(project: Path) -> AsyncIterator[Editor]:
    """Neovim alone: it is pushed to, in UTF-8."""
    async with session(NEOVIM, project) as one:
        yield one
