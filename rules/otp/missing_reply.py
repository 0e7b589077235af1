"""otp/missing-reply"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.local_flow import clauses_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Clause, Identifier, Match, Pipe, strip_parentheses
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span

from ._turns import behaviours

SERVERS = frozenset({"GenServer", "GenStage", ":gen_server"})
BRANCHING = frozenset({"case", "cond", "if", "receive", "try", "unless", "with"})
SECTIONS = ("do", "else", "rescue", "catch")
# After these the caller hears of the end of the process, or the process knows more than it says.
ENDS = ("exit", "halt", "stop", "binding", "unquote")


class MissingReply(Rule):
    """
    A `handle_call/3` that returns `{:noreply, state}` and has thrown away whom to reply to.

    `GenServer.call/3` waits for a reply, and only who has `from` can send one. When the clause
    neither replies nor keeps `from`, every caller waits for five seconds and then exits, often
    taking a request or a LiveView with it.

    ## Bad

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:put, product, count}, _from, stock) do
        {:noreply, Map.put(stock, product, count)}
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
      def handle_call({:put, product, count}, _from, stock) do
        {:reply, :ok, Map.put(stock, product, count)}
      end
    end
    ```

    ## When it stays silent

    - `from`, or its tag, is used anywhere in the clause: stored, passed on, or replied to.
    - The clause ends the process or leaves it to what is only known at run time.
    - The module is neither a GenServer nor a GenStage, or the result is what a function returns.

    ## What the fix changes

    There is none: only the author knows what to reply. Return `{:reply, reply, state}`, keep `from`
    for a later `GenServer.reply/2`, or let the client `cast`.
    """

    severity = Severity.ERROR

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        if module.call is None or 3 not in module.names.functions.get("handle_call", ()):
            return
        if b":noreply" not in module.call.bytes or not _is_server(module, file):
            return
        for form in module.forms:
            function = form.function
            if function is None or (function.name, function.arity) != ("handle_call", 3):
                continue
            if function.keyword == "def" and not any(True for _ in form.index.calls(*ENDS)):
                yield from self._judge(function, form)

    def _judge(self, function: Function, form: Form) -> Iterator[Finding]:
        kept = _names(function.parameters[1])
        if kept is None or _occurs(function, kept):
            return
        for where in _results(function, form):
            yield self.finding(
                where,
                f"nobody replies to `{function.parameters[0].text.splitlines()[0]}`: "
                "this clause neither replies nor keeps `from`, and its caller waits in vain",
            )


def _is_server(module: Module, file: File) -> bool:
    if not SERVERS.isdisjoint(file.context.used(module.names)):
        return True
    return not SERVERS.isdisjoint(behaviours(module))


def _names(pattern: Node) -> frozenset[str] | None:
    """The variables that hold what is needed to reply; None where that cannot be said."""
    found: set[str] = set()
    pending = [pattern]
    while pending:
        node = pending.pop()
        match node:
            case Identifier(name):
                found.add(name)
            case Match():
                pending += (node.left, node.right)
            case Tuple([_, tag]):
                pending.append(tag)
            case _:
                return None
    return frozenset(found)


def _occurs(function: Function, names: frozenset[str]) -> bool:
    """Whether one of the variables is used in the body or a guard."""
    places = [*function.body, *([] if function.guard is None else [function.guard])]
    block = function.call.do_block
    if block is not None:
        places = [block, *places]
    return any(one.name in names for place in places for one in place.find(Identifier))


def _results(function: Function, form: Form) -> Iterator[Node | Span]:
    """The `:noreply`s in which the clause ends, in all branches that are written out, and the calls
    of functions of the module that return nothing else."""
    pending: list[Node] = []
    for section in SECTIONS:
        pending.extend(_ends(function.call, section))
    while pending:
        node = strip_parentheses(pending.pop())
        match node:
            case Tuple([Atom("noreply") as atom, *_]):
                yield atom
            case Pipe():
                pending.append(node.right)
            case Call() if node.receiver is None and node.name in BRANCHING:
                for section in SECTIONS:
                    pending.extend(_ends(node, section))
            case Call() if node.receiver is None and _is_noreply(clauses_of(node, form)):
                yield node.callee_span


def _is_noreply(clauses: list[Form]) -> bool:
    """Whether a function does nothing but to put `:noreply` around what it is given."""
    function = clauses[0].function if len(clauses) == 1 else None
    if function is None or len(function.body) != 1:
        return False
    match function.body[0]:
        case Tuple([Atom("noreply"), *_]):
            return True
    return False


def _ends(call: Call, section: str) -> Iterator[Node]:
    """The last expressions of a section, of each clause if it has clauses."""
    body = call.section(section)
    if body and isinstance(body[-1], Clause):
        for clause in body:
            if isinstance(clause, Clause):
                yield from clause.body[-1:]
    else:
        yield from body[-1:]
