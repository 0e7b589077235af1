"""Whether code runs in the running program, and whether what it is given is its own."""

from __future__ import annotations

import re

from lsp_server.lint.file import File
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Pipe, strip_parentheses
from lsp_server.syntax.literals import Charlist, List, Sigil
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

from ._bounded import is_bounded

# What whoever operates the program starts by hand.
_OPERATED = re.compile(r"(?:^|\.)(?:CLI|Config|ConfigProvider|Release\w*)$")
# Elixir's own modules, whose work it is to compile and to run.
_LANGUAGE = re.compile(r"(?:Code|Config|EEx|ExUnit|IEx|Kernel|Mix|Module|Protocol|System)(?:\.|$)")
_COMMAND_LINE = re.compile(r"(?:^|[/_])cli(?:[/_.])|/release_tasks?[/.]")
_CONVERTING = frozenset({"String.to_charlist", "to_charlist", "to_string", "List.to_string"})


def is_running(node: Node, file: File) -> bool:
    """Whether code runs in the running program: not while compiling, in a mix task, or in what
    the operator calls by hand; nor in Elixir's own modules."""
    if _LANGUAGE.match(file.module.name):
        return False
    if file.is_mix_task or _COMMAND_LINE.search(file.path) or _OPERATED.search(file.module.name):
        return False
    if file.layer is not None:
        return True
    function = Function.around(node)
    if function is None or function.is_macro or file.form is None:
        return False
    return b"quote" not in file.form.index.raw_calls


def is_own_text(node: Node, form: Form) -> bool:
    """Whether a text is written out or made of what the program itself chose, also as charlist."""
    pending = [node]
    for _ in range(40):
        if not pending:
            return True
        one = strip_parentheses(pending.pop())
        match one:
            case Pipe(_, left, right) if isinstance(right, Call) and right.dotted in _CONVERTING:
                pending.append(left)
            case Call() if one.dotted in _CONVERTING and len(one.written_arguments) == 1:
                pending.append(one.written_arguments[0])
            case Charlist() | Sigil():
                pending += [part.expression for part in one.interpolations if part.expression]
            case List():
                pending += one.elements
            case _:
                if not is_bounded(one, form):
                    return False
    return False
