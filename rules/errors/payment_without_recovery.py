"""errors/payment-without-recovery"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.document import Document
from lsp_server.facts.calls.effects import CallGraph, call_graph
from lsp_server.facts.calls.places import TRANSACTION
from lsp_server.facts.calls.request_path import Turn, entries
from lsp_server.facts.http.payments import PaymentCall, sightings
from lsp_server.facts.modules import FunctionKey
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.requires import require_edit
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._answers import answer_of
from ._taken_errors import error_taken

FARTHEST = 5  # steps below the transaction


class PaymentWithoutRecovery(ProjectRule):
    """
    A payment that nobody could put right after a failure.

    Payment providers decline cards, time out after the money has moved, and are asked twice by
    users who click twice. An error that nobody takes leaves an order without a state. A rollback
    does not undo a charge, and a transaction that waits for a provider holds its locks meanwhile.
    Without an idempotency key a second try is a second charge.

    ## Bad

    ```elixir
    defmodule Shop.Payments do
      def charge(order, card) do
        {:ok, charge} =
          Stripe.Charge.create(
            %{amount: order.total, currency: "eur", source: card},
            idempotency_key: order.number
          )

        Shop.Orders.paid(order, charge.id)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Payments do
      require Logger

      def charge(order, card) do
        with {:ok, charge} <-
               Stripe.Charge.create(
                 %{amount: order.total, currency: "eur", source: card},
                 idempotency_key: order.number
               ) do
          Shop.Orders.paid(order, charge.id)
        else
          {:error, reason} ->
            Logger.error("Stripe.Charge.create failed: #{inspect(reason)}")
            {:error, reason}
        end
      end
    end
    ```

    ## When it stays silent

    - The error is matched, or returned to the caller; the call is outside of transactions; and
      what moves money is given an idempotency key, or options that cannot be seen here.
    - The function rescues, or the module is an Oban worker, which is tried again as a whole: its
      errors need no clause, but its charges a key.
    - A key is only asked for where money moves (charges, payment intents, refunds, transfers,
      payouts, subscriptions) and where the library or the host takes one.
    - Calls that do not reach the provider (`Stripe.Webhook.construct_event`), mix tasks.

    ## What the fix changes

    What follows the call goes into a `with` whose `else` logs the error and returns it; a `case`
    gets the clause that does so. Where the payment succeeds the function returns what it did. For
    a call in a transaction, and for a key, there is no fix: ask the provider before the
    transaction or after it, and choose a key that is the same for every try of the same payment,
    like the number of the order.
    """

    severity = Severity.ERROR
    reads = (PaymentCall, call_graph, entries)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Payments with a problem of their own, and transactions that come to a payment."""
        turns, graph = entries(snapshot.index), call_graph(snapshot.index)
        found: dict[FunctionKey, tuple[str, PaymentCall]] = {}
        seen: set[tuple[str, Span]] = set()
        for path, one in snapshot.index.of(PaymentCall):
            key = (one.module, one.function, one.arity)
            found.setdefault(key, (path, one))
            seen.add((path, one.span))
            message = _message(one)
            if message:
                fix = None
                if one.untaken and not one.transaction:
                    building = _Building(path, one, turns.get(key))
                    fix = Fix.review("Log the error and return it", building.operations)
                yield self.finding(one.span, message, path=path, fix=fix)
        if found:
            yield from self._in_transactions(graph, found, seen)

    def _in_transactions(
        self,
        graph: CallGraph,
        found: Mapping[FunctionKey, tuple[str, PaymentCall]],
        seen: set[tuple[str, Span]],
    ) -> Iterator[Finding]:
        ways = _ways(graph, found)
        for clause in graph.clauses:
            for call in clause.calls:
                if not call.place & TRANSACTION or (clause.path, call.span) in seen:
                    continue
                callee = graph.callee(clause.module, call)
                way = ways.get(callee) if callee is not None else None
                if way is None or len(way) > FARTHEST:
                    continue
                name = graph.name_of(clause.module, call)
                message = f"`{name}` asks a payment provider inside a transaction"
                yield self.finding(
                    call.span,
                    f"{message}: a rollback does not take the money back",
                    path=clause.path,
                    related=way,
                )


def _ways(
    graph: CallGraph, found: Mapping[FunctionKey, tuple[str, PaymentCall]]
) -> Mapping[FunctionKey, tuple[Related, ...]]:
    """The functions that come to a payment, each with the shortest way there."""
    ways: dict[FunctionKey, tuple[Related, ...]] = {}
    for key, (path, one) in found.items():
        text = f"`{one.module}.{one.function}/{one.arity}` calls `{one.name}`"
        ways[key] = (Related(one.span, text, path),)
    pending = list(ways)
    for function in pending:  # grows while it is read
        for caller, path, call in graph.callers.get(function, ()):
            if caller not in ways and len(ways[function]) < FARTHEST:
                text = f"`{caller[0]}.{caller[1]}/{caller[2]}` calls `{call.name}`"
                ways[caller] = (Related(call.span, text, path), *ways[function])
                pending.append(caller)
    return ways


def _message(one: PaymentCall) -> str:
    if one.transaction:
        return f"`{one.name}` runs inside a transaction: a rollback does not take the money back"
    match one.untaken:
        case "ignored":
            return f"nobody looks at the result of `{one.name}`: take its error"
        case "match":
            return f"`{{:ok, …}} = {one.name}` raises when the payment fails: take its error"
        case "bang":
            return f"`{one.name}` raises when the payment fails: take its error"
        case "case":
            return f"this `case` has no clause for the error of `{one.name}`"
    if one.keyless:
        return f"`{one.name}` has no idempotency key: a second try pays a second time"
    return ""


class _Building:
    """The fix of one call."""

    def __init__(self, path: str, one: PaymentCall, turn: Turn | None) -> None:
        self.path, self.one, self.turn = path, one, turn

    def operations(self, snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(self.path)
        return [] if document is None else self._edits(document)

    def _edits(self, document: Document) -> list[Edit]:
        for one in sightings(document):
            function = one.form.function
            if one.fact.span != self.one.span or function is None:
                continue
            answer = answer_of(one.form, function, self.turn)
            if answer is None:
                return []
            name = self.one.name.removesuffix("!")
            answer = answer.after(f'Logger.error("{name} failed: #{{inspect(reason)}}")')
            case = one.taker if one.fact.untaken == "case" else None
            edits = error_taken(document, function, one.call, one.request, case, answer)
            module = one.form.module
            return [*require_edit(document, module, "Logger"), *edits] if edits else []
        return []
