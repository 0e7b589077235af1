"""liveview/large-collection-assign"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import CACHED
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.index import Index
from lsp_server.facts.pages.assign_reads import SocketReads
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import Kind, LiveModule, live_modules
from lsp_server.facts.pages.templates import AssignRead
from lsp_server.lint.finding import Finding, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot

from ._callers import runs_in
from ._streams import READS, stream_fix

_CALLBACKS = frozenset({("mount", 3), ("handle_params", 3)})
_BOUNDED = re.compile(r"pagin|page|recent|latest|newest|limit|top_|_top|featured")
_Clauses = Mapping[tuple[str, str, int], list[Clause]]


class LargeCollectionAssign(ProjectRule):
    """
    A list from the database that a LiveView keeps in memory only to show it.

    Every row stays in the process of every visitor for as long as the page is open, and when one
    of them changes the whole list is compared and rendered again. A stream sends the rows and
    forgets them.

    ## Bad

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def mount(_params, _session, socket) do
        {:ok, assign(socket, :orders, Shop.Repo.all(Shop.Order))}
      end

      def render(assigns) do
        ~H\"\"\"
        <ul>
          <li :for={order <- @orders}>{order.number}</li>
        </ul>
        \"\"\"
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def mount(_params, _session, socket) do
        {:ok, stream(socket, :orders, Shop.Repo.all(Shop.Order))}
      end

      def render(assigns) do
        ~H\"\"\"
        <ul id="orders" phx-update="stream">
          <li :for={{id, order} <- @streams.orders} id={id}>{order.number}</li>
        </ul>
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - The template reads the assign for anything but one loop, such as a count, a condition, or a
      component that is given it.
    - Code of the LiveView reads it back, except to put one element before or behind it.
    - Its value comes from no query, or from one that is not known: a variable that is bound twice,
      a behaviour.
    - The list comes from a cache, which all pages share.
    - The function that gives it is named after a page or a limit: `list_orders_paginated`,
      `recent_orders`.
    - With a LiveView before 0.18.16, which has no streams.

    ## What the fix changes

    The loop goes over `@streams.…` and gives each item the id that the stream has for it, the tag
    around it gets `phx-update="stream"` and an `id` if it has none. The LiveView fills the stream
    where it assigned the list, after `mount` with `reset: true`. There is none where the tag around
    the loop is a `<table>` itself, holds anything else, stands under a condition, or where the ids
    of the items are not made of their `id`.
    """

    severity = Severity.INFORMATION
    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view >= 0.18.16"
    reads = (*READS, call_graph, live_modules)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every list that `mount` or `handle_params` takes from a query."""
        index = snapshot.index
        known, graph = live_modules(index), call_graph(index)
        by_key: dict[tuple[str, str, int], list[Clause]] = {}
        for clause in graph.clauses:
            if runs_in(graph, clause.key, _CALLBACKS):
                by_key.setdefault(clause.key, []).append(clause)
        # What is temporary does not stay in memory: `phx-update-append` speaks of it.
        seen = {
            (one.module, one.key) for _, one in index.of(AssignSet) if one.by == "temporary_assigns"
        }
        for path, one in index.of(AssignSet):
            if one.by != "assign" or one.subject == "conn":
                continue
            live = known.get(one.module)
            if live is None or live.kind is not Kind.LIVE_VIEW or (live.name, one.key) in seen:
                continue
            if not runs_in(graph, (one.module, one.function, one.arity), _CALLBACKS):
                continue
            loop = _only_loop(live, one.key)
            if loop is None or _is_read(index, path, one) or not _queried(graph, by_key, one):
                continue
            seen.add((live.name, one.key))
            message = f"all of `{one.key}` stays in memory only to be shown: a stream forgets it"
            found = stream_fix(snapshot, live, one.key)
            fix = None if isinstance(found, str) else found
            if isinstance(found, str):
                message += f"; not rewritten: {found}"
            where = Related(loop[1].span, "Here it is shown", loop[0])
            yield self.finding(one.span, message, path=path, fix=fix, related=[where])


def _only_loop(live: LiveModule, key: str) -> tuple[str, AssignRead] | None:
    """The loop over an assign, with its path, if the templates read it nowhere else."""
    reads = [
        (markup.path, read)
        for markup in live.markup()
        for read in markup.template.reads
        if read.name == key
    ]
    if len(reads) != 1 or any(markup.template.whole for markup in live.markup()):
        return None
    return reads[0] if reads[0][1].loop else None


def _is_read(index: Index, path: str, one: AssignSet) -> bool:
    """Whether code of the module reads the assign for anything but adding to it."""
    return any(
        reads.module == one.module and (one.key in reads.read or "*" in reads.read)
        for reads in index.file(path).of(SocketReads)
    )


def _queried(graph: CallGraph, clauses: _Clauses, one: AssignSet) -> bool:
    """Whether the value comes from a query, and not from one of a few rows."""
    if _BOUNDED.search(one.value.rpartition(".")[2]):
        return False
    for clause in clauses.get((one.module, one.function, one.arity), ()):
        for call in clause.calls:
            written = f"{call.module}.{call.name}/{call.arity}"
            local = f"{call.name}/{call.arity}" if call.module in ("", one.module) else written
            if one.value in (written, local) or _ends(written, one.value):
                if Effect.DB_READ in graph.effects(one.module, call, CACHED):
                    return True
    return False


def _ends(written: str, value: str) -> bool:
    """Whether a value names the same function under an alias that a `use` brings."""
    return "." in value and written.endswith(f".{value}")
