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
from lsp_server.syntax.elixir import (
    Access,
    BinaryOperator,
    Call,
    DoBlock,
    Identifier,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, Charlist, List, Sigil, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

from ._bounded import capture_of, given_to, is_given_few
from ._running import is_own_text, is_running

_TEXTS = frozenset({(":os", "cmd"), ("System", "shell")})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh", "cmd", "cmd.exe"})
_COMMAND_OPTIONS = frozenset({"-c", "-lc", "-ec", "/c", "/C"})
# What a shell reads as more than a word, outside of quotes and inside of double ones.
_SPECIAL = re.compile(r"[|&;<>()$`\\*?\[\]#~={}!\r\n]")
_IN_QUOTES = {"'": re.compile(r"[\\\"\r\n#]"), '"': re.compile(r"[$`\\!#\r\n]")}
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
    It is offered where the command is a program with plain words. `:os.cmd` gives the same
    charlist as before. A value with blanks is one argument then, and one that is no text raises.
    A value can still be taken for an option: put `"--"` before it where the program knows that.
    """

    severity = Severity.ERROR
    roles = frozenset({Role.LIB, Role.TEMPLATE})

    @on(Call, name=("cmd", "shell", "open"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form, module = file.form, file.module_of(call)
        if form is None or module is None:
            return
        capture = capture_of(call)
        if capture is not None:
            if (module, call.name) in _TEXTS and is_running(call, file):
                if not is_given_few(capture, form):
                    given = given_to(capture)
                    shown = f"`{_shown(given)}`" if given is not None else "whatever comes"
                    message = f"`{call.dotted}` gives a shell {shown}: its values can be commands"
                    yield self.finding(call.callee_span, message)
            return
        if not call.arguments:
            return
        command: Node | None = None
        if (module, call.name) in _TEXTS:
            command = call.arguments[0]
        elif (module, call.name) == ("System", "cmd"):
            command = _given_to_shell(call, form)
        elif (module, call.name) == ("Port", "open"):
            command = _spawned(call.arguments[0])
        if command is None or not is_running(call, file) or is_own_text(command, form):
            return
        text = origin(command, form) or command
        message = f"`{call.dotted}` gives a shell `{_shown(text)}`: its values can be commands"
        yield self.finding(call.callee_span, message, fix=_fix(call, command, module, file))


def _given_to_shell(call: Call, form: Form) -> Node | None:
    """What `System.cmd("sh", ["-c", command])` runs."""
    arguments = call.arguments
    if len(arguments) < 2 or not isinstance(arguments[0], String):
        return None
    program = (arguments[0].value or "").replace("\\", "/").rpartition("/")[2]
    given = origin(arguments[1], form)
    if program not in _SHELLS or not isinstance(given, List):
        return None
    elements = given.elements
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
    """The same program without a shell, where its words are plain and fit on the line."""
    words = _words(command)
    if not words or not re.fullmatch(r'"[\w./-]+"', words[0]) or not call.has_parentheses:
        return None
    arguments = f"[{', '.join(words[1:])}]"
    written = call.written_arguments
    span = call.span if call.pipe is None else call.pipe.span
    if (module, call.name) == ("Port", "open"):
        options = written[-1] if call.pipe is None and len(written) == 2 else None
        if not isinstance(options, List) or "args:" in options.text:
            return None
        program = f"{{:spawn_executable, System.find_executable({words[0]})}}"
        inner = ", ".join([*(one.text for one in options.elements), f"args: {arguments}"])
        text = f"Port.open({program}, [{inner}])"
    elif module == ":os":
        if len(call.arguments) != 1:
            return None
        # The shell's answer is a charlist with what the program said, errors among it.
        text = f"System.cmd({words[0]}, {arguments}, stderr_to_stdout: true)"
        if not _is_statement(call):
            text = f"{text} |> elem(0) |> String.to_charlist()"
    elif call.pipe is not None or call.keyword("close_stdin") is not None:
        return None
    else:
        last = written[0] if call.name == "shell" else written[1]
        if not last.span.covers(command.span):
            return None
        span = Span(call.start, last.end)
        text = f"System.cmd({words[0]}, {arguments}"
    lines = file.document.lines
    line = lines.line_bytes(lines.line_at(span.start)).rstrip()
    if b"\n" in call.tree.source[span.start : span.end]:
        return None
    if len(line) - (span.end - span.start) + len(text.encode()) > _WIDTH:
        return None
    return Fix.review("Start the program without a shell", lambda _: [Edit(span, text)])


def _is_statement(call: Call) -> bool:
    """Whether what a call gives is dropped: another expression follows it in its block."""
    node: Node = call if call.pipe is None else call.pipe
    around = node.parent
    if not isinstance(around, DoBlock):
        return False
    return around.children[-1] != node


_CHARLIST = frozenset({"String.to_charlist", "to_charlist", "Kernel.to_charlist"})


def _pieces(command: Node) -> list[str | Node] | None:
    """The texts and values that a command is put together of."""
    pending, found = [command], list[str | Node]()
    while pending:
        node = strip_parentheses(pending.pop(0))
        match node:
            case Pipe(_, left, Call() as right) if right.dotted in _CHARLIST:
                pending.insert(0, left)
            case Call() if node.dotted in _CHARLIST and len(node.written_arguments) == 1:
                pending.insert(0, node.written_arguments[0])
            case BinaryOperator("<>" | "++", left, right):
                pending[:0] = [left, right]
            case String() | Charlist() | Sigil():
                if isinstance(node, Sigil) and node.name not in ("c", "s"):
                    return None
                for part in node.parts:
                    value = part if isinstance(part, str) else part.expression
                    if value is None:
                        return None
                    found.append(value)
            case Identifier() | Call() | Access() if found and node is not command:
                found.append(node)
            case _:
                return None
    return found


def _words(command: Node) -> list[str]:
    """The words of a command as Elixir writes them; nothing where a shell would do more."""
    words: list[str] = []
    current: list[str | Node] = []
    quote = ""
    for part in _pieces(command) or ():
        if not isinstance(part, str):
            current.append(part)
            continue
        for piece in re.findall(r"['\"]|\s+|[^'\"\s]+", part):
            if piece == quote:
                quote = ""
            elif quote:
                if _IN_QUOTES[quote].search(piece) or piece in "'\"":
                    return []
                current.append(piece)
            elif piece in "'\"":
                quote = piece
            elif not piece.isspace():
                if _SPECIAL.search(piece):
                    return []
                current.append(piece)
            elif "\n" in piece:
                return []
            elif current:
                words.append(_word(current))
                current = []
    if current:
        words.append(_word(current))
    return [] if quote else words


def _word(parts: list[str | Node]) -> str:
    if len(parts) == 1 and isinstance(parts[0], Node):
        return parts[0].text
    return '"' + "".join(one if isinstance(one, str) else f"#{{{one.text}}}" for one in parts) + '"'


def _shown(node: Node) -> str:
    text = " ".join(node.text.split())
    return text if len(text) <= 60 else f"{text[:57]}…"
