"""otp/unawaited-task"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.local_flow import module_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, Match
from lsp_server.syntax.literals import Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module

from ..ecto._discarded import whole
from ._start_child import (
    Value,
    can_become_start_child,
    is_in_application,
    is_quoted,
    start_child,
    value_of,
)


class UnawaitedTask(Rule):
    """
    A task that is started and left alone.

    `Task.async/1` promises a result: it links the task to the caller and sends it the reply. Where
    nobody awaits it, a crash of the task still ends the request or the process that started it,
    the end of the caller ends the task in the middle of its work, and in a GenServer or a LiveView
    the reply arrives as a message that nobody expects. `Task.start/1` has no link, and nobody at
    all who knows of it: it is not in the supervision tree, and a deployment cuts it off.

    ## Bad

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          {Task.Supervisor, name: Shop.TaskSupervisor},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def create(conn, params) do
        order = Shop.Orders.create!(params)
        Task.async(fn -> Shop.Invoices.send(order) end)

        redirect(conn, to: ~p"/orders/#{order}")
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
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def create(conn, params) do
        order = Shop.Orders.create!(params)
        Task.Supervisor.start_child(Shop.TaskSupervisor, fn -> Shop.Invoices.send(order) end)

        redirect(conn, to: ~p"/orders/#{order}")
      end
    end
    ```

    ## When it stays silent

    - The task is awaited, yielded, stored, passed on or returned.
    - The module takes the reply itself: a clause of `handle_info/2` for `{ref, result}`, or for
      any message.
    - The project is published as a package (`package:` in mix.exs) and serves no requests itself:
      it may have no supervisor to rely on.
    - Mix tasks and quoted code.

    ## What the fix changes

    The Task.Supervisor of the application starts the function; if there is none, one is added to
    the application's children, right after repos and PubSub. The task is linked to the supervisor
    then: its crash is logged and ends nobody else, and the end of the caller does not end it. In
    the module of the application itself there is no fix, as the supervisor may not run yet: make
    the work a child, `{Task, fn -> … end}`. Where the result is wanted after all, keep the task
    and `Task.await/2` it.
    """

    @on(Module, name=("async", "start"))
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        if module.call is None or file.is_mix_task or file.context.is_library(file.path):
            return
        takes_replies = any(_takes_reply(form) for form in module.forms)
        for form in module.forms:
            if form.function is None or form.function.is_macro:
                continue
            for call in form.index.calls("async", "start"):
                if call.name == "async" and takes_replies:
                    continue
                if module_of(call.receiver, form) == "Task" and not is_quoted(call):
                    yield from self._judge(call, form, file)

    def _judge(self, call: Call, form: Form, file: File) -> Iterator[Finding]:
        if call.arity not in (1, 3):
            return
        starts = call.name == "start"
        if not starts and value_of(call) is not Value.DISCARDED and not _is_forgotten(call, form):
            return
        if starts:
            message = "`Task.start` starts a task that no supervisor knows"
        else:
            message = "nobody awaits this `Task.async`, and its crash ends the process around it"
        fix = None
        if can_become_start_child(call, gives_pid=False) and not is_in_application(form.module):
            fix = Fix.review(
                "Start it under a Task.Supervisor",
                lambda snapshot: start_child(snapshot, file.document, form, call, gives_pid=False),
            )
        advice = "start it with `Task.Supervisor.start_child/2`"
        if is_in_application(form.module):
            advice = "make it a child, `{Task, fn -> … end}`"
        yield self.finding(call.callee_span, f"{message}; {advice}", fix=fix)


def _is_forgotten(call: Call, form: Form) -> bool:
    """Whether a task is bound to a variable that nobody reads afterwards."""
    node = whole(call)
    match = node.parent
    if not isinstance(match, Match) or not isinstance(match.left, Identifier):
        return False
    name = match.left.name
    return form.bytes.count(name.encode(), match.end - form.span.start) == 0


def _takes_reply(form: Form) -> bool:
    """Whether a form is a clause of `handle_info/2` that takes `{ref, result}`."""
    function = form.function
    if function is None or (function.name, function.arity) != ("handle_info", 2):
        return False
    pending: list[Node] = [function.parameters[0]]
    while pending:
        node = pending.pop()
        match node:
            case Identifier():
                return True
            case Tuple([reference, _]) if isinstance(reference, (Identifier, BinaryOperator)):
                return True
            case BinaryOperator("=", left, right):
                if isinstance(left, Identifier) and isinstance(right, Identifier):
                    return True
                pending += [one for one in (left, right) if not isinstance(one, Identifier)]
    return False
