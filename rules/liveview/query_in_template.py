"""liveview/query-in-template"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.calls.effects import Clause, call_graph
from lsp_server.facts.calls.places import CACHED, ELSEWHERE, LATER, TEMPLATE
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.pages.components import FunctionComponent
from lsp_server.facts.pages.live_modules import Kind, live_modules
from lsp_server.lint.finding import Finding, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

FARTHEST = 4  # steps below the template
_WHAT = {
    Effect.DB_READ: "queries the database",
    Effect.DB_WRITE: "writes to the database",
    Effect.HTTP: "makes an HTTP request",
}

_CACHE = re.compile(r"Cache\w*\.\w+[?!]?/\d")  # a step into a cache of the project
_MAIL = re.compile(r"e?mails?(?:/|_|\.)|\.text\.\w+\Z|notifier", re.IGNORECASE)


class QueryInTemplate(ProjectRule):
    """
    A template or function component that asks the database or another server.

    A template is rendered as often as LiveView likes: at each change of an assign that the
    expression reads, in both renders of a page, once for each row of a list. Nobody who calls the
    component sees that it waits, and an error in the query is an error of the page.

    ## Bad

    ```elixir
    defmodule ShopWeb.CartComponents do
      use Phoenix.Component

      attr :user, :map, required: true

      def badge(assigns) do
        ~H\"\"\"
        <span>{Shop.Repo.aggregate(Shop.Carts.items_of(@user), :count)}</span>
        \"\"\"
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.CartComponents do
      use Phoenix.Component

      attr :count, :integer, required: true

      def badge(assigns) do
        ~H\"\"\"
        <span>{@count}</span>
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - The query runs elsewhere (`Task`, `assign_async`), only to fill a cache, or behind a module of
      the project that is named as one (`Shop.Cache`).
    - It is more than four calls below the template, or behind a variable or a behaviour.
    - It ends in a `preload`, which asks nothing where the data is there already.
    - Templates of mails, which are rendered once.
    - A component that is used: the finding is in the component that asks.

    ## What the fix changes

    There is none: load the value where the page is mounted, and pass it in as an assign.
    """

    reads = (call_graph, live_modules, FunctionComponent)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every call of a template or function component that comes to a database or server."""
        graph, known = call_graph(snapshot.index), live_modules(snapshot.index)
        components = {(one.module, one.name, 1) for _, one in snapshot.index.of(FunctionComponent)}
        for clause in graph.clauses:
            live = known.get(clause.module)
            is_component = clause.key in components and (
                live is None or live.kind is not Kind.LIVE_COMPONENT or clause.name != "update"
            )
            is_shown = is_component or _is_file(clause)
            calls = [one for one in clause.calls if is_shown or one.place & TEMPLATE]
            if not calls or _MAIL.search(clause.path):
                continue
            for call in calls:
                if call.place & (ELSEWHERE | LATER | CACHED):
                    continue
                callee = graph.callee(clause.module, call)
                if callee in components or callee == clause.key:
                    continue
                effects = graph.effects(clause.module, call, CACHED | TEMPLATE)
                effect = next((one for one in _WHAT if one in effects), None)
                if effect is None:
                    continue
                way = graph.way(clause.module, call, effect, CACHED | TEMPLATE)
                leaf = graph.leaf(clause.module, call, effect, CACHED | TEMPLATE)
                if len(way) > FARTHEST or leaf is None or leaf[1].name == "preload":
                    continue
                if any(_CACHE.search(step.text) for step in way):
                    continue
                name = graph.name_of(clause.module, call)
                where = "a template" if call.place & TEMPLATE else f"`{clause.name}/1`"
                yield self.finding(
                    call.span,
                    f"`{name}` {_WHAT[effect]} each time that {where} is rendered:"
                    " load it before and pass it in",
                    path=clause.path,
                    related=[Related(step.span, step.text, step.path) for step in way],
                )


def _is_file(clause: Clause) -> bool:
    return clause.path.endswith((".heex", ".leex", ".eex"))
