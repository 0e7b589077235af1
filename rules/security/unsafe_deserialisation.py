"""security/unsafe-deserialisation"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call, Capture, Identifier
from lsp_server.syntax.literals import Atom, List
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

from ._bounded import is_capture
from ._running import is_running
from ._sources import values_of

_PLUG = ("plug_crypto >= 1.0.0", "plug >= 1.5.0", "phoenix")
# What these give was made by the program itself, or by a program that it started.
_OWN = frozenset(
    {"File.read", "File.read!", ":file.read_file", "System.cmd", "System.shell", ":os.cmd"}
    | {"System.get_env", "System.fetch_env!", ":erlang.term_to_binary", ":beam_lib.chunks"}
    | {":code.get_object_code", ":persistent_term.get", "Application.get_env"}
)


class UnsafeDeserialisation(Rule):
    """
    `binary_to_term/1` on bytes that may come from outside.

    The external term format can hold any term. New atoms fill a table that is never emptied, until
    the node stops; and an anonymous function in it runs as soon as something calls or enumerates
    it, which is how a cookie becomes a command on the server.

    ## Bad

    ```elixir
    defmodule Shop.Carts.Token do
      def read(token) do
        token |> Base.url_decode64!() |> :erlang.binary_to_term()
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Carts.Token do
      def read(token) do
        token |> Base.url_decode64!() |> Plug.Crypto.non_executable_binary_to_term([:safe])
      end
    end
    ```

    ## When it stays silent

    - `[:safe]` is among the options, or they are no list that is written out.
    - The bytes were read from a file, an environment variable, or the output of a program that
      the function itself started.
    - Mix tasks, command lines, release tasks, scripts, and code that runs while compiling.

    ## What the fix changes

    `Plug.Crypto.non_executable_binary_to_term/2` raises an ArgumentError for a term that holds a
    function, and with `:safe` for one that holds an atom which does not exist yet. Terms that were
    stored with such atoms can no longer be read, unless the modules that name them are loaded.
    Without plug_crypto only `[:safe]` is added, which refuses new atoms and not functions.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.LIB, Role.TEMPLATE})

    @on(Call, name="binary_to_term")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form = file.form
        if form is None or file.module_of(call) != ":erlang" or not is_running(call, file):
            return
        if is_capture(call):
            yield self.finding(call.callee_span, _MESSAGE, fix=_captured(call, file))
            return
        arguments = call.arguments
        if not arguments or len(arguments) > 2 or _is_own(arguments[0], form):
            return
        if len(arguments) == 2:
            options = arguments[1]
            if not isinstance(options, List):
                return
            if any(isinstance(one, Atom) and one.name == "safe" for one in options.elements):
                return
        yield self.finding(call.callee_span, _MESSAGE, fix=_fix(call, file))


_MESSAGE = "`:erlang.binary_to_term` without `:safe` makes atoms and functions of any bytes"


def _fix(call: Call, file: File) -> Fix | None:
    if not call.has_parentheses:
        return None
    crypto = any(file.depends(one) for one in _PLUG)
    written = call.written_arguments
    if len(call.arguments) == 2:
        options = written[-1]
        text = ":safe, " if isinstance(options, List) and options.elements else ":safe"
        both = [Edit(Span(options.start + 1, options.start + 1), text)]
        if crypto:
            both.insert(0, Edit(call.callee_span, _SAFE))
        return Fix.review(_title(crypto), lambda _: both)
    edits: list[Edit] = []
    if crypto:
        edits.append(Edit(call.callee_span, _SAFE))
    text = ", [:safe]" if written else "[:safe]"
    raw = call.argument_list
    if raw is None:
        return None
    at = written[-1].span if written else None
    end = at.end if at is not None else raw.end_byte - 1
    edits.append(Edit(Span(end, end), text))
    return Fix.review(_title(crypto), lambda _: edits)


_SAFE = "Plug.Crypto.non_executable_binary_to_term"


def _title(crypto: bool) -> str:
    return "Refuse functions and new atoms" if crypto else "Refuse new atoms"


def _captured(call: Call, file: File) -> Fix | None:
    """`&:erlang.binary_to_term/1` with the option."""
    around = call.parent
    capture = None if around is None else around.parent
    if call.capture_arity != 1 or not isinstance(capture, Capture):
        return None
    crypto = any(file.depends(one) for one in _PLUG)
    text = f"&{_SAFE if crypto else call.callee_span.slice(call.tree.source).decode()}(&1, [:safe])"
    return Fix.review(_title(crypto), lambda _: [Edit(capture.span, text)])


def _is_own(node: Node, form: Form) -> bool:
    """Whether bytes come from a call that gives the program's own, also through patterns."""
    pending, seen = [node], 0
    while pending:
        one = pending.pop()
        seen += 1
        if seen > 60:
            return False
        if any(call.dotted in _OWN for call in one.find(Call)):
            return True
        for variable in one.find(Identifier):
            pending += values_of(variable, form)
    return False
