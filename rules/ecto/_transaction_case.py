"""Takes the writes out of the first branch of a `case`, into a transaction before it."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.facts.results.outcomes import callee_of, shape_of, subject_of
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Identifier, Match
from lsp_server.syntax.elixir import strip_parentheses as stripped
from lsp_server.syntax.literals import Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._transaction_steps import Transaction, closed, step_of

_RESULT = "result"


def before_case(
    target: Transaction, before: Sequence[Node], statement: Node, case: Call, function: Function
) -> list[str]:
    """The `case` over what a transaction returns: the statements `before` it, the write that it
    chooses by, and those with which its branch for success begins. Nothing where other work stands
    between them, or what they bind is used later."""
    subject = subject_of(case)
    clauses = case.clauses()
    if subject is None or case.do_block is None or not clauses:
        return []
    if callee_of(subject) not in target.results or not target.writes & {callee_of(subject)}:
        return []
    chosen = next((one for one in clauses if any(map(_is_success, one.patterns))), None)
    if chosen is None or len(chosen.patterns) != 1 or chosen.guard is not None:
        return []
    row = _row(chosen.patterns[0])
    body = chosen.body
    count = max(
        (n + 1 for n, one in enumerate(body) if any(map(one.span.covers, target.writes))), default=0
    )
    if not row or count == len(body) or not (count or before):
        return []
    moved, kept = body[:count], body[count:]
    if any(not _is_write(target, one) for one in moved):
        return []
    if target.has_comments([*before, statement]) or target.has_comments(moved):
        return []
    bound = {
        name.name
        for one in (*before, *moved)
        if isinstance(one, Match)
        for name in one.left.find(Identifier)
    }
    used = [name for one in clauses for name in one.find(Identifier)]
    gone_to = Span(moved[0].start, moved[-1].end) if moved else Span(0, 0)
    if (bound - {row}) & {name.name for name in used if not gone_to.covers(name.span)}:
        return []
    if any(name.name == _RESULT for name in function.call.find(Identifier)):
        return []
    ahead = [step_of(target, one) for one in before]
    steps = [step_of(target, one) for one in moved]
    last = max((n + 1 for n, one in enumerate(steps) if "<-" in one), default=0)
    if not all(ahead) or not all(steps[:last]):
        return []
    indent, lines = target.indent, target.document.lines
    pairs = [
        *zip(ahead, map(_value, before), strict=True),
        (f"{{:ok, {row}}} <- ", subject),
        *zip(steps[:last], map(_value, moved), strict=False),
    ]
    inner = f"{indent}    "
    returned = [line for one in moved[last:] for line in target.moved(one, f"{inner}  ")]
    returned.append(f"{inner}  {{:ok, {row}}}" if target.has_transact else f"{inner}  {row}")
    whole = target.shifted([statement], 0)
    first = lines.line_at(statement.start)
    head = lines.line_at(case.do_block.start) - first
    gone = range(0)
    if moved:
        gone = range(lines.line_at(moved[0].start) - first, lines.line_at(kept[0].start) - first)
    if moved and gone.start <= lines.line_at(chosen.patterns[0].end) - first:
        return []
    left = [line for number, line in enumerate(whole) if number > head and number not in gone]
    return [
        f"{indent}{_RESULT} =",
        *closed(target, pairs, returned, inner),
        "",
        f"{indent}case {_RESULT} do",
        *left,
    ]


def _value(statement: Node) -> Node:
    return statement.right if isinstance(statement, Match) else statement


def _is_success(pattern: Node) -> bool:
    return shape_of(pattern) == "OK_VALUE"


def _row(pattern: Node) -> str:
    """The variable of `{:ok, row}`, also of `{:ok, %Row{} = row}`."""
    value = stripped(pattern.elements[1]) if isinstance(pattern, Tuple) else pattern
    for one in (value.left, value.right) if isinstance(value, Match) else (value,):
        if isinstance(one, Identifier) and not one.name.startswith("_"):
            return one.name
    return ""


def _is_write(target: Transaction, statement: Node) -> bool:
    """Whether a statement only writes: the call is one of the writes, alone or matched."""
    return callee_of(statement) in target.writes
