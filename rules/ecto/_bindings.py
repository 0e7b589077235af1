"""What a variable stands for where it is read: the nearest pattern that binds it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    Match,
)
from lsp_server.syntax.literals import Tuple
from lsp_server.syntax.names import block_of
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

from ._harmless import is_guarded

Path = tuple[int | str, ...]
ELEMENT = "*"  # a step of a path: any element of a list; a number is an element of a tuple
_ITERATING = ("Enum.", "Stream.", "Task.async_stream", "Task.Supervisor.async_stream")


class Kind(Enum):
    """Whether a variable has a value in sight or is a parameter of the function."""

    VALUE = auto()
    PARAMETER = auto()


PARAMETER = Kind.PARAMETER


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a variable comes from: parts (by `path`) of values, or of a parameter.

    `path` is None where a pattern takes the value apart in a way that is not followed.
    """

    kind: Kind
    path: Path | None
    values: tuple[Node, ...] = ()
    function: Function | None = None
    position: int = 0
    guarded: bool = False


def bindings_of(variable: Node, form: Form | None) -> Binding | None:
    """What binds a variable, or `&1`; None where nothing in the form does."""
    if form is None:
        return None
    if isinstance(variable, Capture):
        return _placeholder(variable)
    if not isinstance(variable, Identifier):
        return None
    matched = _match(variable, form)
    for outer in variable.ancestors():
        if matched is not None and outer.span.covers(matched.span):
            return _value(matched, variable.name)
        found: Binding | None = None
        if isinstance(outer, Clause):
            found = _clause(outer, variable)
        elif isinstance(outer, Call):
            found = _generator(outer, variable)
            function = Function.of(outer) if found is None else None
            if function is not None:
                return _parameter(function, variable)
        if found is not None:
            return found
    return None


def path_to(pattern: Node, name: str) -> Path | bool | None:
    """How a pattern reaches into a value for a variable: a path, None for a way that is not
    followed, False where it does not bind the variable."""
    pending: list[tuple[Node, Path]] = [(pattern, ())]
    while pending:
        node, path = pending.pop()
        match node:
            case Identifier(bound) if bound == name:
                return path
            case Tuple():
                pending += [(one, (*path, at)) for at, one in enumerate(node.elements)]
            case BinaryOperator("=", left, right):
                pending += [(left, path), (right, path)]
            case BinaryOperator("\\\\", left, _):
                pending.append((left, path))
            case _ if any(one.name == name for one in node.find(Identifier)):
                return None
    return False


def _match(variable: Identifier, form: Form) -> Match | None:
    """The last `pattern = …` before a variable that binds it and is visible there."""
    found: Match | None = None
    for match in form.index.nodes(Match):
        if match.end > variable.start or (found is not None and match.start < found.start):
            continue
        scope = block_of(match)
        if scope.start <= variable.start < scope.end:
            if path_to(match.left, variable.name) is not False:
                found = match
    return found


def _value(match: Match, name: str) -> Binding:
    path = path_to(match.left, name)
    return Binding(Kind.VALUE, None if isinstance(path, bool) else path, (match.right,))


def _clause(clause: Clause, variable: Identifier) -> Binding | None:
    """A variable that `fn` or a branch of `case`, `with` … binds."""
    if not any(part.covers(variable.span) for part in (node.span for node in clause.body)):
        return None
    for at, pattern in enumerate(clause.patterns):
        path = path_to(pattern, variable.name)
        if isinstance(path, bool):
            continue
        guarded = is_guarded(variable.name, clause.guard)
        values, prefix = _source(clause, at)
        full = None if path is None or prefix is None else (*prefix, *path)
        return Binding(Kind.VALUE, full, values, guarded=guarded)
    return None


def _source(clause: Clause, position: int) -> tuple[tuple[Node, ...], Path | None]:
    """What is matched with a pattern of a clause, and the path into it; None where unknown."""
    outer = clause.parent
    if isinstance(outer, AnonymousFunction):
        return _given(outer, position)
    call = None if outer is None else outer.parent
    if isinstance(call, Call) and call.name == "case" and call.arguments:
        return (call.arguments[0],), ()
    return (), None


def _given(function: Node, position: int) -> tuple[tuple[Node, ...], Path | None]:
    """What a function that is an argument is called with."""
    arguments = function.parent
    call = None if arguments is None else arguments.parent
    if position != 0 or not isinstance(call, Call) or not call.arguments:
        return (), None
    if call.dotted in ("then", "Kernel.then", "tap", "Kernel.tap"):
        return (call.arguments[0],), ()
    if call.dotted.startswith(_ITERATING) and call.arguments[0] != function:
        return (call.arguments[0],), (ELEMENT,)
    return (), None


def _generator(call: Call, variable: Identifier) -> Binding | None:
    """A variable that `for` or `with` binds."""
    if call.receiver is not None or call.name not in ("for", "with"):
        return None
    for one in reversed(call.written_arguments):
        if isinstance(one, BinaryOperator) and one.operator == "<-" and one.end <= variable.start:
            pattern: Node = one.left
            guard: Node | None = None
            if isinstance(one.left, BinaryOperator) and one.left.operator == "when":
                pattern, guard = one.left.left, one.left.right
            path = path_to(pattern, variable.name)
            if not isinstance(path, bool):
                prefix: Path = (ELEMENT,) if call.name == "for" else ()
                full = None if path is None else (*prefix, *path)
                guarded = is_guarded(variable.name, guard)
                return Binding(Kind.VALUE, full, (one.right,), guarded=guarded)
    return None


def _parameter(function: Function, variable: Identifier) -> Binding | None:
    for at, pattern in enumerate(function.parameters):
        path = path_to(pattern, variable.name)
        if not isinstance(path, bool):
            guarded = is_guarded(variable.name, function.guard)
            return Binding(Kind.PARAMETER, path, (), function, at, guarded)
    return None


def _placeholder(capture: Capture) -> Binding | None:
    """`&1` in `Enum.each(list, &run(&1))`."""
    if capture.placeholder != 1:
        return None
    for outer in capture.ancestors():
        if isinstance(outer, Capture):
            values, path = _given(outer, 0)
            return Binding(Kind.VALUE, path, values)
    return None
