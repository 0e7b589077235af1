"""otp/bare-spawn"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import BinaryOperator, Call, Capture, Identifier, Match
from lsp_server.syntax.literals import Tuple
from lsp_server.syntax.outline import Form

from ..ecto._discarded import whole
from ._start_child import (
    can_become_start_child,
    is_elixirs,
    is_in_application,
    is_quoted,
    start_child,
)

_KERNEL = ("spawn", "spawn_link", "spawn_monitor")
_MODULES = frozenset({"Kernel", ":erlang"})


class BareSpawn(Rule):
    """
    A process that is started with `spawn` and belongs to nobody.

    No supervisor knows it: it is not in the tree, it logs nothing useful when it crashes, nobody
    waits for it when the application stops, so that a deployment cuts it off in the middle of its
    work, and under load nothing limits how many there are. A `spawn_link` also takes the caller,
    often a request or a GenServer, down with it. Under a Task.Supervisor the same function runs
    with a crash report, its callers and an orderly shutdown.

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

    `lib/shop/orders.ex`:

    ```elixir
    defmodule Shop.Orders do
      def complete(order) do
        spawn(fn ->
          Shop.Invoices.send(order)
        end)

        {:ok, order}
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
          {Task.Supervisor, name: Shop.TaskSupervisor},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/orders.ex`:

    ```elixir
    defmodule Shop.Orders do
      def complete(order) do
        Task.Supervisor.start_child(Shop.TaskSupervisor, fn ->
          Shop.Invoices.send(order)
        end)

        {:ok, order}
      end
    end
    ```

    ## When it stays silent

    - The module is the runtime of a behaviour: it has callbacks (`@callback`) or a `__using__`, or
      the function speaks the protocol of special processes (`:proc_lib`, `:sys`).
    - The project is published as a package (`package:` in mix.exs) and serves no requests itself:
      it may have no supervisor to rely on.
    - The caller of `spawn_monitor` uses the reference, so that it waits for the end of the process.
    - The function that calls `spawn_link` looks after the process: it ends or unlinks it by its
      pid, traps exits, or takes the message `{:EXIT, pid, reason}`.
    - Mix tasks, quoted code, and functions of the project's own that are called `spawn`.

    ## What the fix changes

    The Task.Supervisor that the application has starts the function. If there is none, one is
    added to the children of the application, right after repos and PubSub. `start_child` returns
    `{:ok, pid}`: a variable that took the pid is matched so; a function that returned the pid now
    returns the tuple, unless its `@spec` promises a pid. What was linked is no longer linked: a
    crash is logged and does not end the caller. There is no fix for `spawn_monitor` and for
    `Process.spawn` with options other than `:link` (see `Task.Supervisor.async_nolink/2`), where
    the pid is used within a larger expression, and where the children are computed.
    """

    @on(Call, name=_KERNEL)
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form = file.form
        if form is None or (call.receiver is None and file.is_local(call)):
            return
        if not _spawns(call, file) or _is_left_alone(form, file) or is_quoted(call):
            return
        if call.name == "spawn_monitor" and _is_watched(call, form):
            return
        if call.name == "spawn_link" and _is_owned(call, form):
            return
        name = call.dotted
        if call.name == "spawn_monitor":
            advice = "`Task.Supervisor.async_nolink/2` monitors it as well"
        elif call.name == "spawn_link":
            advice = "its crash ends the caller too; use `Task.Supervisor.start_child/2`"
        else:
            advice = "it is lost with a crash or a shutdown; use `Task.Supervisor.start_child/2`"
        yield self.finding(
            call.callee_span,
            f"`{name}` starts a process that no supervisor knows: {advice}",
            fix=_fix(call, form, file),
        )

    @on(BinaryOperator, name="/")
    def check_captured(self, named: BinaryOperator, file: File) -> Iterator[Finding]:
        """`&spawn/1`, which is no call in itself."""
        capture, form = named.parent, file.form
        function = capture.function if isinstance(capture, Capture) else None
        if function is None or form is None or not isinstance(function[0], Identifier):
            return
        name, arity = function[0].name, function[1]
        if name in _KERNEL and arity in (1, 3) and not file.is_local(function[0], arity):
            if not _is_left_alone(form, file):
                advice = "start each with `Task.Supervisor.start_child/2`"
                message = f"`{name}` starts processes that no supervisor knows: {advice}"
                yield self.finding(function[0], message)


def _spawns(call: Call, file: File) -> bool:
    arity = call.arity
    if call.receiver is None:
        known = file.module_of(call)
        return arity in (1, 3) and known in (None, "Kernel")
    module = file.module_of(call)
    if module == "Process":
        return call.name == "spawn" and arity in (2, 4)
    return module in _MODULES and arity in (1, 3)


def _is_left_alone(form: Form, file: File) -> bool:
    """Whether no supervisor can be asked for, or the code is itself what runs processes."""
    if file.is_mix_task or file.context.is_library(file.path):
        return True
    if is_elixirs(form.module.name):
        return True
    module = form.module
    if module.attribute("callback") is not None or "__using__" in module.names.functions:
        return True
    if form.function is not None and form.function.is_macro:
        return True
    return b":proc_lib" in form.bytes or b":sys." in form.bytes


def _is_watched(call: Call, form: Form) -> bool:
    """Whether the caller waits for the end of the process: it uses the reference of the monitor."""
    match = whole(call).parent
    if not isinstance(match, Match) or not isinstance(match.left, Tuple):
        return False
    after = form.bytes[match.end - form.span.start :]
    return any(
        isinstance(one, Identifier) and re.search(rb"\b%b\b" % one.bytes, after) is not None
        for one in match.left.elements[1:]
    )


def _is_owned(call: Call, form: Form) -> bool:
    """Whether the caller looks after a linked process: it ends it, or takes its exit."""
    if b"{:EXIT," in form.bytes or b":trap_exit" in form.bytes:
        return True
    match = whole(call).parent
    if not isinstance(match, Match) or not isinstance(match.left, Identifier):
        return False
    name = match.left.bytes
    after = form.bytes[match.end - form.span.start :]
    return re.search(rb"Process\.(?:exit|unlink)\(\s*%b\b" % name, after) is not None


def _fix(call: Call, form: Form, file: File) -> Fix | None:
    if call.name == "spawn_monitor" or is_in_application(form.module):
        return None
    if not can_become_start_child(call, gives_pid=True):
        return None
    return Fix.review(
        "Start it under a Task.Supervisor",
        lambda snapshot: start_child(snapshot, file.document, form, call, gives_pid=True),
    )
