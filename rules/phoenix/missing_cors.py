"""phoenix/missing-cors"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.facts.routes.router import RouterTable, Routing, routing
from lsp_server.facts.routes.routes import Pipeline, PlugCall
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

from ._plug_lines import code_routers, serves_pages, written_like

_CORS = re.compile(r"cors(?:ica|plug|_|$)|cross_?origin", re.I)
_JSON = re.compile(r"\bjson\b")
_SERVERS = re.compile(r"hook|callback|internal|health|metric|rpc", re.I)


class MissingCors(ProjectRule):
    """
    A JSON pipeline that answers no page of another origin.

    A browser asks before it lets a page of `app.shop.example` read an answer of
    `api.shop.example`. Without a plug that answers, every such page fails, and the first remedy
    that people find is `*`. An API that only servers call needs none.

    ## Bad

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :api do
        plug :accepts, ["json"]
      end

      scope "/api", ShopWeb do
        pipe_through :api

        get "/products", ProductController, :index
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :api do
        plug CORSPlug, origin: ["https://app.shop.example"]
        plug :accepts, ["json"]
      end

      scope "/api", ShopWeb do
        pipe_through :api

        get "/products", ProductController, :index
      end
    end
    ```

    ## When it stays silent

    - Any pipeline of the router or any of its endpoints has a plug with CORS in its name.
    - The pipeline accepts pages too, fetches the session, has no routes, or has only webhooks,
      callbacks and health checks.
    - A macro may add plugs that cannot be seen.

    ## What the fix changes

    CORSPlug goes into the endpoint before the router, where it also answers the browser's question
    in advance (`OPTIONS`). Write the origins of your own pages into it, and add `:cors_plug` to
    mix.exs. There is no fix where no endpoint of the project plugs the router.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (routing,)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every JSON pipeline of every router."""
        known = routing(snapshot.index)
        for table in code_routers(known):
            if _has_cors(known, table):
                continue
            for pipeline in table.pipelines.values():
                if not _for_browsers(table, pipeline):
                    continue
                build = partial(_edits, router=table.module, known=known)
                served = any(table.module == plug.name for plug in _endpoint_plugs(known, table))
                yield self.finding(
                    pipeline.name_span,
                    f"Pipeline `:{pipeline.name}` answers no page of another origin: there is no "
                    "CORS plug",
                    path=table.path,
                    fix=Fix.review("Add CORSPlug to the endpoint", build) if served else None,
                )


def _endpoint_plugs(known: Routing, table: RouterTable) -> list[PlugCall]:
    return [plug for one in known.served(table.module) for plug in one.plugs]


def _has_cors(known: Routing, table: RouterTable) -> bool:
    plugs = [plug for one in table.pipelines.values() for plug in one.plugs]
    return any(
        _CORS.search(plug.name.replace(".", "_"))
        for plug in [*plugs, *_endpoint_plugs(known, table)]
    )


def _for_browsers(table: RouterTable, pipeline: Pipeline) -> bool:
    if not pipeline.complete or serves_pages(pipeline):
        return False
    if not any(one.name == "accepts" and _JSON.search(one.options) for one in pipeline.plugs):
        return False
    return any(
        not route.dev and not _SERVERS.search(f"{route.path} {route.plug}")
        for route in table.routes
        if pipeline.name in route.pipes
    )


def _edits(snapshot: Snapshot, router: str, known: Routing) -> list[Edit]:
    for path, endpoint in known.endpoints.values():
        plug = next((one for one in endpoint.plugs if one.name == router), None)
        document = snapshot.document(path)
        if plug is None or document is None:
            continue
        lines = document.lines
        line = lines.line_at(plug.span.start)
        while lines.line_bytes(line - 1).lstrip().startswith(b"#"):
            line -= 1
        at = lines.line_span(line).start
        indent = lines.indentation(plug.span.start).decode()
        text = written_like(document, plug, 'CORSPlug, origin: ["https://example.com"]')
        return [Edit(Span(at, at), f"{indent}{text}{line_ending(document.source)}", path)]
    return []
