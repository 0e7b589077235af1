"""liveview/query-in-mount"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.calls import CallSite
from lsp_server.facts.context import project_context
from lsp_server.facts.effects import call_graph
from lsp_server.facts.live_modules import Kind, live_modules
from lsp_server.facts.places import ASSIGN_NEW, CACHED, CONNECTED, ELSEWHERE, LATER
from lsp_server.facts.primitives import Effect
from lsp_server.lint.finding import Edit, Finding, Fix, Operation, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.node import cast

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

    `assign(socket, :key, value)` becomes `assign_async` where the value does not need the socket.
    The template must then say what it shows while the value is loading (`<.async_result>`).
    """

    severity = Severity.INFORMATION
    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view"
    reads = (call_graph, live_modules, project_context)

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
                fits = context.fits(clause.path, "phoenix_live_view >= 0.20")
                yield self.finding(
                    call.span,
                    f"`{name}` in `mount` {_WHAT[effect]} for both renders of the page",
                    path=clause.path,
                    fix=_fix(clause.path, call) if fits else None,
                    related=[Related(step.span, step.text, step.path) for step in way],
                )


def _fix(path: str, call: CallSite) -> Fix:
    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        if document is None:
            return []
        raw = document.tree.raw.root_node.named_descendant_for_byte_range(*call.span)
        node = None if raw is None else cast(raw, document.tree)
        value = node if isinstance(node, Call) else node and node.enclosing(Call)
        if not isinstance(value, Call) or value.callee_span != call.span:
            return []
        setter = value.enclosing(Call)
        if setter is None or setter.dotted != "assign" or value.pipe is not None:
            return []
        match setter.arguments:
            case [_, Atom(key) as name, last] if last == value:
                pass
            case _:
                return []
        if "\n" in value.text or any(it.name == "socket" for it in value.find(Identifier)):
            return []
        text = f"fn -> {{:ok, %{{{key}: {value.text}}}}} end"
        line = document.lines.line_bytes(document.lines.line_at(value.start))
        grown = len(line.decode().rstrip()) + len(text) - len(value.text) + len("_async")
        if grown > 98 or not name.text.startswith(":") or '"' in name.text:
            return []
        return [
            Edit(setter.name_span, "assign_async", path),
            Edit(value.span, text, path),
        ]

    return Fix.review("Load it with assign_async", build)
