"""Symbols of a file and of all projects, from the facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from lsprotocol import types
from lsprotocol.types import SymbolKind

from lsp_server.document import Document
from lsp_server.facts.database.schemas import Schema
from lsp_server.facts.fact import FileFacts
from lsp_server.facts.modules import Function, Module, Used
from lsp_server.facts.project.tests import Suite, TestBlock
from lsp_server.facts.routes.routes import Route
from lsp_server.server.convert import Plain, to_range
from lsp_server.server.session import Place
from lsp_server.text import Encoding, Span

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

MOST = 500  # symbols in one answer; editors ask again as the user types on


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named place. `container` is the module it belongs to, empty for a module."""

    name: str
    kind: SymbolKind
    span: Span
    name_span: Span
    container: str = ""


def symbols(facts: FileFacts) -> Iterator[Symbol]:
    """The symbols that one file's facts speak of, modules first: a schema is a struct, a LiveView
    or component a class. Of a file of tests, if it is open, they are its tests."""
    schemas = {schema.module for schema in facts.of(Schema)}
    suites = {suite.module: suite.span for suite in facts.of(Suite)}
    for module in facts.of(Module):
        kind = SymbolKind.Module
        if module.keyword == "defprotocol":
            kind = SymbolKind.Interface
        elif module.name in schemas:
            kind = SymbolKind.Struct
        elif any(_is_live(used) for used in module.uses):
            kind = SymbolKind.Class
        span = suites.get(module.name, module.span)
        yield Symbol(module.name, kind, span, module.name_span)
    for test in facts.of(TestBlock):
        name = f"{test.describe} {test.name}".strip()
        yield Symbol(name, SymbolKind.Method, test.span, test.name_span, test.suite)
    for function in facts.of(Function):
        name = f"{function.name}/{function.arity}"
        yield Symbol(name, SymbolKind.Function, function.span, function.name_span, function.module)
    for route in facts.of(Route):
        name = f"{route.verb.upper()} {route.path}".strip()
        yield Symbol(name, SymbolKind.Event, route.span, route.name_span, route.router)


_LIVE = ("live_view", "live_component")


def _is_live(used: Used) -> bool:
    return used.selector in _LIVE or used.module in (
        "Phoenix.LiveView",
        "Phoenix.LiveComponent",
    )


def register(server: RetortServer) -> None:
    """Register the requests for symbols."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def document_symbol(params: types.DocumentSymbolParams) -> list[Plain]:
        place = await server.ready_place(params.text_document.uri)
        if place is None:
            return []
        server.scheduler.settle_pending(place.workspace)
        return document_symbols(server, place)

    @server.feature(types.WORKSPACE_SYMBOL)
    def workspace_symbol(params: types.WorkspaceSymbolParams) -> list[Plain]:
        found: list[Plain] = []
        matching = sorted(_matching(server, params.query.lower()), key=itemgetter(0))
        for _, place, symbol in matching[:MOST]:
            document = place.document
            if document is None or symbol.span.end > len(document.source):
                continue
            uri = server.session.uri(place.workspace, place.path)
            found.append(_flat(symbol, document, uri, server.session.features.encoding))
        return found


def _matching(server: RetortServer, query: str) -> Iterator[tuple[int, Place, Symbol]]:
    """The symbols whose name with its module holds all letters of the query in order, each with
    how far it is from what was typed."""
    for workspace in server.session.workspaces.values():
        for path in sorted(workspace.index.paths):
            for symbol in symbols(workspace.index.file(path)):
                distance = _distance(symbol, query)
                if distance is not None:
                    yield distance, Place(workspace, path), symbol


def _distance(symbol: Symbol, query: str) -> int | None:
    """0 for a name that begins with the query (a module's by its last part), 3 for one that only
    holds its letters in order, None for all others."""
    name = symbol.name.lower()
    if name.startswith(query) or name.rpartition(".")[2].startswith(query):
        return 0
    if query in name:
        return 1
    full = f"{symbol.container}.{symbol.name}".lower()
    if query in full:
        return 2
    rest = iter(full)
    return 3 if all(letter in rest for letter in query) else None


def document_symbols(server: RetortServer, place: Place) -> list[Plain]:
    """The symbols of a file: as a tree, or flat for clients that want that."""
    document, features = place.document, server.session.features
    if document is None:
        return []
    size = len(document.source)
    found = [one for one in symbols(place.workspace.index.file(place.path)) if one.span.end <= size]
    found.sort(key=lambda one: (one.span.start, -one.span.end))
    if not features.nested_symbols:
        uri = server.session.uri(place.workspace, place.path)
        return [_flat(one, document, uri, features.encoding) for one in found]
    top: list[Plain] = []
    around: list[tuple[Symbol, Plain]] = []
    for symbol in found:
        entry: Plain = {
            "name": symbol.name,
            "kind": symbol.kind.value,
            "range": to_range(document, symbol.span, features.encoding),
            "selectionRange": to_range(document, symbol.name_span, features.encoding),
            "children": [],
        }
        while around and not around[-1][0].span.covers(symbol.span):
            around.pop()
        (around[-1][1]["children"] if around else top).append(entry)
        around.append((symbol, entry))
    return top


def _flat(symbol: Symbol, document: Document, uri: str, encoding: Encoding) -> Plain:
    where = {"uri": uri, "range": to_range(document, symbol.name_span, encoding)}
    entry: Plain = {"name": symbol.name, "kind": symbol.kind.value, "location": where}
    if symbol.container:
        entry["containerName"] = symbol.container
    return entry
