"""otp/missing-catch-all"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.local_flow import module_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.requires import require_edit
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

from ._start_child import is_elixirs

# What makes others send messages to the process, by name and modules.
SOURCES = {
    "async": ("Task", "Task.Supervisor"),
    "async_nolink": ("Task.Supervisor",),
    "monitor": ("Process", ":erlang"),
    "monitor_node": ("Node", ":erlang"),
    "monitor_nodes": (":net_kernel",),
    "open": ("Port",),
}
SUBSCRIBING = re.compile(r"subscribe(?:_(?!and_)\w+)?!?")
CALLBACKS = frozenset(
    {
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_continue", 2),
        ("handle_info", 2),
        ("init", 1),
    }
)
# With one of these in a function it takes what it has asked for itself.
TAKEN = ("await", "await_many", "demonitor", "receive", "shutdown", "yield", "yield_many")


class MissingCatchAll(Rule):
    """
    A GenServer that others send messages to, and that crashes on the first one it does not know.

    `use GenServer` brings a `handle_info/2` that logs what nobody expects. It is gone with the
    first clause that the module writes itself: from then on a new message on a topic, the
    reply of a task or the `:DOWN` of a monitor that was forgotten ends the process with a
    FunctionClauseError, and its state with it.

    ## Bad

    ```elixir
    defmodule Shop.Prices do
      use GenServer

      @impl true
      def init(_opts) do
        Phoenix.PubSub.subscribe(Shop.PubSub, "prices")
        {:ok, %{}}
      end

      @impl true
      def handle_info({:price, product, price}, prices) do
        {:noreply, Map.put(prices, product, price)}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Prices do
      use GenServer

      require Logger

      @impl true
      def init(_opts) do
        Phoenix.PubSub.subscribe(Shop.PubSub, "prices")
        {:ok, %{}}
      end

      @impl true
      def handle_info({:price, product, price}, prices) do
        {:noreply, Map.put(prices, product, price)}
      end

      def handle_info(message, state) do
        Logger.warning("#{inspect(__MODULE__)}: unexpected message #{inspect(message)}")
        {:noreply, state}
      end
    end
    ```

    ## When it stays silent

    - The module has no `handle_info/2`, or a clause that takes any message.
    - Nothing in the module makes others send to it: no subscription (of PubSub, of an endpoint, by
      a function `subscribe…` of another module), monitor, task or port, in a callback or a private
      function: public ones run in the processes of their callers.
    - The function that asks takes the answer itself, with `await`, `receive` and their like.
    - In a package that others depend on: there is a clause for `:DOWN` where only monitors send,
      for `{port, …}` where a port does, and for both `:DOWN` and `{ref, result}` where tasks do.
    - The module is no GenServer, by `use GenServer` or a `use` of the project's own that says so,
      or clauses may come from a macro.

    ## What the fix changes

    A last clause logs the message as a warning and keeps the state, as the default of GenServer
    does. `require Logger` is added if it is not there.
    """

    severity = Severity.INFORMATION

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        if module.call is None or 2 not in module.names.functions.get("handle_info", ()):
            return
        if is_elixirs(module.name) or not _is_server(module, file):
            return
        clauses = [form for form in module.forms if _is_clause(form)]
        functions = [form.function for form in clauses if form.function is not None]
        if not functions or any(_takes_all(one) for one in functions):
            return
        if any(form.callee in (b"quote", b"for", b"unquote") for form in module.forms):
            return
        is_library = file.context.is_library(file.path)
        answered = _answered(functions) if is_library else frozenset[str]()
        source = next((one for one in _sources(module) if one.name not in answered), None)
        if source is None:
            return
        name = functions[0].name_span
        fix = None
        if file.document.names_at(clauses[-1].span.start).expand("Logger") == "Logger":
            fix = Fix.safe(
                "Log what is not expected",
                lambda _: [
                    *require_edit(file.document, module, "Logger"),
                    _clause(clauses[-1], file),
                ],
            )
        yield self.finding(
            name,
            f"a message that no clause of `handle_info/2` takes ends `{module.name}`, and "
            f"`{source.dotted}` lets others send to it",
            fix=fix,
            related=[Related(source.callee_span, "From here on others send messages")],
        )


def _is_server(module: Module, file: File) -> bool:
    """Whether a module is a GenServer, also by a `use` of the project's own that brings no
    `handle_info/2`."""
    if module.uses("GenServer"):
        return True
    brought = file.context.expansion((use.module, use.selector) for use in module.names.uses)
    return "GenServer" in brought.used and ("handle_info", 2) not in brought.functions


def _is_clause(form: Form) -> bool:
    function = form.function
    return (
        function is not None
        and function.keyword == "def"
        and (function.name, function.arity) == ("handle_info", 2)
    )


def _takes_all(clause: Function) -> bool:
    """Whether a clause takes any message, or cannot be read."""
    return clause.guard is None and _is_any(clause.parameters[0])


def _is_any(pattern: Node) -> bool:
    pending = [pattern]
    while pending:
        node = pending.pop()
        match node:
            case Identifier() | Call():  # a call is a macro
                continue
            case BinaryOperator("=" | "\\\\"):
                pending += (node.left, node.right)
            case _:
                return False
    return True


def _sources(module: Module) -> Iterator[Call]:
    """The calls in the module's own functions that make others send messages."""
    for form in module.forms:
        if form.function is None or not _runs_in_process(form.function):
            continue
        takes = any(True for _ in form.index.calls(*TAKEN))
        for call in form.index.all_calls():
            if _is_subscription(call, form):
                yield call
            elif call.name in SOURCES and module_of(call.receiver, form) in SOURCES[call.name]:
                if not takes:
                    yield call


def _answered(functions: list[Function]) -> frozenset[str]:
    """The functions whose own messages the clauses take: all that a library has to be ready for."""
    down = any(_is_tuple(one, 5, "DOWN") for one in functions)
    reply = any(_is_tuple(one, 2) for one in functions)
    found = {"monitor"} if down else set()
    found |= {"async", "async_nolink"} if down and reply else set()
    return frozenset(found | ({"open"} if reply else set()))


def _is_tuple(clause: Function, size: int, tag: str = "") -> bool:
    """Whether a clause takes tuples of a size, with that tag or with a variable for it."""
    for pattern in clause.parameters[0].find(Tuple):
        elements = pattern.elements
        if len(elements) == size and not (isinstance(elements[0], Atom) and not tag):
            return not tag or (isinstance(elements[0], Atom) and elements[0].name == tag)
    return False


def _is_subscription(call: Call, form: Form) -> bool:
    """`Phoenix.PubSub.subscribe`, that of an endpoint, or a function of another module that is
    called so."""
    if not SUBSCRIBING.fullmatch(call.name):
        return False
    module = module_of(call.receiver, form)
    return bool(module) and not module.startswith(":")


def _runs_in_process(function: Function) -> bool:
    """Whether a function is a callback or private: what is public clients may call."""
    return function.keyword == "defp" or (function.name, function.arity) in CALLBACKS


def _clause(last: Form, file: File) -> Edit:
    newline = line_ending(file.document.source)
    indent = file.document.lines.indentation(last.span.start).decode()
    logged = "#{inspect(__MODULE__)}: unexpected message #{inspect(message)}"
    code = (
        "def handle_info(message, state) do",
        f'  Logger.warning("{logged}")',
        "  {:noreply, state}",
        "end",
    )
    text = newline.join(f"{indent}{line}" for line in code)
    return Edit(Span(last.span.end, last.span.end), f"{newline}{newline}{text}")
