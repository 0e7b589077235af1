"""liveview/unguarded-subscribe"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Identifier, Match
from lsp_server.syntax.literals import Quoted
from lsp_server.syntax.names import Names
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.syntax.template_layout import LINE_LENGTH, shifted
from lsp_server.text import Span, line_ending

from ._connected import Connection, statement

VIEWS = frozenset({"Phoenix.LiveView", "Phoenix.LiveComponent"})
CALLEES = ("subscribe", "send_interval", "send_after")


class UnguardedSubscribe(Rule):
    """
    A `mount` or `on_mount` that subscribes or starts a timer in the static render too.

    A LiveView mounts twice: in the HTTP request that renders the page, and again when the browser
    has connected. A subscription or timer of the first mount belongs to the process of the request:
    its messages arrive where nobody handles them, for every page that is fetched and for every
    crawler, and where the connection is kept alive they pile up.

    ## Bad

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def mount(%{"id" => id}, _session, socket) do
        Phoenix.PubSub.subscribe(Shop.PubSub, "orders:#{id}")
        {:ok, assign(socket, :order, Shop.Orders.get_order!(id))}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.OrderLive do
      use ShopWeb, :live_view

      def mount(%{"id" => id}, _session, socket) do
        if connected?(socket), do: Phoenix.PubSub.subscribe(Shop.PubSub, "orders:#{id}")
        {:ok, assign(socket, :order, Shop.Orders.get_order!(id))}
      end
    end
    ```

    ## When it stays silent

    - Any condition around the call speaks of `connected?`, of a variable that holds its answer, or
      of a function of the module that asks it.
    - The call is in a function that runs elsewhere: `start_async`, `Task`, a hook.
    - The call is in a function that `mount` reaches only under such a condition, or not at all.
    - A subscription that a function of another module makes.

    ## What the fix changes

    The call, with the loop that it is all of, goes under `if connected?(socket)`. Where a variable
    takes its result, that is nil without a connection, and the fix asks to be looked at. There is
    none where the result is used otherwise, where the socket has no name, or where a function that
    `mount` calls does more than subscribe.
    """

    requires = "phoenix_live_view"

    @on(Module, name=CALLEES)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        """Every `mount` of a LiveView or component and every `on_mount`, with what it calls in its
        own module."""
        mounts = [form for form in module.forms if _is_mount(form)]
        if VIEWS.isdisjoint(file.context.used(module.names)):
            mounts = [form for form in mounts if _is_hook(form)]
        if not mounts:
            return
        connection = Connection(module)
        starters = _starters(module, connection)
        for form in mounts:
            function = form.function
            if function is None:
                continue
            for call in _direct(form, function, connection):
                message = f"`{call.name}` in `{function.name}` runs in the static render too"
                yield self._finding(call, call, function, file, message, ())
            for call in _calls_of(form, starters):
                if not connection.guards(call, function):
                    leaf = starters[call.name, call.arity]
                    message = (
                        f"`{call.name}` in `{function.name}` reaches `{leaf.name}`"
                        " in the static render too"
                    )
                    related = (Related(leaf.name_span, f"`{leaf.name}` is called here"),)
                    alone = call if _only_starts(module, call) else None
                    yield self._finding(call, alone, function, file, message, related)

    def _finding(
        self,
        call: Call,
        wrapped: Call | None,
        function: Function,
        file: File,
        message: str,
        related: tuple[Related, ...],
    ) -> Finding:
        expression = None if wrapped is None else statement(wrapped)
        socket = _socket(function)
        condition = f"if {_asked(wrapped or call, file)}({socket})"
        edits = _guarded(expression, condition, file) if expression is not None and socket else None
        fix = None if edits is None else Fix.safe("Only when connected", lambda _: edits)
        bound = None if wrapped is None or not socket else _bound(wrapped, condition, file)
        if fix is None and bound is not None:
            fix = Fix.review("Only when connected, else nil", lambda _: [bound])
        advice = "guard it with `connected?(socket)`"
        return self.finding(call.name_span, f"{message}: {advice}", fix=fix, related=related)


Starters = Mapping[tuple[str, int], Call]


def _is_mount(form: Form) -> bool:
    function = form.function
    is_mount = function is not None and function.name == "mount" and function.arity in (1, 2, 3)
    return is_mount or _is_hook(form)


def _is_hook(form: Form) -> bool:
    """Whether it is what a LiveView or a `live_session` runs before `mount`."""
    function = form.function
    return function is not None and function.name == "on_mount" and function.arity == 4


def _is_start(call: Call, names: Names) -> bool:
    """Whether a call subscribes or starts a timer for the process that it runs in."""
    module = call.module
    if module is None:
        return False
    full = names.expand(module)
    if call.name == "subscribe":
        return full == "Phoenix.PubSub" or full.rpartition(".")[2] == "Endpoint"
    return full == ":timer" or (full == "Process" and call.name == "send_after")


def _direct(form: Form, function: Function, connection: Connection) -> Iterator[Call]:
    for call in form.index.calls(*CALLEES):
        if _is_start(call, form.names_at(call.start)) and not connection.guards(call, function):
            yield call


def _starters(module: Module, connection: Connection) -> Starters:
    """The module's functions that start something on any socket, with the call that does."""
    found: dict[tuple[str, int], Call] = {}
    functions = [
        (form, form.function)
        for form in module.forms
        if form.function is not None and not _is_mount(form)
    ]
    for form, function in functions:
        for call in _direct(form, function, connection):
            _note(found, function, call)
    known = 0
    while known < len(found):
        known = len(found)
        for form, function in functions:
            for call in list(_calls_of(form, found)):
                if call != function.head and not connection.guards(call, function):
                    _note(found, function, found[call.name, call.arity])
    return found


def _note(found: dict[tuple[str, int], Call], function: Function, leaf: Call) -> None:
    for arity in range(function.arity - function.defaults, function.arity + 1):
        found.setdefault((function.name, arity), leaf)


def _calls_of(form: Form, starters: Starters) -> Iterator[Call]:
    for name in {name for name, _ in starters}:
        for call in form.index.calls(name):
            if call.receiver is None and (name, call.arity) in starters:
                yield call


def _only_starts(module: Module, call: Call) -> bool:
    """Whether the function that is called does nothing but start what `mount` should guard."""
    for form in module.forms:
        function = form.function
        if function is None or function.name != call.name or function.arity != call.arity:
            continue
        for expression in function.body:
            if isinstance(expression, Match):
                expression = expression.right
                if not isinstance(expression, Call):
                    continue
            if not isinstance(expression, Call):
                return False
            if not _is_start(expression, form.names_at(expression.start)):
                return False
    return True


def _socket(function: Function) -> str:
    """The name that the function gives to the socket; empty where it gives none."""
    last = function.parameters[-1]
    sides = [last.left, last.right] if isinstance(last, Match) else [last]
    for side in sides:
        if isinstance(side, Identifier) and not side.name.startswith("_"):
            return side.name
    return ""


def _asked(call: Call, file: File) -> str:
    """`connected?` as the module names it, which has to be imported."""
    names = file.names(call)
    brought = (one for one in names.all_imports() if one.module == "Phoenix.LiveView")
    if any(one.offers("connected?", 1) is not False for one in brought):
        return "connected?"
    if not VIEWS.isdisjoint(file.context.used(names)):
        return "connected?"
    return f"{names.shorten('Phoenix.LiveView')}.connected?"


def _guarded(expression: Node, condition: str, file: File) -> list[Edit] | None:
    """The expression under a condition, as the formatter has it; None where that is unsure."""
    lines, source = file.document.lines, file.document.source
    first, last = lines.line_at(expression.start), lines.line_at(expression.end)
    indent = lines.indentation(expression.start).decode()
    begins = lines.line_span(first).start + len(indent) == expression.start
    if not begins or any(
        "\n" in one.text and not one.is_heredoc for one in expression.find(Quoted)
    ):
        return None
    line = f"{condition}, do: {expression.text}"
    if first == last and len(indent) + len(line) <= LINE_LENGTH and not _needs_block(expression):
        return [Edit(expression.span, line)]
    newline = line_ending(source)
    inner = shifted(source, expression.span, 2)
    block = f"{condition} do{newline}{indent}  {inner}{newline}{indent}end"
    edits = [Edit(expression.span, block)]
    if first == last:  # an expression of several lines has empty lines around it
        above = first
        while lines.line_bytes(above - 1).lstrip().startswith(b"#"):
            above -= 1
        siblings = [] if expression.parent is None else expression.parent.children
        if siblings[:1] != [expression] and lines.line_bytes(above - 1).strip():
            start = lines.line_span(above).start
            edits.append(Edit(Span(start, start), newline))
        if lines.line_bytes(last + 1).strip():
            end = lines.line_span(last).end
            edits.append(Edit(Span(end, end), newline))
    return edits


def _bound(call: Call, condition: str, file: File) -> Edit | None:
    """`timer = Process.send_after(…)` under a condition: the variable is nil without it."""
    match call.parent:
        case Match(_, Identifier(), right) as outer if right == call:
            text = f"{condition}, do: {call.text}"
            indent = file.document.lines.indentation(outer.start)
            length = len(indent) + len(outer.text) - len(call.text) + len(text)
            fits = "\n" not in outer.text and length <= LINE_LENGTH
            return Edit(call.span, text) if fits and not _needs_block(call) else None
    return None


def _needs_block(expression: Node) -> bool:
    """Whether a call without parentheses would take what follows it after `do:`."""
    return any(
        call.argument_list is not None and not call.has_parentheses
        for call in expression.find(Call)
    )
