"""phoenix/missing-secure-headers"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.facts.routes.page_plugs import HEADERS, page_plugs
from lsp_server.facts.routes.router import routing
from lsp_server.facts.routes.routes import Pipeline
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._plug_lines import (
    all_plugs,
    brought_by_others,
    by_endpoint,
    code_routers,
    done_for,
    line_after,
    serves_pages,
)

# Also plugs of other names that set such headers: `SecureHeaders`, `ContentSecurityPolicy`.
_HEADERS = re.compile(r"secure_browser_headers|headers|security|csp", re.I)
_USUAL = (
    "accepts",
    "fetch_session",
    "fetch_flash",
    "fetch_live_flash",
    "put_root_layout",
    "put_layout",
    "protect_from_forgery",
    "Plug.CSRFProtection",
)


class MissingSecureHeaders(ProjectRule):
    """
    A pipeline for pages that sends none of the headers that browsers protect themselves by.

    `put_secure_browser_headers` tells browsers not to guess content types, not to show the page in
    somebody else's frame, and to keep addresses to themselves. Without it, an uploaded text file
    runs as a script and a login form can be laid under another page's buttons.

    ## Bad

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :browser do
        plug :accepts, ["html"]
        plug :fetch_session
        plug :fetch_live_flash
        plug :protect_from_forgery
        plug :fetch_current_user
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :browser do
        plug :accepts, ["html"]
        plug :fetch_session
        plug :fetch_live_flash
        plug :protect_from_forgery
        plug :put_secure_browser_headers
        plug :fetch_current_user
      end
    end
    ```

    ## When it stays silent

    - The pipeline neither accepts HTML nor fetches the session.
    - Another plug of it or of the endpoint sets headers, by its name: `SecureHeaders`,
      `ContentSecurityPolicy`.
    - A function or a module of the project is plugged that calls `put_secure_browser_headers`, or
      sets `x-frame-options` or `x-content-type-options` itself.
    - Every route that uses the pipeline also passes through another one that sets them.
    - A macro in the pipeline may add plugs that cannot be seen.

    ## What the fix changes

    The plug is added after `protect_from_forgery`, where Phoenix generates it, or after the last
    plug that usually stands before it.
    """

    reads = (routing, page_plugs)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every pipeline of every router."""
        found, known = routing(snapshot.index), page_plugs(snapshot.index)
        for table in code_routers(found):
            for pipeline in table.pipelines.values():
                if not pipeline.complete or not serves_pages(pipeline):
                    continue
                if any(_HEADERS.search(plug.name) for plug in all_plugs(table, pipeline)):
                    continue
                if brought_by_others(table, pipeline, _HEADERS):
                    continue
                if by_endpoint(found, table, _HEADERS):
                    continue
                if done_for(known, found, table, pipeline, HEADERS):
                    continue
                build = partial(_edits, path=table.path, pipeline=pipeline)
                yield self.finding(
                    pipeline.name_span,
                    f"Pipeline `:{pipeline.name}` has no `put_secure_browser_headers`",
                    path=table.path,
                    fix=Fix.safe("Add put_secure_browser_headers", build),
                )


def _edits(snapshot: Snapshot, path: str, pipeline: Pipeline) -> list[Edit]:
    document = snapshot.document(path)
    if document is None:
        return []
    return line_after(document, pipeline.plugs, _USUAL, ":put_secure_browser_headers")
