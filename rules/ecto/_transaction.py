"""Puts the writes of a function into one transaction, as an edit of its body."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lsp_server.document import Document
from lsp_server.facts.outcomes import callee_of, shape_of
from lsp_server.lint.finding import Edit
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, Match, strip_parentheses
from lsp_server.syntax.literals import Atom, Charlist, Nil, Sigil, String
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

WIDTH = 98


def in_transaction(
    document: Document,
    function: Function,
    writes: Sequence[Span],
    results: frozenset[Span],
    has_transact: bool,
) -> list[Edit]:
    """The body from the first of the writes on, in a transaction; nothing where what the function
    returns would change.

    `writes` are the callees, `results` those that return `{:ok, _}` or `{:error, _}`;
    `has_transact` tells that Ecto is 3.13 or newer.
    """
    body = function.body
    block = function.call.do_block
    repo = _repo(function, writes)
    if block is None or not repo or set(block.sections) != {"do"}:
        return []
    first = next((n for n, one in enumerate(body) if one.span.covers(writes[0])), -1)
    rest = body[first:] if first >= 0 else []
    if not rest or _is_rigid(rest):
        return []
    lines, source = document.lines, document.source
    start, end = lines.line_at(rest[0].start), lines.line_at(rest[-1].end)
    indent = lines.indentation(rest[0].start).decode()
    if source[lines.starts[start] : rest[0].start].strip() or "\t" in indent:
        return []
    text = _written(document, rest, results, has_transact, repo, indent)
    if not text or any(len(line) > WIDTH for line in text):
        return []
    if first and lines.line_at(body[first - 1].end) == start - 1:
        text.insert(0, "")
    span = Span(lines.starts[start], lines.line_span(end).end)
    return [Edit(span, line_ending(source).join(text), document.path)]


def _written(
    document: Document,
    rest: Sequence[Node],
    results: frozenset[Span],
    has_transact: bool,
    repo: str,
    indent: str,
) -> list[str]:
    tail = strip_parentheses(rest[-1])
    if len(rest) == 1 and isinstance(tail, Call) and tail.name == "with":
        return _around_with(document, tail, results, has_transact, repo, indent)
    steps = [_step(one, results) for one in rest[:-1]]
    if len(rest) == 1 and isinstance(tail, Call) and tail.name == "case":
        return _around_case(document, tail, results, repo, indent) if has_transact else []
    if all(steps) and any("<-" in one for one in steps):
        if _has_comments(document, rest):
            return []
        text = _as_with(document, rest, steps, results, has_transact, repo, indent)
        if text:
            return text
    if all(_raises(one) for one in rest[:-1]):
        return _around(document, rest, has_transact, repo, indent)
    return []


def _step(statement: Node, results: frozenset[Span]) -> str:
    """How a statement begins as a step of `with`; empty for one that can be none."""
    if isinstance(statement, Match):
        callee = callee_of(statement.right)
        if shape_of(statement.left) == "OK_VALUE":
            return f"{statement.left.text} <- " if callee in results else ""
        return f"{statement.left.text} = " if isinstance(statement.left, Identifier) else ""
    callee = callee_of(statement)
    return "{:ok, _} <- " if callee in results else ""


def _as_with(
    document: Document,
    rest: Sequence[Node],
    steps: Sequence[str],
    results: frozenset[Span],
    has_transact: bool,
    repo: str,
    indent: str,
) -> list[str]:
    """Statements as the steps of a `with`."""
    inner = f"{indent}  "
    tail = strip_parentheses(rest[-1])
    written: list[list[str]] = []
    for step, statement in zip(steps, rest[:-1], strict=True):
        value = statement.right if isinstance(statement, Match) else statement
        written.append(_laid_out(document, step, value, f"{inner}     "))
    if shape_of(tail) == "OK_VALUE":
        kept = tail.children[1].text
    elif callee_of(tail) in results:
        kept = ""
    else:
        return []
    if has_transact:
        last = _moved(document, tail, f"{inner}  ")
    else:
        if not kept:
            written.append(_laid_out(document, "{:ok, result} <- ", tail, f"{inner}     "))
            kept = "result"
        last = [f"{inner}  {kept}"]
    lines: list[str] = []
    for number, one in enumerate(written):
        one = [*one[:-1], one[-1] + ("," if number + 1 < len(written) else " do")]
        if not number:
            one[0] = f"{inner}with {one[0].lstrip()}"
        lines += one
    if "\n" in kept:
        return []
    lines += last
    if not has_transact:
        lines += [
            f"{inner}else",
            f"{inner}  {{:error, reason}} -> {repo}.rollback(reason)",
        ]
    name = "transact" if has_transact else "transaction"
    return [f"{indent}{repo}.{name}(fn ->", *lines, f"{inner}end", f"{indent}end)"]


def _around_with(
    document: Document,
    tail: Call,
    results: frozenset[Span],
    has_transact: bool,
    repo: str,
    indent: str,
) -> list[str]:
    """A `with` of writes inside a transaction."""
    body = tail.body
    last = strip_parentheses(body[-1]) if body else None
    if last is None or tail.section("else") or tail.do_block is None:
        return []
    if shape_of(last) != "OK_VALUE" and callee_of(last) not in results:
        return []
    for step in tail.written_arguments:
        if isinstance(step, BinaryOperator) and step.operator == "<-":
            if shape_of(step.left) != "OK_VALUE":
                return []
    lines = [f"  {line}" if line else "" for line in _moved(document, tail, indent)]
    if has_transact:
        return [f"{indent}{repo}.transact(fn ->", *lines, f"{indent}end)"]
    if shape_of(last) != "OK_VALUE" or b"\n" in last.bytes:
        return []
    value = last.children[1].text
    at = len(lines) - 2
    if lines[at].strip() != last.text:
        return []
    lines[at] = f"{indent}    {value}"
    lines[-1:] = [
        f"{indent}  else",
        f"{indent}    {{:error, reason}} -> {repo}.rollback(reason)",
        f"{indent}  end",
    ]
    return [f"{indent}{repo}.transaction(fn ->", *lines, f"{indent}end)"]


def _around_case(
    document: Document, tail: Call, results: frozenset[Span], repo: str, indent: str
) -> list[str]:
    """A `case` of which every branch returns a result, inside a transaction."""
    for clause in tail.clauses():
        last = strip_parentheses(clause.body[-1]) if clause.body else None
        if last is None:
            return []
        shapes = {shape_of(one.right) for one in clause.patterns if isinstance(one, Match)}
        shapes |= {shape_of(one.left) for one in clause.patterns if isinstance(one, Match)}
        if isinstance(last, Identifier) and shapes & {"CHANGESET", "REASON"}:
            continue
        if shape_of(last) in ("OK_VALUE", "CHANGESET", "REASON") or callee_of(last) in results:
            continue
        return []
    lines = [f"  {line}" if line else "" for line in _moved(document, tail, indent)]
    return [f"{indent}{repo}.transact(fn ->", *lines, f"{indent}end)"]


def _around(
    document: Document, rest: Sequence[Node], has_transact: bool, repo: str, indent: str
) -> list[str]:
    """Writes that raise, in a transaction that returns what the function returns."""
    tail = strip_parentheses(rest[-1])
    first, last = rest[0].start, rest[-1].end
    if shape_of(tail) == "OK_VALUE":
        value = tail.children[1].text
        head, foot = f"{indent}", [f"{indent}end)"]
    elif isinstance(tail, (Identifier, Atom, Nil)):
        value = tail.text
        bound = value if isinstance(tail, Identifier) else "_"
        head = f"{indent}{{:ok, {bound}}} =\n{indent}  "
        foot = [f"{indent}  end)", "", f"{indent}{value}"]
    elif _raises(tail) and not isinstance(tail, Match):
        value = tail.text
        head = f"{indent}{{:ok, result}} =\n{indent}  "
        foot = [f"{indent}  end)", "", f"{indent}result"]
    else:
        return []
    if "\n" in value:
        return []
    lines = [
        document.lines.line_bytes(number).decode("utf-8", "replace").rstrip("\r\n")
        for number in range(document.lines.line_at(first), document.lines.line_at(last) + 1)
    ]
    deeper = "    " if "\n" in head else "  "
    returned = f"{{:ok, {value}}}" if has_transact else value
    inner = [deeper + line if line.strip() else "" for line in lines[:-1]]
    name = "transact" if has_transact else "transaction"
    text = [*f"{head}{repo}.{name}(fn ->".split("\n"), *inner, f"{indent}{deeper}{returned}", *foot]
    return text if lines[-1].strip() == rest[-1].text else []


def _raises(statement: Node) -> bool:
    """Whether a statement raises where it fails, so that the transaction is rolled back."""
    callee = callee_of(statement)
    if callee is None:
        return False
    if isinstance(statement, Match) and shape_of(statement.left):
        return True
    text = callee.slice(statement.tree.source)
    return text.endswith((b"!", b"_all")) or isinstance(statement, Match)


def _laid_out(document: Document, step: str, value: Node, indent: str) -> list[str]:
    if b"\n" not in value.bytes:
        return [f"{indent}{step}{value.text}"]
    return [f"{indent}{step.rstrip()}", *_moved(document, value, f"{indent}  ")]


def _moved(document: Document, node: Node, indent: str) -> list[str]:
    """The lines of an expression at another indentation."""
    width = len(document.lines.indentation(node.start))
    found = node.text.replace("\r\n", "\n").split("\n")
    moved = [found[0], *(line[width:] if not line[:width].strip() else line for line in found[1:])]
    return [f"{indent}{line}" if line else "" for line in moved]


def _repo(function: Function, writes: Sequence[Span]) -> str:
    """The repo as it is written at the first direct write."""
    spans = set(writes)
    for call in function.call.find(Call):
        if call.callee_span in spans and (call.module or "").endswith("Repo"):
            return call.module or ""
    return ""


def _has_comments(document: Document, nodes: Sequence[Node]) -> bool:
    source = document.source
    return any(b"#" in source[one.end : other.start] for one, other in pairwise(nodes))


def _is_rigid(nodes: Sequence[Node]) -> bool:
    """Whether a string goes over several lines and is no heredoc: its lines cannot be moved."""
    return any(
        isinstance(one, (String, Sigil, Charlist)) and not one.is_heredoc and b"\n" in one.bytes
        for node in nodes
        for one in node.descendants()
    )
