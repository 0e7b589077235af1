"""Routers as tests write them, and the table that Retort makes of one."""

from __future__ import annotations

import textwrap

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.routes.router import RouterTable, Routing, routing

list(load_collectors())
HEAD = "defmodule ShopWeb.Router do\n  use ShopWeb, :router\n"


def routing_of(**files: str) -> Routing:
    """The routing of a project; `a__b` in a name is the file `a/b.ex`."""
    documents = (
        Document(f"{name.replace('__', '/')}.ex", text.encode()) for name, text in files.items()
    )
    return routing(Index({document.path: collect(document) for document in documents}))


def table(body: str) -> RouterTable:
    """The router `ShopWeb.Router` with a body."""
    source = f"{HEAD}{textwrap.indent(textwrap.dedent(body), '  ')}\nend\n"
    return routing_of(lib__router=source).routers["ShopWeb.Router"]


def rows(body: str) -> list[str]:
    """What the body of a router makes: helper, verb, path, module, action."""
    return [
        " ".join(
            part
            for part in (route.helper or "-", route.verb, route.path, route.plug, route.action)
            if part
        )
        for route in table(body).routes
    ]
