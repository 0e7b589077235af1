"""liveview/verified-routes"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lsp_server.facts.index import Index
from lsp_server.facts.modules import functions, modules
from lsp_server.facts.pages.template_owners import template_owners
from lsp_server.facts.project.context import project_context
from lsp_server.facts.project.using import own_uses
from lsp_server.facts.routes.named_paths import HelperCall
from lsp_server.facts.routes.router import RouterTable, routing
from lsp_server.lint.finding import Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._fitted import fitted
from ._verified_path import STATIC, VerifiedPath, verified_path
from ._verified_setup import Setup, Setups


class VerifiedRoutes(ProjectRule):
    """
    A path helper such as `Routes.user_path/3` instead of a verified route.

    The helpers are named after controllers, so a link says nothing of the page behind it, and the
    compiler knows only their names: a call with an action that the router has lost, or with too
    few parameters, compiles and raises when the page is rendered. `~p` is written as the path
    reads, and the compiler holds it against the router. Phoenix 1.7 keeps the helpers for old
    code; new applications are made without them.

    ## Bad

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        resources "/users", UserController do
          resources "/orders", OrderController, only: [:index]
        end

        live "/carts/:id", CartLive.Show, :show
      end
    end
    ```

    `lib/shop_web.ex`:

    ```elixir
    defmodule ShopWeb do
      def static_paths, do: ~w(assets images favicon.ico)

      def html do
        quote do
          use Phoenix.Component

          use Phoenix.VerifiedRoutes,
            endpoint: ShopWeb.Endpoint,
            router: ShopWeb.Router,
            statics: ShopWeb.static_paths()

          alias ShopWeb.Router.Helpers, as: Routes
        end
      end

      defmacro __using__(which) when is_atom(which), do: apply(__MODULE__, which, [])
    end
    ```

    `lib/shop_web/controllers/user_html.ex`:

    ```elixir
    defmodule ShopWeb.UserHTML do
      use ShopWeb, :html

      def links(assigns) do
        ~H\"\"\"
        <img src={Routes.static_path(@conn, "/images/logo.png")} />
        <a href={Routes.user_path(@conn, :show, @user)}>{@user.name}</a>
        <a href={Routes.user_order_path(@conn, :index, @user.id, page: 2)}>More orders</a>
        <.link navigate={Routes.cart_show_path(@socket, :show, @cart)}>Cart</.link>
        \"\"\"
      end

      def confirmation(conn, user), do: Routes.user_url(conn, :edit, user)
    end
    ```

    ## Good

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        resources "/users", UserController do
          resources "/orders", OrderController, only: [:index]
        end

        live "/carts/:id", CartLive.Show, :show
      end
    end
    ```

    `lib/shop_web.ex`:

    ```elixir
    defmodule ShopWeb do
      def static_paths, do: ~w(assets images favicon.ico)

      def html do
        quote do
          use Phoenix.Component

          use Phoenix.VerifiedRoutes,
            endpoint: ShopWeb.Endpoint,
            router: ShopWeb.Router,
            statics: ShopWeb.static_paths()

          alias ShopWeb.Router.Helpers, as: Routes
        end
      end

      defmacro __using__(which) when is_atom(which), do: apply(__MODULE__, which, [])
    end
    ```

    `lib/shop_web/controllers/user_html.ex`:

    ```elixir
    defmodule ShopWeb.UserHTML do
      use ShopWeb, :html

      def links(assigns) do
        ~H\"\"\"
        <img src={~p"/images/logo.png"} />
        <a href={~p"/users/#{@user}"}>{@user.name}</a>
        <a href={~p"/users/#{@user.id}/orders?#{[page: 2]}"}>More orders</a>
        <.link navigate={~p"/carts/#{@cart}"}>Cart</.link>
        \"\"\"
      end

      def confirmation(conn, user), do: url(~p"/users/#{user}/edit")
    end
    ```

    ## When it stays silent

    Where no router of the project has the helper, with that action and that many parameters: it
    may come from a macro or a library. Static paths count only if `static_paths/0` has their first
    part. Tests are left alone.

    Without a fix the rule reports what `~p` cannot say: computed actions and first arguments,
    captures, calls in module bodies and quoted blocks (`~p` works inside functions only), paths of
    a router that `~p` is not checked against, and a last argument that may be a part of the path
    as well as its parameters.

    ## What the fix changes

    The call becomes the path that the router has for it. Parameters stay what they are, as in
    `?#{[page: 2]}`. A `conn`, `socket` or the application's endpoint is left out; any other first
    argument is kept, as in `path(uri, ~p"/users")`. A variable `conn` that nothing else uses is
    left over, and so is the alias `Routes` when its last call is gone: the compiler names both.

    The fix asks to be looked at where parameters are no literal and the path has dynamic parts
    (the helper drops parameters of the same name), where a route exists in some environments only,
    and where `~p` has yet to be brought to the module. Then it adds `use ShopWeb,
    :verified_routes` to that module, and where the application has no verified routes at all, the
    function `verified_routes/0` to the web module, in every block that has the alias `Routes`.
    """

    requires = "phoenix >= 1.7"
    reads = (HelperCall, routing, project_context, template_owners, own_uses, modules, functions)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        sites = _Sites(snapshot.index)
        for path, call in snapshot.index.of(HelperCall):
            site = sites.at(path, call)
            if site is None:
                continue
            found, setup = site
            message = (
                f'`{call.written}` should be `~p"{found.shown}"`, which the compiler checks '
                "against the router"
            )
            reason = setup.reason if found.text else found.reason
            if reason:
                message += f"; not rewritten: {reason}"
            yield self.finding(call.name_span, message, path=path, fix=_fix(path, call, *site))


def _fix(path: str, call: HelperCall, found: VerifiedPath, setup: Setup) -> Fix | None:
    if not found.text or setup.reason:
        return None

    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        if document is None:
            return []
        edit = fitted(document, call.span, found.text, path)
        if setup.edits is None:
            return [edit]
        brought = setup.edits(snapshot)
        return [edit, *brought] if brought else []

    if setup.edits is not None:
        return Fix.review(f"Write `~p` and {setup.title}", build)
    return Fix.review("Write `~p`", build) if found.reason else Fix.safe("Write `~p`", build)


class _Sites:
    """What is to be written for calls, by the joins of a project."""

    def __init__(self, index: Index) -> None:
        self._routing = routing(index)
        self._context = project_context(index)
        self._owners = template_owners(index)
        self._modules = modules(index)
        self._setups = Setups.of(index)

    def at(self, path: str, call: HelperCall) -> tuple[VerifiedPath, Setup] | None:
        """The path in place of a call, and what it needs; None where nothing is to be said."""
        module, uses = call.module, call.uses
        aliases: Mapping[str, str] = {}
        owner = None if module else self._owners.get(path)
        if owner is not None:
            module = owner[0].name
            uses = tuple((one.module, one.selector) for one in owner[0].uses)
            aliases = dict(owner[0].aliases)
        expansion = self._context.expansion(uses)
        table = self._table(path, call, {**expansion.aliases, **aliases}, expansion.imports)
        if table is None:
            return None
        setup = self._setups.at(path, module, expansion, table)
        settings = self._routing.verified_in(path)
        router = settings[0] if settings else None
        statics = self._routing.statics(setup.statics)
        found = verified_path(call, table, router, statics, setup.endpoint)
        return None if found is None else (found, setup)

    def _table(
        self, path: str, call: HelperCall, aliases: Mapping[str, str], imports: Iterable[str]
    ) -> RouterTable | None:
        """The router whose helpers are called."""
        names = list(imports)
        if call.receiver:
            first, dot, rest = call.receiver.partition(".")
            names = [f"{aliases.get(first, first)}{dot}{rest}"]
        for name in names:
            table = self._routing.routers.get(name.removesuffix(".Helpers"))
            if table is not None and name.endswith(".Helpers"):
                return table
        if names != ["Routes"] or "Routes" in self._modules:
            return None
        return self._conventional(path, call)

    def _conventional(self, path: str, call: HelperCall) -> RouterTable | None:
        """The router of `Routes` where no alias tells it: the one that has the helper."""
        helper = call.name.rpartition("_")[0]
        found = [
            one
            for one in self._routing.of_app(path)
            if helper in one.helpers or call.name in STATIC
        ]
        if len(found) > 1:
            found = [one for one in found if self._routing.served(one.module)]
        return found[0] if len(found) == 1 else None
