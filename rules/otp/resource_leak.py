"""otp/resource-leak"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsp_server.facts.local_flow import assigned, module_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    Match,
    Pipe,
)
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module

from ._handle_fixes import closed_after, opened_with_function
from ._handles import (
    FILE,
    MONITOR,
    OPENERS,
    PORT,
    TABLE,
    Fate,
    Kind,
    block_after,
    is_definition,
    is_fallible,
    is_run,
)
from ._turns import behaviours

_NAMES = tuple(sorted({name for _, name in OPENERS} | {"attach", "attach_many"}))
_CALLEES = frozenset(name.encode() for name in _NAMES)
# A process that serves requests or pages: what it does happens for each of them.
_REQUESTS = frozenset(
    {
        "Phoenix.Channel",
        "Phoenix.Controller",
        "Phoenix.LiveComponent",
        "Phoenix.LiveView",
        "Plug",
        "Plug.Builder",
        "Plug.Router",
    }
)
_UNIQUE = (b"make_ref", b"unique_integer", b"self()", b"#{")


class ResourceLeak(Rule):
    """
    A file, socket, port, table or monitor that is opened and not closed again.

    It stays open as long as the process lives that opened it. In a process that serves many
    requests, or runs for weeks, each of them is one more file descriptor, until `:emfile` stops
    everything that wants to open a file or a socket. What was written may be lost besides: a file
    is flushed when it is closed.

    ## Bad

    ```elixir
    defmodule Shop.Export do
      def write(path, orders) do
        {:ok, file} = File.open(path, [:write, :utf8])
        IO.puts(file, "id,total")
        Enum.each(orders, &IO.puts(file, "#{&1.id},#{&1.total}"))
        :ok
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Export do
      def write(path, orders) do
        {:ok, _} =
          File.open(path, [:write, :utf8], fn file ->
            IO.puts(file, "id,total")
            Enum.each(orders, &IO.puts(file, "#{&1.id},#{&1.total}"))
          end)

        :ok
      end
    end
    ```

    ## When it stays silent

    - The handle is closed on every way through the function, or `File.open/3` was given a
      function, which closes it.
    - It is returned, stored, or passed on to a function that may keep it.
    - A table outside of controllers, plugs, channels and LiveViews; a handler of telemetry with an
      id that is written out, which can be attached only once.
    - A monitor whose `:DOWN` message the module takes, or one of a private function;
      a port that says when its program ends.

    ## What the fix changes

    A file that only the following lines use is given to a function as the last argument of
    `File.open/3`, which closes the file after it, also when it raises. Everything else is closed
    after the line that uses it last; that fix is to be reviewed, for what raises before it leaves
    the handle open. A handle that some branch closes and another does not has no fix.
    """

    @on(Module, name=_NAMES)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        if module.call is None:
            return
        serves: bool | None = None
        for form in module.forms:
            if form.function is None or _CALLEES.isdisjoint(form.index.callee_names):
                continue
            for call in form.index.calls(*_NAMES):
                owner = module_of(call.receiver, form)
                kind = OPENERS.get((owner, call.name))
                if kind is None and owner != ":telemetry":
                    continue
                if serves is None:
                    used = file.context.used(module.names) | set(behaviours(module))
                    serves = not used.isdisjoint(_REQUESTS)
                if kind is None:
                    yield from self._handler(call, form, serves)
                elif kind is not TABLE or serves:
                    yield from self._handle(kind, call, form, file)

    def _handle(self, kind: Kind, call: Call, form: Form, file: File) -> Iterator[Finding]:
        arguments = call.arguments
        if any(isinstance(one, (AnonymousFunction, Capture)) for one in arguments):
            return
        if kind is PORT and b"exit_status" in form.bytes:
            return
        module = form.module.call
        if call.module == "Temp" and module is not None and b"Temp.track" in module.bytes:
            return
        opened = _opened(kind, call)
        if opened is None or (kind is MONITOR and not _is_watched(opened, call, form, file)):
            return
        name, scope, statement, fallible = opened
        fate = Fate(kind, name, form)
        if name and fate.escapes(scope):
            return
        if name and not fallible and fate.is_closed(scope):
            return
        partly = bool(name) and (fallible or any(True for _ in fate.closers(scope)))
        shown = call.callee_span.slice(call.tree.source).decode("utf-8", "replace")
        where = "is not closed on every way" if partly else "is never closed"
        if kind is MONITOR:
            where = where.replace("closed", "ended")
        subject = f"`{name}`" if name else f"the {kind.what}"
        fix = None
        if name and not partly and statement is not None:
            fix = _fix(kind, name, call, statement, scope, form, file)
        yield self.finding(
            call.callee_span,
            f"{subject} of `{shown}` {where}{_advice(kind)}",
            fix=fix,
        )

    def _handler(self, call: Call, form: Form, serves: bool) -> Iterator[Finding]:
        """An event handler that is attached again and again."""
        arguments = call.arguments
        if call.name not in ("attach", "attach_many") or len(arguments) != 4:
            return
        module = form.module.call
        if module is None or b"telemetry.detach" in module.bytes:
            return
        if not serves:
            handler = arguments[0]
            given = assigned(handler, form) if isinstance(handler, Identifier) else handler
            if given is None or not any(sign in given.bytes for sign in _UNIQUE):
                return
            if isinstance(handler, Identifier):
                uses = [one for one in form.node.find(Identifier) if one.name == handler.name]
                if len(uses) > 2:
                    return
            if _is_result(call):
                return
        yield self.finding(
            call.callee_span,
            f"each run of `{form.function.name if form.function else ''}` attaches one more "
            "handler, and nothing calls `:telemetry.detach/1` for it",
        )


def _advice(kind: Kind) -> str:
    if kind is FILE:
        return "; give `File.open/3` a function, which closes it"
    return f"; call `{kind.close.format('…')}`"


# Name of the variable (empty for none), the nodes that see it, the statement that binds it if it is
# one of a block, and whether a step of a `with` may leave it behind.
_Opened = tuple[str, Sequence[Node], Node | None, bool]


def _opened(kind: Kind, call: Call) -> _Opened | None:
    """Where the handle goes; None where it goes somewhere that nobody can follow."""
    node: Node = call
    pipe = call.pipe
    if pipe is not None:
        node = pipe
    parent = node.parent
    while parent is not None and parent.kind == "block" and len(parent.children) == 1:
        node, parent = parent, parent.parent
    tagged = call.name in kind.tagged
    if isinstance(parent, Match) and parent.right == node:
        following = block_after(parent)
        if not following:
            return None
        name = _bound(parent.left, tagged)
        return None if name is None else (name, following, parent, False)
    if isinstance(parent, Pipe) and parent.left == node and not tagged:
        return _used_at_once(kind, parent.right)
    if isinstance(parent, BinaryOperator) and parent.operator == "<-":
        return _in_with(parent, tagged)
    if parent is not None and parent.kind == "arguments":
        outer = parent.parent
        if not isinstance(outer, Call):
            return None
        if outer.receiver is None and outer.name == "case":
            return _in_case(outer, tagged)
        if not tagged:
            return _used_at_once(kind, outer)
        return None
    following = block_after(node)
    return ("", following, node, False) if following else None


def _bound(pattern: Node, tagged: bool) -> str | None:
    """The variable of a pattern; empty where the handle is thrown away, None where it is more."""
    if tagged:
        match pattern:
            case Tuple([Atom("ok"), inner]):
                pattern = inner
            case _:
                return None
    if not isinstance(pattern, Identifier):
        return None
    return "" if pattern.name.startswith("_") else pattern.name


def _used_at_once(kind: Kind, step: Node) -> _Opened | None:
    """`File.open!(path) |> IO.write(text)`: nobody has the handle afterwards."""
    if not isinstance(step, Call) or step.module not in kind.users or not step.module:
        return None
    kept = step.name in kind.keepers or (step.name in ("stream", "binstream") and not is_run(step))
    return None if kept else ("", [], None, False)


def _in_case(call: Call, tagged: bool) -> _Opened | None:
    for clause in call.clauses():
        patterns = clause.patterns
        name = _bound(patterns[0], tagged) if len(patterns) == 1 else None
        if name and clause.body:
            body = clause.body
            return name, body, clause, False
    return None


def _in_with(step: BinaryOperator, tagged: bool) -> _Opened | None:
    outer = step.enclosing(Call)
    name = _bound(step.left, tagged)
    if outer is None or outer.name != "with" or not name:
        return None
    later = [one for one in outer.written_arguments if one.start >= step.end]
    steps = [one for one in later if one.kind != "keywords"]
    fallible = any(is_fallible(one) for one in steps)
    inner = None if steps else outer
    return name, [*steps, *outer.section("do")], inner, fallible


def _is_watched(opened: _Opened, call: Call, form: Form, file: File) -> bool:
    """Whether it can be told what becomes of a monitor: it is waited for here, or the module is
    a process that takes no `:DOWN` at all. What a private function or a `fn` monitors may be all
    that a process of its own lives for."""
    name, scope, _, _ = opened
    if form.callee == b"defp" or call.enclosing(AnonymousFunction) is not None:
        return False
    if name and any(call.name == "receive" for node in scope for call in node.find(Call)):
        return True
    module = form.module.call
    if module is None or b"DOWN" in module.bytes:
        return False
    used = file.context.used(form.module.names)
    return not used.isdisjoint(_REQUESTS | {"GenServer", "GenStage"})


def _is_result(call: Call) -> bool:
    """Whether a function ends in a call, so that its caller may know the rest."""
    parent = call.parent
    outer = None if parent is None else parent.parent
    return isinstance(outer, Call) and is_definition(outer) and not block_after(call)


def _fix(
    kind: Kind,
    name: str,
    call: Call,
    statement: Node,
    scope: Sequence[Node],
    form: Form,
    file: File,
) -> Fix | None:
    document = file.document
    fate = Fate(kind, name, form)
    if kind is FILE and isinstance(statement, Match):
        edits = opened_with_function(document, call, statement, scope, fate)
        if edits:
            return Fix.safe("Let File.open/3 close the file", lambda _: edits)
    if isinstance(statement, Clause) and not scope:
        return None
    if kind is MONITOR and not any(True for _ in fate.uses(scope)):
        return None  # it would end before what it is there for
    edits = closed_after(document, scope, fate)
    title = f"Close the {kind.what} afterwards"
    if kind is MONITOR:
        title = "Demonitor afterwards"
    return Fix.review(title, lambda _: edits) if edits else None
