"""phoenix/repo-in-web"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import TEMPLATE
from lsp_server.facts.calls.primitives import DATABASE
from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.modules import Module
from lsp_server.facts.project.context import project_context
from lsp_server.lint.finding import Finding, Fix, Operation, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot

from ._context_function import NAMES, Context, context_of, move

Found = tuple[Clause, CallSite]


class RepoInWeb(ProjectRule):
    """
    A controller, LiveView, view, plug or channel that talks to the repo itself.

    The web layer then knows tables and changesets: the same query is written once for the page and
    once for the API, rules about who may see what are forgotten in one of them, and no test of the
    business reaches them without a request. A context gives the query a name, and one place.

    There is one finding a module, on its first call of the repo; the others are related places.

    ## Bad

    `lib/shop/catalog/product.ex`:

    ```elixir
    defmodule Shop.Catalog.Product do
      use Ecto.Schema

      schema "products" do
        field :name
      end
    end
    ```

    `lib/shop_web/controllers/product_controller.ex`:

    ```elixir
    defmodule ShopWeb.ProductController do
      use ShopWeb, :controller

      alias Shop.Catalog.Product
      alias Shop.Repo

      def show(conn, params) do
        render(conn, :show, product: Repo.get!(Product, params["id"]))
      end
    end
    ```

    ## Good

    `lib/shop/catalog/product.ex`:

    ```elixir
    defmodule Shop.Catalog.Product do
      use Ecto.Schema

      schema "products" do
        field :name
      end
    end
    ```

    `lib/shop/catalog.ex`:

    ```elixir
    defmodule Shop.Catalog do
      alias Shop.Catalog.Product
      alias Shop.Repo

      def get_product!(id), do: Repo.get!(Product, id)
    end
    ```

    `lib/shop_web/controllers/product_controller.ex`:

    ```elixir
    defmodule ShopWeb.ProductController do
      use ShopWeb, :controller

      def show(conn, params) do
        render(conn, :show, product: Shop.Catalog.get_product!(params["id"]))
      end
    end
    ```

    ## When it stays silent

    - Outside of the web layer: modules whose first name does not end in `Web`.
    - `Repo.preload` in a GraphQL resolver.
    - The repo is itself a module of the web application.
    - Functions of the repo that do not go to the database, such as `Repo.get_dynamic_repo`.

    ## What the fix changes

    The first query that names a schema moves into a function of the context that owns the schema:
    `Shop.Catalog` for `Shop.Catalog.Product`. A function that does just this is used instead. The
    variables in the query become parameters. Aliases that nothing else needs go. It is not offered
    for queries without a schema in them, and does nothing where the query needs more of the module
    than variables.
    """

    severity = Severity.INFORMATION
    reads = (call_graph, Module, project_context, schemas)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The modules of the web layer with their calls of repos."""
        graph = call_graph(snapshot.index)
        found: dict[str, list[Found]] = {}
        for clause in graph.clauses:
            if not _is_web(clause.module or clause.path):
                continue
            for call in clause.calls:
                if _asks_repo(snapshot, graph, clause, call):
                    found.setdefault(clause.module or clause.path, []).append((clause, call))
        for calls in found.values():
            calls.sort(key=lambda one: (bool(one[1].place & TEMPLATE), one[0].path, one[1].span))
            yield self._one(snapshot, graph, calls)

    def _one(self, snapshot: Snapshot, graph: CallGraph, calls: list[Found]) -> Finding:
        clause, call = calls[0]
        name = graph.name_of(clause.module, call)
        module = f"`{clause.module}`" if clause.module else "a template"
        return self.finding(
            call.span,
            f"`{name}` in {module}: a function of a context would give the query a name",
            path=clause.path,
            fix=_fix(snapshot, calls),
            related=[
                Related(other.span, f"`{graph.name_of(at.module, other)}` too", at.path)
                for at, other in calls[1:]
            ],
        )


def _is_web(module: str) -> bool:
    return module.partition(".")[0].endswith("Web") or "_web/" in module


def _asks_repo(snapshot: Snapshot, graph: CallGraph, clause: Clause, call: CallSite) -> bool:
    if not call.module or not snapshot.context.is_repo(call.module) or _is_web(call.module):
        return False
    if call.name == "preload" and "Resolver" in clause.module:
        return False
    return bool(graph.effects(clause.module, call) & DATABASE)


def _fix(snapshot: Snapshot, calls: list[Found]) -> Fix | None:
    """The move of the first query that names a schema of the project's own, and that can move."""
    owner: Context | None = None
    found: list[Found] = []
    for clause, call in calls:
        if call.place & TEMPLATE or call.name not in NAMES or not call.subject:
            continue
        context = context_of(snapshot, call.subject)
        if context is None or _is_web(context.name):
            continue
        owner = owner or context
        if context == owner:
            found.append((clause, call))
    if owner is None:
        return None
    build = partial(_moved, found=found, context=owner)
    return Fix.review(f"Move the query into {owner.name}", build, needs_files=not owner.exists)


def _moved(snapshot: Snapshot, *, found: list[Found], context: Context) -> list[Operation]:
    for clause, call in found:
        operations = move(snapshot, clause.path, call, clause.name, context)
        if operations:
            return operations
    return []
