"""liveview/unknown-route"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.routes.route_matching import path_segments
from lsp_server.facts.routes.route_paths import RoutePath
from lsp_server.facts.routes.router import RouterTable, Routing, routing
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

# Where a path must be one of the router's; behind `href` may be anything.
_VIAS = frozenset(
    {"~p", "navigate", "patch", "push_navigate", "push_patch", "push_redirect", "redirect"}
    | {"live_redirect", "live_patch", "JS.navigate", "JS.patch"}
)


class UnknownRoute(ProjectRule):
    """
    A path of the application that no route of its router matches.

    Whoever follows the link gets a 404, and a LiveView that navigates there loses its connection
    and loads an error page. The compiler warns of `~p` only, and only in the module that it
    compiles anew.

    ## Bad

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        live "/orders", OrderLive.Index
        live "/orders/:id", OrderLive.Show
      end
    end
    ```

    `lib/shop_web/live/cart_live.html.heex`:

    ```heex
    <.link navigate={~p"/order/#{@order}"}>Your order</.link>
    <.link navigate="/ordesr">All orders</.link>
    ```

    ## Good

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        live "/orders", OrderLive.Index
        live "/orders/:id", OrderLive.Show
      end
    end
    ```

    `lib/shop_web/live/cart_live.html.heex`:

    ```heex
    <.link navigate={~p"/orders/#{@order}"}>Your order</.link>
    <.link navigate="/orders">All orders</.link>
    ```

    ## When it stays silent

    - `href` with a plain string: a file or another server may answer there.
    - Static paths of `static_paths/0`, and what lies below a `forward`.
    - The first part of the path is computed.
    - A route of any router of the project matches, also of one that another forwards to.
    - A macro may define routes there, `~p` has `path_prefixes`, or the application has no router.

    ## What the fix changes

    The path becomes the nearest one of the router; computed parts stay where they are.
    """

    requires = "phoenix"
    reads = (RoutePath, routing)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every path that a router would have to know."""
        table = routing(snapshot.index)
        for path, one in snapshot.index.of(RoutePath):
            if one.via not in _VIAS or (one.segments and one.segments[0] is None):
                continue
            routers = _routers(table, path, one)
            if not routers or _is_known(table, routers, path, one):
                continue
            shown = "/" + "/".join(":x" if part is None else part for part in one.segments)
            names = " and ".join(f"`{router.module}`" for router in routers[:2])
            message = f"no route of {names} matches `{shown}`"
            nearest = next((it for r in routers if (it := r.nearest(one.segments))), None)
            if nearest:
                dynamic = nearest.replace("#{}", ":x")
                message += f"; the nearest is `{dynamic}`"
            yield self.finding(
                one.content, message, path=path, fix=_fix(path, one, nearest) if nearest else None
            )


def _routers(table: Routing, path: str, one: RoutePath) -> list[RouterTable]:
    """The routers that may be meant; none where that is not known."""
    if one.router:
        named = table.routers.get(one.router)
        return [] if named is None else [named]
    settings = table.verified_in(path)
    if one.via == "~p" and any(setting.prefixed for setting in settings):
        return []
    routers = [it for it in table.of_app(path) if not table.forwarded(it.module)]
    return [router for router in routers if router.routes]


def _is_known(table: Routing, routers: list[RouterTable], path: str, one: RoutePath) -> bool:
    segments = one.segments
    # Another application of an umbrella may answer under the same host.
    if any(router.matching(segments) for router in table.routers.values()):
        return True
    if any(router.hides(segments) for router in routers):
        return True
    statics = [setting.statics for setting in table.verified_in(path)]
    statics += [endpoint.statics for _, endpoint in table.endpoints.values()]
    if segments and any(segments[0] in table.statics(it) or not it.complete for it in statics):
        return True
    # A part that is computed together with text, or a file of some plug.
    return any(part is not None and "." in part for part in segments[-1:])


def _fix(path: str, one: RoutePath, nearest: str) -> Fix | None:
    bare = one.text.partition("?")[0].partition("#")[0] if "#{" not in one.text else one.text
    if "#{" in one.text:
        written = _split(one.text)
        if written is None:
            return None
        bare, parts = written
    else:
        parts = path_segments(bare)
    wanted = nearest.strip("/").split("/")
    if len(wanted) != len(parts):
        return None
    new = "/" + "/".join(
        (old or "") if part == "#{}" else part for part, old in zip(wanted, parts, strict=True)
    )
    start = one.content.start
    end = start + len(bare.encode())
    edit = Edit(Span(start, end), new, path)
    return Fix.review(f"Write {new}", lambda _: [edit])


def _split(text: str) -> tuple[str, list[str | None]] | None:
    """The path before its query, and its parts with their interpolations as written."""
    parts: list[str | None] = []
    current, depth, at = "", 0, 0
    while at < len(text):
        char = text[at]
        if depth == 0 and (char == "?" or (char == "#" and text[at + 1 : at + 2] != "{")):
            break
        if text.startswith("#{", at):
            depth += 1
            current += "#{"
            at += 2
            continue
        if depth and char in "{}":
            depth += 1 if char == "{" else -1
        if depth == 0 and char == "/":
            parts.append(current)
            current = ""
        else:
            current += char
        at += 1
    parts.append(current)
    return None if depth else (text[:at], [part for part in parts if part])
