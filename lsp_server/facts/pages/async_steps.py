"""Steps of a callback that can run in `start_async`: nothing before them is needed after.

States `start_async/3` and `handle_async/3` of phoenix_live_view 0.20: the function must not hold
the socket, and its result comes as `{:ok, result}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call, Identifier, Match, Pipe
from lsp_server.syntax.literals import Atom, Keywords, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class AsyncStep(Fact):
    """One statement of a callback that can move. `name` is what the task would be called."""

    module: str
    name: str
    moved: Span  # the expression that the task would run


@dataclass(frozen=True, slots=True)
class Step:
    """What moves, and what becomes of the rest of the clause.

    `before` are lines that must stand before the task, `pattern` takes its result, `rest` is what
    `handle_async` does then; None for the statements behind `statement`.
    """

    name: str
    statement: Node
    moved: Node
    code: str
    before: tuple[str, ...]
    pattern: str
    rest: str | None
    last: Node


_CALLBACKS = frozenset({("handle_event", 3), ("handle_info", 2)})
_HEADS = re.compile(rb"def handle_(?:event|info)\(")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VARIABLE = re.compile(r"(?<![\w.:@&?])([a-z_]\w*)(?![\w?!]*\(|[?!]|\w*: |: |\.\()")
_TEXT = re.compile(r'"(?:[^"\\#]|\\.|#(?!\{))*"')
_READ = re.compile(r"\bsocket\.assigns\.([a-z_]\w*)")
_SOCKET = re.compile(rb"\bsocket\b(?!\.assigns\.[a-z_])")
_HERE = re.compile(r"\bself\(|\bsend\(")
_SECTIONS = frozenset({"rescue", "catch", "else", "after"})


@collects(AsyncStep)
def collect_async_steps(document: Document) -> Iterator[AsyncStep]:
    """The steps of the callbacks of a file's LiveViews."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    if b"{:noreply," not in document.source or b"socket" not in document.source:
        return
    for head in _HEADS.finditer(document.source):
        form = document.outline.form_at(head.start())
        if form is not None:
            for step in steps(form):
                yield AsyncStep(form.module.name, step.name, step.moved.span)


def steps(form: Form) -> Iterator[Step]:
    """The statements of a callback's clause that can move, in the order of the text."""
    function = form.function
    if function is None or (function.name, function.arity) not in _CALLBACKS:
        return
    block = function.call.do_block
    if block is None or not _SECTIONS.isdisjoint(block.sections):
        return
    last = function.parameters[-1]
    if not isinstance(last, Identifier) or last.name != "socket":
        return
    body = function.body
    if not body:
        return
    source, end = form.tree.source, body[-1].end
    if b":noreply" not in source[body[0].start : end]:
        return
    bound: set[str] | None = None
    for number, statement in enumerate(body):
        if not _SOCKET.search(source, statement.start, statement.end) or number + 1 == len(body):
            if bound is None:
                bound = _variables(source[function.head.start : function.head.end].decode())
                bound -= {"socket"}
                for one in body[:number]:
                    bound |= _bound(one)
            step = _step(statement, body[number + 1 :], bound, function.parameters[0])
            if step is not None:
                yield step
        if bound is not None:
            bound |= _bound(statement)


def _bound(statement: Node) -> set[str]:
    return _variables(statement.left.text) - {"socket"} if isinstance(statement, Match) else set()


def _step(statement: Node, after: Sequence[Node], bound: set[str], first: Node) -> Step | None:
    source = statement.tree.source
    last = after[-1] if after else statement
    rest: str | None = None
    match statement:
        case Match(_, pattern, moved) if after:
            taken = pattern.text
        case Call() if not after and statement.do_block is not None and statement.name == "case":
            arguments = statement.written_arguments
            if len(arguments) != 1:
                return None
            moved, taken = arguments[0], "result"
            rest = f"case result{source[moved.end : statement.end].decode()}"
        case Call() | Pipe() if after:
            moved, taken = statement, "_result"
        case Tuple([Atom("noreply"), given]) if not after:
            value = _assigned(given)
            if value is None:
                return None
            taken, moved = value
            before = source[statement.start : moved.start].decode()
            rest = before + taken + source[moved.end : statement.end].decode()
        case _:
            return None
    if not isinstance(moved, (Call, Pipe)) or "^" in taken or "\n" in taken:
        return None
    if _SOCKET.search(source, moved.start, moved.end):
        return None
    following = source[statement.end : last.end].decode() if rest is None else rest
    if ":noreply" not in following or "{:reply" in following:
        return None
    read, code = _variables(following), moved.text
    if bound & read or "socket" in _variables(taken) or _HERE.search(code):
        return None
    keys = tuple(dict.fromkeys(_READ.findall(code)))
    for key in keys:
        if key in bound or key in read:
            return None
        code = re.sub(rf"\bsocket\.assigns\.{key}\b", key, code)
    before_ = tuple(f"{key} = socket.assigns.{key}" for key in keys)
    return Step(_name(first) or _called(moved), statement, moved, code, before_, taken, rest, last)


def _assigned(given: Node) -> tuple[str, Node] | None:
    """Key and value of `assign(socket, :key, value)`."""
    if not isinstance(given, Call) or given.name != "assign" or given.receiver is not None:
        return None
    match given.arguments:
        case [Identifier("socket"), Atom(key), value]:
            return key, value
        case [Identifier("socket"), Keywords() as pairs] if len(pairs.pairs) == 1:
            value_ = pairs.pairs[0].value
            return None if value_ is None else (pairs.pairs[0].key, value_)
    return None


def _variables(text: str) -> set[str]:
    """The names that may be variables in a piece of code; rather too many than too few."""
    return set(_VARIABLE.findall(_TEXT.sub("", text)))


def _name(first: Node) -> str:
    """The name of the event or message."""
    match first:
        case Tuple([Atom(name), *_]) | Atom(name) | String(str(name)):
            written = name.replace("-", "_")
            return written if _NAME.fullmatch(written) else ""
    return ""


def _called(moved: Node) -> str:
    call = moved.right if isinstance(moved, Pipe) else moved
    name = call.name.rstrip("?!") if isinstance(call, Call) else ""
    return name if _NAME.fullmatch(name) else "task"
