"""What a callback leaves for a message that comes later: `handle_info/2` clauses, and the cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Identifier, Match
from lsp_server.syntax.literals import Atom, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

WIDTH = 98  # the formatter's line length
_VARIABLE = re.compile(r"(?<![\w:.@&])[a-z]\w*(?![\w(?!:])")
# Callbacks that return what `handle_info/2` returns, or are given whom to reply to.
_CUTTABLE = frozenset(
    {
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_continue", 2),
        ("handle_event", 3),
        ("handle_info", 2),
    }
)
_DOCUMENTATION = (b"@doc", b"@spec", b"@impl")


def continued(document: Document, form: Form, at: Node, delay: str) -> list[Edit]:
    """The edits that end a callback where a statement of it waits, and carry on in `handle_info/2`
    after the delay (Elixir, milliseconds). Nothing where that needs more than to cut."""
    cut = _Cut.of(document, form, at)
    return [] if cut is None else cut.edits(delay)


def variables(text: str) -> list[str]:
    """The variables in a text, as far as its words tell."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def name_in(pattern: Node) -> str:
    """The variable that holds the whole of what a pattern matches; empty where there is none."""
    match pattern:
        case Identifier(name):
            return name
        case Match(_, left, right):
            return name_in(left) or name_in(right)
    return ""


class _Cut:
    """A callback that is cut in two at one of its statements."""

    def __init__(
        self, document: Document, form: Form, function: Function, at: int, state: str, tag: str
    ) -> None:
        self.document, self.form, self.function = document, form, function
        body = function.body
        self.before, self.waits, self.after = body[:at], body[at], body[at + 1 :]
        self.state, self.tag = state, tag
        self.newline = line_ending(document.source)
        self.indent = document.lines.indentation(form.span.start).decode()

    @staticmethod
    def of(document: Document, form: Form, waits: Node) -> _Cut | None:
        """The cut, where the statement stands directly in a callback that more follows."""
        function = form.function
        if function is None or (function.name, function.arity) not in _CUTTABLE:
            return None
        block = function.call.do_block
        body = function.body
        if block is None or block.sections != ["do"] or waits not in body[:-1]:
            return None
        state, tag = name_in(function.parameters[-1]), _tag(function)
        if not state or state.startswith("_") or not tag:
            return None
        if f":{tag}" in (form.module.call.text if form.module.call is not None else ""):
            return None
        return _Cut(document, form, function, body.index(waits), state, tag)

    def edits(self, delay: str) -> list[Edit]:
        """Both halves."""
        rest = self._rest()
        if rest is None:
            return []
        moved, asker = rest
        message = self._message(moved, asker)
        sent = f"Process.send_after(self(), {message}, {delay})"
        head = f"def handle_info({message}, {self.state}) do"
        longest = max(len(self.indent) + 2 + len(sent), len(self.indent) + len(head))
        if longest > WIDTH:
            return []
        inner = f"{self.indent}  "
        first = f"{inner}{sent}{self.newline}{inner}{{:noreply, {self.state}}}"
        clause = f"{self.indent}{head}{self.newline}{moved}{self.newline}{self.indent}end"
        lines = self.document.lines
        start = lines.starts[lines.line_at(self.waits.start)]
        edits = [Edit(Span(start, self.after[-1].end), first)]
        if asker:
            edits += self._asker_named()
        return [*edits, new_info_clause(self.document, self.form, clause)]

    def _rest(self) -> tuple[str, bool] | None:
        """The text of the second half, and whether it replies to who called."""
        lines, source = self.document.lines, self.document.source
        line = lines.line_at(self.after[0].start)
        waits = lines.line_at(self.waits.end)
        if line <= waits:
            return None
        while line - 1 > waits and lines.line_bytes(line - 1).lstrip().startswith(b"#"):
            line -= 1
        start, last = lines.starts[line], self.after[-1]
        text = source[start : last.start].decode("utf-8", "replace")
        if self.function.name != "handle_call":
            if len(self.after) == 1 and isinstance(last, Tuple):
                return None  # nothing is left to do
            whole = text + last.text
            if self.function.name == "handle_event" and ":reply" in whole:
                return None
            return whole, False
        match last:
            case Tuple([Atom("reply"), value, state]):
                indent = lines.indentation(last.start).decode()
                reply = f"GenServer.reply({self._asker}, {value.text})"
                if "\n" in reply or len(indent) + len(reply) > WIDTH:
                    return None
                return f"{text}{reply}{self.newline}{indent}{{:noreply, {state.text}}}", True
        return None

    @property
    def _asker(self) -> str:
        return name_in(self.function.parameters[1]).lstrip("_") or "from"

    def _asker_named(self) -> list[Edit]:
        node = self.function.parameters[1]
        if isinstance(node, Identifier) and node.name != self._asker:
            return [Edit(node.span, self._asker)]
        return []

    def _message(self, moved: str, asker: bool) -> str:
        bound: dict[str, None] = {}
        for pattern in self.function.parameters:
            bound |= dict.fromkeys(variables(pattern.text))
        for statement in self.before:
            if isinstance(statement, Match):
                bound |= dict.fromkeys(variables(statement.left.text))
        bound.pop(self.state, None)
        used = [name for name in bound if re.search(rf"(?<![\w:.@]){name}(?![\w(:])", moved)]
        if asker and self._asker not in used:
            used.insert(0, self._asker)
        return f"{{:{self.tag}, {', '.join(used)}}}" if used else f":{self.tag}"


def _tag(function: Function) -> str:
    """What the message is called that carries on with a callback."""
    first = function.parameters[0]
    while isinstance(first, (Tuple, Match)):
        first = (
            first.elements[0] if isinstance(first, Tuple) and first.elements else first.children[0]
        )
    match first:
        case Atom(name):
            word = name
        case String(str(name)):
            word = re.sub(r"\W+", "_", name).strip("_").lower()
        case _:
            word = function.name
    return f"finish_{word}" if re.fullmatch(r"[a-z]\w*", word) else ""


def new_info_clause(document: Document, form: Form, clause: str) -> Edit:
    """The edit that adds clauses of `handle_info/2` (a whole text, indented): before those of the
    module, none of which then takes the message first; else after the clauses of the callback
    `form`, with `@impl true` where the module says so elsewhere."""
    module, newline = form.module, line_ending(document.source)
    own = _clauses(module, "handle_info", 2)
    if own:
        first = own[0]
        line = document.lines.line_at(first.span.start)
        while line > 0 and document.lines.line_bytes(line - 1).lstrip().startswith(b"#"):
            line -= 1
        at = document.lines.starts[line]
        return Edit(Span(at, at), f"{clause}{newline}{newline}", document.path)
    function = form.function
    key = ("", 0) if function is None else (function.name, function.arity)
    group = _clauses(module, *key) or [form]
    indent = document.lines.indentation(form.span.start).decode()
    marks = any(one.bytes.startswith(b"@impl") for one in module.forms if not one.callee)
    impl = f"{indent}@impl true{newline}" if marks else ""
    end = group[-1].span.end
    return Edit(Span(end, end), f"{newline}{newline}{impl}{clause}", document.path)


def _clauses(module: Module, name: str, arity: int) -> Sequence[Form]:
    return [
        one
        for one in module.forms
        if one.function is not None and (one.function.name, one.function.arity) == (name, arity)
    ]


def has_default(parameter: Node) -> bool:
    """Whether a parameter has a default."""
    return isinstance(parameter, BinaryOperator) and parameter.operator == "\\\\"
