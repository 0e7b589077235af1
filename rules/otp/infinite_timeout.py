"""otp/infinite-timeout"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from lsp_server.facts.calls.primitives import LIBRARY, REPO, Effect
from lsp_server.facts.local_flow import assigned
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Profile, Severity
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import Atom, Keywords, List, Pair, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

from ._start_child import is_elixirs

# Functions that wait for a process: at which argument (from 0) the timeout stands.
WAITS = {
    ("Agent", "get"): (2, 4),
    ("Agent", "get_and_update"): (2, 4),
    ("Agent", "update"): (2, 4),
    ("GenServer", "call"): (2,),
    ("GenServer", "multi_call"): (3,),
    ("GenStage", "call"): (2,),
    ("Task", "await"): (1,),
    ("Task", "await_many"): (1,),
    ("Task", "yield"): (1,),
    ("Task", "yield_many"): (1,),
    (":erpc", "call"): (2, 4),
    (":gen_server", "call"): (2,),
    (":gen_statem", "call"): (2,),
    (":rpc", "call"): (4,),
}
# Milliseconds: what a caller can wait for at most in good conscience, twice the usual default or
# more (5 s of a call, 15 s of a query; Elixir 1.18, DBConnection 2.7).
PROCESS, DATABASE, HTTP = "30_000", "60_000", "30_000"
_HTTP_MODULES = frozenset(
    module
    for module, functions in LIBRARY.items()
    if any(effect is Effect.HTTP for effect in functions.values())
)
_DATABASE_MODULES = frozenset({"Ecto.Adapters.SQL", "MyXQL", "Postgrex"})
_REPO = frozenset({*REPO, "checkout"})
_KEYS = re.compile(r"(?:\w+_)?timeout")
_NAMES = (
    *sorted({name for _, name in WAITS}),
    *sorted(_REPO - {name for _, name in WAITS}),
    *sorted(
        {
            name
            for module in (*_HTTP_MODULES, *_DATABASE_MODULES)
            for name in LIBRARY.get(module, ())
        }
        - _REPO
        - {name for _, name in WAITS}
    ),
    "new",
)
_TASKS = frozenset({"async", "async_nolink", "start", "start_child"})
_RELEASES = re.compile(
    r"(?:^|\.)(?:Release|ReleaseTasks?|Seeds?|Migrator|Migrations?|Import|Importer|Backfill)(?:$|\.)"
)


class _Found(NamedTuple):
    value: Node  # `:infinity`
    what: str
    number: str


class InfiniteTimeout(Rule):
    """
    A call, query or request that waits without end.

    `:infinity` turns the failure of somebody else into a silent standstill: the process that waits
    keeps its memory, its connection of the pool and its own callers, nothing is logged, and only a
    restart helps. With a number the caller gets an error that it can handle and somebody can see.

    ## Bad

    ```elixir
    defmodule Shop.Stock do
      def count(product) do
        GenServer.call(__MODULE__, {:count, product}, :infinity)
      end

      def archive(query) do
        Shop.Repo.update_all(query, [set: [archived: true]], timeout: :infinity)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Stock do
      def count(product) do
        GenServer.call(__MODULE__, {:count, product}, 30_000)
      end

      def archive(query) do
        Shop.Repo.update_all(query, [set: [archived: true]], timeout: 60_000)
      end
    end
    ```

    ## When it stays silent

    - Shutdown times of children, `Task.async_stream`, and every option of another function.
    - Migrations, seeds, scripts, mix tasks, modules that a release runs (`Shop.Release`),
      imports and backfills by name (`Shop.Catalogue.Import`).
    - The timeout is an argument or an option of the function itself, and its caller decides; or an
      attribute, which somebody named on purpose.
    - Packages: whoever calls a library decides how long to wait.
    - `Task.await_many` and `Task.yield_many` at the end of a pipe: the tasks were started there,
      and end when their work does, whose own time limits count. In the profile `aggressive` these
      are found as well.
    - `GenServer.call` where the module answers that message later, with `{:noreply, state}`: the
      call was made to wait for work of unknown length. Calls in a function that a task runs.

    ## What the fix changes

    `:infinity` becomes 30 seconds for processes and requests and 60 for the database, to be changed
    to what the caller can wait for. What took longer until now then fails, which is why the fix
    is to be reviewed.
    """

    severity = Severity.INFORMATION
    roles = frozenset({Role.LIB, Role.TEMPLATE, Role.CONFIG})

    @on(Call, name=_NAMES)
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form = file.form
        if form is None or b":infinity" not in form.bytes:
            return
        if file.is_mix_task or _RELEASES.search(file.module.name):
            return
        if file.context.is_library(file.path) or is_elixirs(file.module.name):
            return
        thorough = file.settings.profile is Profile.AGGRESSIVE
        if not thorough and call.name in ("await_many", "yield_many") and call.pipe is not None:
            return
        if call.name == "call" and (_is_in_task(call) or _is_answered_later(call, file)):
            return
        for found in _found(call, form, file):
            value = found.value
            yield self.finding(
                value,
                f"`{call.dotted}` waits without end for {found.what}; a number of milliseconds "
                "lets it fail instead",
                fix=Fix.review(f"Wait for {found.number} ms at most", partial(_numbered, found)),
            )


def _is_in_task(call: Call) -> bool:
    """Whether only a process waits that was started for this work."""
    for outer in call.ancestors():
        if isinstance(outer, Call) and outer.name in _TASKS:
            if (outer.module or "").rpartition(".")[2] in ("Task", "Supervisor", "TaskSupervisor"):
                return True
    return False


def _is_answered_later(call: Call, file: File) -> bool:
    """Whether the module's own `handle_call` for the message replies after it has returned."""
    message = _tag(call.arguments[1]) if len(call.arguments) > 1 else ""
    return bool(message) and any(
        function.name == "handle_call"
        and function.arity == 3
        and _tag(function.parameters[0]) == message
        and b":noreply" in form.bytes
        for form in file.module.forms
        if (function := form.function) is not None
    )


def _tag(message: Node) -> str:
    """The atom that a message is or begins with."""
    first = message.elements[0] if isinstance(message, Tuple) and message.elements else message
    return first.name if isinstance(first, Atom) else ""


def _numbered(found: _Found, _: object) -> list[Edit]:
    value = found.value
    return [Edit(Span(value.start, value.end), found.number)]


def _found(call: Call, form: Form, file: File) -> Iterator[_Found]:
    module = file.module_of(call) or ""
    places = WAITS.get((module, call.name))
    arguments = [_local(one, form) for one in call.arguments]
    if places is not None:
        for number in places:
            if number < len(arguments) and _is_infinite(arguments[number]):
                what = "the task" if module == "Task" else "another process"
                yield _Found(arguments[number], what, PROCESS)
        if module == "Task" and call.name == "yield_many":
            yield from _options(arguments, "the tasks", PROCESS)
    elif module in _DATABASE_MODULES or (call.name in _REPO and file.is_repo(call)):
        yield from _options(arguments, "the database", DATABASE)
    elif module in _HTTP_MODULES:
        yield from _options(arguments, "another service", HTTP)


def _local(argument: Node, form: Form) -> Node:
    """What a variable of the function holds; an attribute was named on purpose."""
    value = assigned(argument, form) if isinstance(argument, Identifier) else None
    return argument if value is None else value


def _options(arguments: list[Node], what: str, number: str) -> Iterator[_Found]:
    """Every `…timeout: :infinity` in the options of a call, also in options inside of them."""
    for argument in arguments:
        if not isinstance(argument, (Keywords, List)):
            continue
        for pair in argument.find(Pair):
            value = pair.value
            if value is not None and _KEYS.fullmatch(pair.key) and _is_infinite(value):
                yield _Found(value, what, number)


def _is_infinite(node: Node) -> bool:
    return isinstance(node, Atom) and node.name == "infinity"
