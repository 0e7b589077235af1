"""ecto/unhandled-error"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import Clause
from lsp_server.facts.calls.entry_points import CALLBACKS, Layer, layers
from lsp_server.facts.calls.places import RESCUED
from lsp_server.facts.calls.primitives import DATABASE, Effect
from lsp_server.facts.results.result_uses import CASE, MATCH, ResultUse
from lsp_server.facts.results.results import FAILURE, Results, Shape, results
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.requires import require_edit
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Match
from lsp_server.syntax.outline import Form

from ._answers import Situation, answer, has_fallback, needs_logger
from ._branches import added, branched, following, is_returned


class UnhandledError(ProjectRule):
    """
    A controller, LiveView or GenServer that only knows what to do when the database agrees.

    `{:ok, post} = Blog.create_post(params)` raises a MatchError for every input that the changeset
    refuses. The visitor who left a field empty gets an error 500 instead of a form that says so; a
    LiveView loses all that was typed; a GenServer takes its state, and in the end its supervisor,
    down with it.

    ## Bad

    `lib/blog.ex`:

    ```elixir
    defmodule Blog do
      alias Blog.{Post, Repo}

      def create_post(attrs) do
        %Post{}
        |> Post.changeset(attrs)
        |> Repo.insert()
      end
    end
    ```

    `lib/blog_web/controllers/post_controller.ex`:

    ```elixir
    defmodule BlogWeb.PostController do
      use BlogWeb, :controller

      def new(conn, _params) do
        render(conn, :new, changeset: Blog.change_post(%Blog.Post{}))
      end

      def create(conn, %{"post" => params}) do
        {:ok, post} = Blog.create_post(params)
        redirect(conn, to: ~p"/posts/#{post}")
      end
    end
    ```

    ## Good

    `lib/blog.ex`:

    ```elixir
    defmodule Blog do
      alias Blog.{Post, Repo}

      def create_post(attrs) do
        %Post{}
        |> Post.changeset(attrs)
        |> Repo.insert()
      end
    end
    ```

    `lib/blog_web/controllers/post_controller.ex`:

    ```elixir
    defmodule BlogWeb.PostController do
      use BlogWeb, :controller

      def new(conn, _params) do
        render(conn, :new, changeset: Blog.change_post(%Blog.Post{}))
      end

      def create(conn, %{"post" => params}) do
        case Blog.create_post(params) do
          {:ok, post} ->
            redirect(conn, to: ~p"/posts/#{post}")

          {:error, changeset} ->
            render(conn, :new, changeset: changeset)
        end
      end
    end
    ```

    ## When it stays silent

    - Outside of controllers, LiveViews, live components and the callbacks of a GenServer: seeds,
      scripts, tests, releases, jobs that are tried again, and contexts.
    - The function is not known to return an error, or never comes to the database. It is followed
      through the project, however deep; behaviours, protocols and variables are not.
    - A clause of the `case` takes errors, or everything; the function rescues what is raised.
    - What fails is not the database but the delivery of a mail, or the function asserts before the
      call (`true = Accounts.sudo_mode?(user)`) that the request is one that its page can make.
    - `Repo.delete(post)` of a plain struct, which has no constraints that could refuse: it deletes,
      or raises by itself. This is what `mix phx.gen.html` writes.

    ## What the fix changes

    The match becomes a `case`, and what follows it the first clause. The second answers as the
    layer does: with the page of the form, as `new` or `edit` renders it, with a flash message, with
    status 422, or, under `action_fallback`, a `with` hands the error on. A LiveView assigns its
    form again or shows a flash; a GenServer logs the error and goes on. Read what it says to the
    visitor. Where the match is not part of what the function returns, there is no fix.
    """

    reads = (ResultUse, results, layers)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every result that an entry point takes for granted."""
        index = snapshot.index
        found, known = results(index), layers(index)
        for path, use in index.of(ResultUse):
            site = found.site(path, use.callee) if use.kind in (MATCH, CASE) else None
            if site is None:
                continue
            clause, call = site
            layer = known.get(clause.module)
            if layer is None or "lib/mix/" in f"/{path}":
                continue
            if layer is Layer.GEN_SERVER and (clause.name, clause.arity) not in CALLBACKS:
                continue
            shape = _shape(found, path, use, clause, call)
            effects = found.graph.effects(clause.module, call)
            if not shape & FAILURE or not effects & DATABASE or use.asserted:
                continue
            if call.place & RESCUED:
                continue
            if effects & Effect.MAIL and not shape & Shape.CHANGESET:
                continue  # what fails is the delivery
            yield self._finding(snapshot, found, path, use, clause, call, layer, shape)

    def _finding(
        self,
        snapshot: Snapshot,
        found: Results,
        path: str,
        use: ResultUse,
        clause: Clause,
        call: CallSite,
        layer: Layer,
        shape: Shape,
    ) -> Finding:
        name = found.graph.name_of(clause.module, call)
        if use.kind == MATCH:
            message = f"this {layer} raises where `{name}` returns an error"
        else:
            message = f"no clause of this {layer} takes the errors that `{name}` returns"
        build = partial(_edits, path=path, use=use, layer=layer, shape=shape, called=call.name)
        return self.finding(
            use.where,
            message,
            path=path,
            fix=offered(Fix.review("Handle the error", build), snapshot),
            related=[
                Related(step.span, step.text, step.path) for step in found.way(clause.module, call)
            ],
        )


def _shape(found: Results, path: str, use: ResultUse, clause: Clause, call: CallSite) -> Shape:
    return found.told(path, use.outcomes) if use.outcomes else found.of(clause.module, call)


def _edits(
    snapshot: Snapshot, *, path: str, use: ResultUse, layer: Layer, shape: Shape, called: str
) -> list[Edit]:
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(use.where.start)
    if document is None or form is None or form.function is None:
        return []
    if use.kind == CASE:
        return _case_edits(document, form, use, layer, shape, called)
    match = next((one for one in form.index.nodes(Match) if one.left.span == use.where), None)
    rest = [] if match is None else following(match)
    if match is None or not rest or not is_returned(rest[-1]):
        return []
    if layer is Layer.CONTROLLER and has_fallback(form.module):
        return branched(document, match, None, rest)
    situation = Situation(
        *(document, form.module, form.function, layer, called, shape),
        *(match.left, rest, match.start),
    )
    branch = answer(situation)
    if branch is None:
        return []
    edits = branched(document, match, branch, rest)
    if edits and needs_logger(branch):
        edits = [*edits, *require_edit(document, form.module, "Logger")]
    return edits


def _case_edits(
    document: Document, form: Form, use: ResultUse, layer: Layer, shape: Shape, called: str
) -> list[Edit]:
    call = next((one for one in form.index.calls("case") if one.name_span == use.where), None)
    if call is None or form.function is None or not is_returned(call):
        return []
    first = call.clauses()[0]
    pattern = first.patterns[0] if first.patterns else None
    situation = Situation(
        *(document, form.module, form.function, layer, called, shape),
        *(pattern, first.body, call.start),
    )
    branch = answer(situation)
    if branch is None:
        return []
    edits = added(document, call, branch)
    if edits and needs_logger(branch):
        edits = [*edits, *require_edit(document, form.module, "Logger")]
    return edits
