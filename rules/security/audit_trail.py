"""security/audit-trail"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, Effect, call_graph
from lsp_server.facts.database.multi_steps import MultiStep
from lsp_server.facts.modules import FunctionKey, Module
from lsp_server.facts.project.mix import dependencies
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot

_LEAVES_TRACE = Effect.LOG | Effect.TELEMETRY
_CALLERS = 2  # how many functions above may leave the trace
_DELETES = frozenset({"delete", "delete!", "delete_all"})
_TRACKERS = ("paper_trail", "ex_audit", "ash_paper_trail", "carbonite")
_NOTES = re.compile(
    r"audit|paper_?trail|(?:^|[._])(?:log|track|activity|activities|history|journal|ledger)"
    r"|record_(?:event|activity|change)|add_event|log_",
    re.I,
)
_SENSITIVE = re.compile(
    r"(?:^|_)(?:roles?|permissions?|grants?|revokes?|promotes?|demotes?|admins?|payments?|pay|paid"
    r"|refunds?|charges?|payouts?|invoices?|withdraw|withdrawals?|deposits?)(?:_|[!?]?$)"
)
_SUBJECT = re.compile(r"(?:Role|Permission|Grant|Payment|Refund|Charge|Payout|Invoice)s?$")
# What is taken away all the time and means nothing to anybody later.
_PASSING = re.compile(
    r"tokens?|sessions?|expire|stale|old|temp|cache|clean|prune|purge|lock|presence|draft|read_|seen"
    r"|cart|notif|device|otp|nonce|cursor|job|keep_|trim|outbox|confirm|subscri|failures?$"
    r"|^resets?$|(?:password|deletion)_re(?:set|quest)s?$",
    re.I,
)
_OPERATED = re.compile(r"(?:^|\.)(?:Release|Seeds?|Factory)$|^Mix\.Tasks\.|Worker$|Job$|Dataset$")


class AuditTrail(ProjectRule):
    """
    Something is deleted, paid, or somebody is given a right, and nothing remembers who did it.

    When a customer asks where their order went, or a right turns up that nobody gave, there is
    neither a line in the log nor an entry to look at: the row is gone, or says only what is now.

    ## Bad

    ```elixir
    defmodule Shop.Accounts do
      alias Shop.Repo

      def delete_user(user), do: Repo.delete(user)
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Accounts do
      alias Shop.Repo

      def delete_user(actor, user) do
        with {:ok, user} <- Repo.delete(user) do
          Shop.Audit.record(actor, :user_deleted, user)
          {:ok, user}
        end
      end
    end
    ```

    ## What it looks for

    Calls of a repo and steps of an `Ecto.Multi` that delete, and those that write in functions for
    roles, permissions and payments.

    ## When it stays silent

    - The function, one that it calls, or one that calls it logs, runs telemetry, or calls something
      that is named after an audit, a history or an activity; or a step of its `Ecto.Multi` is.
    - The project depends on PaperTrail, ExAudit, AshPaperTrail or Carbonite.
    - Tokens, sessions, carts, notifications, and what expires.
    - Mix tasks, releases, seeds, migrations, tests.

    There is no fix: what has to be remembered is for the project to say.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (call_graph, dependencies, Module, MultiStep)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every call of a repo that leaves no trace."""
        index = snapshot.index
        if any(name in known for known in dependencies(index).values() for name in _TRACKERS):
            return
        if any(one.uses_any("ExAudit.Repo", "PaperTrail") for _, one in index.of(Module)):
            return
        graph = call_graph(index)
        clauses: dict[FunctionKey, list[Clause]] = {}
        for clause in graph.clauses:
            clauses.setdefault(clause.key, []).append(clause)
        steps: dict[FunctionKey, list[tuple[str, MultiStep]]] = {}
        for path, step in index.of(MultiStep):
            steps.setdefault((step.module, step.function, step.arity), []).append((path, step))
        noted = {key for key, them in steps.items() if any(_notes(step) for _, step in them)}
        for key in dict.fromkeys((*clauses, *steps)):
            them, parts = clauses.get(key, []), steps.get(key, [])
            module, name, _ = key
            if not module or _OPERATED.search(module):
                continue
            if _PASSING.search(name) or _PASSING.search(module.rpartition(".")[2]):
                continue
            writes = [
                (clause.path, call.span)
                for clause in them
                for call in clause.calls
                if _matters(graph, module, name, call)
            ]
            writes += [(path, step.span) for path, step in parts if _is_grave(name, step)]
            if not writes or _is_noted(graph, clauses, key, noted):
                continue
            for path, span in writes:
                yield self.finding(
                    span,
                    f"`{name}` leaves no trace of who did it: log it, or keep an entry",
                    path=path,
                )


def _matters(graph: CallGraph, module: str, name: str, call: CallSite) -> bool:
    """Whether a call deletes, or writes what is about rights and money."""
    if Effect.DB_WRITE not in graph.direct(module, call) or _PASSING.search(call.subject):
        return False
    if call.name in _DELETES:
        return True
    if call.name in ("transaction", "transact", "insert_all"):
        return False
    if _SUBJECT.search(call.subject):
        return True
    # An insert whose record is not seen may be the entry itself.
    known = not call.name.startswith("insert") or call.subject
    return bool(known) and _SENSITIVE.search(name) is not None


def _is_grave(name: str, step: MultiStep) -> bool:
    """Whether a step deletes, or writes what is about rights and money."""
    if any(_PASSING.search(one) for one in (step.label, *step.named)) or step.kind == "run":
        return False
    if step.kind in _DELETES or any(_SUBJECT.search(one) for one in step.named):
        return True
    known = not step.kind.startswith("insert") or step.named
    return bool(known) and _SENSITIVE.search(name) is not None


def _notes(step: MultiStep) -> bool:
    return any(_NOTES.search(one) for one in (step.label, *step.named, *step.beside))


def _is_noted(
    graph: CallGraph,
    clauses: dict[FunctionKey, list[Clause]],
    key: FunctionKey,
    noted: set[FunctionKey],
) -> bool:
    """Whether a function, what it calls, or what calls it leaves a trace; `noted` are those whose
    Multi does."""
    around, level = {key}, [key]
    for _ in range(_CALLERS):
        level = [
            caller
            for function in level
            for caller, _, _ in graph.callers.get(function, ())
            if caller not in around
        ]
        around.update(level)
    if not noted.isdisjoint(around):
        return True
    return any(_leaves_trace(graph, clauses.get(one, []), one, noted) for one in around)


def _leaves_trace(
    graph: CallGraph, them: list[Clause], key: FunctionKey, noted: set[FunctionKey]
) -> bool:
    if graph.effects_of(key) & _LEAVES_TRACE:
        return True
    return any(
        _NOTES.search(call.name)
        or _NOTES.search(call.module)
        or (bool(noted) and graph.callee(clause.module, call) in noted)
        for clause in them
        for call in clause.calls
    )
