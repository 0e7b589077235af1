"""liveview/query-in-mount"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, Step, call_graph
from lsp_server.facts.calls.places import ASSIGN_NEW, CACHED, CONNECTED, ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.index import Index
from lsp_server.facts.pages.assign_reads import SocketReads
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import Kind, LiveModule, live_modules
from lsp_server.facts.project.context import project_context
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._awaited import awaited, reads_of
from ._deferred import deferred
from ._given import given_by

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
    need the socket; what it reads of the assigns is read before. A variable that holds the value
    goes into the function, and what else the `assign` sets stays there. In the template
    `<.async_result>` is put around what shows the value, with a text for the time until it is
    there. There is none where anything else reads the variable, and where other code sets the key
    again or reads it back.
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
                fix = None
                if context.fits(clause.path, "phoenix_live_view >= 0.20"):
                    fix = _fix(snapshot.index, live, clause.path, _places(graph, clause, call, way))
                yield self.finding(
                    call.span,
                    f"`{name}` in `mount` {_WHAT[effect]} for both renders of the page",
                    path=clause.path,
                    fix=offered(fix, snapshot),
                    related=[Related(step.span, step.text, step.path) for step in way],
                )


def _places(
    graph: CallGraph, clause: Clause, call: CallSite, way: Sequence[Step]
) -> Iterator[Span]:
    """The call, and what it leads to in a function of the module that nothing else calls."""
    yield call.span
    callee = graph.callee(clause.module, call)
    if callee is not None and callee[0] == clause.module and way and way[0].path == clause.path:
        if len(graph.callers.get(callee, ())) == 1:
            yield way[0].span


def _fix(index: Index, live: LiveModule, path: str, calls: Iterable[Span]) -> Fix:
    places = tuple(calls)

    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(path)
        found = (given_by(document, one) for one in places) if document is not None else ()
        one = next(filter(None, found), None)
        if document is None or one is None or not _is_alone(index, live, path, one.key):
            return []
        edits = deferred(document, one, "assign_async", _result, apart=True)
        reads = reads_of(live, one.key)
        if not edits or not reads:
            return edits
        page = snapshot.document(live.markup()[0].path)
        shown = None if page is None else awaited(page, reads, one.key)
        return [] if shown is None else [*edits, *shown]

    return Fix.review("Load it with assign_async", build)


def _is_alone(index: Index, live: LiveModule, path: str, key: str) -> bool:
    """Whether nothing else of a module sets or reads a key."""
    sets = (one for one in index.file(path).of(AssignSet) if one.module == live.name)
    if sum(one.key == key for one in sets) > 1 or reads_of(live, key) is None:
        return False
    read = (one.read for one in index.file(path).of(SocketReads) if one.module == live.name)
    return not any(key in keys for keys in read)


def _result(key: str, code: str) -> str:
    return f"{{:ok, %{{{key}: {code}}}}}"
