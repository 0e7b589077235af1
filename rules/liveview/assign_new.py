"""liveview/assign-new"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.calls.places import ASSIGN_NEW, CONNECTED, ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import DATABASE
from lsp_server.facts.index import Index
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import live_modules, rendering
from lsp_server.facts.routes.router import routing
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._callers import runs_in
from ._deferred import deferred
from ._given import given_by

_MOUNTS = (("mount", 3), ("on_mount", 4))
_OWN = ("*", "page_title")  # computed keys, and what each page has of its own
_APART = CONNECTED | ELSEWHERE | LATER | ASSIGN_NEW


class AssignNew(ProjectRule):
    """
    A value that is looked up again in `mount` although a plug or a parent has assigned it.

    In the first render of a page a LiveView shares the assigns of the `conn`; one that another
    LiveView renders shares those of its parent, connected or not. `assign_new` takes the value from
    there, and asks the database only where nobody has.

    ## Bad

    `lib/shop_web/user_auth.ex`:

    ```elixir
    defmodule ShopWeb.UserAuth do
      import Plug.Conn

      def fetch_user(conn, _options), do: assign(conn, :user, Shop.Accounts.user(conn))
    end
    ```

    `lib/shop/accounts.ex`:

    ```elixir
    defmodule Shop.Accounts do
      def get_user!(id), do: Shop.Repo.get!(Shop.User, id)
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView

      def mount(_params, %{"user_id" => id}, socket) do
        {:ok, assign(socket, :user, Shop.Accounts.get_user!(id))}
      end
    end
    ```

    ## Good

    `lib/shop_web/user_auth.ex`:

    ```elixir
    defmodule ShopWeb.UserAuth do
      import Plug.Conn

      def fetch_user(conn, _options), do: assign(conn, :user, Shop.Accounts.user(conn))
    end
    ```

    `lib/shop/accounts.ex`:

    ```elixir
    defmodule Shop.Accounts do
      def get_user!(id), do: Shop.Repo.get!(Shop.User, id)
    end
    ```

    `lib/shop_web/live/order_live.ex`:

    ```elixir
    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView

      def mount(_params, %{"user_id" => id}, socket) do
        {:ok, assign_new(socket, :user, fn -> Shop.Accounts.get_user!(id) end)}
      end
    end
    ```

    ## When it stays silent

    - No plug of the project assigns a value of that name to `conn` in a function that takes a
      `conn` and options, and no LiveView that renders this one (`live_render`), nor a hook before
      it, assigns one to its socket. Assigns of controllers are those of their own pages.
    - A parent's value is not from the same call without arguments, and its name does not say that
      it is the same everywhere, as `current_user` does.
    - The value comes from no query, or the query names what it loads besides: the plug's value may
      lack that.

    ## What the fix changes

    `assign` becomes `assign_new`, with the value in a function, also where a variable holds it that
    nothing else reads. What else the `assign` sets stays there.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view"
    reads = (AssignSet, call_graph, live_modules, rendering, routing)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every key that `mount` or `on_mount` gives a value from a query."""
        index = snapshot.index
        sets = list(index.of(AssignSet))
        plugged: dict[str, _Earlier] = {}
        for path, one in sets:
            if one.by == "assign" and one.subject == "conn" and one.arity == 2:
                if one.key not in _OWN and not one.module.endswith("Controller"):
                    found = _Earlier("a plug", f"{one.function}/2", path, one)
                    plugged.setdefault(one.key, found)
        parents = _by_parents(index, sets)
        if not plugged and not parents:
            return
        graph = call_graph(index)
        queries: dict[tuple[str, str], list[Span]] = {}
        for clause in graph.clauses:
            if runs_in(graph, clause.key, _MOUNTS, _APART):
                for call in clause.calls:
                    if not call.place & _APART and graph.effects(clause.module, call) & DATABASE:
                        queries.setdefault((clause.path, clause.module), []).append(call.span)
        for path, one in sets:
            if one.by != "assign" or one.subject != "socket":
                continue
            if not runs_in(graph, (one.module, one.function, one.arity), _MOUNTS, _APART):
                continue
            earlier = plugged.get(one.key)
            if earlier is None:
                same = (it for it in parents.get(one.module, ()) if it.set.key == one.key)
                earlier = next((it for it in same if _means_the_same(it.set, one)), None)
            near = queries.get((path, one.module), ())
            query = next((it for it in near if one.given and one.given.covers(it)), None)
            if earlier is not None and query is not None and not one.preloads:
                yield self.finding(
                    one.span,
                    f"{earlier.who} assigns `{one.key}` too: `assign_new` would take it from there",
                    path=path,
                    fix=offered(_fix(path, query), snapshot),
                    related=[Related(earlier.set.span, f"`{earlier.by}` assigns it", earlier.path)],
                )


@dataclass(frozen=True)
class _Earlier:
    """What has assigned a value before a LiveView mounts."""

    who: str
    by: str
    path: str
    set: AssignSet


def _by_parents(
    index: Index, sets: Sequence[tuple[str, AssignSet]]
) -> Mapping[str, Sequence[_Earlier]]:
    """What the LiveViews that render another one have assigned before, by the other's name."""
    known, rendered = live_modules(index), rendering(index)
    above: dict[str, set[str]] = {}
    for (child, _), callers in rendered.callers.items():
        for caller in callers:
            if caller.kind == "live_render" and child in known and caller.module:
                views = rendered.live_views(caller.module, caller.function).live_views
                above.setdefault(child, set()).update(views - {child})
    if not above:
        return {}
    hooks = {name: {it.target for it in one.hooks if it.target} for name, one in known.items()}
    for table in routing(index).routers.values():
        for route in table.routes:
            session = table.sessions.get(route.session)
            if session is not None and route.plug in hooks:
                hooks[route.plug].update(it.module for it in session.on_mount)
    by_module: dict[str, list[tuple[str, AssignSet]]] = {}
    for path, one in sets:
        if one.subject == "socket" and one.by in ("assign", "assign_new") and one.key not in _OWN:
            if not one.function.startswith("handle_") or one.function == "handle_params":
                by_module.setdefault(one.module, []).append((path, one))
    return {
        child: [
            _Earlier(f"the parent `{parent}`", f"{one.function}/{one.arity}", path, one)
            for parent in sorted(parents)
            for module in (parent, *sorted(hooks.get(parent, ())))
            for path, one in by_module.get(module, ())
        ]
        for child, parents in above.items()
    }


def _means_the_same(parents: AssignSet, own: AssignSet) -> bool:
    """Whether two values of one name are surely the same thing."""
    if parents.key.startswith("current_"):
        return True
    return own.value.endswith("/0") and parents.value == own.value


def _fix(path: str, query: Span) -> Fix:
    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(path)
        one = None if document is None else given_by(document, query)
        if document is None or one is None:
            return []
        return deferred(document, one, "assign_new", lambda _, code: code, apart=False)

    return Fix.safe("Write assign_new", build)
