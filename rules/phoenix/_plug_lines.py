"""The plugs of a pipeline with those of the pipelines it is made of, and edits that add one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lsp_server.document import Document
from lsp_server.facts.routes.endpoints import Endpoint
from lsp_server.facts.routes.page_plugs import PagePlugs
from lsp_server.facts.routes.router import RouterTable, Routing
from lsp_server.facts.routes.routes import Pipeline, PlugCall
from lsp_server.lint.finding import Edit
from lsp_server.role import Role, role_of
from lsp_server.text import Span, line_ending

_HTML = re.compile(r"\bhtml\b")


def code_routers(routing: Routing) -> Iterator[RouterTable]:
    """The routers of the project that are no scripts."""
    for table in routing.routers.values():
        if role_of(table.path) is Role.LIB:
            yield table


def all_plugs(table: RouterTable, pipeline: Pipeline) -> list[PlugCall]:
    """The plugs of a pipeline; `plug :browser` also brings those of the pipeline `:browser`."""
    found: list[PlugCall] = []
    pending, seen = [pipeline], {pipeline.name}
    while pending:
        for plug in pending.pop().plugs:
            found.append(plug)
            inner = table.pipelines.get(plug.name)
            if inner is not None and inner.name not in seen:
                seen.add(inner.name)
                pending.append(inner)
    return found


def serves_pages(pipeline: Pipeline) -> bool:
    """Whether a pipeline accepts HTML or reads the session, by plugs of its own."""
    return any(
        plug.name == "fetch_session" or (plug.name == "accepts" and _HTML.search(plug.options))
        for plug in pipeline.plugs
        if not plug.conditional
    )


def brought_by_others(table: RouterTable, pipeline: Pipeline, plug: re.Pattern[str]) -> bool:
    """Whether every route of a pipeline also passes through a plug of this name elsewhere."""
    routes = [route for route in table.routes if pipeline.name in route.pipes]
    return bool(routes) and all(
        not table.is_certain(route)
        or any(plug.search(one if isinstance(one, str) else one.name) for one in table.plugs(route))
        for route in routes
    )


def done_for(
    known: PagePlugs, routing: Routing, table: RouterTable, pipeline: Pipeline, what: str
) -> bool:
    """Whether plugs of the project do this for a pipeline: its own, those of the endpoint, or those
    that every route of it passes through elsewhere."""

    def does(name: str) -> bool:
        return what in known.does(table.module, name)

    if any(does(plug.name) for plug in all_plugs(table, pipeline)):
        return True
    if any(what in known.does(one.module, plug.name) for one, plug in _before(routing, table)):
        return True
    routes = [route for route in table.routes if pipeline.name in route.pipes]
    return bool(routes) and all(
        any(does(one if isinstance(one, str) else one.name) for one in table.plugs(route))
        for route in routes
    )


def by_endpoint(routing: Routing, table: RouterTable, plug: re.Pattern[str]) -> bool:
    """Whether a plug of this name stands in the endpoint."""
    return any(plug.search(one.name) for _, one in _before(routing, table))


def _before(routing: Routing, table: RouterTable) -> Iterator[tuple[Endpoint, PlugCall]]:
    for endpoint in routing.served(table.module):
        for plug in endpoint.plugs:
            if not plug.conditional and plug.name != table.module:
                yield endpoint, plug


def line_after(
    document: Document, plugs: Sequence[PlugCall], names: Iterable[str], text: str
) -> list[Edit]:
    """The edit that adds `plug <text>` after the last of the plugs that have one of these names."""
    usual = frozenset(names)
    before = [plug for plug in plugs if plug.name in usual and not plug.conditional]
    return _line(document, before[-1], text) if before else []


def _line(document: Document, plug: PlugCall, text: str) -> list[Edit]:
    lines = document.lines
    indent = lines.indentation(plug.span.start).decode()
    end = lines.line_span(lines.line_at(plug.span.end)).end
    line = f"{line_ending(document.source)}{indent}{written_like(document, plug, text)}"
    return [Edit(Span(end, end), line, document.path)]


def written_like(document: Document, plug: PlugCall, text: str) -> str:
    """`plug text`, with parentheses if the given plug has them."""
    start = document.source[plug.span.start : plug.span.start + 5]
    return f"plug({text})" if start == b"plug(" else f"plug {text}"
