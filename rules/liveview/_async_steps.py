"""Steps of a callback that can run in `start_async`, with what becomes of the rest of its clause.

States `start_async/3` and `handle_async/3` of phoenix_live_view 0.20: the function must not hold
the socket, and its result comes as `{:ok, result}`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Clause, Identifier, Match, Pipe
from lsp_server.syntax.literals import Atom, Keywords, Pair, String, Tuple
from lsp_server.syntax.node import Node, cast
from lsp_server.text import Span


@dataclass(frozen=True, slots=True)
class Step:
    """What moves, and what becomes of the rest of the clause.

    `statement` to `last` are what the callback loses, `moved` is what the task runs as `code`.
    `before` are lines that must stand before the task, `pattern` takes its result, `rest` is what
    `handle_async` does then.
    """

    name: str
    statement: Node
    last: Node
    moved: Node
    code: str
    before: tuple[str, ...]
    pattern: str
    rest: str


_CALLBACKS = frozenset({("handle_event", 3), ("handle_info", 2), ("handle_params", 3)})
_SEQUENCES = frozenset({"do_block", "body", "block", "else_block"})
_SECTIONS = frozenset({"rescue_block", "catch_block", "else_block", "after_block"})
_BRANCHES = frozenset({"if", "unless", "case", "cond", "with"})
_PARTS = frozenset({"arguments", "keywords", "pair"})
_ASKING = frozenset({"if", "unless", "case"})
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VARIABLE = re.compile(r"(?<![\w.:@&?])([a-z_]\w*)(?![\w?!]*\(|[?!]|\w*: |: |\.\()")
_TEXT = re.compile(r'"(?:[^"\\#]|\\.|#(?!\{))*"')
_READ = re.compile(r"\bsocket\.assigns\.([a-z_]\w*)")
_SOCKET = re.compile(r"\bsocket\b(?!\.assigns\.[a-z_])")
_HERE = re.compile(r"\bself\(|\bsend\(")
_RESULT = "result"


def is_returned(document: Document, callee: Span) -> bool:
    """Whether what a call gives is what the function around it returns."""
    node, function = _place(document, callee)
    found = None if node is None or function is None else _statement(node, function)
    if found is None or found[2]:
        return False
    return isinstance(found[0], Call) and found[0].callee_span == callee


def _place(document: Document, span: Span) -> tuple[Node | None, Function | None]:
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(*span)
    node = None if raw is None else cast(raw, document.tree)
    return node, None if node is None else Function.around(node)


def step_at(document: Document, call: Span) -> Step | None:
    """The step that makes a call in a callback, or in a private function that a callback ends in;
    None where it cannot move."""
    node, function = _place(document, call)
    if node is None or function is None:
        return None
    if not function.is_private and (function.name, function.arity) not in _CALLBACKS:
        return None
    block = function.call.do_block
    if block is None or not _SECTIONS.isdisjoint(it.kind for it in block.children):
        return None
    if not any(map(_is_socket, function.parameters)):
        return None
    found = _statement(node, function)
    if found is None:
        return None
    statement, before, after = found
    taken = _taken(statement, after, node)
    if taken is None:
        return None
    moved, pattern, rest = taken
    bound = _variables(function.call.tree.source[function.head.start : function.head.end].decode())
    for one in before:
        bound |= _variables(one.text)
    return _step(statement, after, moved, pattern, rest, bound - {"socket"}, function)


def _is_socket(parameter: Node) -> bool:
    sides = [parameter.left, parameter.right] if isinstance(parameter, Match) else [parameter]
    return any(isinstance(one, Identifier) and one.name == "socket" for one in sides)


def _statement(node: Node, function: Function) -> tuple[Node, list[Node], list[Node]] | None:
    """The expression of a body that a node is part of, what may bind variables before it, and what
    follows; of a body whose end is what the callback returns."""
    before: list[Node] = []
    found: tuple[Node, list[Node]] | None = None
    inner = node
    for outer in node.ancestors():
        if outer.kind in _SEQUENCES:
            siblings = [it for it in outer.children if it.kind not in _SECTIONS]
            if inner in siblings and not isinstance(inner, Clause):
                at = siblings.index(inner)
                if found is None or at + 1 < len(siblings):
                    found, before = (inner, siblings[at + 1 :]), []
                before += [it.left for it in siblings[:at] if isinstance(it, Match)]
        elif isinstance(outer, Clause):
            before += outer.patterns
        elif outer == function.call:
            return None if found is None else (found[0], before, found[1])
        elif isinstance(outer, Call) and outer.name in _BRANCHES and outer.receiver is None:
            before += outer.written_arguments
        elif outer.kind not in _PARTS:
            found, before = None, []
        inner = outer
    return None


def _taken(statement: Node, after: Sequence[Node], node: Node) -> tuple[Node, str, str] | None:
    """What moves of a statement, the pattern that takes its result, and what is done then."""
    source = statement.tree.source
    last = after[-1] if after else statement
    following = source[statement.end : last.end].decode().strip()
    asked = _asked(statement.right if isinstance(statement, Match) else statement)
    if asked is not None and asked.span.covers(node.span):
        text = source[asked.end : last.end].decode()
        return asked, _RESULT, f"{source[statement.start : asked.start].decode()}{_RESULT}{text}"
    match statement:
        case Match(_, pattern, moved) if after:
            return moved, pattern.text, following
        case Call() | Pipe() if after:
            return statement, f"_{_RESULT}", following
        case Tuple([Atom("noreply"), _]) if not after:
            value = _assigned(node)
            if value is not None:
                name, moved = value
                text = source[moved.end : statement.end].decode()
                rest = f"{source[statement.start : moved.start].decode()}{name}{text}"
                return moved, name, rest
    return None


def _asked(statement: Node) -> Node | None:
    """The expression that decides what a `case`, `if` or `with` does."""
    if isinstance(statement, Pipe):
        call = statement.right
        is_case = isinstance(call, Call) and call.name == "case" and call.do_block is not None
        return statement.left if is_case else None
    if not isinstance(statement, Call) or statement.receiver is not None:
        return None
    match statement.written_arguments:
        case [asked, *_] if statement.name in _ASKING and statement.do_block is not None:
            return asked
        case [BinaryOperator("<-", _, asked), *_] if statement.name == "with":
            return asked
    return None


def _assigned(node: Node) -> tuple[str, Node] | None:
    """Key and value of the `assign` that an expression gives a value."""
    inner = node
    for outer in node.ancestors():
        if isinstance(outer, Call) and outer.name == "assign" and outer.receiver is None:
            match outer.arguments:
                case [_, Atom(key), value] if value == inner:
                    return key, value
        elif isinstance(outer, Pair) and outer.value == inner:
            keywords = outer.parent
            call = None if keywords is None else keywords.enclosing(Call)
            if isinstance(keywords, Keywords) and call is not None and call.name == "assign":
                return outer.key, inner
        if outer.kind in _SEQUENCES or outer.kind == "anonymous_function":
            return None
        inner = outer if outer.kind not in ("arguments", "keywords") else inner
    return None


def _step(
    statement: Node,
    after: Sequence[Node],
    moved: Node,
    pattern: str,
    rest: str,
    bound: set[str],
    function: Function,
) -> Step | None:
    code, read, taken, called = moved.text, _variables(rest), _variables(pattern), _called(moved)
    if isinstance(moved, (Identifier, String)) or "^" in pattern or "\n" in pattern:
        return None
    if _SOCKET.search(code) or _HERE.search(code) or "socket" in taken:
        return None
    if ":noreply" not in rest or "{:reply" in rest:
        return None
    if pattern == _RESULT and _RESULT in bound | _variables(rest.replace(_RESULT, "", 1)):
        return None
    keys = tuple(dict.fromkeys(_READ.findall(code)))
    if not bound.isdisjoint(keys) or not read.isdisjoint(keys):
        return None
    needed = sorted((bound & read) - taken)
    if needed:
        given = ", ".join(needed)
        if "\n" in code:
            if not isinstance(statement, Match) or not isinstance(statement.left, Identifier):
                return None
            moved, code = statement, f"{statement.text}\n\n{{{given}, {pattern}}}"
        else:
            code = f"{{{given}, {code}}}"
        pattern = f"{{{given}, {pattern}}}"
    for key in keys:
        code = re.sub(rf"\bsocket\.assigns\.{key}\b", key, code)
    return Step(
        _name(function.parameters[0]) or called,
        statement,
        after[-1] if after else statement,
        moved,
        code,
        tuple(f"{key} = socket.assigns.{key}" for key in keys),
        pattern,
        rest,
    )


def _variables(text: str) -> set[str]:
    """The names that may be variables in a piece of code; rather too many than too few."""
    return {one for one in _VARIABLE.findall(_TEXT.sub("", text)) if not one.startswith("_")}


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
