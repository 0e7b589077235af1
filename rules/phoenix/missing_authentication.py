"""phoenix/missing-authentication"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lsp_server.facts.routes.router import RouterTable
from lsp_server.facts.routes.routes import Route
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._access import Access, access
from ._authentication import usual_hook, usual_plug, way_in
from ._plug_lines import code_routers

_PRIVATE = frozenset(
    {"admin", "admins", "dashboard", "settings", "setting", "account", "accounts", "billing"}
    | {"internal"}
)
_WRITES = frozenset({"post", "put", "patch", "delete"})
# What strangers must be able to reach.
_PUBLIC = re.compile(
    r"log_?-?(?:in|out)|sign|session|regist|password|reset|confirm|hook|callback|health|alive|ready|"
    r"o?auth|token|subscri|invit|csp|report|contact|newsletter|graphi?ql|onboard|"
    r"search|preview|cart|basket|checkout|locale|lang|theme|cookie|consent|feedback|event|track|"
    r"ping|metric|verif|activat|unlock|otp|sso|saml|webauthn|passkey|setup|waitlist|vote|/dev/|"
    r"stripe|slack|github|twilio|join|opt_?-?(?:in|out)|incoming|notif|api_doc|public",
    re.I,
)
_REGISTERS = re.compile(r"/users?$")  # where somebody becomes one
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")


class MissingAuthentication(ProjectRule):
    """
    A route to what is private, or one that writes, that asks nobody who they are.

    Somebody adds a line to the wrong scope, or a scope without the pipeline that its neighbours
    have. The page works, the tests pass, because they are logged in, and everybody on the internet
    can change what it changes.

    ## Bad

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :browser do
        plug :accepts, ["html"]
      end

      scope "/", ShopWeb do
        pipe_through [:browser, :require_authenticated_user]

        get "/orders", OrderController, :index
      end

      scope "/", ShopWeb do
        pipe_through :browser

        get "/admin/exports", ExportController, :index
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      pipeline :browser do
        plug :accepts, ["html"]
      end

      scope "/", ShopWeb do
        pipe_through [:browser, :require_authenticated_user]

        get "/orders", OrderController, :index
      end

      scope "/", ShopWeb do
        pipe_through :browser

        scope "/" do
          pipe_through :require_authenticated_user

          get "/admin/exports", ExportController, :index
        end
      end
    end
    ```

    ## When it stays silent

    - Nothing in the project's routers authenticates: then it is done elsewhere, or nowhere.
    - Logging in and out, registration (also `post "/users"`), password reset, confirmation,
      webhooks, callbacks, health checks, search, carts, contact forms and the like; routes for
      development.
    - A plug of the endpoint, a pipeline or the controller, a hook of the `live_session` or of the
      LiveView authenticates, as far as its name tells. A plug of yours whose `call/2` surely lets
      everybody through does not count.
    - The action, the `mount` or the `handle_params` itself speaks of the current user, of a token
      or of a permission.
    - The controller or LiveView is of a library, a macro may add plugs that cannot be seen, or
      another router forwards to this one.

    ## What the fix changes

    The route goes into a scope of its own that pipes through the plug that most of the other
    routes authenticate by, a `live` route also into a `live_session` with the hook that most of
    the other sessions have; if it is in a session all of whose routes ask nobody, that session
    gets the hook. `resources` of which only some routes should ask become two lines. There is no
    fix where a session holds pages for strangers too, where the project names no plug and no
    hook, and where some routes of a nested `resources` are for strangers.
    """

    reads = (access,)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every route of every router."""
        known = access(snapshot.index)
        for table in code_routers(known.routing):
            if known.forwarded_behind(table) or not _has_any(known, table):
                continue
            plug, hook = usual_plug(table), usual_hook(table)
            all_bare = [one for one in table.routes if _is_bare(known, table, one)]
            bare_spans = {one.span for one in all_bare}
            lines, bare_lines = _by_line(table.routes), _by_line(all_bare)
            for span, bare in bare_lines.items():
                routes = lines[span]
                way = way_in(table, bare, routes, bare_spans, plug, hook)
                by = {"live": "live", "mount": "live_dashboard"}.get(bare[0].kind, bare[0].verb)
                todo = ": put it behind the plug or hook that authenticates" if way is None else ""
                yield self.finding(
                    bare[0].name_span,
                    f"`{by} {bare[0].path}` asks nobody who they are{todo}",
                    path=table.path,
                    fix=None if way is None else Fix.review(*way),
                )


def _by_line(routes: Iterable[Route]) -> dict[Span, list[Route]]:
    """Routes by the line of the router that gives them."""
    lines: dict[Span, list[Route]] = {}
    for route in routes:
        lines.setdefault(route.span, []).append(route)
    return lines


def _is_bare(known: Access, table: RouterTable, route: Route) -> bool:
    if route.dev or route.conditional or not table.is_certain(route):
        return False
    if route.kind == "forward" or _PUBLIC.search(f"{route.path} {route.plug} {route.action}"):
        return False
    if route.verb == "post" and _REGISTERS.search(route.path) and not _is_private(route):
        return False
    if route.kind == "mount":
        if route.plug != "Phoenix.LiveDashboard":
            return False
    elif not known.entries.get(route.plug) and not _is_own(table, route):
        return False
    if route.verb not in _WRITES and route.kind != "mount" and not _is_private(route):
        return False
    return not known.asks_who(table, route)


def _is_private(route: Route) -> bool:
    written = [part for part in route.segments if part[0] not in ":*"]
    words = {word.lower() for part in written for word in _WORDS.findall(part)}
    module = route.plug.split(".")[1:]
    words |= {word.lower() for part in module for word in _WORDS.findall(part)}
    return not words.isdisjoint(_PRIVATE)


def _is_own(table: RouterTable, route: Route) -> bool:
    """Whether a controller or LiveView is named as one of the router's own application."""
    return route.plug.partition(".")[0] == table.module.partition(".")[0]


def _has_any(known: Access, table: RouterTable) -> bool:
    """Whether anything in a router authenticates by a plug or a hook."""
    return any(not route.dev and known.asks_who(table, route) for route in table.routes)
