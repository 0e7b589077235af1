"""liveview/unhandled-event"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.facts.index import Index
from lsp_server.facts.pages.hooked import hooked
from lsp_server.facts.pages.live_modules import Kind, LiveModule, live_modules, rendering
from lsp_server.facts.pages.template_owners import template_owners
from lsp_server.facts.pages.templates import EventBinding
from lsp_server.lint.finding import Finding, Fix, Operation, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._clauses import new_clause

CALLBACK = "handle_event"


class UnhandledEvent(ProjectRule):
    """
    An event of a page that no clause of `handle_event/3` takes.

    Nothing checks the name of an event before somebody clicks: then the LiveView's process dies
    with a `FunctionClauseError`, and what was typed into the page is gone.

    ## Bad

    ```elixir
    defmodule ShopWeb.CartLive do
      use ShopWeb, :live_view

      @impl true
      def render(assigns) do
        ~H\"\"\"
        <button phx-click="remove">Remove</button>
        <button phx-click="empty">Empty the cart</button>
        \"\"\"
      end

      @impl true
      def handle_event("remove", _params, socket) do
        {:noreply, assign(socket, :items, [])}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.CartLive do
      use ShopWeb, :live_view

      @impl true
      def render(assigns) do
        ~H\"\"\"
        <button phx-click="remove">Remove</button>
        <button phx-click="empty">Empty the cart</button>
        \"\"\"
      end

      @impl true
      def handle_event("remove", _params, socket) do
        {:noreply, assign(socket, :items, [])}
      end

      def handle_event("empty", _params, socket) do
        {:noreply, socket}
      end
    end
    ```

    ## When it stays silent

    - The name of the event is an expression or LiveView's own (`lv:clear-flash`), or the target
      anything but `@myself`.
    - Any clause may take the event: by its name, by a prefix, by a guard, or because it takes all.
    - A `use` brings clauses; or a macro, a loop around `def` or a library's `use` may.
    - An `attach_hook` for events stands in the LiveView itself, in a module that it or its
      `live_session` names, or in one that might be anybody's.
    - A function component that somebody outside of the known LiveViews may render.

    ## What the fix changes

    It adds a clause after the last one, which does nothing yet. There is none where several
    LiveViews show the element.
    """

    requires = "phoenix_live_view"
    reads = (EventBinding, hooked, live_modules, rendering, template_owners)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every event whose receivers are all known."""
        index = snapshot.index
        known, owners = live_modules(index), template_owners(index)
        attached = hooked(index)
        for path, event in index.of(EventBinding):
            module, function = event.module, event.function
            if not module and path in owners:
                module, function = owners[path][0].name, owners[path][1]
            receivers = _receivers(index, known, module, function, event)
            if not receivers or any(
                attached.has(one.name, CALLBACK) or _takes(one, event.event) for one in receivers
            ):
                continue
            names = ", ".join(f"`{one.name}`" for one in receivers[:2])
            if len(receivers) > 2:
                names += f" and {len(receivers) - 2} more"
            verb = "takes" if len(receivers) == 1 else "take"
            message = f"no `handle_event` of {names} {verb} the event `{event.event}`"
            yield self.finding(
                event.span,
                message,
                path=path,
                fix=_fix(receivers, event.event),
                related=[
                    Related(one.module.name_span, f"`{one.name}` gets the event", one.path)
                    for one in receivers[:3]
                ],
            )


def _receivers(
    index: Index, modules: Mapping[str, LiveModule], module: str, function: str, event: EventBinding
) -> list[LiveModule]:
    """The modules that can get an event; none where one of them may not be known."""
    if event.to == "@myself":
        found = modules.get(module)
        return [found] if found is not None and found.kind is Kind.LIVE_COMPONENT else []
    if event.to or not module:
        return []
    roots = rendering(index).live_views(module, function)
    if not roots.certain:
        return []
    return [modules[name] for name in sorted(roots.live_views) if name in modules]


def _takes(module: LiveModule, event: str) -> bool:
    if event.startswith("lv:") or module.is_given(CALLBACK):  # LiveView's own
        return True
    return any(clause.takes(event) for clause in module.clauses(CALLBACK))


def _fix(receivers: list[LiveModule], event: str) -> Fix | None:
    if len(receivers) != 1 or '"' in event or "\\" in event or "#{" in event:
        return None
    module = receivers[0]

    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(module.path)
        if document is None:
            return []
        head = f'{CALLBACK}("{event}", _params, socket)'
        edit = new_clause(document, module.name, head, ("{:noreply, socket}",))
        return [] if edit is None else [edit]

    return Fix.review(f'Add handle_event("{event}", …)', build)
