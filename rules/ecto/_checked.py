"""Whether a value is one that may be where it is used: by a test around it or before it."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Clause, Match, UnaryOperator
from lsp_server.syntax.literals import Atom, Boolean, Integer, String
from lsp_server.syntax.names import block_of
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

from ._harmless import is_guarded

_RAISING = ("raise", "reraise", "throw", "exit")


def is_checked(value: Node, form: Form | None) -> bool:
    """Whether a test makes sure that an expression is a number, an atom, or of a list of the
    program's own wherever this place is reached."""
    if form is None:
        return False
    if any(is_guarded(value.text, one) for one in _before(value, form)):
        return True
    for outer in value.ancestors():
        if isinstance(outer, Clause):
            if _in_clause(value, outer):
                return True
        elif isinstance(outer, Call):
            if Function.of(outer) is not None:
                return False
            if any(is_guarded(value.text, one) for one in _around(value, outer)):
                return True
    return False


def _around(value: Node, call: Call) -> Iterator[Node]:
    """What is true inside of the section of an `if` in which a value stands, or behind the tests
    of a `with`."""
    if call.receiver is not None:
        return
    if call.name in ("if", "unless") and call.arguments:
        for name in ("do", "else"):
            if any(one.span.covers(value.span) for one in call.section(name)):
                holds = (call.name == "if") == (name == "do")
                condition = call.arguments[0]
                yield from (condition,) if holds else _denied(condition)
    elif call.name == "with":
        for one in call.written_arguments:
            match one:
                case BinaryOperator("<-", Boolean(text="true"), right) if one.end < value.start:
                    yield right


def _in_clause(value: Node, clause: Clause) -> bool:
    """Whether a clause of `cond` or `case` is only taken for values that may be."""
    if not any(one.span.covers(value.span) for one in clause.body):
        return False
    block = clause.enclosing(Call)
    patterns = clause.patterns
    if block is None or block.receiver is not None or len(patterns) != 1:
        return False
    if block.name == "cond":
        return is_guarded(value.text, patterns[0])
    if block.name != "case" or not block.arguments:
        return False
    subject, pattern = block.arguments[0], patterns[0]
    if is_guarded(value.text, clause.guard):
        return True
    if subject.text == value.text:
        return isinstance(pattern, (Atom, Boolean, Integer)) or (
            isinstance(pattern, String) and not pattern.interpolations
        )
    return pattern.text == "true" and is_guarded(value.text, subject)


def _before(value: Node, form: Form) -> Iterator[Node]:
    """What is true after the statements before a value: `true = test`, `unless test, do: raise`."""
    for match in form.index.nodes(Match):
        if match.end < value.start and match.left.text == "true" and _is_above(match, value):
            yield match.right
    for call in form.index.calls("if", "unless"):
        if call.end >= value.start or not call.arguments or call.section("else"):
            continue
        ending = call.section("do")[-1:]
        if not (ending and isinstance(ending[0], Call) and ending[0].name in _RAISING):
            continue
        if _is_above(call, value):
            condition = call.arguments[0]
            yield from (condition,) if call.name == "unless" else _denied(condition)


def _is_above(statement: Node, value: Node) -> bool:
    scope = block_of(statement)
    return scope.start <= value.start < scope.end


def _denied(condition: Node) -> Iterator[Node]:
    """What is true where a condition is not."""
    match condition:
        case UnaryOperator("not" | "!", operand):
            yield operand
        case BinaryOperator("not in"):
            yield condition
