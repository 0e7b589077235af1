"""liveview/external-call-in-callback"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import CACHED, ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.index import Index
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import Kind, LiveModule, live_modules
from lsp_server.facts.project.context import project_context
from lsp_server.lint.finding import Edit, Finding, Fix, Operation, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._async import async_edits
from ._async_steps import is_returned

_CALLBACKS = frozenset(
    {("handle_event", 3), ("handle_info", 2), ("handle_params", 3), ("render", 1)}
)
_KINDS = frozenset({Kind.LIVE_VIEW, Kind.LIVE_COMPONENT})
FARTHEST = 5  # steps below the callback; further down too many conditions stand in between


class ExternalCallInCallback(ProjectRule):
    """
    An HTTP request or a mail in a callback of a LiveView, which waits for it.

    A LiveView is one process: while it waits for another server it answers no click and sends no
    update. If the answer takes longer than the browser's patience the page reconnects and begins
    anew, and the request is made once more.

    ## Bad

    ```elixir
    defmodule ShopWeb.ShippingLive do
      use ShopWeb, :live_view

      def handle_event("track", %{"code" => code}, socket) do
        response = Req.get!("https://parcels.example.com/" <> code)
        {:noreply, assign(socket, :parcel, response.body)}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.ShippingLive do
      use ShopWeb, :live_view

      def handle_event("track", %{"code" => code}, socket) do
        {:noreply,
         start_async(socket, :track, fn ->
           Req.get!("https://parcels.example.com/" <> code)
         end)}
      end

      def handle_async(:track, {:ok, response}, socket) do
        {:noreply, assign(socket, :parcel, response.body)}
      end
    end
    ```

    ## When it stays silent

    - The call runs in `start_async`, `assign_async`, a `Task` or a process of its own, or only to
      fill a cache.
    - It is more than five calls below the callback, or behind a variable or a behaviour, where
      nobody can tell which function runs.
    - A mailer's `deliver_later`, which hands the mail to another process.

    ## What the fix changes

    The call moves into `start_async` (LiveView 0.20), and what the callback does with the answer
    into a clause of `handle_async/3`; a call that fails still takes the page down. What the call
    reads of the socket is read before, and what else the rest needs comes with the answer. There is
    none where the callback answers the browser with `:reply`, where one waits for several calls,
    and in `handle_params` where only the answer gives the page what it shows.
    """

    requires = "phoenix_live_view"
    reads = (AssignSet, call_graph, live_modules, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every call in a callback that comes to another server."""
        graph, known = call_graph(snapshot.index), live_modules(snapshot.index)
        context = project_context(snapshot.index)
        for clause in graph.clauses:
            live = known.get(clause.module)
            if (clause.name, clause.arity) not in _CALLBACKS or live is None:
                continue
            if live.kind not in _KINDS:
                continue
            found = list(self._of_clause(graph, clause))
            fix = None
            if len(found) == 1 and context.fits(clause.path, "phoenix_live_view >= 0.20"):
                fix = offered(_fix(snapshot.index, live, clause, found[0]), snapshot)
            yield from (replace(one, fix=fix) for one in found)

    def _of_clause(self, graph: CallGraph, clause: Clause) -> Iterator[Finding]:
        for call in clause.calls:
            if call.place & (ELSEWHERE | LATER | CACHED):
                continue
            if graph.callee(clause.module, call) == clause.key:
                continue
            effects = graph.effects(clause.module, call, CACHED)
            for effect, what in _WHAT.items():
                if effect not in effects:
                    continue
                way = graph.way(clause.module, call, effect, CACHED)
                if len(way) > FARTHEST:
                    continue
                name = graph.name_of(clause.module, call)
                yield self.finding(
                    call.span,
                    f"`{name}` {what} while `{clause.name}` waits: use `start_async`",
                    path=clause.path,
                    related=[Related(step.span, step.text, step.path) for step in way],
                )
                break


def _fix(index: Index, live: LiveModule, clause: Clause, found: Finding) -> Fix | None:
    if clause.path != live.path:
        return None
    sets = [one for one in index.file(live.path).of(AssignSet) if one.module == live.name]
    at_first = {one.key for one in sets if one.function in ("mount", "update")}
    below = next((one.span for one in found.related[:1] if one.path == live.path), None)

    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(live.path)
        if document is None:
            return []
        edits = async_edits(document, live, found.span)
        if not edits and below is not None and is_returned(document, found.span):
            edits = async_edits(document, live, below)
        if not edits or clause.name != "handle_params":
            return edits
        # The page is shown before the answer is there, so it must have what comes with it.
        moved = [one.span for one in edits if isinstance(one, Edit)]
        later = (one.key for one in sets if any(it.covers(one.span) for it in moved))
        return edits if at_first.issuperset(later) else []

    return Fix.review("Wait for it with start_async", build)


_WHAT = {Effect.HTTP: "makes an HTTP request", Effect.MAIL: "sends a mail"}
