"""Rows that are fetched for a comparison, a pattern or a comprehension."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import (
    BinaryOperator,
    Call,
    Clause,
    Identifier,
    Match,
    Pipe,
    UnaryOperator,
)
from lsp_server.syntax.literals import (
    Keywords,
    List,
    Map,
)
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._discarded import whole
from ._row_functions import is_written_out


@dataclass(frozen=True, slots=True)
class Asked:
    """An expression that asks only whether there are rows: `rows == []`. `absent`: it is true where
    there are none. `rewritable`: a boolean that another can stand for."""

    whole: Node
    absent: bool
    rewritable: bool = True

    @property
    def span(self) -> Span:
        """What to mark: the comparison, or the name of what takes the rows."""
        return self.whole.callee_span if isinstance(self.whole, Call) else self.whole.span


def asked_of(rows: Node) -> Asked | None:
    """The expression around rows that asks only whether there are any."""
    parent = rows.parent
    match parent:
        case BinaryOperator("==" | "===" | "!=" | "!==", left, right):
            other = right if left == rows else left
            tight = isinstance(parent.parent, (BinaryOperator, UnaryOperator, Pipe))
            fits = not tight or isinstance(parent.parent, Match)
            return Asked(parent, parent.operator[0] == "=", fits) if _is_empty(other) else None
        case Pipe(left, Call("case") as step) if left == rows and _tells_apart(step):
            return Asked(step, False, False)
    call = None if parent is None or parent.kind != "arguments" else parent.parent
    match call:
        case Call("match?", [pattern, given]) if given == rows and call.receiver is None:
            if _is_empty(pattern) or _is_any(pattern):
                return Asked(call, _is_empty(pattern), False)
        case Call("case", [given]) if given == rows and call.receiver is None:
            if call.pipe is None and _tells_apart(call):
                return Asked(call, False, False)
    return None


def existence(call: Call, asked: Asked, file: File) -> list[Edit]:
    """The edits that put `Repo.exists?` in the place of `Repo.all` and what it is compared with;
    nothing where that would need another layout."""
    rows = whole(call)
    if not asked.rewritable or not call.has_parentheses or "\n" in asked.whole.text:
        return []
    asking = f"{call.module}.exists?" + Span(call.callee_span.end, call.end).slice(
        file.document.source
    ).decode("utf-8", "replace")
    before = Span(rows.start, call.start).slice(file.document.source).decode("utf-8", "replace")
    text = f"{before}{asking}"
    if asked.absent:
        text = f"not ({text})" if before else f"not {text}"
    return [Edit(asked.whole.span, text)]


def _tells_apart(case: Call) -> bool:
    """Whether the clauses of a `case` look only at whether there is an element."""
    block = case.do_block
    clauses = [] if block is None else block.section("do")
    found = [one for one in clauses if isinstance(one, Clause)]
    patterns = [one.patterns[0] for one in found if len(one.patterns) == 1 and not one.guard]
    if len(found) != 2 or len(patterns) != 2:
        return False
    return any(map(_is_empty, patterns)) and all(
        _is_empty(one) or _is_any(one) or _is_ignored(one) for one in patterns
    )


def _is_empty(node: Node) -> bool:
    return isinstance(node, List) and not node.elements


def _is_ignored(node: Node) -> bool:
    return isinstance(node, Identifier) and node.name.startswith("_")


def _is_any(node: Node) -> bool:
    """`[_ | _]`"""
    elements = node.elements if isinstance(node, List) else []
    match elements:
        case [BinaryOperator("|", left, right)]:
            return _is_ignored(left) and _is_ignored(right)
    return False


def takes_first(rows: Node) -> bool:
    """Whether a pattern takes the first of the rows and nothing else: `[row | _] = rows`."""
    bound = rows.parent
    if not isinstance(bound, Match) or bound.right != rows or not isinstance(bound.left, List):
        return False
    match bound.left.elements:
        case [BinaryOperator("|", _, rest)]:
            return _is_ignored(rest)
    return False


@dataclass(frozen=True, slots=True)
class Loop:
    """A `for` over rows alone: its pattern, its filters, and its body where that is one expression
    that nothing else is done with."""

    call: Call
    pattern: Node
    filters: list[Node]
    body: Node | None

    @property
    def is_chosen_by_pattern(self) -> bool:
        """Whether the pattern drops rows: a field of it is written out."""
        keywords = self.pattern.keywords if isinstance(self.pattern, Map) else None
        return any(is_written_out(one.value) for one in (keywords.pairs if keywords else []))


def loop_over(rows: Node) -> Loop | None:
    """The `for` that goes over rows."""
    generator = rows.parent
    if not isinstance(generator, BinaryOperator) or generator.operator != "<-":
        return None
    arguments = generator.parent
    call = None if arguments is None or arguments.kind != "arguments" else arguments.parent
    if not isinstance(call, Call) or call.name != "for" or call.receiver is not None:
        return None
    first, *rest = call.written_arguments
    if first != generator or generator.right != rows:
        return None
    options = rest.pop() if rest and isinstance(rest[-1], Keywords) else None
    if any(isinstance(one, BinaryOperator) and one.operator == "<-" for one in rest):
        return None
    filters = list(takewhile(lambda one: not isinstance(one, Match), rest))
    body = None
    if len(filters) < len(rest):
        pass  # the body is given more than the row
    elif isinstance(options, Keywords) and [pair.key for pair in options.pairs] == ["do"]:
        body = options.pairs[0].value
    elif options is None and call.do_block is not None and len(call.do_block.section("do")) == 1:
        body = call.do_block.section("do")[0]
    pattern = generator.left
    if isinstance(pattern, Match):
        pattern = pattern.left if isinstance(pattern.left, Map) else pattern.right
    return Loop(call, pattern, filters, body)
