"""liveview/query-in-mount"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.calls.places import ASSIGN_NEW, CACHED, CONNECTED, ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.index import Index
from lsp_server.facts.pages.assign_reads import SocketReads
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import Kind, LiveModule, live_modules
from lsp_server.facts.project.context import project_context
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._awaited import awaited, reads_of
from ._deferred import deferred

FARTHEST = 4  # steps below `mount`
_APART = CONNECTED | ELSEWHERE | LATER | ASSIGN_NEW | CACHED
_WHAT = {
    Effect.DB_READ: "queries the database",
    Effect.DB_WRITE: "writes to the database",
    Effect.HTTP: "makes an HTTP request",
}


class QueryInMount(ProjectRule):
    """
    A query or HTTP request in `mount/3` that runs for both renders of the page.

    A LiveView mounts twice: for the HTTP request, and when the browser has connected. What `mount`
    loads is loaded twice, and the first time nobody sees the page before it is there.

    ## Bad

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def mount(_params, _session, socket) do
        {:ok, assign(socket, :orders, Shop.Repo.all(Shop.Order))}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def mount(_params, _session, socket) do
        {:ok, assign_async(socket, :orders, fn -> {:ok, %{orders: Shop.Repo.all(Shop.Order)}} end)}
      end
    end
    ```

    ## When it stays silent

    - The call stands under `connected?`, in `assign_async`, `start_async` or `assign_new`, in a
      process of its own, or only fills a cache.
    - It is more than four calls below `mount`, or behind a variable or a behaviour.

    ## What the fix changes

    `assign(socket, :key, value)` becomes `assign_async` (LiveView 0.20) where the value does not
    need the socket; what it reads of the assigns is read before. In the template `<.async_result>`
    is put around what shows the value, with a text for the time until it is there. There is none
    where the value comes through a variable, is assigned with others, or stands on several lines,
    and where other code sets the key again or reads it back.
    """

    severity = Severity.INFORMATION
    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view"
    reads = (AssignSet, SocketReads, call_graph, live_modules, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every call in a `mount` that comes to a database or another server."""
        graph, known = call_graph(snapshot.index), live_modules(snapshot.index)
        context = project_context(snapshot.index)
        for clause in graph.clauses:
            if (clause.name, clause.arity) != ("mount", 3):
                continue
            live = known.get(clause.module)
            if live is None or live.kind is not Kind.LIVE_VIEW:
                continue
            for call in clause.calls:
                if call.place & _APART or graph.callee(clause.module, call) == clause.key:
                    continue
                effects = graph.effects(clause.module, call, _APART)
                effect = next((one for one in _WHAT if one in effects), None)
                if effect is None:
                    continue
                way = graph.way(clause.module, call, effect, _APART)
                if len(way) > FARTHEST:
                    continue
                name = graph.name_of(clause.module, call)
                one = None
                if context.fits(clause.path, "phoenix_live_view >= 0.20"):
                    one = _given(snapshot.index, live, clause.path, call.span)
                yield self.finding(
                    call.span,
                    f"`{name}` in `mount` {_WHAT[effect]} for both renders of the page",
                    path=clause.path,
                    fix=None if one is None else _fix(clause.path, one, live),
                    related=[Related(step.span, step.text, step.path) for step in way],
                )


def _given(index: Index, live: LiveModule, path: str, call: Span) -> AssignSet | None:
    """The `assign` that holds a call and needs no socket, if nothing else sets or reads its key."""
    sets = [one for one in index.file(path).of(AssignSet) if one.module == live.name]
    for one in sets:
        if one.alone and one.given is not None and one.given.covers(call):
            if sum(it.key == one.key for it in sets) > 1 or reads_of(live, one.key) is None:
                return None
            read = (it.read for it in index.file(path).of(SocketReads) if it.module == live.name)
            return None if any(one.key in keys for keys in read) else one
    return None


def _fix(path: str, one: AssignSet, live: LiveModule) -> Fix:
    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(path)
        if document is None or one.given is None:
            return []
        edits = deferred(document, one.given, "assign_async", _result, apart=True)
        reads = reads_of(live, one.key)
        if not edits or not reads:
            return edits
        page = snapshot.document(live.markup()[0].path)
        shown = None if page is None else awaited(page, reads, one.key)
        return [] if shown is None else [*edits, *shown]

    return Fix.review("Load it with assign_async", build)


def _result(key: str, code: str) -> str:
    return f"{{:ok, %{{{key}: {code}}}}}"
