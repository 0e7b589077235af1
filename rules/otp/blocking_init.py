"""otp/blocking-init"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, call_graph
from lsp_server.facts.calls.places import ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.modules import Module, modules
from lsp_server.facts.processes.inits import Init, PlainInit, plain_init
from lsp_server.facts.project.context import project_context
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.impl_marks import impl_mark
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Match
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._later import variables
from ._start_child import is_elixirs

WIDTH = 98  # the formatter's line length

# What blocks, how to say it, and how many steps below the call it may be. The worst comes first.
BLOCKING = (
    (Effect.HTTP, "waits for another service", 4),
    (Effect.SLEEP, "sleeps", 4),
    (Effect.DB_READ, "queries the database", 4),
    (Effect.DB_WRITE, "writes to the database", 4),
    (Effect.PROCESS_CALL, "waits for another process", 2),
    (Effect.FILE, "reads or writes files", 2),
)
# File work that takes no time.
CHEAP = frozenset({"mkdir", "mkdir!", "mkdir_p", "mkdir_p!", "touch", "touch!"})


class BlockingInit(ProjectRule):
    """
    A GenServer whose `init/1` waits for the database, a service, files or another process.

    `start_link` returns only when `init/1` does, and a supervisor starts its children one after the
    other: the whole application waits. If the database is away for a moment, `init/1` fails, the
    supervisor gives up after a few restarts, and takes everything beside it down. After
    `{:continue, …}` the process is up at once and does the same work before its first message.

    ## Bad

    ```elixir
    defmodule Shop.Rates do
      use GenServer

      @impl true
      def init(opts) do
        Process.flag(:trap_exit, true)

        rates = Req.get!("https://rates.example/" <> opts[:currency]).body
        {:ok, %{rates: rates}}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Rates do
      use GenServer

      @impl true
      def init(opts) do
        Process.flag(:trap_exit, true)

        {:ok, opts, {:continue, :init}}
      end

      @impl true
      def handle_continue(:init, opts) do
        rates = Req.get!("https://rates.example/" <> opts[:currency]).body
        {:noreply, %{rates: rates}}
      end
    end
    ```

    ## When it stays silent

    - `init/1` returns `{:continue, …}`.
    - The work is done in another process, or in a function that is only stored.
    - Folders that are made, and files that are touched; in a package also files that a function
      reads or writes which `init/1` calls: most often what belongs to the package.
    - The module does not `use GenServer`, or what is called is only known at run time.

    ## What the fix changes

    The work moves to `handle_continue/2` with all that follows it; what comes before stays, and
    the variables that both need are the state in between. The start of the application then no
    longer waits for the work, and no longer fails with it: who relies on a filled table right
    after `start_link` has to wait for it in another way; `{:stop, reason}` stops a process that
    has started. It is offered where `init/1` has one clause that ends in `{:ok, state}`, or in
    branches that all do or stop, and the module has no `handle_continue/2` yet.
    """

    reads = (call_graph, Init, Module, project_context)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The first call of every `init/1` that blocks."""
        index = snapshot.index
        graph, known, context = call_graph(index), modules(index), project_context(index)
        inits = {(path, one.span): one for path, one in index.of(Init)}
        for clause in graph.clauses:
            init = inits.get((clause.path, clause.span))
            if init is None or init.continues or clause.module not in known:
                continue
            if is_elixirs(clause.module):
                continue
            uses = known[clause.module][1].uses
            used = context.expansion((use.module, use.selector) for use in uses).used
            if "GenServer" in used:
                is_library = context.is_library(clause.path)
                yield from self._judge(graph, clause, init, is_library)

    def _judge(
        self, graph: CallGraph, clause: Clause, init: Init, is_library: bool
    ) -> Iterator[Finding]:
        for call in clause.calls:
            if call.place & (ELSEWHERE | LATER):
                continue
            effect = _blocking(graph, clause, call, is_library)
            if effect is None:
                continue
            says = next(text for one, text, _ in BLOCKING if one is effect)
            name = graph.name_of(clause.module, call)
            fix = None
            if init.movable:
                build = partial(_moved, path=clause.path, site=call)
                fix = Fix.review("Do the work in handle_continue/2", build)
            yield self.finding(
                call.span,
                f"`{name}` {says} in `init/1`, and whoever starts `{clause.module}` waits for it",
                path=clause.path,
                fix=fix,
                related=[
                    Related(step.span, step.text, step.path)
                    for step in graph.way(clause.module, call, effect)
                ],
            )
            return


def _blocking(graph: CallGraph, clause: Clause, call: CallSite, is_library: bool) -> Effect | None:
    effects = graph.effects(clause.module, call)
    for effect, _, farthest in BLOCKING:
        if effect not in effects:
            continue
        leaf = graph.leaf(clause.module, call, effect)
        if leaf is None:
            continue
        if effect is Effect.FILE:
            if leaf[1].name in CHEAP:
                continue
            farthest = 0 if is_library else farthest
        if len(graph.way(clause.module, call, effect)) <= farthest:
            return effect
    return None


def _moved(snapshot: Snapshot, path: str, site: CallSite) -> list[Edit]:
    """`init/1` cut in two where its work begins."""
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(site.span.start)
    function = None if form is None else form.function
    init = None if function is None else plain_init(function)
    if document is None or form is None or function is None or init is None:
        return []
    position = form.module.forms.index(form)
    before = form.module.forms[position - 1].bytes if position else b""
    newline, outer = line_ending(document.source), document.lines.indentation(form.span.start)
    mark = impl_mark(form.module) if before.startswith(b"@impl") else ""
    impl = f"{outer.decode()}{mark}{newline}" if mark else ""
    first = next(one for one in init.statements if one.end > site.span.start)
    last = init.statements[-1]
    moved = document.source[first.start : last.end].decode("utf-8", "replace")
    passed = _passed(init, first, moved)
    replies = [_reply(document, one, passed) for one in init.replies]
    now = f"{{:ok, {passed}, {{:continue, :init}}}}"
    head = f"{newline}{impl}{outer.decode()}def handle_continue(:init, {passed})"
    if function.call.do_block is None:
        match last:
            case Tuple([Atom("ok"), state]):
                text = f"{now}{newline}{head}, do: {{:noreply, {state.text}}}"
                return [Edit(last.span, text, path)]
        return []
    if None in replies:
        return []
    indent = document.lines.indentation(first.start).decode()
    at = _with_comments(document, first)
    cut = f"{indent}{now}{newline}{outer.decode()}end{newline}{head} do{newline}"
    return [Edit(Span(at, at), cut, path), *(one for one in replies if one is not None)]


def _reply(document: Document, reply: Tuple, passed: str) -> Edit | None:
    """The reply of `init/1` as one of `handle_continue/2`; None where its line has no room."""
    atom, value = reply.elements
    if atom.text == ":ok":
        edit = Edit(atom.span, ":noreply", document.path)
    else:
        edit = Edit(Span(value.end, value.end), f", {passed}", document.path)
    line = document.lines.line_bytes(document.lines.line_at(edit.span.start))
    length = len(line.decode("utf-8", "replace")) + len(edit.text) - edit.span.length
    return edit if length <= WIDTH else None


def _passed(init: PlainInit, first: Node, moved: str) -> str:
    """What the two halves share, as the state between them: a variable, several, or nothing."""
    names = {init.parameter: None} if init.parameter else {}
    for statement in init.statements:
        if statement.start < first.start and isinstance(statement, Match):
            names |= dict.fromkeys(variables(statement.left))
    used = [name for name in names if re.search(rf"(?<![\w:.@]){name}(?![\w(:])", moved)]
    if len(used) == 1:
        return used[0]
    return f"{{{', '.join(used)}}}" if used else "nil"


def _with_comments(document: Document, node: Node) -> int:
    """The start of the line on which the comments directly above a statement begin."""
    lines = document.lines
    line = lines.line_at(node.start)
    while line > 0 and lines.line_bytes(line - 1).lstrip().startswith(b"#"):
        line -= 1
    return lines.starts[line]
