"""errors/case-without-error"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lsp_server.facts.calls.entry_points import CALLBACKS, Layer, layers
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.results.result_uses import CASE, ResultUse
from lsp_server.facts.results.results import FAILURE, Shape, results
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.requires import require_edit
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.outline import Form

from ..ecto._answers import Situation, answer, needs_logger
from ..ecto._branches import Branch, added, is_returned


class CaseWithoutError(ProjectRule):
    """
    A `case` that has no clause for the error that the function returns.

    Whoever writes `case` instead of `{:ok, x} =` means to look at the result, and then only looks
    at half of it. The day the other half comes, the process ends with a CaseClauseError that hides
    the reason which the function took care to give.

    ## Bad

    ```elixir
    defmodule Shop.Prices do
      def load(path) do
        case read(path) do
          {:ok, text} -> parse(text)
        end
      end

      defp read(path) do
        if File.exists?(path), do: File.read(path), else: {:error, :no_prices}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Prices do
      def load(path) do
        case read(path) do
          {:ok, text} -> parse(text)
          {:error, reason} -> {:error, reason}
        end
      end

      defp read(path) do
        if File.exists?(path), do: File.read(path), else: {:error, :no_prices}
      end
    end
    ```

    ## When it stays silent

    - A clause takes errors, or everything: `_`, `error`, `other when …`.
    - The function is not known to return an error. It is followed through the project, however
      deep; behaviours, protocols and variables are not.
    - What an HTTP client returns: `errors/http-unhandled` speaks of it.
    - Mix tasks, scripts and tests, where a crash is an answer.

    ## What the fix changes

    A clause hands the error on to the caller, where the `case` is what the function returns. In a
    controller, LiveView or GenServer it answers as `ecto/unhandled-error` does: with a page, a
    flash message or a line in the log. Where the value of the `case` is used further on, there is
    no fix.
    """

    severity = Severity.INFORMATION
    reads = (ResultUse, results, layers)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every `case` whose clauses take success alone."""
        index = snapshot.index
        found, known = results(index), layers(index)
        for path, use in index.of(ResultUse):
            site = found.site(path, use.callee) if use.kind == CASE else None
            if site is None or "lib/mix/" in f"/{path}":
                continue
            clause, call = site
            shape = found.told(path, use.outcomes) or found.of(clause.module, call)
            if not shape & FAILURE or found.graph.direct(clause.module, call) & Effect.HTTP:
                continue
            layer = known.get(clause.module)
            if layer is Layer.GEN_SERVER and (clause.name, clause.arity) not in CALLBACKS:
                layer = None
            name = found.graph.name_of(clause.module, call)
            build = partial(_edits, path=path, use=use, layer=layer, shape=shape, called=call.name)
            yield self.finding(
                use.where,
                f"no clause takes the error that `{name}` can return",
                path=path,
                fix=Fix.review("Add a clause for the error", build),
                related=[
                    Related(step.span, step.text, step.path)
                    for step in found.way(clause.module, call)
                ],
            )


def _edits(
    snapshot: Snapshot, *, path: str, use: ResultUse, layer: Layer | None, shape: Shape, called: str
) -> list[Edit]:
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(use.where.start)
    if document is None or form is None or form.function is None:
        return []
    call = next((one for one in form.index.calls("case") if one.name_span == use.where), None)
    if call is None or not is_returned(call):
        return []
    if layer is None:
        branch = None if _is_plug(form) else _handed_on(shape)
    else:
        first = call.clauses()[0]
        pattern = first.patterns[0] if first.patterns else None
        branch = answer(
            Situation(
                *(document, form.module, form.function, layer, called, shape),
                *(pattern, first.body, call.start),
            )
        )
    edits = [] if branch is None else added(document, call, branch)
    if edits and branch is not None and needs_logger(branch):
        edits = [*edits, *require_edit(document, form.module, "Logger")]
    return edits


def _is_plug(form: Form) -> bool:
    """Whether the function is the `call/2` of a plug, which returns a conn."""
    return form.function is not None and (form.function.name, form.function.arity) == ("call", 2)


def _handed_on(shape: Shape) -> Branch:
    """The clause that returns the error as it is."""
    match shape & FAILURE:
        case Shape.ERROR:
            error = ":error"
        case Shape.CHANGESET:
            error = "{:error, changeset}"
        case Shape.REASON:
            error = "{:error, reason}"
        case Shape.DETAILS:
            error = "error"
        case failures if not failures & (Shape.ERROR | Shape.DETAILS):
            error = "{:error, reason}"
        case _:
            error = "error"
    return Branch(error, (error,))
