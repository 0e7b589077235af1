"""otp/self-call"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import ELSEWHERE, LATER
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.processes.server_calls import SELF, Choice, Deferred, FixedName, ServerCall
from lsp_server.facts.processes.supervision_tree import Process, processes
from lsp_server.lint.finding import Finding, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

CALLBACKS = frozenset(
    {
        ("init", 1),
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_continue", 2),
        ("handle_info", 2),
        ("terminate", 2),
    }
)
SERVERS = frozenset({"GenServer", "GenStage", ":gen_server"})
FARTHEST = 4  # how many functions may lie between the callback and the call of the process

# How a function comes to a call of a process: the file, the call, and the function that it calls;
# None where it is the call of the process.
_Link = tuple[str, CallSite, "FunctionKey | None"]


class SelfCall(ProjectRule):
    """
    A GenServer whose callback calls the GenServer itself.

    A process answers one message at a time: it cannot answer while it waits for its own answer.
    `GenServer.call/3` sees that and exits with `:calling_self`, which ends the process, its state,
    and every call that waits for it. It mostly comes from a client function of the module that is
    convenient to use in a callback too.

    ## Bad

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def count(product), do: GenServer.call(__MODULE__, {:count, product})

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
      end

      def handle_call({:take, product}, _from, stock) do
        {:reply, :ok, Map.put(stock, product, count(product) - 1)}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def count(product), do: GenServer.call(__MODULE__, {:count, product})

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
      end

      def handle_call({:take, product}, _from, stock) do
        {:reply, :ok, Map.put(stock, product, Map.get(stock, product, 0) - 1)}
      end
    end
    ```

    ## When it stays silent

    - Another process is called, or one whose name or pid is a variable, an option, or a key in a
      Registry that is not always the same.
    - The module's own `start_link` does not register the name that is called.
    - The call is made in a task, in a function that is only stored, or with `cast`.
    - A function on the way has several clauses, looks at the process it runs in, or hands a `fn`
      to other functions than those of `Enum`, `Map` and their like.

    ## What the fix changes

    There is none. Take what is needed from the state, in a private function that the callback and
    the `handle_call/3` clause share; for work that may come later, return `{:continue, …}`.
    """

    severity = Severity.ERROR
    reads = (call_graph, processes, ServerCall, FixedName, Deferred, Choice)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        index = snapshot.index
        graph = call_graph(index)
        asked = {(path, one.span.start): one for path, one in index.of(ServerCall)}
        if not asked:
            return
        deferred: dict[str, list[Span]] = {}
        for path, function in index.of(Deferred):
            deferred.setdefault(path, []).append(function.span)
        choices = {(one.module, one.name, one.arity) for _, one in index.of(Choice)}
        ways = _Ways(graph, asked, deferred, choices)
        fixed: dict[str, set[str]] = {}
        for _, name in index.of(FixedName):
            fixed.setdefault(name.module, set()).add(name.name)
        servers = {name: one for name, one in processes(index).items() if _is_server(one)}
        for clause in graph.clauses:
            process = servers.get(clause.module)
            if process is None or (clause.name, clause.arity) not in CALLBACKS:
                continue
            use = process.use
            own = use.registers
            if not use.start_arities:
                own = clause.module  # who else is to have its name
            for call in clause.calls:
                if ways.happens(clause.path, call):
                    names = {SELF, own} | fixed.get(clause.module, set())
                    way = ways.below(clause, call, names)
                    if way is not None and len(way) <= FARTHEST:
                        yield self._finding(graph, clause, call, way)

    def _finding(
        self, graph: CallGraph, clause: Clause, call: CallSite, way: Sequence[Related]
    ) -> Finding:
        called = graph.name_of(clause.module, call)
        return self.finding(
            call.span,
            f"`{called}` in `{clause.name}/{clause.arity}` asks `{clause.module}` itself, which "
            "cannot answer meanwhile: it exits with `:calling_self`",
            path=clause.path,
            related=way,
        )


def _is_server(process: Process) -> bool:
    return process.behaviour in SERVERS


class _Ways:
    """The ways down to calls of known processes."""

    def __init__(
        self,
        graph: CallGraph,
        asked: Mapping[tuple[str, int], ServerCall],
        deferred: Mapping[str, Sequence[Span]],
        choices: Set[FunctionKey],
    ) -> None:
        self._graph, self._asked, self._deferred = graph, asked, deferred
        self._by_default: set[tuple[str, FunctionKey]] = set()
        leaves: dict[str, dict[FunctionKey, _Link]] = {}
        for clause in graph.clauses:
            for call in clause.calls:
                one = asked.get((clause.path, call.span.start))
                if one and clause.key not in choices and self.happens(clause.path, call):
                    found = leaves.setdefault(one.target, {})
                    found.setdefault(clause.key, (clause.path, call, None))
                    if one.by_default:
                        self._by_default.add((one.target, clause.key))
        for target, links in leaves.items():
            pending = list(links)
            for function in pending:  # grows while it is read
                for caller, path, call in graph.callers.get(function, ()):
                    if caller in links or caller in choices:
                        continue
                    if self.happens(path, call) and self._asks(target, function, call):
                        links[caller] = (path, call, function)
                        pending.append(caller)
        self._links = leaves

    def _asks(self, target: str, function: FunctionKey | None, call: CallSite) -> bool:
        """Whether a call leaves the target to the function, where that is the default."""
        if function is None or (target, function) not in self._by_default:
            return True
        return call.arity < function[2]

    def happens(self, path: str, call: CallSite) -> bool:
        """Whether a call is made by the process and in the turn that runs the function."""
        if call.place & (ELSEWHERE | LATER):
            return False
        return not any(one.covers(call.span) for one in self._deferred.get(path, ()))

    def below(self, clause: Clause, call: CallSite, targets: Set[str]) -> list[Related] | None:
        """The steps from a call in a callback down to the call of one of the targets; none where
        it is that call itself, None where it leads to no such call."""
        direct = self._asked.get((clause.path, call.span.start))
        if direct is not None:
            if direct.target not in targets or direct.by_default:
                return None
            return [] if direct.inside is None else [self._inside(clause, call, direct.inside)]
        callee = self._graph.callee(clause.module, call)
        for target in sorted(targets):
            links = self._links.get(target, {})
            if callee in links and self._asks(target, callee, call):
                return list(_steps(self._graph, links, callee))
        return None

    def _inside(self, clause: Clause, call: CallSite, span: Span) -> Related:
        name = self._graph.name_of(clause.module, call)
        return Related(span, f"`{name}` calls `GenServer` with what it is given", clause.path)


def _steps(
    graph: CallGraph, links: Mapping[FunctionKey, _Link], function: FunctionKey | None
) -> Iterator[Related]:
    while function is not None:
        path, call, following = links[function]
        module, name, arity = function
        text = f"`{module}.{name}/{arity}` calls `{graph.name_of(module, call)}`"
        yield Related(call.span, text, path)
        function = following
