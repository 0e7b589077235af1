"""liveview/assign-new"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.effects import call_graph
from lsp_server.facts.live_callbacks import AssignSet
from lsp_server.facts.places import ASSIGN_NEW, CONNECTED, ELSEWHERE, LATER
from lsp_server.facts.primitives import DATABASE
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._deferred import deferred

_APART = CONNECTED | ELSEWHERE | LATER | ASSIGN_NEW


class AssignNew(ProjectRule):
    """
    A value that is looked up again in `mount` although a plug has put it into the assigns.

    In the first render of a page a LiveView shares the assigns of the `conn`. `assign_new` takes
    the value from there, and asks the database only where nobody has.

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
      `conn` and options.
    - The value comes from no query.

    ## What the fix changes

    `assign` becomes `assign_new`, with the value in a function.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view"
    reads = (AssignSet, call_graph)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every key that `mount` or `on_mount` gives a value from a query."""
        index = snapshot.index
        sets = list(index.of(AssignSet))
        plugged: dict[str, tuple[str, AssignSet]] = {}
        for path, one in sets:
            if one.by == "assign" and one.subject == "conn" and one.arity == 2:
                if one.key not in ("*", "page_title"):
                    plugged.setdefault(one.key, (path, one))
        if not plugged:
            return
        graph = call_graph(index)
        queries: dict[tuple[str, str], list[Span]] = {}
        for clause in graph.clauses:
            if (clause.name, clause.arity) in (("mount", 3), ("on_mount", 4)):
                for call in clause.calls:
                    if not call.place & _APART and graph.effects(clause.module, call) & DATABASE:
                        queries.setdefault((clause.path, clause.module), []).append(call.span)
        for path, one in sets:
            if one.by != "assign" or one.key not in plugged or one.subject != "socket":
                continue
            if (one.function, one.arity) not in (("mount", 3), ("on_mount", 4)):
                continue
            near = queries.get((path, one.module), ())
            if any(0 < it.start - one.span.end <= 4 for it in near):
                where, plug = plugged[one.key]
                yield self.finding(
                    one.span,
                    f"a plug assigns `{one.key}` too: `assign_new` would take it from there",
                    path=path,
                    fix=None if one.given is None else _fix(path, one.given),
                    related=[Related(plug.span, f"`{plug.function}/2` assigns it", where)],
                )


def _fix(path: str, given: Span) -> Fix:
    def build(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(path)
        if document is None:
            return []
        return deferred(document, given, "assign_new", lambda _, code: code, apart=False)

    return Fix.safe("Write assign_new", build)
