"""ecto/n-plus-one"""

from __future__ import annotations

from collections.abc import Container, Iterator

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import CACHED, CHUNKED, CONCURRENT, LATER, LOOP, SMALL, TEMPLATE
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.rows.association_uses import Use, association_uses, preloading
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._batched import is_script
from ._preloads import preload_at, preload_together, spelled, tree_of


class NPlusOne(ProjectRule):
    """
    An association that is read for each row of a list and not preloaded, or preloaded row by row.

    Ecto has no lazy loading. An association that neither the query nor `Repo.preload` names is an
    `Ecto.Association.NotLoaded`: `post.author.name` raises, and `Enum.map(post.comments, …)` too,
    but only where the list is not empty, which on a developer's machine it may well be. Preloading
    inside of the loop keeps the page alive and asks the database once for each row instead, a
    hundred round trips for a hundred rows. One preload for the whole list is two queries.

    ## Bad

    `lib/shop/post.ex`:

    ```elixir
    defmodule Shop.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
        belongs_to :author, Shop.User
      end
    end
    ```

    `lib/shop/blog.ex`:

    ```elixir
    defmodule Shop.Blog do
      import Ecto.Query

      alias Shop.{Post, Repo}

      def list_posts do
        Post
        |> order_by(desc: :id)
        |> Repo.all()
      end
    end
    ```

    `lib/shop/digest.ex`:

    ```elixir
    defmodule Shop.Digest do
      alias Shop.Blog

      def lines do
        for post <- Blog.list_posts(), do: "#{post.title} by #{post.author.name}"
      end
    end
    ```

    ## Good

    `lib/shop/post.ex`:

    ```elixir
    defmodule Shop.Post do
      use Ecto.Schema

      schema "posts" do
        field :title, :string
        belongs_to :author, Shop.User
      end
    end
    ```

    `lib/shop/blog.ex`:

    ```elixir
    defmodule Shop.Blog do
      import Ecto.Query

      alias Shop.{Post, Repo}

      def list_posts do
        Post
        |> order_by(desc: :id)
        |> Repo.all()
        |> Repo.preload([:author])
      end
    end
    ```

    `lib/shop/digest.ex`:

    ```elixir
    defmodule Shop.Digest do
      alias Shop.Blog

      def lines do
        for post <- Blog.list_posts(), do: "#{post.title} by #{post.author.name}"
      end
    end
    ```

    ## When it stays silent

    - The association is preloaded: by the query (`preload:` in `from`, the macro, with or without a
      join), by a function that builds the query, by `Repo.preload` anywhere on the way, by the
      default of an argument.
    - The query, the preloads or the way between the query and the read cannot be followed: it
      leads through a variable function, a macro, a `select`, a map that is taken apart, a library.
    - The file asks `Ecto.assoc_loaded?/1` or speaks of `NotLoaded`, or the view or JSON module does
      that is given the association.
    - Several callers, of which some preload, and the read stands under a condition.
    - Embeds, which lie in the row itself.
    - `Repo.preload` in a loop over chunks, over a literal, or in `Task.async_stream/3`.

    ## What the fix changes

    The query of the list preloads what is read below it: the fix extends the preloads that are
    written there, adds `preload:` to a `from`, or puts `Repo.preload` behind the call of the repo.
    A preload of each row in `Enum.map` or `for` becomes one preload of the list.
    """

    reads = (association_uses, call_graph, preloading)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Associations that are not loaded, then preloads in loops."""
        for use in association_uses(snapshot.index):
            if use.each:
                yield self._unloaded(use, snapshot)
        graph, preloads = call_graph(snapshot.index), preloading(snapshot.index)
        for clause in graph.clauses:
            if is_script(clause.path):
                continue
            for call in clause.calls:
                if call.place & LOOP and not call.place & (SMALL | CHUNKED | CONCURRENT | LATER):
                    yield from self._preloading(graph, preloads, clause, call)

    def _unloaded(self, use: Use, snapshot: Snapshot) -> Finding:
        row = use.schema.rpartition(".")[2]
        message = (
            f"`{use.text}` is read for each `{row}`, but the query does not preload "
            f"`{use.association}`: Ecto loads nothing later, so this fails on `NotLoaded`"
        )
        related = [Related(step.span, step.text, step.path) for step in reversed(use.steps)]
        for site in use.sites:
            text = f"`{site.name}` in `{site.function[1]}/{site.function[2]}` fetches the rows"
            related.append(Related(site.span, text, site.path))
        title = f"Preload {spelled(tree_of(use.needs))} where the rows are fetched"
        fix = Fix.safe(title, lambda snapshot: preload_at(snapshot, use.sites, use.needs))
        return self.finding(
            use.span, message, path=use.path, fix=offered(fix, snapshot), related=related
        )

    def _preloading(
        self,
        graph: CallGraph,
        preloads: Container[FunctionKey],
        clause: Clause,
        call: CallSite,
    ) -> Iterator[Finding]:
        """A call in a loop that is a preload of one element, or of a function that is no more."""
        callee = graph.callee(clause.module, call)
        if callee == clause.key or (callee is not None and callee not in preloads):
            return
        leaf = graph.leaf(clause.module, call, Effect.DB_READ, CACHED)
        if leaf is None or leaf[1].name != "preload" or leaf[1].arity < 2:
            return
        way = graph.way(clause.module, call, Effect.DB_READ, CACHED)
        name = graph.name_of(clause.module, call)
        each = f"each element of `{call.over}`" if call.over else "each element of the loop"
        title = "Preload the whole list before the loop"
        fix = None
        if not way and not call.place & TEMPLATE:
            fix = Fix.safe(title, lambda snapshot: preload_together(snapshot, clause.path, call))
        yield self.finding(
            call.span,
            f"`{name}` preloads for {each}; one preload of the whole list asks the database once",
            path=clause.path,
            fix=fix,
            related=[Related(step.span, step.text, step.path) for step in way],
        )
