"""otp/missing-impl"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from lsp_server.facts.modules import Function, Module
from lsp_server.facts.processes.own_behaviours import OwnBehaviour, own_behaviours
from lsp_server.facts.project.context import ProjectContext, project_context
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

from ._known_callbacks import CALLBACKS

Key = tuple[str, int]
_ABOVE = (b"@", b"#")  # what may stand directly above a function and speaks of it


class MissingImpl(ProjectRule):
    """
    A callback without `@impl`.

    With `@impl true` the compiler knows that a function is meant to be a callback: a wrong name or
    number of arguments is a warning, where otherwise the function is simply never called. It also
    tells readers which functions the framework calls, and leaves them out of the documentation.
    Once a module has one `@impl`, the compiler warns of every callback without.

    ## Bad

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      @impl true
      def init(_opts), do: {:ok, %{}}

      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
      end
    end
    ```

    ## When it stays silent

    - The module has no `@impl` at all; the profile `aggressive` wants one there too.
    - The behaviour is that of a library that Retort does not know. It knows those of Elixir,
      Phoenix, LiveView, Plug, Ecto, Oban, GenStage, Broadway, and the project's own `@callback`s.
    - A `use` of an own module whose `__using__` does not say `@behaviour`.

    ## What the fix changes

    `@impl true` is written above the first clause, below its documentation. Code that runs is not
    changed.
    """

    severity = Severity.HINT
    reads = (Module, Function, own_behaviours, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        index = snapshot.index
        context, own = project_context(index), own_behaviours(index)
        everywhere = snapshot.settings.profile >= Profile.AGGRESSIVE
        for path in index.paths:
            if role_of(path) is not Role.LIB:
                continue
            facts = index.file(path)
            functions: dict[str, list[Function]] = {}
            for one in facts.of(Function):
                functions.setdefault(one.module, []).append(one)
            for module in facts.of(Module):
                found = functions.get(module.name, [])
                if module.keyword != "defmodule" or not found:
                    continue
                if not everywhere and not any(one.impl for one in found):
                    continue
                yield from self._judge(path, module, found, context, own)

    def _judge(
        self,
        path: str,
        module: Module,
        functions: Iterable[Function],
        context: ProjectContext,
        own: Mapping[str, OwnBehaviour],
    ) -> Iterator[Finding]:
        behaviours = list(_behaviours(module, context, own))
        for one in functions:
            if one.impl or one.keyword not in ("def", "defdelegate"):
                continue
            key = one.name, one.arity
            behaviour = next((name for name, taken in behaviours if key in taken), None)
            if behaviour is not None:
                yield self.finding(
                    one.name_span,
                    f"`{one.name}/{one.arity}` is a callback of `{behaviour}`; "
                    "say so with `@impl true`",
                    path=path,
                    fix=Fix.safe("Add @impl true", partial(_marked, path=path, span=one.name_span)),
                )


def _behaviours(
    module: Module, context: ProjectContext, own: Mapping[str, OwnBehaviour]
) -> Iterator[tuple[str, Iterable[Key]]]:
    """The behaviours of a module with their callbacks."""
    used = context.expansion((use.module, use.selector) for use in module.uses).used
    for name in (*module.behaviours, *sorted(used)):
        if name in own and (name in module.behaviours or own[name].by_use):
            yield name, own[name].callbacks
        elif name in CALLBACKS and name not in own:
            yield name, CALLBACKS[name]


def _marked(snapshot: Snapshot, path: str, span: Span) -> list[Edit]:
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(span.start)
    if document is None or form is None:
        return []
    lines, newline = document.lines, line_ending(document.source)
    line = lines.line_at(form.span.start)
    indent = lines.indentation(form.span.start)
    if lines.starts[line] + len(indent) != form.span.start:
        return []
    above = lines.line_bytes(line - 1).strip() if line else b""
    position = form.module.forms.index(form)
    before = form.module.forms[position - 1] if position else None
    crowded = (
        before is not None and before.is_function and lines.line_at(before.span.end) == line - 1
    )
    gap = newline if above and crowded and not above.startswith(_ABOVE) else ""
    at = lines.starts[line]
    return [Edit(Span(at, at), f"{gap}{indent.decode()}@impl true{newline}", path)]
