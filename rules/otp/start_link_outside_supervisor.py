"""otp/start-link-outside-supervisor"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.document import Document
from lsp_server.facts.index import Index
from lsp_server.facts.modules import Function
from lsp_server.facts.processes.supervision import Children, ProcessUse, Start
from lsp_server.facts.processes.supervision_tree import Process, applications, processes
from lsp_server.facts.project.context import project_context
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.lint.set_apart import set_apart
from lsp_server.role import Role, role_of
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Alias, Call, Match
from lsp_server.syntax.names import Names
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ._infrastructure import can_provide, provided_for
from ._start_child import WIDTH, can_become_start_child, is_elixirs, start_child

_TASK = "Task"
# Modules whose code runs beside the application: releases, tools for the console.
_TOOLS = re.compile(r"^Mix\.|Release(?:Tasks?)?\b|\bI[Ee]x|\bConsole\b")


class StartLinkOutsideSupervisor(ProjectRule):
    """
    A process that ordinary code starts with `start_link`.

    The process is linked to whatever happens to call: a request, a LiveView, another process. It
    ends when its caller crashes, its own crash ends the caller, nobody starts it again, and it
    stands outside the supervision tree, where neither a shutdown nor an observer finds it. A
    DynamicSupervisor starts processes on demand and keeps them apart.

    ## Bad

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          {Phoenix.PubSub, name: Shop.PubSub},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/basket.ex`:

    ```elixir
    defmodule Shop.Basket do
      use GenServer

      def start_link(user), do: GenServer.start_link(__MODULE__, user)

      @impl true
      def init(user), do: {:ok, %{user: user, lines: []}}
    end
    ```

    `lib/shop_web/live/basket_live.ex`:

    ```elixir
    defmodule ShopWeb.BasketLive do
      use ShopWeb, :live_view

      def handle_event("open", _params, socket) do
        {:ok, basket} = Shop.Basket.start_link(socket.assigns.user)
        {:noreply, assign(socket, :basket, basket)}
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
          {Phoenix.PubSub, name: Shop.PubSub},
          {DynamicSupervisor, name: Shop.BasketSupervisor, strategy: :one_for_one},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/basket.ex`:

    ```elixir
    defmodule Shop.Basket do
      use GenServer

      def start_link(user), do: GenServer.start_link(__MODULE__, user)

      @impl true
      def init(user), do: {:ok, %{user: user, lines: []}}
    end
    ```

    `lib/shop_web/live/basket_live.ex`:

    ```elixir
    defmodule ShopWeb.BasketLive do
      use ShopWeb, :live_view

      def handle_event("open", _params, socket) do
        {:ok, basket} =
          DynamicSupervisor.start_child(Shop.BasketSupervisor, {Shop.Basket, socket.assigns.user})

        {:noreply, assign(socket, :basket, basket)}
      end
    end
    ```

    ## When it stays silent

    - Supervisors, applications, functions that are themselves called `start_link…` or `child_spec`,
      and the module's own functions.
    - `init/1` of any process, which may have helpers of its own that live and die with it, and
      tasks that a process of the project starts.
    - Tests, scripts, mix tasks, modules for releases and the console.
    - Modules of libraries, modules that are only known at run time, and projects that are published
      as a package.

    ## What the fix changes

    The DynamicSupervisor that starts this module elsewhere, or else one that is added to the
    application's children, starts the process. It no longer ends with its caller, and its own crash
    no longer ends the caller: it is started again, as often as its `restart:` says, so that a
    process which may end by itself wants `use GenServer, restart: :temporary`. A task is started
    with `Task.Supervisor.start_child`. There is no fix for a module that is already a child of a
    supervisor: use that process instead of starting another. Where the children of the application
    are computed there is none either.
    """

    reads = (Start, Children, processes, ProcessUse, Function, applications, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        index = snapshot.index
        context = project_context(index)
        own = processes(index)
        startable = {
            one.module
            for _, one in index.of(Function)
            if one.name == "start_link" and not one.is_private
        }
        startable.update(one.module for one in own.values() if one.start_arities)
        places = _supervising(index)
        static = {
            child.module
            for path, children in index.of(Children)
            if role_of(path) is Role.LIB
            for child in children.children
        }
        for path, start in index.of(Start):
            if start.through != "start_link" or role_of(path) is not Role.LIB:
                continue
            if start.by in places or start.by == start.module or _is_allowed(start, path):
                continue
            if context.is_library(path) or is_elixirs(start.by):
                continue
            if start.module == _TASK:
                if start.by not in own:
                    yield self._task(index, start, path)
            elif start.module in startable:
                is_child = start.module in static
                yield self._process(snapshot, start, path, own.get(start.module), is_child)

    def _task(self, index: Index, start: Start, path: str) -> Finding:
        message = (
            "this task is linked to whoever calls: its crash ends the caller; start it with "
            "`Task.Supervisor.start_child/2`"
        )
        fix: Fix | None = None
        if can_provide(index, path):
            build = partial(_supervised_task, path=path, span=start.span)
            fix = Fix.review("Start it under a Task.Supervisor", build)
        return self.finding(start.span, message, path=path, fix=fix)

    def _process(
        self, snapshot: Snapshot, start: Start, path: str, process: Process | None, is_child: bool
    ) -> Finding:
        message = f"`{start.module}` is linked to whoever calls, and no supervisor knows it; "
        if is_child:
            message += "a supervisor starts one already, which callers should use"
            return self.finding(start.span, message, path=path)
        message += "start it with `DynamicSupervisor.start_child/2`"
        fix: Fix | None = None
        if process is not None and process.child_spec and can_provide(snapshot.index, process.path):
            build = partial(_supervised, path=path, span=start.span, process=process)
            fix = offered(Fix.review("Start it under a DynamicSupervisor", build), snapshot)
        return self.finding(start.span, message, path=path, fix=fix)


def _supervising(index: Index) -> frozenset[str]:
    """The modules whose part it is to start others."""
    applied = {use.module for _, use in index.of(ProcessUse) if use.used == "Application"}
    supervisors = {one.module for one in processes(index).values() if one.is_supervisor}
    bases = {one.module for one in processes(index).values() if one.is_base}
    return frozenset(applied | supervisors | bases)


def _is_allowed(start: Start, path: str) -> bool:
    """Whether a function may start others: by its name, or as it runs beside the application."""
    name = start.function.partition("/")[0]
    if (
        not name
        or name.startswith(("start_link", "child_spec", "__"))
        or start.function == "init/1"
    ):
        return True
    return "lib/mix/" in f"/{path}" or _TOOLS.search(start.by) is not None


def _found(snapshot: Snapshot, path: str, span: Span) -> tuple[Document, Form, Call] | None:
    """The call of which a span is the callee."""
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(span.start)
    if document is None or form is None:
        return None
    for call in form.index.calls("start_link"):
        if call.callee_span == span:
            return document, form, call
    return None


def _supervised_task(snapshot: Snapshot, path: str, span: Span) -> list[Edit]:
    found = _found(snapshot, path, span)
    if found is None or not can_become_start_child(found[2], gives_pid=False):
        return []
    return start_child(snapshot, *found, gives_pid=False)


def _supervised(snapshot: Snapshot, path: str, span: Span, process: Process) -> list[Edit]:
    found = _found(snapshot, path, span)
    if found is None:
        return []
    document, form, call = found
    if call.pipe is not None or call.capture_arity is not None or call.do_block is not None:
        return []
    names = form.names_at(call.start)
    is_own = names.expand(call.module or "") == process.module
    supervisor = provided_for(snapshot, process.path, process.module)
    child = _child(call, process) if is_own else _started_child(call, names, process)
    if supervisor is None or not child:
        return []
    shown = names.shorten(supervisor.name)
    edits = _written(document, call, "DynamicSupervisor.start_child", [shown, child])
    return [*supervisor.edits, *edits] if edits else []


def _child(call: Call, process: Process) -> str:
    """The specification of the child that a call of `start_link` starts."""
    module, arguments = call.module or "", call.written_arguments
    if any(b"\n" in one.bytes or one.has_error for one in arguments):
        return ""
    given = ", ".join(one.text for one in arguments)
    if len(arguments) == 1:
        return f"{{{module}, {given}}}"
    if not arguments and 1 in process.start_arities:
        return module
    return f"Supervisor.child_spec({module}, start: {{{module}, :start_link, [{given}]}})"


def _started_child(call: Call, names: Names, process: Process) -> str:
    """The specification of the child that `GenServer.start_link(Mod, argument)` starts, where the
    module's own `start_link/1` does as much."""
    if 1 not in process.start_arities or process.use.registers:
        return ""
    match call.written_arguments:
        case [Alias() as module, given] if names.expand(module.text) == process.module:
            return "" if b"\n" in given.bytes else f"{{{module.text}, {given.text}}}"
    return ""


def _written(document: Document, call: Call, function: str, arguments: list[str]) -> list[Edit]:
    """Another call in the place of one, broken as the formatter does where it is too long."""
    lines, newline = document.lines, line_ending(document.source)
    line = lines.line_at(call.start)
    if lines.line_at(call.end) != line:
        return []
    whole = lines.line_bytes(line).decode("utf-8", "replace")
    text = f"{function}({', '.join(arguments)})"
    if len(whole) - len(call.text) + len(text) <= WIDTH:
        return [Edit(call.span, text, document.path)]
    match = call.parent
    around = match if isinstance(match, Match) else call
    outer = lines.indentation(call.start).decode()
    if whole.strip() != around.text:
        return []
    indent = f"{outer}  " if isinstance(match, Match) else outer
    if len(indent) + len(text) > WIDTH:
        broken = f",{newline}{indent}  ".join(arguments)
        text = f"{function}({newline}{indent}  {broken}{newline}{indent})"
        if any(len(indent) + 2 + len(one) + 1 > WIDTH for one in arguments):
            return []
    if isinstance(match, Match):
        edits = [Edit(Span(match.left.end, call.end), f" ={newline}{indent}{text}", document.path)]
    else:
        edits = [Edit(call.span, text, document.path)]
    return [*edits, *set_apart(document, call)]
