"""otp/blocking-callback"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import CACHED, ELSEWHERE, LATER, LOOP, SMALL
from lsp_server.facts.calls.primitives import DATABASE, Effect
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.processes.server_modules import LaterReply, ServerModule, reply_of
from lsp_server.facts.processes.supervision import Start
from lsp_server.facts.processes.supervision_tree import (
    Application,
    Process,
    application_of,
    applications,
    processes,
)
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Identifier
from lsp_server.syntax.literals import Atom, Quoted, Tuple
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

from ._infrastructure import provided
from ._later import WIDTH, new_info_clause

CALLBACKS = frozenset({("handle_call", 3), ("handle_cast", 2), ("handle_info", 2)})
SERVERS = frozenset({"GenServer", "GenStage", ":gen_server"})
# What waits for others, how to say it, and how many functions may lie in between.
WAITS = (
    (Effect.HTTP, "waits for another service", 4),
    (Effect.SLEEP, "sleeps", 1),
    (Effect.DB_WRITE, "does long work in the database", 3),
    (Effect.DB_READ, "does long work in the database", 3),
)
# Functions of a repo that work on many rows at once.
LONG = frozenset(
    {"delete_all", "insert_all", "query_many", "query_many!", "stream", "transaction", "transact"}
    | {"update_all", "execute", "execute!", "bulk_create", "bulk_destroy", "bulk_update"}
)
AVOIDED = CACHED | ELSEWHERE | LATER


class BlockingCallback(ProjectRule):
    """
    A GenServer that waits for a service, the clock or long work in the database while it answers.

    It answers one message at a time. All who call it meanwhile wait too, and exit after five
    seconds, because one service is slow; messages to it pile up in memory. What was meant to hold
    some state has become the one lane that everything drives through.

    ## Bad

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          Shop.Rates,
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/rates.ex`:

    ```elixir
    defmodule Shop.Rates do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def rate(currency), do: GenServer.call(__MODULE__, {:rate, currency})

      @impl true
      def init(opts), do: {:ok, %{url: opts[:url]}}

      @impl true
      def handle_call({:rate, currency}, _from, state) do
        response = Req.get!(state.url <> currency)
        {:reply, response.body["rate"], state}
      end
    end
    ```

    ## Good

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          {Task.Supervisor, name: Shop.TaskSupervisor},
          Shop.Rates,
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/rates.ex`:

    ```elixir
    defmodule Shop.Rates do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def rate(currency), do: GenServer.call(__MODULE__, {:rate, currency})

      @impl true
      def init(opts), do: {:ok, %{url: opts[:url]}}

      @impl true
      def handle_call({:rate, currency}, from, state) do
        Task.Supervisor.async_nolink(Shop.TaskSupervisor, fn ->
          response = Req.get!(state.url <> currency)
          GenServer.reply(from, response.body["rate"])
        end)

        {:noreply, state}
      end

      @impl true
      def handle_info({ref, _result}, state) when is_reference(ref) do
        Process.demonitor(ref, [:flush])
        {:noreply, state}
      end

      def handle_info({:DOWN, _ref, :process, _pid, _reason}, state) do
        {:noreply, state}
      end
    end
    ```

    ## When it stays silent

    - The work runs in a task, or only to fill a cache.
    - There is a process for each job: it is started with a key of its own, or by `start_child`.
    - The process does nothing but this: it has no `handle_call/3` and no `handle_cast/2`, and its
      messages are those of its own timer.
    - Its own timer has a process without `handle_call/3` write to the database what it was told by
      casts: nobody waits for it.
    - Single rows that are read or written; only many rows, transactions and loops take long.

    ## What the fix changes

    The body of the clause runs in a task of the application's Task.Supervisor, which is added to
    its children if there is none; that of a `handle_call/3` replies with `GenServer.reply/2`. Two
    clauses of `handle_info/2` take the end of the task. Messages are then worked off side by side,
    and no longer in their order; if the task fails, its caller hears nothing until its timeout,
    and the process lives on. It is offered where the clause leaves the state as it is and sets no
    timer.
    """

    severity = Severity.INFORMATION
    reads = (call_graph, processes, applications, ServerModule, LaterReply, Start)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The first call of every callback that waits."""
        index = snapshot.index
        graph, known = call_graph(index), processes(index)
        polling = {one.module for _, one in index.of(ServerModule) if one.polls}
        later = {(path, one.span) for path, one in index.of(LaterReply)}
        per_job = {
            one.module for _, one in index.of(Start) if one.through.startswith("start_child")
        }
        flushing = {one.module for _, one in index.of(ServerModule) if one.flushes}
        for clause in graph.clauses:
            if (clause.name, clause.arity) not in CALLBACKS:
                continue
            process = known.get(clause.module)
            if process is None or process.behaviour not in SERVERS or clause.module in polling:
                continue
            if _is_one_of_many(process) or clause.module in per_job:
                continue
            finding = self._judge(graph, clause)
            if finding is None:
                continue
            told = clause.name == "handle_info" and clause.module in flushing
            if told and finding[1] & DATABASE:
                continue
            call, effect, says = finding
            fix = None
            application = application_of(index, clause.path)
            if (clause.path, clause.span) in later and application and _has_list(application):
                title = "Reply from a task" if clause.name == "handle_call" else "Work in a task"
                fix = Fix.review(title, partial(_delegated, clause=clause))
            yield self.finding(
                call.span,
                f"`{graph.name_of(clause.module, call)}` {says} in `{clause.name}/{clause.arity}`, "
                f"and all who ask `{clause.module}` wait; let a task do it",
                path=clause.path,
                fix=fix,
                related=[
                    Related(step.span, step.text, step.path)
                    for step in graph.way(clause.module, call, effect, AVOIDED)
                ],
            )

    def _judge(self, graph: CallGraph, clause: Clause) -> tuple[CallSite, Effect, str] | None:
        for call in clause.calls:
            if call.place & AVOIDED or graph.callee(clause.module, call) == clause.key:
                continue
            effects = graph.effects(clause.module, call, AVOIDED)
            for effect, says, farthest in WAITS:
                if effect not in effects:
                    continue
                way = graph.way(clause.module, call, effect, AVOIDED)
                if len(way) > farthest or _asks_itself(graph, clause, call):
                    continue
                if effect & DATABASE and not _is_long(graph, clause, call, effect):
                    continue
                return call, effect, says
        return None


def _has_list(application: Application) -> bool:
    return application.top is not None and bool(application.top.lists)


def _is_one_of_many(process: Process) -> bool:
    return process.use.per_key or min(process.start_arities, default=1) > 1


def _asks_itself(graph: CallGraph, clause: Clause, call: CallSite) -> bool:
    callee: FunctionKey | None = graph.callee(clause.module, call)
    return callee is not None and (callee[1], callee[2]) in CALLBACKS


def _is_long(graph: CallGraph, clause: Clause, call: CallSite, effect: Effect) -> bool:
    leaf = graph.leaf(clause.module, call, effect, AVOIDED)
    if leaf is None:
        return False
    looped = any(one.place & LOOP and not one.place & SMALL for one in (call, leaf[1]))
    return looped or leaf[1].name in LONG


def _delegated(snapshot: Snapshot, clause: Clause) -> list[Edit]:
    """The clause with its body in a task, what takes the task's end, and the supervisor."""
    document = snapshot.document(clause.path)
    form = None if document is None else document.outline.form_at(clause.span.start)
    function = None if form is None else form.function
    if document is None or form is None or function is None:
        return []
    reply = reply_of(function)
    supervisor = provided(snapshot, clause.path, "Task.Supervisor", "TaskSupervisor")
    if reply is None or supervisor is None:
        return []
    asker = function.parameters[1] if function.name == "handle_call" else None
    state = reply.elements[-1].text
    named = "" if asker is None else asker.text.lstrip("_") or "from"
    shown = form.names_at(clause.span.start).shorten(supervisor.name)
    task = _task(document, form, function, reply, named, shown)
    if task is None:
        return []
    outer = document.lines.indentation(form.span.start).decode()
    newline = line_ending(document.source)
    after = f"{newline}{newline}{outer}  {{:noreply, {state}}}"
    edits = [*supervisor.edits, Edit(task[0], task[1] + after + task[2], clause.path)]
    if isinstance(asker, Identifier) and asker.name != named:
        edits.append(Edit(asker.span, named, clause.path))
    handlers = _handlers(form.module, outer, newline)
    return [*edits, new_info_clause(document, form, handlers)] if handlers else edits


def _task(
    document: Document, form: Form, function: Function, reply: Tuple, asker: str, supervisor: str
) -> tuple[Span, str, str] | None:
    """What to replace by the task, the task, and what comes after the new end of the clause."""
    lines, newline = document.lines, line_ending(document.source)
    outer = lines.indentation(form.span.start).decode()
    indent = f"{outer}    "
    answer = f"{indent}GenServer.reply({asker}, {reply.elements[1].text})" if asker else ""
    body = function.body
    moved: list[str] = []
    if len(body) > 1 or lines.line_at(reply.start) > lines.line_at(function.head.end):
        first, last = lines.line_at(function.call.start) + 1, lines.line_at(reply.start)
        first = max(first, lines.line_at(function.head.end) + 1)
        for one in body:
            if any(b"\n" in it.bytes and not it.is_heredoc for it in one.find(Quoted)):
                return None
        for number in range(first, last):
            line = lines.line_bytes(number).decode("utf-8", "replace")
            moved.append(f"  {line}" if line.strip() else "")
        while moved and not moved[0]:
            moved.pop(0)
        while moved and not (moved[-1] or answer):
            moved.pop()
    opening = f"{outer}  Task.Supervisor.async_nolink({supervisor}, fn ->"
    written = [opening, *moved, *([answer] if answer else []), f"{outer}  end)"]
    if any(len(line) > WIDTH for line in written) or "\n" in answer:
        return None
    text = newline.join(written)
    if function.call.do_block is not None:
        start = function.call.do_block.inner.start
        return Span(start, reply.end), f"{newline}{text}", ""
    keyword = function.call.keywords
    if keyword is None:
        return None
    head = function.call.written_arguments[0]
    return Span(head.end, function.call.end), f" do{newline}{text}", f"{newline}{outer}end"


def _handlers(module: Module, outer: str, newline: str) -> str:
    """The clauses of `handle_info/2` that take the end of a task, as far as they are missing."""
    patterns = [
        one.parameters[0] for one in module.functions if (one.name, one.arity) == ("handle_info", 2)
    ]
    tuples = [one.elements for pattern in patterns for one in pattern.find(Tuple)]
    lines: list[str] = []
    if not any(len(one) == 2 and not isinstance(one[0], Atom) for one in tuples):
        lines += [
            "def handle_info({ref, _result}, state) when is_reference(ref) do",
            "  Process.demonitor(ref, [:flush])",
            "  {:noreply, state}",
            "end",
            "",
        ]
    if not any(len(one) == 5 and one[0].text in (":DOWN", "_") for one in tuples):
        lines += [
            "def handle_info({:DOWN, _ref, :process, _pid, _reason}, state) do",
            "  {:noreply, state}",
            "end",
            "",
        ]
    return newline.join(f"{outer}{line}" if line else "" for line in lines[:-1])
