"""Statements as the steps of a `with` in a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lsp_server.document import Document
from lsp_server.facts.results.outcomes import callee_of, shape_of
from lsp_server.syntax.elixir import BinaryOperator, Call, Clause, Identifier, Match, Pipe
from lsp_server.syntax.elixir import strip_parentheses as stripped
from lsp_server.syntax.node import Node
from lsp_server.text import Span

WIDTH = 98  # the formatter's line length
_MOST = 40  # last expressions of one statement that are looked at
_ERRORS = frozenset({"CHANGESET", "REASON"})


@dataclass(frozen=True)
class Transaction:
    """What is written: with which repo, where, and what is known of the calls in it."""

    document: Document
    repo: str
    has_transact: bool
    writes: frozenset[Span]
    results: frozenset[Span]
    indent: str

    @property
    def opened(self) -> str:
        """The line that begins it."""
        return f"{self.repo}.{'transact' if self.has_transact else 'transaction'}(fn ->"

    def rolled_back(self, indent: str) -> list[str]:
        """The `else` of a `with` in a transaction that does not look at results."""
        return [f"{indent}else", f"{indent}  {{:error, reason}} -> {self.repo}.rollback(reason)"]

    def moved(self, node: Node, indent: str) -> list[str]:
        """The lines of an expression at another indentation."""
        width = len(self.document.lines.indentation(node.start))
        found = node.text.replace("\r\n", "\n").split("\n")
        rest = (line[width:] if not line[:width].strip() else line for line in found[1:])
        return [f"{indent}{line}" if line else "" for line in (found[0], *rest)]

    def shifted(self, nodes: Sequence[Node], by: int) -> list[str]:
        """The lines of statements, with what stands between them, `by` columns further in."""
        lines = self.document.lines
        first, last = lines.line_at(nodes[0].start), lines.line_at(nodes[-1].end)
        found = [
            lines.line_bytes(number).decode("utf-8", "replace").rstrip("\r\n")
            for number in range(first, last + 1)
        ]
        return [" " * by + line if line.strip() else "" for line in found]

    def laid_out(self, step: str, value: Node, indent: str) -> list[str]:
        """A step of `with`."""
        if b"\n" not in value.bytes:
            return [f"{indent}{step}{value.text}"]
        return [f"{indent}{step.rstrip()}", *self.moved(value, f"{indent}  ")]

    def has_comments(self, nodes: Sequence[Node]) -> bool:
        """Whether a comment stands between statements."""
        source = self.document.source
        return any(b"#" in source[one.end : other.start] for one, other in pairwise(nodes))


def step_of(target: Transaction, statement: Node) -> str:
    """How a statement begins as a step of `with`; empty for one that can be none."""
    callee = callee_of(statement)
    if isinstance(statement, Match):
        if b"\n" in statement.left.bytes:
            return ""
        sign = "<-" if shape_of(statement.left) == "OK_VALUE" and callee in target.results else "="
        return f"{statement.left.text} {sign} "
    return "{:ok, _} <- " if callee in target.results else ""


def as_with(target: Transaction, rest: Sequence[Node]) -> list[str]:
    """Statements up to the last result as the steps of a `with`, the others as its body."""
    steps = [step_of(target, one) for one in rest[:-1]]
    count = max((n + 1 for n, one in enumerate(steps) if "<-" in one), default=0)
    tail = stripped(rest[-1])
    if not count or not all(steps[:count]) or not returns_result(target, tail):
        return []
    inner = f"{target.indent}  "
    pairs = [
        (step, one.right if isinstance(one, Match) else one)
        for step, one in zip(steps[:count], rest, strict=False)
    ]
    body = rest[count:-1]
    if target.has_transact:
        last = target.moved(tail, f"{inner}  ")
        if body:
            last = target.shifted(rest[count:], 4)
        return closed(target, pairs, last, inner)
    if shape_of(tail) == "OK_VALUE":
        kept = tail.children[1].text
    elif callee_of(tail) in target.results and not body:
        pairs.append(("{:ok, result} <- ", tail))
        kept = "result"
    else:
        return []
    if "\n" in kept:
        return []
    last = [*(target.shifted(rest[count:], 4)[:-1] if body else []), f"{inner}  {kept}"]
    if body and b"\n" in tail.bytes:
        return []
    return closed(target, pairs, last, inner)


def closed(
    target: Transaction, pairs: Sequence[tuple[str, Node]], body: Sequence[str], inner: str
) -> list[str]:
    """The transaction around a `with`; its `with` at the indentation `inner`."""
    lines: list[str] = []
    for number, (step, value) in enumerate(pairs):
        one = target.laid_out(step, value, f"{inner}     ")
        one[-1] += "," if number + 1 < len(pairs) else " do"
        if not number:
            one[0] = f"{inner}with {one[0].lstrip()}"
        lines += one
    lines += body
    if not target.has_transact:
        lines += target.rolled_back(inner)
    outer = inner[:-2]
    return [f"{outer}{target.opened}", *lines, f"{inner}end", f"{outer}end)"]


def returns_result(target: Transaction, node: Node) -> bool:
    """Whether an expression is `{:ok, _}` or `{:error, _}` in each of its branches."""
    pending: list[tuple[Node, frozenset[str]]] = [(node, frozenset())]
    for count, (one, errors) in enumerate(pending):  # grows while it is read
        one = stripped(one)
        while isinstance(one, (Pipe, Match)):
            if isinstance(one, Pipe) and callee_of(one) in target.results:
                break
            one = stripped(one.right)
        if count > _MOST:
            return False
        if shape_of(one) == "OK_VALUE" or shape_of(one) in _ERRORS:
            continue
        if callee_of(one) in target.results:
            continue
        if isinstance(one, Identifier) and one.name in errors:
            continue
        branches = _branches(target, one, errors) if isinstance(one, Call) else None
        if branches is None:
            return False
        pending += branches
    return True


def _branches(
    target: Transaction, call: Call, errors: frozenset[str]
) -> list[tuple[Node, frozenset[str]]] | None:
    """The last expressions of a choice, each with the names that are errors there; None for what
    is no choice, or can be something else besides."""
    if call.receiver is not None:
        return None
    if call.name in ("raise", "reraise", "throw"):
        return []
    if call.name not in ("case", "cond", "if", "unless", "with"):
        return None
    sections = ["do"]
    if call.name in ("if", "unless") or call.section("else"):
        sections.append("else")
    elif call.name == "with" and not all(
        _can_fail_well(target, one) for one in call.written_arguments
    ):
        return None
    found: list[tuple[Node, frozenset[str]]] = []
    for section in sections:
        body = call.section(section)
        if not body:
            return None
        clauses = [one for one in body if isinstance(one, Clause)]
        if not clauses:
            found.append((body[-1], errors))
        for clause in clauses:
            if not clause.body:
                return None
            found.append((clause.body[-1], errors | _errors(clause)))
    return found


def _can_fail_well(target: Transaction, step: Node) -> bool:
    """Whether what a step of `with` does not match is `{:error, _}`."""
    if isinstance(step, BinaryOperator) and step.operator == "<-":
        return shape_of(step.left) == "OK_VALUE" and callee_of(step.right) in target.results
    return True


def _errors(clause: Clause) -> frozenset[str]:
    """`error` of `{:error, _} = error`."""
    return frozenset(
        name.name
        for one in clause.patterns
        if isinstance(one, Match)
        for name, other in ((one.left, one.right), (one.right, one.left))
        if isinstance(name, Identifier) and shape_of(other) in _ERRORS
    )
