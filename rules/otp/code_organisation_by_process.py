"""otp/code-organisation-by-process"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.project.using import USING
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import Atom, Boolean, Integer, List, Map, Nil, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

_ANSWERS = frozenset({("handle_call", 3), ("handle_cast", 2)})
# With one of these the process is more than a place for code.
_LIVES = frozenset({"handle_continue", "terminate", USING})
_OWN = (b"self()", b"Process.", b":ets.", b"Port.", b":timer.", b"monitor", b"subscribe")
_REPLIES = {"reply": 2, "noreply": 1, "stop": -1}


class CodeOrganisationByProcess(Rule):
    """
    A GenServer that neither reads nor changes its state.

    A process is for what has to be remembered, or must not happen twice at a time. One that only
    computes is a module with a queue in front: every caller waits for all the others, arguments
    and results are copied, and a crash takes the callers' requests with it.

    ## Bad

    ```elixir
    defmodule Shop.Tax do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def of(cents), do: GenServer.call(__MODULE__, {:of, cents})

      @impl true
      def init(opts), do: {:ok, opts}

      @impl true
      def handle_call({:of, cents}, _from, state) do
        {:reply, div(cents * 19, 100), state}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Tax do
      def of(cents), do: div(cents * 19, 100)
    end
    ```

    ## When it stays silent

    - A clause takes its state apart, uses it, or returns another one.
    - `init/1` does more than to return a state, or the module has `handle_info/2` for a message of
      its own, `handle_continue/2` or `terminate/2`.
    - The module speaks of its own process: monitors, timers, tables, ports, `self()`, `from`.

    ## What the fix changes

    There is none: make the callbacks functions, call them where the messages were sent, and take
    the module off its supervisor. What only one may do at a time needs a lock, not this.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        if not module.uses("GenServer") or module.call is None:
            return
        text = module.call.bytes
        if any(sign in text for sign in _OWN) or not _LIVES.isdisjoint(module.names.functions):
            return
        functions = list(module.functions)
        answers = [one for one in functions if (one.name, one.arity) in _ANSWERS]
        inits = [one for one in functions if (one.name, one.arity) == ("init", 1)]
        messages = [one for one in functions if (one.name, one.arity) == ("handle_info", 2)]
        if not answers or not all(_only_starts(one) for one in inits):
            return
        if not all(isinstance(one.parameters[0], Identifier) for one in messages):
            return
        if not all(_leaves_state_alone(one) for one in (*answers, *messages)):
            return
        use = next(one for one in module.names.uses if one.module == "GenServer")
        yield self.finding(
            use.call.written_arguments[0],
            f"`{module.name}` never reads or changes its state: its callers wait for each other "
            "for what plain functions do",
        )


def _only_starts(init: Function) -> bool:
    match init.body:
        case [Tuple([Atom("ok"), state])]:
            return not any(True for _ in state.find(Call))
    return False


def _leaves_state_alone(clause: Function) -> bool:
    """Whether a clause does nothing with its state but return it."""
    state = clause.parameters[-1]
    body = clause.body
    if not isinstance(state, Identifier) or not body:
        return False
    if clause.name == "handle_call":
        asker = clause.parameters[1]
        if not isinstance(asker, Identifier) or _occurs(asker.name, body):
            return False
    returned: set[Node] = set()
    found = False
    for one in body:
        for reply in one.find(Tuple):
            place = _place(reply)
            if place is None:
                continue
            kept = reply.elements[place]
            if isinstance(kept, Identifier) and kept.name == state.name:
                returned.add(kept)
            elif not _is_constant(kept):
                return False
            found = True
    if not found:
        return False
    uses = [one for node in body for one in node.find(Identifier) if one.name == state.name]
    return all(one in returned for one in uses)


def _place(reply: Tuple) -> int | None:
    """Where in a tuple that a callback returns the state stands."""
    elements = reply.elements
    first = elements[0] if elements else None
    if not isinstance(first, Atom) or first.name not in _REPLIES:
        return None
    place = _REPLIES[first.name]
    return place if len(elements) > max(place, 1) else None


def _occurs(name: str, body: list[Node]) -> bool:
    return any(one.name == name for node in body for one in node.find(Identifier))


def _is_constant(node: Node) -> bool:
    if isinstance(node, (List, Map)):
        return not node.children if isinstance(node, List) else not node.elements
    return isinstance(node, (Atom, Boolean, Integer, Nil))
