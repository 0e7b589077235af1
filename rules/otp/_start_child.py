"""Calls that start a process by hand, as `Task.Supervisor.start_child`."""

from __future__ import annotations

from enum import Enum

from lsp_server.document import Document
from lsp_server.facts.calls.primitives import STANDARD
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import set_apart
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import FUNCTIONS
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Block,
    Call,
    Identifier,
    Match,
    UnaryOperator,
)
from lsp_server.syntax.literals import Keywords, List, Map, Pair, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

from ..ecto._discarded import PASSING, is_discarded, whole
from ._infrastructure import provided

WIDTH = 98  # the formatter's line length
TASK_SUPERVISOR = "Task.Supervisor"
_ELIXIR = frozenset({*(name for name in STANDARD if "." not in name), "ExUnit", "IEx"})


class Value(Enum):
    """What becomes of the value of a call."""

    DISCARDED = 1
    BOUND = 2  # to a variable
    RETURNED = 3  # by the function
    USED = 4


def value_of(call: Call) -> Value:
    """What becomes of the value of a call, or of the pipe that it ends."""
    node = whole(call)
    if is_discarded(node) or _is_mapped_away(node):
        return Value.DISCARDED
    parent = node.parent
    if isinstance(parent, Match) and parent.right == node and isinstance(parent.left, Identifier):
        return Value.BOUND
    return Value.RETURNED if _is_result(node) else Value.USED


def _is_mapped_away(node: Node) -> bool:
    """Whether a call makes the values of an `Enum.map` that itself is thrown away."""
    around = [one for one in node.ancestors() if isinstance(one, Call)][:1]
    if not around or around[0].dotted not in ("Enum.map", "Enum.flat_map"):
        return False
    return is_discarded(whole(around[0]))


def _is_result(node: Node) -> bool:
    """Whether the function around returns the value."""
    before = node
    for outer in node.ancestors():
        if isinstance(outer, Call):
            if outer.receiver is None and outer.name in PASSING:
                before = outer
                continue
            return outer.receiver is None and outer.name in FUNCTIONS
        if isinstance(outer, (AnonymousFunction, BinaryOperator, UnaryOperator, List, Map, Tuple)):
            return False
        if outer.kind == "arguments" and not isinstance(before, Keywords):
            return False
        before = outer
    return False


def is_elixirs(module: str) -> bool:
    """Whether a module is one of Elixir's own: what is there is what processes are made of."""
    return module.partition(".")[0] in _ELIXIR


def is_quoted(call: Call) -> bool:
    """Whether a call stands in code that is only quoted there."""
    return any(isinstance(one, Call) and one.name == "quote" for one in call.ancestors())


def is_in_application(module: Module) -> bool:
    """Whether a module starts the application: what it calls runs before or beside the tree."""
    return module.uses("Application")


def can_become_start_child(call: Call, gives_pid: bool) -> bool:
    """Whether the call can be written as `start_child`, as far as its own text says."""
    arguments = _work(call)
    if call.pipe is not None or call.capture_arity is not None or len(arguments) not in (1, 3):
        return False
    if any(isinstance(one, Keywords) or one.has_error for one in arguments):
        return False
    return not gives_pid or value_of(call) is not Value.USED


def _work(call: Call) -> list[Node]:
    """The arguments that say what is done: without the options of `Process.spawn` that the other
    way of starting it makes needless. Nothing where they say more."""
    arguments = call.written_arguments
    if call.module != "Process" or len(arguments) not in (2, 4):
        return arguments
    options = arguments[-1]
    if not isinstance(options, List) or any(one.text != ":link" for one in options.elements):
        return []
    return arguments[:-1]


def start_child(
    snapshot: Snapshot, document: Document, form: Form, call: Call, gives_pid: bool
) -> list[Edit]:
    """The edits that have the application's Task.Supervisor start what a call starts by itself.

    `gives_pid` says that the call returns the pid alone; `start_child` returns `{:ok, pid}`. No
    edits where there is no application, or no room for them.
    """
    supervisor = provided(snapshot, document.path, TASK_SUPERVISOR, "TaskSupervisor")
    if supervisor is None:
        return []
    shown = form.names_at(call.start).shorten(supervisor.name)
    prefix, value = _pid_kept(document, form, call) if gives_pid else ("", [])
    edits = _call_edits(document, call, shown, prefix, value)
    return [*supervisor.edits, *edits] if fits(document, edits) else []


def _call_edits(
    document: Document, call: Call, supervisor: str, prefix: str, value: list[Edit]
) -> list[Edit]:
    lines, newline = document.lines, line_ending(document.source)
    arguments, written = _work(call), call.written_arguments
    first, last = arguments[0], arguments[-1]
    line, callee = lines.line_at(call.start), call.callee_span
    gap = " "
    if lines.line_at(first.start) != line:
        gap = newline + lines.indentation(first.start).decode()
    name = f"{prefix}{TASK_SUPERVISOR}.start_child"
    opening = f"{supervisor},{gap}"
    if call.has_parentheses:
        edits = [Edit(callee, name), Edit(Span(first.start, first.start), opening)]
    else:
        edits = [
            Edit(Span(callee.start, first.start), f"{name}({opening}"),
            Edit(Span(last.end, last.end), ")"),
        ]
    if len(arguments) < len(written):
        edits.append(Edit(Span(last.end, written[-1].end), ""))
    edits += value
    if fits(document, edits):
        return edits
    outer = call.enclosing(AnonymousFunction)
    ways: tuple[list[Edit], ...]
    if outer is not None and lines.line_at(outer.start) == line:
        ways = (_broken_around(document, outer, call),)
    elif isinstance(whole(call).parent, Match):
        below = _below_match(document, whole(call))
        ways = (below, below and _broken(document, first, call, below))
    else:
        ways = (below_head(document, call), _broken(document, first, call))
    for more in ways:
        if more and fits(document, [*edits, *more]):
            return [*edits, *more]
    return edits


def below_head(document: Document, call: Node) -> list[Edit]:
    """The body of `def f(x), do: call` on a line of its own."""
    pair, lines = call.parent, document.lines
    if not isinstance(pair, Pair) or pair.key != "do" or b"\n" in call.bytes:
        return []
    definition = pair.enclosing(Call)
    if definition is None or definition.name not in FUNCTIONS:
        return []
    comma = document.source.rindex(b",", definition.start, pair.start) + 1
    indent = lines.indentation(definition.start).decode()
    below = Edit(Span(comma, pair.start), f"{line_ending(document.source)}{indent}  ")
    return [below, *set_apart(document, definition)]


def _below_match(document: Document, value: Node) -> list[Edit]:
    """The value of `{:ok, pid} = call` on a line of its own."""
    match, lines = value.parent, document.lines
    if match is None or b"\n" in match.bytes:
        return []
    line, indentation = lines.line_at(match.start), lines.indentation(match.start)
    if lines.starts[line] + len(indentation) != match.start:
        return []
    sign = document.source.rindex(b"=", match.start, value.start) + 1
    below = f"{line_ending(document.source)}{indentation.decode()}  "
    return [Edit(Span(sign, value.start), below), *set_apart(document, match)]


def _broken(
    document: Document, function: Node, call: Call, below: list[Edit] | None = None
) -> list[Edit]:
    """`fn -> expression end` on three lines, as the formatter breaks it; `below` are the edits that
    put the call on a line of its own."""
    if not isinstance(function, AnonymousFunction) or b"\n" in function.bytes:
        return []
    clauses = function.clauses
    if len(clauses) != 1 or len(clauses[0].body) != 1 or clauses[0].head is not None:
        return []
    body = clauses[0].body[0]
    newline = line_ending(document.source)
    lines, pair = document.lines, call.parent
    line, indentation = lines.line_at(function.start), lines.indentation(function.start)
    indent = newline + indentation.decode()
    if below:
        indent += "  "
        more = below
    elif isinstance(pair, Pair) and lines.starts[line] + len(indentation) == pair.start:
        indent += "  "
        more = [Edit(Span(pair.start + len(f"{pair.key}:"), call.start), indent)]
    else:
        more = set_apart(document, function)
    arrow = document.source.rindex(b"->", function.start, body.start) + 2
    return [
        Edit(Span(arrow, body.start), f"{indent}  "),
        Edit(Span(body.end, function.end - len("end")), indent),
        *more,
    ]


def _broken_around(document: Document, outer: AnonymousFunction, call: Call) -> list[Edit]:
    """`fn id -> call end` on three lines, where it is the last argument of a statement."""
    clauses, caller = outer.clauses, outer.enclosing(Call)
    if b"\n" in outer.bytes or len(clauses) != 1 or clauses[0].body != [call]:
        return []
    if caller is None or caller.pipe is not None or caller.written_arguments[-1:] != [outer]:
        return []
    lines = document.lines
    line = lines.line_at(outer.start)
    indentation = lines.indentation(outer.start)
    if lines.starts[line] + len(indentation) != caller.start:
        return []
    indent = line_ending(document.source) + indentation.decode()
    arrow = document.source.rindex(b"->", outer.start, call.start) + 2
    return [
        Edit(Span(arrow, call.start), f"{indent}  "),
        Edit(Span(call.end, outer.end - len("end")), indent),
        *set_apart(document, outer),
    ]


def _pid_kept(document: Document, form: Form, call: Call) -> tuple[str, list[Edit]]:
    """What keeps the pid for whoever is given it: a text before the call, and other edits."""
    node = whole(call)
    match value_of(call), node.parent:
        case Value.BOUND, Match() as match:
            return "", [Edit(match.left.span, f"{{:ok, {match.left.text}}}")]
        case Value.RETURNED, parent if _promises_pid(form) and not isinstance(parent, Block):
            lines, newline = document.lines, line_ending(document.source)
            indent = lines.indentation(node.start).decode()
            first, last = lines.line_at(node.start), lines.line_at(node.end)
            if lines.starts[first] + len(indent) != node.start or b'"""' in node.bytes:
                return "", []
            if first == last:
                return "{:ok, pid} = ", [Edit(Span(node.end, node.end), f"{newline}{indent}pid")]
            inner = [lines.line_span(one) for one in range(first + 1, last + 1)]
            moved = [Edit(Span(one.start, one.start), "  ") for one in inner if one.length]
            end = Edit(Span(node.end, node.end), f"{newline}{newline}{indent}pid")
            return f"{{:ok, pid}} ={newline}{indent}  ", [*moved, end]
    return "", []


def _promises_pid(form: Form) -> bool:
    """Whether the specification of a function says that it returns a pid."""
    forms = form.module.forms
    at = forms.index(form)
    for before in reversed(forms[:at]):
        if before.is_function:
            return False
        if before.bytes.startswith(b"@spec"):
            return b"pid" in before.bytes.rpartition(b"::")[2]
    return False


def fits(document: Document, edits: list[Edit]) -> bool:
    """Whether every line that the edits change is as long as the formatter leaves lines."""
    text = document.source
    for one in sorted(edits, key=lambda edit: edit.span, reverse=True):
        text = text[: one.span.start] + one.text.encode() + text[one.span.end :]
    known = set(document.source.split(b"\n"))
    return all(
        len(line.decode("utf-8", "replace").rstrip("\r")) <= WIDTH
        for line in text.split(b"\n")
        if line not in known
    )
