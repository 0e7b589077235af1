"""ecto/multi-write"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.facts.calls.alternatives import Alternatives
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import ELSEWHERE, LATER, MULTI, TEMPLATE, TRANSACTION
from lsp_server.facts.calls.primitives import Effect, words
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.results.results import Results, Shape, results
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._transaction import in_transaction

_WRITES = words(
    "insert insert! update update! delete delete! insert_or_update insert_or_update! "
    "insert_all update_all delete_all"
)
_OTHERS = frozenset({"Oban", "Ash"})
_SLOW = Effect.HTTP | Effect.MAIL | Effect.SLEEP  # nothing for which a transaction may wait
_FARTHEST = 2  # calls below the one in the function; further down a write depends on too much
_NO_RESULT = Shape.OK | Shape.OK_VALUES | Shape.ERROR | Shape.DETAILS
_ELSEWHERE = TRANSACTION | MULTI | ELSEWHERE | LATER | TEMPLATE
# Files of what an operator runs: releases, seeds, the moving of data from one shape to another.
_SCRIPT = re.compile(
    r"(?:^|[/_.])(?:release|seed|seeds|seeder|fixtures?|dataset|test|backfill|migrat\w+)(?:[/_.]|$)"
)
# What takes note of something beside the work: losing it breaks nothing.
_ASIDE = re.compile(r"(?:^|_)(?:log|track|record|audit|notify|notification|event|broadcast|touch)")


class MultiWrite(ProjectRule):
    """
    Two writes that belong together, without a transaction around them.

    Between the two statements the process can be stopped, the connection lost, or the second
    refused by a constraint. What the first one wrote stays: an order without lines, an account
    that was charged for nothing. Such rows appear once in ten thousand times, and no code is
    written for them.

    The first write is marked; the second is a related place.

    ## Bad

    ```elixir
    defmodule Shop.Orders do
      alias Shop.{Order, Repo, Stock}

      def place(attrs, stock) do
        {:ok, order} = Repo.insert(Order.changeset(%Order{}, attrs))
        {:ok, _} = Repo.update(Stock.take_changeset(stock))
        {:ok, order}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Orders do
      alias Shop.{Order, Repo, Stock}

      def place(attrs, stock) do
        Repo.transact(fn ->
          with {:ok, order} <- Repo.insert(Order.changeset(%Order{}, attrs)),
               {:ok, _} <- Repo.update(Stock.take_changeset(stock)) do
            {:ok, order}
          end
        end)
      end
    end
    ```

    ## When it stays silent

    - `Repo.transaction`, `Repo.transact` or an `Ecto.Multi` is around the writes, or around every
      call of the function that holds them.
    - Only one of the writes can run: they are in branches of one `case`, `if`, `cond` or `with`, or
      the second stands in a branch for errors. Or each stands under a condition of its own.
    - One of them runs in another process, waits for a request or a mail, or only takes note of
      something (`log_…`, `notify_…`).
    - Neither write is the function's own; one is behind a function of another context, or more
      than one call further down.
    - Mix tasks, releases, seeds and migrations, also of data (`backfill_…`, `…_migration.ex`).

    ## What the fix changes

    The writes become the steps of a `with` in `Repo.transact` (Ecto 3.13; before that, in
    `Repo.transaction` with `Repo.rollback`): the first error is returned and everything before it
    taken back. Where a failed match raised, an error is returned now. Of a `case` over the first
    write, the writes with which its branch for success begins go into the transaction, and the
    `case` looks at what that returns. Writes that raise are put into the transaction as they are,
    and what they bind comes out of it. Where other work stands between the writes, or the function
    would return something else than before, there is no fix: put the writes next to each other, in
    a function that returns `{:ok, _}` or `{:error, _}`.
    """

    severity = Severity.INFORMATION
    reads = (Alternatives, call_graph, results)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every function that writes twice."""
        index = snapshot.index
        found = results(index)
        graph = found.graph
        branches = {(path, one.function.start): one for path, one in index.of(Alternatives)}
        covered = _Covered(graph)
        for clause in graph.clauses:
            if not any(one.name in _WRITES for one in clause.calls):
                continue  # one of the two must be the function's own
            if _is_script(clause) or _ASIDE.search(clause.name):
                continue
            writes = [one for one in clause.calls if _writes(graph, clause, one)]
            if len(writes) < 2 or covered.always(clause.key):
                continue
            choices = branches.get((clause.path, clause.span.start))
            pair = _pair(graph, clause, writes, choices)
            if pair is not None:
                yield self._finding(snapshot, found, clause, pair, writes)

    def _finding(
        self,
        snapshot: Snapshot,
        found: Results,
        clause: Clause,
        pair: tuple[CallSite, CallSite],
        writes: list[CallSite],
    ) -> Finding:
        first, second = pair
        graph = found.graph
        names = [graph.name_of(clause.module, one) for one in pair]
        steps = graph.way(clause.module, second, Effect.DB_WRITE)
        related = [
            Related(second.span, f"`{names[1]}` writes too"),
            *(Related(step.span, step.text, step.path) for step in steps),
        ]
        shapes = {one.span: found.of(clause.module, one) for one in clause.calls}
        build = partial(
            _edits,
            path=clause.path,
            name=clause.span,
            pair=(first.span, second.span),
            writes=frozenset(one.span for one in writes),
            results=frozenset(span for span, shape in shapes.items() if _is_result(shape)),
        )
        transact = "transact" if _has_transact(snapshot, clause.path) else "transaction"
        return self.finding(
            first.span,
            f"`{names[0]}` and `{names[1]}` write without a transaction around both: "
            f"put them into `Repo.{transact}`",
            path=clause.path,
            # A fix is offered only where it can be written.
            fix=offered(Fix.review("Put the writes into a transaction", build), snapshot),
            related=related,
        )


def _is_result(shape: Shape) -> bool:
    return bool(shape & Shape.OK_VALUE) and not shape & _NO_RESULT


def _is_script(clause: Clause) -> bool:
    return "lib/mix/" in f"/{clause.path}" or _SCRIPT.search(clause.path) is not None


def _writes(graph: CallGraph, clause: Clause, call: CallSite) -> bool:
    """Whether a call writes, by itself or behind a function of the same context."""
    if call.place & _ELSEWHERE:
        return False
    callee = graph.callee(clause.module, call)
    if callee is None:
        return _is_direct(graph, clause, call)
    if callee == clause.key or _ASIDE.search(call.name) or not _is_same_context(clause, callee):
        return False
    avoiding = ELSEWHERE | LATER
    leaf = graph.leaf(clause.module, call, Effect.DB_WRITE, avoiding)
    if leaf is None or leaf[1].name not in _WRITES or leaf[1].module in _OTHERS:
        return False
    if graph.effects(clause.module, call, avoiding) & _SLOW:
        return False
    return len(graph.way(clause.module, call, Effect.DB_WRITE, avoiding)) <= _FARTHEST


def _is_direct(graph: CallGraph, clause: Clause, call: CallSite) -> bool:
    return (
        call.name in _WRITES
        and call.module not in _OTHERS
        and bool(graph.direct(clause.module, call) & Effect.DB_WRITE)
    )


def _is_same_context(clause: Clause, callee: FunctionKey) -> bool:
    one, other = f"{clause.module}.", f"{callee[0]}."
    return one.startswith(other) or other.startswith(one)


def _pair(
    graph: CallGraph, clause: Clause, writes: list[CallSite], choices: Alternatives | None
) -> tuple[CallSite, CallSite] | None:
    """The first two writes that can run one after the other, one of them the function's own."""
    for number, first in enumerate(writes):
        for second in writes[number + 1 :]:
            if not (_is_direct(graph, clause, first) or _is_direct(graph, clause, second)):
                continue
            if choices is not None:
                if choices.exclude(first.span, second.span) or choices.apart(
                    first.span, second.span
                ):
                    continue
                if choices.failed(first.span) or choices.failed(second.span):
                    continue
            return first, second
    return None


class _Covered:
    """Which functions only ever run inside a transaction."""

    def __init__(self, graph: CallGraph) -> None:
        self._graph = graph
        self._known: dict[FunctionKey, bool] = {}

    def always(self, function: FunctionKey) -> bool:
        """Whether a transaction is around every call of a function; False for one that is not
        called."""
        known = self._known.get(function)
        if known is not None:
            return known
        self._known[function] = False  # while its callers are asked: recursion is no transaction
        callers = self._graph.callers.get(function, ())
        found = bool(callers) and all(
            bool(call.place & (TRANSACTION | MULTI)) or self.always(caller)
            for caller, _, call in callers
            if caller != function
        )
        self._known[function] = found
        return found


def _has_transact(snapshot: Snapshot, path: str) -> bool:
    return snapshot.context.fits(path, "ecto >= 3.13.0")


def _edits(
    snapshot: Snapshot,
    *,
    path: str,
    name: Span,
    pair: tuple[Span, Span],
    writes: frozenset[Span],
    results: frozenset[Span],
) -> list[Edit]:
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(name.start)
    if document is None or form is None or form.function is None:
        return []
    has_transact = _has_transact(snapshot, path)
    return in_transaction(document, form.function, pair, writes, results, has_transact)
