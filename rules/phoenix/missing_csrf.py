"""phoenix/missing-csrf"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from lsp_server.facts.routes.page_plugs import FORGERY, PagePlugs, page_plugs
from lsp_server.facts.routes.router import RouterTable, routing
from lsp_server.facts.routes.routes import Pipeline, PlugCall, Route
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

from ._plug_lines import code_routers

_PROTECTING = re.compile(r"csrf|forgery", re.I)
_READING = frozenset({"get", "head", "options"})
# What other sites post to by design: providers of identities, and machines.
_FOREIGN = re.compile(r"callback|webhook|saml|/acs\b|/lti\b|/sso\b|consume", re.I)
Protects = Callable[[Iterable[str]], bool]
# After which plugs the new one goes, where nothing tells it better.
_BEFORE = ("fetch_session", "fetch_flash", "fetch_live_flash", "put_root_layout", "put_layout")


class MissingCsrf(ProjectRule):
    """
    A pipeline that fetches the session and does not protect from forged requests.

    The browser sends the session cookie with every request to the application, also with one that
    a form on a foreign page makes. Without `protect_from_forgery` such a form changes the user's
    data in the user's name. LiveViews need the plug as well: it keeps the token in the session
    with which they connect.

    ## Bad

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :browser do
        plug :accepts, ["html"]
        plug :fetch_session
        plug :fetch_live_flash
        plug :put_root_layout, html: {ShopWeb.Layouts, :root}
        plug :put_secure_browser_headers
      end

      scope "/", ShopWeb do
        pipe_through :browser

        post "/cart", CartController, :create
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
        plug :put_root_layout, html: {ShopWeb.Layouts, :root}
        plug :protect_from_forgery
        plug :put_secure_browser_headers
      end

      scope "/", ShopWeb do
        pipe_through :browser

        post "/cart", CartController, :create
      end
    end
    ```

    ## When it stays silent

    A pipeline without session, as of an API. A plug that protects under another name:
    `Plug.CSRFProtection`, one whose name speaks of CSRF or forgery, or a function or module of the
    project that calls `protect_from_forgery`. A pipeline that a macro may add to.

    Also where every route that passes through the pipeline is safe: it only reads (`get` without
    LiveView) and the pipeline does not accept `html`, it passes through a second pipeline that
    protects, it is for development, or its path is one that other sites post to by design
    (`callback`, `webhook`, `saml`).

    ## What the fix changes

    `plug :protect_from_forgery` is added in its usual place: after the session, the flash and the
    layouts, before `put_secure_browser_headers`. Forms that do not come from `<.form>`, and scripts
    that post, then have to send the token.
    """

    severity = Severity.ERROR

    reads = (routing, page_plugs)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every pipeline of every router."""
        found, known = routing(snapshot.index), page_plugs(snapshot.index)
        for table in code_routers(found):
            yield from self._of_router(table, partial(_protects, known, table.module))

    def _of_router(self, table: RouterTable, protects: Protects) -> Iterator[Finding]:
        pipelines = table.pipelines
        routes = [(one, _passed(pipelines, one)) for one in table.routes]
        named = pipelines.keys()
        for pipeline in pipelines.values():
            if not pipeline.has("fetch_session") or not pipeline.complete:
                continue
            if protects(_passed(pipelines, pipeline) - named):
                continue
            through = [(one, passed) for one, passed in routes if pipeline.name in passed]
            open_to = _is_page(pipeline)
            if through and not any(
                _is_exposed(one, it - named, protects, open_to) for one, it in through
            ):
                continue
            message = (
                f"pipeline `:{pipeline.name}` fetches the session without `protect_from_forgery`: "
                "any site can post in the user's name"
            )
            fix = Fix.review("Add `plug :protect_from_forgery`", _adding(table.path, pipeline))
            yield self.finding(pipeline.name_span, message, path=table.path, fix=fix)


def _passed(pipelines: Mapping[str, Pipeline], start: Pipeline | Route) -> frozenset[str]:
    """The names of all pipelines and plugs behind a pipeline or route; a plug can be a pipeline."""
    names = [start.name] if isinstance(start, Pipeline) else list(start.pipes)
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names += [plug.name for plug in pipelines[name].plugs] if name in pipelines else []
    return frozenset(found)


def _protects(known: PagePlugs, router: str, passed: Iterable[str]) -> bool:
    return any(_PROTECTING.search(name) or FORGERY in known.does(router, name) for name in passed)


def _is_page(pipeline: Pipeline) -> bool:
    """Whether a pipeline is made for pages: their forms come, and the token is in the session."""
    return any(plug.name == "accepts" and "html" in plug.options for plug in pipeline.plugs)


def _is_exposed(route: Route, passed: frozenset[str], protects: Protects, is_page: bool) -> bool:
    """Whether a foreign page can make a browser do harm by a route, or could by the next one."""
    if route.dev or not route.certain or protects(passed) or _FOREIGN.search(route.path):
        return False
    return is_page or route.verb not in _READING or route.kind != "plug"


def _adding(path: str, pipeline: Pipeline) -> Callable[[Snapshot], list[Edit]]:
    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(path)
        if document is None:
            return []
        anchor = _anchor(pipeline.plugs)
        lines, newline = document.lines, line_ending(document.source)
        at = lines.line_span(lines.line_at(anchor.span.end)).end
        indent = lines.indentation(anchor.span.start).decode()
        several = lines.line_at(anchor.span.start) != lines.line_at(anchor.span.end)
        blank = newline if several else ""  # the formatter sets what takes several lines apart
        bracketed = anchor.span.slice(document.source).startswith(b"plug(")
        plug = "plug(:protect_from_forgery)" if bracketed else "plug :protect_from_forgery"
        return [Edit(Span(at, at), f"{blank}{newline}{indent}{plug}", path)]

    return build


def _anchor(plugs: tuple[PlugCall, ...]) -> PlugCall:
    """The plug after which the new one goes; the session is fetched by one of them."""
    names = [plug.name for plug in plugs]
    first = names.index("fetch_session")
    usual = [at for at, name in enumerate(names) if name in _BEFORE and at >= first]
    last = usual[-1]
    if "put_secure_browser_headers" in names[first:]:
        last = names.index("put_secure_browser_headers", first) - 1
    while last > first and plugs[last].conditional:
        last -= 1
    return plugs[last]
