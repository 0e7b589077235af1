"""security/command-injection"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from lsp_server.facts.local_flow import origin
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom, List, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._bounded import is_capture
from ._running import is_own_text, is_running

_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh", "cmd", "cmd.exe"})
_COMMAND_OPTIONS = frozenset({"-c", "-lc", "-ec", "/c", "/C"})
# What a shell reads as more than a word.
_SPECIAL = re.compile(r"[|&;<>()$`\"'\\*?\[\]#~={}!\r\n]")
_WIDTH = 98


class CommandInjection(Rule):
    """
    A shell that is given a command with a value in it.

    A shell does more than to start a program: `;`, `|`, `$(…)` and a line break in the value are
    commands of their own, and run with all that the application may do. Whoever chooses a file
    name, a branch or a host then owns the server.

    ## Bad

    ```elixir
    defmodule Shop.Pictures do
      def shrink(path) do
        System.shell("mogrify -resize 800 #{path}")
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Pictures do
      def shrink(path) do
        System.cmd("mogrify", ["-resize", "800", path])
      end
    end
    ```

    ## When it stays silent

    - The command is written out, or made of module attributes, settings, environment variables and
      own atoms, or of a value that was compared with a list.
    - `System.cmd/3` with a program that is no shell: its arguments reach the program as they are.
    - Mix tasks, command lines, release tasks, and code that runs while compiling.

    ## What the fix changes

    The program is started without a shell, every word and every value an argument of its own.
    It is offered where the command is a program with plain words. A value with blanks is one
    argument then, and one that is no text raises. A value can still be taken for an option:
    put `"--"` before it where the program knows that.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.LIB, Role.TEMPLATE})

    @on(Call, name=("cmd", "shell", "open"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form, module = file.form, file.module_of(call)
        if form is None or module is None or is_capture(call) or not call.arguments:
            return
        command: Node | None = None
        if (module, call.name) in ((":os", "cmd"), ("System", "shell")):
            command = call.arguments[0]
        elif (module, call.name) == ("System", "cmd"):
            command = _given_to_shell(call)
        elif (module, call.name) == ("Port", "open"):
            command = _spawned(call.arguments[0])
        if command is None or not is_running(call, file) or is_own_text(command, form):
            return
        text = origin(command, form) or command
        message = f"{call.dotted} gives a shell `{_shown(text)}`: its values can be commands"
        yield self.finding(call.callee_span, message, fix=_fix(call, command, module, file))


def _given_to_shell(call: Call) -> Node | None:
    """What `System.cmd("sh", ["-c", command])` runs."""
    arguments = call.arguments
    if len(arguments) < 2 or not isinstance(arguments[0], String):
        return None
    program = (arguments[0].value or "").replace("\\", "/").rpartition("/")[2]
    if program not in _SHELLS or not isinstance(arguments[1], List):
        return None
    elements = arguments[1].elements
    for option, command in pairwise(elements):
        if isinstance(option, String) and option.value in _COMMAND_OPTIONS:
            return command
    return None


def _spawned(name: Node) -> Node | None:
    """The command of `{:spawn, command}`."""
    if isinstance(name, Tuple) and len(name.elements) == 2:
        kind, command = name.elements
        if isinstance(kind, Atom) and kind.name == "spawn":
            return command
    return None


def _fix(call: Call, command: Node, module: str, file: File) -> Fix | None:
    """`System.cmd` with the words of the command, where these are plain and fit on the line."""
    if module != "System" or call.pipe is not None or not isinstance(command, String):
        return None
    words = _words(command)
    if not words or not re.fullmatch(r'"[\w./-]+"', words[0]):
        return None
    written = call.written_arguments
    last = written[0] if call.name == "shell" else written[1]
    if call.keyword("close_stdin") is not None or not call.has_parentheses:
        return None
    text = f"System.cmd({words[0]}, [{', '.join(words[1:])}]"
    source, span = call.tree.source, Span(call.start, last.end)
    lines = file.document.lines
    line = lines.line_bytes(lines.line_at(call.start)).rstrip()
    if b"\n" in source[span.start : span.end]:
        return None
    if len(line) - (span.end - span.start) + len(text.encode()) > _WIDTH:
        return None
    return Fix.review("Start the program without a shell", lambda _: [Edit(span, text)])


def _words(command: String) -> list[str]:
    """The words of a command as Elixir writes them; nothing where a shell would do more."""
    words: list[str] = []
    current: list[str] = []
    for part in command.parts:
        if not isinstance(part, str):
            current.append(part.text)
            continue
        if _SPECIAL.search(part):
            return []
        for position, piece in enumerate(re.split(r"\s+", part)):
            if position > 0 and current:
                words.append(_word(current, command))
                current = []
            if piece:
                current.append(piece)
    if current:
        words.append(_word(current, command))
    return words


def _word(parts: list[str], command: String) -> str:
    if len(parts) == 1 and parts[0].startswith("#{"):
        for one in command.interpolations:
            if one.text == parts[0] and one.expression is not None:
                return one.expression.text
    return f'"{"".join(parts)}"'


def _shown(node: Node) -> str:
    text = " ".join(node.text.split())
    return text if len(text) <= 60 else f"{text[:57]}…"
