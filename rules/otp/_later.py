"""What a callback leaves for a message that comes later: `handle_info/2` clauses, and the cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.impl_marks import impl_mark
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Clause, Identifier, Match
from lsp_server.syntax.literals import Atom, Quoted, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

WIDTH = 98  # the formatter's line length
# Callbacks that return what `handle_info/2` returns, or are given whom to reply to.
_CUTTABLE = frozenset(
    {
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_continue", 2),
        ("handle_event", 3),
        ("handle_in", 3),
        ("handle_info", 2),
    }
)


def continued(document: Document, form: Form, at: Node, delay: str) -> list[Edit]:
    """The edits that end a callback where a statement of it waits, and carry on in `handle_info/2`
    after the delay (Elixir, milliseconds). Nothing where that needs more than to cut."""
    cut = _Cut.of(document, form, at)
    return [] if cut is None else cut.edits(delay)


def variables(pattern: Node) -> list[str]:
    """The variables in a pattern, also those that a guard or a `^` only reads."""
    return list(dict.fromkeys(one.name for one in pattern.find(Identifier)))


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

    def __init__(self, document: Document, form: Form, function: Function, way: _Way) -> None:
        self.document, self.form, self.function = document, form, function
        self.before, self.waits, self.after = way.before, way.waits, way.after
        self.patterns = [*function.parameters, *way.patterns]
        self.state, self.tag = _state(function, way), _tag(function)
        self.newline = line_ending(document.source)
        self.indent = document.lines.indentation(form.span.start).decode()
        self.inner = document.lines.indentation(way.waits.start).decode()

    @staticmethod
    def of(document: Document, form: Form, waits: Node) -> _Cut | None:
        """The cut, where more follows the statement, and nothing its branch."""
        function = form.function
        if function is None or (function.name, function.arity) not in _CUTTABLE:
            return None
        block = function.call.do_block
        if block is None or block.sections != ["do"]:
            return None
        way = _way(function.body, waits)
        if way is None:
            return None
        cut = _Cut(document, form, function, way)
        if not cut.state or cut.state.startswith("_") or not cut.tag:
            return None
        if f":{cut.tag}" in (form.module.call.text if form.module.call is not None else ""):
            return None
        return cut

    def edits(self, delay: str) -> list[Edit]:
        """Both halves."""
        rest = self._rest()
        if rest is None:
            return []
        moved, asker = rest
        message = self._message(asker)
        sent = f"Process.send_after(self(), {message}, {delay})"
        head = f"def handle_info({message}, {self.state}) do"
        longest = max(len(self.inner) + len(sent), len(self.indent) + len(head))
        if longest > WIDTH:
            return []
        first = f"{self.inner}{sent}{self.newline}{self.inner}{{:noreply, {self.state}}}"
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
        deeper = len(self.inner) - len(self.indent) - len("  ")
        if deeper and not all(_moves_freely(one) for one in self.after):
            return None
        text = source[start : last.start].decode("utf-8", "replace")
        text = text.removeprefix(self.inner).replace(f"{self.newline}{' ' * deeper}", self.newline)
        text = f"{self.inner[deeper:]}{text}"
        if self.function.name != "handle_call":
            if len(self.after) == 1 and _keeps(last, self.state):
                return None  # nothing is left to do
            whole = text + last.text.replace(f"{self.newline}{' ' * deeper}", self.newline)
            if self.function.name in ("handle_event", "handle_in") and ":reply" in whole:
                return None
            return whole, False
        match last:
            case Tuple([Atom("reply"), value, state]):
                indent = f"{self.indent}  "
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

    def _message(self, asker: bool) -> str:
        matched = [one.left for one in self.before if isinstance(one, Match)]
        bound = [name for one in (*self.patterns, *matched) for name in variables(one)]
        read = {name for one in self.after for name in variables(one)}
        used = [one for one in dict.fromkeys(bound) if one in read and one != self.state]
        if asker and self._asker not in used:
            used.insert(0, self._asker)
        return f"{{:{self.tag}, {', '.join(used)}}}" if used else f":{self.tag}"


@dataclass(frozen=True)
class _Way:
    """What stands around a statement in the block whose value its function returns."""

    before: list[Node]  # in all blocks around it, the outermost first
    waits: Node
    after: list[Node]
    patterns: list[Node]  # of the clauses around it


def _way(body: list[Node], waits: Node) -> _Way | None:
    before: list[Node] = []
    patterns: list[Node] = []
    while body:
        if waits in body[:-1]:
            at = body.index(waits)
            return _Way([*before, *body[:at]], waits, body[at + 1 :], patterns)
        before += body[:-1]
        last = body[-1]
        if not isinstance(last, Call) or last.receiver is not None or last.name not in _CHOOSING:
            return None
        body = []
        for section in ("do", "else"):
            written = last.section(section)
            for clause in written:
                if isinstance(clause, Clause) and clause.span.covers(waits.span):
                    patterns += clause.patterns
                    body = clause.body
            if any(one.span.covers(waits.span) for one in written) and not body:
                body = written
    return None


_CHOOSING = frozenset({"case", "cond", "if", "unless"})


def _state(function: Function, way: _Way) -> str:
    """The variable that holds the state where a callback waits."""
    match way.after[-1]:
        case Tuple([Atom("noreply"), Identifier(name)]) | Tuple([_, _, Identifier(name)]):
            for one in way.before:
                if isinstance(one, Match) and isinstance(one.left, Identifier):
                    if one.left.name == name:
                        return name
    return name_in(function.parameters[-1])


def _keeps(last: Node, state: str) -> bool:
    """Whether all that is returned is the state as it was."""
    match last:
        case Tuple([_, Identifier(name)]):
            return name == state
    return False


def _moves_freely(statement: Node) -> bool:
    """Whether the formatter leaves a statement as it is where there is more room for it."""
    if b"\n" not in statement.bytes:
        return True
    if any(b"\n" in one.bytes for one in statement.find(Quoted)):
        return False
    return isinstance(statement, Call) and statement.do_block is not None


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
    `form`, marked as the module marks its others."""
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
    mark = impl_mark(module)
    impl = f"{indent}{mark}{newline}" if mark else ""
    end = group[-1].span.end
    return Edit(Span(end, end), f"{newline}{newline}{impl}{clause}", document.path)


def _clauses(module: Module, name: str, arity: int) -> Sequence[Form]:
    return [
        one
        for one in module.forms
        if one.function is not None and (one.function.name, one.function.arity) == (name, arity)
    ]
