"""otp/cast-flood"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.calls.places import CONCURRENT, ELSEWHERE, LATER, LOOP, SMALL, TEMPLATE
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.processes.casts import Cast, is_long
from lsp_server.lint.finding import Finding, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot

_OTHERWISE = SMALL | ELSEWHERE | LATER | CONCURRENT | TEMPLATE


class CastFlood(ProjectRule):
    """
    A loop that sends one message after the other to one process, and never waits for it.

    `GenServer.cast/2` and `send/2` return at once, however many messages wait already. The loop is
    faster than the process that has to work them off: its mailbox grows, takes memory without
    limit, and every `receive` in it gets slower the longer it is. Nobody notices until the node is
    out of memory.

    ## Bad

    ```elixir
    defmodule Shop.Indexer do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def rebuild(products) do
        Enum.each(products, fn product ->
          GenServer.cast(__MODULE__, {:index, product})
        end)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Indexer do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def rebuild(products) do
        GenServer.call(__MODULE__, {:index, products})
      end
    end
    ```

    ## When it stays silent

    - Each message goes to another process: the receiver is what the loop runs over.
    - The loop is over a literal or an attribute, or the function waits too: `GenServer.call/3`,
      `receive`, a sleep, chunks.
    - The process sends to itself; the loop runs in tasks.

    ## What the fix changes

    There is none: send all at once, `call` so that the sender goes as fast as the receiver, or let
    the receiver ask for more with GenStage.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (Cast, call_graph)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        index = snapshot.index
        clients: dict[FunctionKey, tuple[str, Cast]] = {}
        waiting: set[FunctionKey] = set()
        for path, cast in index.of(Cast):
            key = cast.module, cast.name, cast.arity
            if cast.waits:
                waiting.add(key)
            elif cast.looped:
                yield self.finding(
                    cast.span,
                    f"`{cast.through}` for each element sends without waiting, and the mailbox of "
                    "the receiver grows; call it, or send all at once",
                    path=path,
                )
            elif cast.fixed:
                clients.setdefault(key, (path, cast))
        if not clients:
            return
        graph = call_graph(index)
        for clause in graph.clauses:
            for call in clause.calls:
                place = call.place & ~SMALL if is_long(call.over) else call.place
                if not place & LOOP or place & _OTHERWISE:
                    continue
                callee = graph.callee(clause.module, call)
                if callee is None or callee not in clients or callee in waiting:
                    continue
                path, cast = clients[callee]
                if callee == clause.key or clause.key in waiting:
                    continue
                shown = f"{callee[0]}.{callee[1]}/{callee[2]}"
                yield self.finding(
                    call.span,
                    f"`{shown}` for each element sends without waiting, and the mailbox of the "
                    "receiver grows; call it, or send all at once",
                    path=clause.path,
                    related=[Related(cast.span, f"`{shown}` calls `{cast.through}`", path)],
                )
