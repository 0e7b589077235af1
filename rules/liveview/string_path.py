"""liveview/string-path"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lsp_server.facts.index import Index
from lsp_server.facts.pages.template_owners import template_owners
from lsp_server.facts.pages.templates import Template
from lsp_server.facts.project.context import project_context
from lsp_server.facts.routes.route_paths import RoutePath
from lsp_server.facts.routes.router import routing
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.heex import Dialect
from lsp_server.text import Span

_ATTRIBUTES = frozenset({"navigate", "patch", "href"})
_CALLS = frozenset({"redirect", "push_patch", "push_navigate", "JS.navigate", "JS.patch"})


class StringPath(ProjectRule):
    """
    A path of the application as a plain string, which the compiler does not check.

    The string goes on pointing where it did when the route is renamed or taken away, and the link
    is dead without a warning. `~p` is the same text, held against the router.

    ## Bad

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use Phoenix.Router
      import Phoenix.LiveView.Router

      live "/orders", ShopWeb.OrderLive
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView
      use Phoenix.VerifiedRoutes, router: ShopWeb.Router, endpoint: ShopWeb.Endpoint

      def render(assigns) do
        ~H\"\"\"
        <.link patch="/orders?page=2">Next page</.link>
        \"\"\"
      end

      def handle_event("back", _params, socket) do
        {:noreply, push_patch(socket, to: "/orders")}
      end
    end
    ```

    ## Good

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use Phoenix.Router
      import Phoenix.LiveView.Router

      live "/orders", ShopWeb.OrderLive
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView
      use Phoenix.VerifiedRoutes, router: ShopWeb.Router, endpoint: ShopWeb.Endpoint

      def render(assigns) do
        ~H\"\"\"
        <.link patch={~p"/orders?page=2"}>Next page</.link>
        \"\"\"
      end

      def handle_event("back", _params, socket) do
        {:noreply, push_patch(socket, to: ~p"/orders")}
      end
    end
    ```

    ## When it stays silent

    - No route of the application's router matches the path: `liveview/unknown-route` speaks of
      those that should.
    - Attributes outside of HEEx.
    - The path has an interpolation, or what `~p` would read in another way.
    - The module has no `~p`, or one with `path_prefixes`.

    ## What the fix changes

    The string becomes `~p`, in braces where it is an attribute.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix >= 1.7"
    reads = (RoutePath, routing, project_context, template_owners, Template)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every literal path that a page of the application answers."""
        index = snapshot.index
        table, context, owners = routing(index), project_context(index), template_owners(index)
        for path, one in index.of(RoutePath):
            if one.via not in _ATTRIBUTES and one.via not in _CALLS:
                continue
            if None in one.segments or any(sign in one.text for sign in "#\\\"{}' <&"):
                continue
            if one.via in _ATTRIBUTES and not _is_heex(index, path, one.span):
                continue
            owner = owners.get(path) if not one.module else None
            uses = one.uses
            if owner is not None:
                uses = tuple((it.module, it.selector) for it in owner[0].uses)
            settings = table.verified_in(path)
            if "Phoenix.VerifiedRoutes" not in context.expansion(uses).used or len(settings) != 1:
                continue
            router = table.routers.get(settings[0].router)
            if router is None or settings[0].prefixed:
                continue
            found = [it for it in router.matching(one.segments) if not it.is_prefix]
            if not any(it.verb in ("get", "*") or it.kind == "live" for it in found):
                continue
            text = f'~p"{one.text}"'
            if one.via in _ATTRIBUTES:
                text = f"{{{text}}}"
            edit = Edit(one.span, text, path)
            yield self.finding(
                one.content,
                f'`"{one.text}"` should be `~p"{one.text}"`, which the compiler checks',
                path=path,
                fix=Fix.safe("Write ~p", _build(edit)),
            )


def _is_heex(index: Index, path: str, span: Span) -> bool:
    """Whether a place is in HEEx: other templates have no braces."""
    return any(
        template.dialect == Dialect.HEEX and template.span.covers(span)
        for template in index.file(path).of(Template)
    )


def _build(edit: Edit) -> Callable[[Snapshot], list[Operation]]:
    return lambda _: [edit]
