"""liveview/layouts-app"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsp_server.facts.index import Index
from lsp_server.facts.pages.assign_reads import SocketReads
from lsp_server.facts.pages.components import FunctionComponent
from lsp_server.facts.pages.layouts import LayoutAttribute, LayoutCall, OwnLayout
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import (
    Caller,
    Component,
    Kind,
    LiveModule,
    live_modules,
    rendering,
)
from lsp_server.facts.routes.router import routing
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.template_edits import HeexAttribute
from lsp_server.syntax.template_layout import opening_tag, place_of, shifted, verbatim_spans
from lsp_server.text import Span

Hooks = frozenset[tuple[str, str]]  # modules of `on_mount` with their arguments


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

    - Far fewer pages of the project stand in the layout than do not.
    - Any function of the module `Layouts` is used, also through another component.
    - The page's `live_session`, its `use` or its `mount` names a layout, no route leads to the
      page, or its template is not known.

    ## What the fix changes

    The whole template goes into `<Layouts.app flash={@flash}>`, with what the other pages pass
    where it is the same in all of them, such as `current_scope={@current_scope}`. An assign is
    passed only if the page has it: it reads or sets it, or a page behind the same hooks has it
    without setting it. There is no fix where the layout needs more than that, and where the
    template is no heredoc and no file.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix >= 1.8"
    reads = (
        live_modules,
        rendering,
        routing,
        FunctionComponent,
        LayoutCall,
        OwnLayout,
        AssignSet,
        SocketReads,
    )

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every LiveView that a route leads to."""
        index = snapshot.index
        known, callers = live_modules(index), rendering(index).callers
        layouts = [it for it in callers if it[0].rpartition(".")[2] == "Layouts"]
        if not layouts:
            return
        inside = _above(callers, layouts)
        own = {it.module for _, it in index.of(OwnLayout)}
        sessions: dict[str, set[Hooks]] = {}
        apart: list[str] = []
        wrapped: set[str] = set()
        for table in routing(index).routers.values():
            for route in table.routes:
                live = known.get(route.plug)
                if route.kind != "live" or live is None or live.kind is not Kind.LIVE_VIEW:
                    continue
                session = table.sessions.get(route.session)
                hooks = frozenset(
                    (it.module, it.argument) for it in (session.on_mount if session else ())
                )
                sessions.setdefault(live.name, set()).add(hooks)
                if (live.name, "render") in inside:
                    wrapped.add(live.name)
                elif (session is None or not session.layout) and live.markup():
                    if live.name not in own:
                        apart.append(live.name)
        apart = list(dict.fromkeys(apart))
        if not wrapped or len(wrapped) * 3 < len(apart):
            return
        app = next((it for it in layouts if it[1] == "app"), None)
        calls = {(path, it.span): it for path, it in index.of(LayoutCall)}
        siblings = [
            (it.module, calls[it.path, it.span])
            for it in (callers[app] if app is not None else ())
            if it.module in wrapped and (it.path, it.span) in calls
        ]
        components = {(it.module, it.name): it for _, it in index.of(FunctionComponent)}
        needs = components.get(app) if app is not None else None
        given = _Given(siblings, needs, sessions, known, _set(index), _read(index))
        for name in apart:
            live = known[name]
            markups = live.markup()
            renders = [it for it in markups if it.template.dialect == "heex"]
            if len(markups) != 1 or not renders:
                continue
            where = renders[0]
            fix = None
            attributes = given.to(live)
            if app is not None and attributes is not None and where.template.plain:
                fix = _fix(where.path, where.template.span, app[0], attributes, live)
            message = f"`{name}` does not stand in `<Layouts.app>` as other pages do"
            yield self.finding(live.module.name_span, message, path=live.path, fix=fix)


def _set(index: Index) -> set[tuple[str, str]]:
    """The assigns that modules set on a socket themselves."""
    return {(it.module, it.key) for _, it in index.of(AssignSet) if it.subject == "socket"}


def _read(index: Index) -> set[tuple[str, str]]:
    """The assigns that modules read of a socket."""
    return {(it.module, key) for _, it in index.of(SocketReads) for key in it.read}


@dataclass(frozen=True)
class _Given:
    """What the pages that stand in the layout pass to it."""

    siblings: list[tuple[str, LayoutCall]]
    needs: FunctionComponent | None
    sessions: Mapping[str, set[Hooks]]  # the hooks before each page, by route
    known: Mapping[str, LiveModule]
    sets: set[tuple[str, str]]
    reads: set[tuple[str, str]]

    def to(self, live: LiveModule) -> tuple[str, ...] | None:
        """What another page should pass; None where that cannot be known."""
        if self.needs is None:
            return None
        if any(it.required and it.name != "inner_block" for it in self.needs.slots):
            return None
        shared = [it for it in self._shared() if all(self._has(live, key) for key in it.reads)]
        names = {it.name for it in shared}
        texts = [it.text for it in shared]
        if "flash" not in names and "{assigns}" not in texts:
            if not self.siblings or self.needs.attr("flash") is not None:
                texts.insert(0, "flash={@flash}")
                names.add("flash")
        required = {it.name for it in self.needs.attrs if it.required} - names
        if "{assigns}" in texts:
            required = {key for key in required if not self._has(live, key)}
        return None if required else tuple(texts)

    def _shared(self) -> Iterator[LayoutAttribute]:
        """What all of them pass; of a single one only what can be no matter of that page."""
        if not self.siblings:
            return
        first, *others = (it.attributes for _, it in self.siblings)
        pages = {module for module, _ in self.siblings}
        for one in first:
            if all(one in it for it in others) and (one.plain or len(pages) > 1):
                yield one

    def _has(self, live: LiveModule, key: str) -> bool:
        """Whether a page surely has an assign."""
        if key == "flash" or (live.name, key) in self.sets or (live.name, key) in self.reads:
            return True
        if any(read.name == key for it in live.markup() for read in it.template.reads):
            return True
        hooks = _mount_hooks(live)
        fed: set[Hooks] = set()
        for module, call in self.siblings:
            if any(key in it.reads for it in call.attributes) and (module, key) not in self.sets:
                if _mount_hooks(self.known[module]) <= hooks:
                    fed |= self.sessions[module]
        return all(any(one <= own for one in fed) for own in self.sessions[live.name])


def _mount_hooks(live: LiveModule) -> set[str]:
    return {it.target for it in live.hooks if it.stage == "mount"}


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


def _fix(path: str, span: Span, layouts: str, attributes: tuple[str, ...], live: LiveModule) -> Fix:
    def build(snapshot: Snapshot) -> list[Operation]:
        document, module = snapshot.document(path), snapshot.document(live.path)
        if document is None or module is None:
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
        place = place_of(layer, document.lines, start)
        inside = start if layer.sigil is not None else live.module.span.end - len("end")
        full = snapshot.context.expand(module.names_at(inside), "Layouts")
        name = "Layouts.app" if full == layouts else f"{layouts}.app"
        opening = opening_tag(name, [HeexAttribute(it) for it in attributes], place)
        inner = Span(start, end)
        body = shifted(source, inner, 2, verbatim_spans(layer, inner))
        indent, newline = place.indent, place.newline
        wrapped = f"{opening}{newline}{indent}  {body}{newline}{indent}</{name}>"
        return [Edit(inner, wrapped, path)]

    return Fix.safe("Put the page into <Layouts.app>", build)
