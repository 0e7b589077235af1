"""A real server process over stdio, driven as each of the known editors declares itself."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import converters, types
from pytest_lsp import ClientServerConfig, LanguageClient

from lsp_server.text import Encoding, LineIndex, Position

CLIENTS = Path(__file__).parent / "clients"
ALL = sorted(path.stem for path in CLIENTS.glob("*.json"))
VSCODE = next(name for name in ALL if name.startswith("vscode"))
NEOVIM = next(name for name in ALL if name.startswith("neovim-0.11"))

LINE = '    _ = "😀é"; push_redirect(socket, to: "/")'
PAGE = f"defmodule Shop.Page do\n  def go(socket) do\n{LINE}\n  end\nend\n"
CLOSED = "defmodule Shop.Other do\n  def go(socket), do: push_redirect(socket, to: \"/\")\nend\n"
ROUTER = """\
defmodule ShopWeb.Router do
  use Phoenix.Router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
  end
end
"""

SERVER = [sys.executable, "-m", "lsp_server", "serve", "--log-level", "info"]


def parameters(name: str, root: Path) -> types.InitializeParams:
    """The `initialize` parameters of an editor, opened on a folder as it opens one."""
    plain: dict[str, Any] = json.loads((CLIENTS / f"{name}.json").read_text("utf-8"))
    plain["processId"] = os.getpid()
    plain["rootPath"] = str(root) if plain.get("rootPath", "") != "" else None
    plain["rootUri"] = root.as_uri()
    if not name.startswith(("kate", "vim-9.0-ale")):
        plain["workspaceFolders"] = [{"uri": root.as_uri(), "name": root.name}]
    return converters.get_converter().structure(plain, types.InitializeParams)


@dataclass
class Editor:
    """A client that has opened the small project in `root`."""

    name: str
    client: LanguageClient
    root: Path
    capabilities: types.ServerCapabilities = field(default_factory=types.ServerCapabilities)
    registered: list[str] = field(default_factory=list)
    refreshes: int = 0
    applied: list[types.WorkspaceEdit] = field(default_factory=list)

    @property
    def encoding(self) -> Encoding:
        """The position encoding that was agreed on."""
        agreed = self.capabilities.position_encoding
        return Encoding(str(getattr(agreed, "value", agreed) or "utf-16"))

    @property
    def pulls(self) -> bool:
        """Whether the editor asks for diagnostics itself."""
        document = parameters(self.name, self.root).capabilities.text_document
        return document is not None and document.diagnostic is not None

    def uri(self, path: str) -> str:
        """The URI of a file of the project."""
        return (self.root / path).as_uri()

    def open(self, path: str, text: str | None = None, version: int = 0) -> str:
        """Open a file; the answer is its text."""
        text = (self.root / path).read_text("utf-8") if text is None else text
        item = types.TextDocumentItem(self.uri(path), "elixir", version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return text

    def change(self, path: str, version: int, text: str, at: types.Range | None = None) -> None:
        """Replace a range, or the whole text."""
        change: Any = (
            types.TextDocumentContentChangeWholeDocument(text)
            if at is None
            else types.TextDocumentContentChangePartial(at, text)
        )
        identifier = types.VersionedTextDocumentIdentifier(version, self.uri(path))
        params = types.DidChangeTextDocumentParams(identifier, [change])
        self.client.text_document_did_change(params)

    async def diagnostics(self, path: str, *, count: int | None = None) -> list[types.Diagnostic]:
        """The diagnostics of a file once there are `count` of them (any, without)."""
        uri = self.uri(path)
        for _ in range(200):
            if self.pulls:
                identifier = types.TextDocumentIdentifier(uri)
                report = await self.client.text_document_diagnostic_async(
                    types.DocumentDiagnosticParams(identifier)
                )
                found = list(getattr(report, "items", ()))
            else:
                found = list(self.client.diagnostics.get(uri, ()))
                if uri not in self.client.diagnostics and count == 0:
                    found = []
            if count is None and found:
                return found
            if count is not None and len(found) == count:
                if count or self.pulls or uri in self.client.diagnostics:
                    return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"{path} has {len(found)} diagnostics, not {count}: {found}")

    def range(self, text: str, part: str) -> types.Range:
        """The range of the first place of `part`, in the agreed encoding."""
        index = LineIndex(text.encode())
        start = text.encode().index(part.encode())
        first = index.position(start, self.encoding)
        last = index.position(start + len(part.encode()), self.encoding)
        return types.Range(types.Position(*first), types.Position(*last))

    def apply(self, text: str, edits: list[Any]) -> str:
        """The text after the protocol's edits of it."""
        source = text.encode()
        index = LineIndex(source)

        def offset(position: types.Position) -> int:
            return index.offset(Position(position.line, position.character), self.encoding)

        for edit in sorted(edits, key=lambda one: offset(one.range.start), reverse=True):
            start, end = offset(edit.range.start), offset(edit.range.end)
            source = source[:start] + edit.new_text.encode() + source[end:]
        return source.decode()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project on disk."""
    root = tmp_path / "shop"
    for path, text in {
        "lib/shop/page.ex": PAGE,
        "lib/shop/other.ex": CLOSED,
        "lib/shop_web/router.ex": ROUTER,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


@asynccontextmanager
async def session(name: str, root: Path) -> AsyncIterator[Editor]:
    """A server process and an editor that is connected to it; its cache lies beside the project."""
    env = {**os.environ, "RETORT_CACHE_DIR": str(root.parent / "cache")}
    client = await ClientServerConfig(SERVER, server_env=env).start()
    assert isinstance(client, LanguageClient)
    editor = Editor(name, client, root)

    client.protocol.fm.features.pop(types.WORKSPACE_DIAGNOSTIC_REFRESH, None)

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        editor.registered += [one.method for one in params.registrations]

    @client.feature(types.WORKSPACE_DIAGNOSTIC_REFRESH)
    def refresh(*_: object) -> None:
        editor.refreshes += 1

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply_edit(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        editor.applied.append(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    result = await client.initialize_session(parameters(name, root))
    editor.capabilities = result.capabilities
    yield editor
    await client.shutdown_session()
    await client.stop()


@pytest_asyncio.fixture(params=ALL)
async def editor(request: pytest.FixtureRequest, project: Path) -> AsyncIterator[Editor]:
    """Each known editor in turn."""
    async with session(request.param, project) as one:
        yield one


@pytest_asyncio.fixture
async def vscode(project: Path) -> AsyncIterator[Editor]:
    """VS Code alone, for what only it declares."""
    async with session(VSCODE, project) as one:
        yield one


@pytest_asyncio.fixture
async def neovim(project: Path) -> AsyncIterator[Editor]:
    """Neovim alone: plain changes, UTF-8."""
    async with session(NEOVIM, project) as one:
        yield one
