"""otp/sleep-in-process"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Match
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span

from ..ecto._discarded import whole
from ._later import WIDTH, continued
from ._turns import head_of, is_call_of, is_in_turn, turns

SLEEPERS = frozenset({"Process", ":timer"})
_REQUESTS = frozenset({"Phoenix.Controller", "Plug"})
_WITHOUT_MESSAGES = _REQUESTS | {"Phoenix.LiveComponent"}


class SleepInProcess(Rule):
    """
    A process that sleeps while others wait for it.

    A GenServer, a LiveView or a channel does one thing at a time. While it sleeps it answers no
    call, no click and no shutdown: callers time out after five seconds, messages pile up, and a
    deploy has to kill it. A controller that sleeps keeps its connection, and one of the server's
    places for requests.

    ## Bad

    ```elixir
    defmodule Shop.Mailbox do
      use GenServer

      @impl true
      def init(opts), do: {:ok, opts}

      @impl true
      def handle_cast({:retry, mail}, state) do
        Process.sleep(5_000)
        Shop.Mailer.deliver(mail)
        {:noreply, state}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Mailbox do
      use GenServer

      @impl true
      def init(opts), do: {:ok, opts}

      @impl true
      def handle_cast({:retry, mail}, state) do
        Process.send_after(self(), {:finish_retry, mail}, 5_000)
        {:noreply, state}
      end

      @impl true
      def handle_info({:finish_retry, mail}, state) do
        Shop.Mailer.deliver(mail)
        {:noreply, state}
      end
    end
    ```

    ## When it stays silent

    - The sleep is in a task or another process of its own, or in a function that is only stored.
    - It is in a client function of a GenServer, which its caller runs, or in `terminate/2`.
    - The module is none of GenServer, GenStage, `:gen_statem`, WebSockex, channel, LiveView,
      LiveComponent, controller and plug; tests and scripts.

    ## What the fix changes

    What follows the sleep moves to a clause of `handle_info/2`, and `Process.send_after/3` sends
    the message for it; a `handle_call/3` replies there with `GenServer.reply/2`. Other messages
    are then answered in between, and the state is the one of that later moment. A sleep before
    `send(self(), message)` becomes `Process.send_after/3` of that message. There is no fix where
    nothing follows the sleep, where the callback goes on after the branch that sleeps, in a loop
    and in a function that the callback calls; nor in requests and live components, which take no
    messages.
    """

    @on(Module, name="sleep")
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        if module.call is None:
            return
        found = [
            (form, call)
            for form in module.forms
            if form.function is not None and b"sleep" in form.index.callee_names
            for call in form.index.calls("sleep")
            if is_call_of(call, SLEEPERS, file)
        ]
        running = turns(module, file) if found else None
        if running is None:
            return
        for form, call in found:
            function = form.function
            if function is None or not is_in_turn(call, form):
                continue
            key = function.name, function.arity
            if key in running.callers:
                yield self._finding(file, form, function, call, running.callers[key], running.kind)

    def _finding(
        self,
        file: File,
        form: Form,
        function: Function,
        call: Call,
        caller: Form | None,
        kind: str,
    ) -> Finding:
        related = []
        if caller is not None and caller.function is not None:
            text = f"`{head_of(caller.function)}` calls `{head_of(function)}`"
            related.append(Related(caller.function.name_span, text))
        fix = None
        if kind not in _WITHOUT_MESSAGES and _edits(file, form, call):
            fix = Fix.review("Send a message later instead", lambda _: _edits(file, form, call))
        if kind in _REQUESTS:
            advice = "the request and its connection wait; leave the work to a job"
        elif kind == "Phoenix.LiveComponent":
            advice = "its page answers nothing meanwhile; use `send_update_after/3`"
        else:
            advice = f"`{form.module.name}` answers nothing meanwhile; use `Process.send_after/3`"
        name = f"{call.dotted}/1"
        return self.finding(
            call.callee_span,
            f"`{name}` in `{head_of(function)}`: {advice}",
            fix=fix,
            related=related,
        )


def _edits(file: File, form: Form, call: Call) -> list[Edit]:
    arguments, statement = call.arguments, whole(call)
    block, lines = statement.parent, file.document.lines
    if len(arguments) != 1 or b"\n" in statement.bytes or block is None:
        return []
    delay = arguments[0].text
    siblings = block.children
    at = siblings.index(statement)
    following = siblings[at + 1] if at + 1 < len(siblings) else None
    message = None if following is None else _sent_to_itself(following)
    if following is None or message is None:
        return continued(file.document, form, statement, delay)
    indent = lines.indentation(following.start)
    text = f"Process.send_after(self(), {message.text}, {delay})"
    if "\n" in text or len(indent) + len(text) > WIDTH:
        return []
    if lines.starts[lines.line_at(statement.start)] + len(indent) != statement.start:
        return []
    start = lines.starts[lines.line_at(statement.start)]
    end = lines.starts[lines.line_at(statement.end) + 1]
    while lines.line_bytes(lines.line_at(end)).strip() == b"":
        end = lines.starts[lines.line_at(end) + 1]
    return [Edit(Span(start, end), ""), Edit(following.span, text)]


def _sent_to_itself(statement: Node) -> Node | None:
    """What `send(self(), message)` sends."""
    if isinstance(statement, Match):
        return None
    match statement:
        case Call("send" | "Kernel.send" | "Process.send", [Call("self", []), message, *_]):
            return message
    return None
