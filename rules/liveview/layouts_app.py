"""liveview/layouts-app"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.facts.components import FunctionComponent
from lsp_server.facts.live_modules import Caller, Component, Kind, live_modules, rendering
from lsp_server.facts.router import routing
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.template_layout import shifted, verbatim_spans
from lsp_server.text import Span, line_ending


class LayoutsApp(ProjectRule):
    """
    A page that does not stand in the layout in which the other pages of the project stand.

    Since Phoenix 1.8 a LiveView puts itself into `<Layouts.app>`. One that does not has no
    navigation, and what `put_flash` says on it is never seen.

    ## Bad

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use Phoenix.Router
      import Phoenix.LiveView.Router

      live "/carts", ShopWeb.CartLive
      live "/orders", ShopWeb.OrderLive
    end
    ```

    `lib/shop_web/components/layouts.ex`:

    ```elixir
    defmodule ShopWeb.Layouts do
      use Phoenix.Component

      attr :flash, :map, required: true
      slot :inner_block, required: true

      def app(assigns) do
        ~H\"\"\"
        <main>{render_slot(@inner_block)}</main>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/live/cart_live.ex`:

    ```elixir
    defmodule ShopWeb.CartLive do
      use Phoenix.LiveView
      alias ShopWeb.Layouts

      def render(assigns) do
        ~H\"\"\"
        <Layouts.app flash={@flash}>
          <p>{@total}</p>
        </Layouts.app>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView
      alias ShopWeb.Layouts

      def render(assigns) do
        ~H\"\"\"
        <p>{@number}</p>
        \"\"\"
      end
    end
    ```

    ## Good

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use Phoenix.Router
      import Phoenix.LiveView.Router

      live "/carts", ShopWeb.CartLive
      live "/orders", ShopWeb.OrderLive
    end
    ```

    `lib/shop_web/components/layouts.ex`:

    ```elixir
    defmodule ShopWeb.Layouts do
      use Phoenix.Component

      attr :flash, :map, required: true
      slot :inner_block, required: true

      def app(assigns) do
        ~H\"\"\"
        <main>{render_slot(@inner_block)}</main>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/live/cart_live.ex`:

    ```elixir
    defmodule ShopWeb.CartLive do
      use Phoenix.LiveView
      alias ShopWeb.Layouts

      def render(assigns) do
        ~H\"\"\"
        <Layouts.app flash={@flash}>
          <p>{@total}</p>
        </Layouts.app>
        \"\"\"
      end
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView
      alias ShopWeb.Layouts

      def render(assigns) do
        ~H\"\"\"
        <Layouts.app flash={@flash}>
          <p>{@number}</p>
        </Layouts.app>
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - Fewer pages of the project stand in the layout than do not.
    - Any function of the module `Layouts` is used, also through another component.
    - The page's `live_session` has a layout of its own, no route leads to the page, or its template
      is not known.

    ## What the fix changes

    The whole template goes into `<Layouts.app flash={@flash}>`. There is none where the layout
    needs more than `flash`, and where the template is no heredoc and no file.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix >= 1.8"
    reads = (live_modules, rendering, routing, FunctionComponent)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every LiveView that a route leads to."""
        index = snapshot.index
        known, callers = live_modules(index), rendering(index).callers
        layouts = [it for it in callers if it[0].rpartition(".")[2] == "Layouts"]
        inside = _above(callers, layouts)
        apart: list[str] = []
        wrapped = 0
        for table in routing(index).routers.values():
            for route in table.routes:
                live = known.get(route.plug)
                if route.kind != "live" or live is None or live.kind is not Kind.LIVE_VIEW:
                    continue
                session = table.sessions.get(route.session)
                if (live.name, "render") in inside:
                    wrapped += 1
                elif (session is None or not session.layout) and live.markup():
                    apart.append(live.name)
        if wrapped < max(len(apart), 1):
            return
        app = next((it for it in layouts if it[1] == "app"), None)
        components = {(it.module, it.name): it for _, it in index.of(FunctionComponent)}
        needs = components.get(app) if app is not None else None
        plain = needs is not None and not any(
            it.required and it.name != "flash" for it in needs.attrs
        )
        for name in dict.fromkeys(apart):
            live = known[name]
            markups = live.markup()
            renders = [it for it in markups if it.template.dialect == "heex"]
            if len(markups) != 1 or not renders:
                continue
            where = renders[0]
            span = live.module.name_span
            fix = None
            if app is not None and plain and where.template.plain:
                fix = _fix(where.path, where.template.span, app[0])
            message = f"`{name}` does not stand in `<Layouts.app>` as other pages do"
            yield self.finding(span, message, path=live.path, fix=fix)


def _above(
    callers: Mapping[Component, tuple[Caller, ...]], below: list[Component]
) -> set[Component]:
    """The functions that render one of some components, also through others."""
    found, pending = set(below), list(below)
    for one in pending:  # grows while it is read
        for caller in callers.get(one, ()):
            above = (caller.module, caller.function)
            if above not in found:
                found.add(above)
                pending.append(above)
    return found


def _fix(path: str, span: Span, layouts: str) -> Fix:
    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        if document is None:
            return []
        layer = next((it for it in document.templates if it.span == span), None)
        if layer is None or layer.template.errors:
            return []
        if layer.sigil is not None and not layer.sigil.is_heredoc:
            return []
        source = document.source
        text = span.slice(source)
        start = span.start + len(text) - len(text.lstrip())
        end = span.end - (len(text) - len(text.rstrip()))
        if start >= end:
            return []
        indent = document.lines.indentation(start).decode()
        name = "Layouts.app"
        if layer.sigil is not None:
            names = document.names_at(start)
            full = snapshot.context.expand(names, "Layouts")
            name = name if full == layouts else f"{layouts}.app"
        newline = line_ending(source)
        inner = Span(start, end)
        body = shifted(source, inner, 2, verbatim_spans(layer, inner))
        wrapped = f"<{name} flash={{@flash}}>{newline}{indent}  {body}{newline}{indent}</{name}>"
        return [Edit(inner, wrapped, path)]

    return Fix.safe("Put the page into <Layouts.app>", build)
