"""ecto/missing-preload"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.rows.association_uses import Use, association_uses
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile
from lsp_server.snapshot import Snapshot

from ._preloads import preload_at, spelled, tree_of


class MissingPreload(ProjectRule):
    """
    An association of a single row that is read although nothing has preloaded it.

    Ecto has no lazy loading: after `Repo.get!(User, id)` the posts of the user are an
    `Ecto.Association.NotLoaded`. `Enum.map(user.posts, …)` then raises, and so does
    `post.author.name`, for whoever opens the page first.

    ## Bad

    `lib/blog/user.ex`:

    ```elixir
    defmodule Blog.User do
      use Ecto.Schema

      schema "users" do
        has_many :posts, Blog.Post
      end
    end
    ```

    `lib/blog/accounts.ex`:

    ```elixir
    defmodule Blog.Accounts do
      alias Blog.{Repo, User}

      def titles(id) do
        user = Repo.get!(User, id)
        Enum.map(user.posts, & &1.title)
      end
    end
    ```

    ## Good

    `lib/blog/user.ex`:

    ```elixir
    defmodule Blog.User do
      use Ecto.Schema

      schema "users" do
        has_many :posts, Blog.Post
      end
    end
    ```

    `lib/blog/accounts.ex`:

    ```elixir
    defmodule Blog.Accounts do
      alias Blog.{Repo, User}

      def titles(id) do
        user = User |> Repo.get!(id) |> Repo.preload([:posts])
        Enum.map(user.posts, & &1.title)
      end
    end
    ```

    ## When it stays silent

    - The association is preloaded anywhere on the way from the query to the read.
    - The query or the way between it and the read cannot be followed.
    - The file asks `Ecto.assoc_loaded?/1` or speaks of `NotLoaded`.
    - The row is one of a list in a loop: `ecto/n-plus-one` speaks of it.

    ## What the fix changes

    The query preloads the association, for all who use it: the fix extends preloads that are
    written there, adds `preload:` to a `from`, or puts `Repo.preload` behind the call of the repo.
    """

    profile = Profile.AGGRESSIVE
    reads = (association_uses,)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Reads of single rows."""
        for use in association_uses(snapshot.index):
            if use.each:
                continue
            row = use.schema.rpartition(".")[2]
            related = [Related(step.span, step.text, step.path) for step in reversed(use.steps)]
            for site in use.sites:
                text = f"`{site.name}` in `{site.function[1]}/{site.function[2]}` fetches the row"
                related.append(Related(site.span, text, site.path))
            yield self.finding(
                use.span,
                f"`{use.text}` is read, but the query of this `{row}` does not preload "
                f"`{use.association}`: Ecto loads nothing later, so this fails on `NotLoaded`",
                path=use.path,
                fix=offered(_fix(use), snapshot),
                related=related,
            )


def _fix(use: Use) -> Fix:
    title = f"Preload {spelled(tree_of(use.needs))} where the row is fetched"
    return Fix.review(title, lambda snapshot: preload_at(snapshot, use.sites, use.needs))
