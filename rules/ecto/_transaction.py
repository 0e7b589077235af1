"""Puts the writes of a function into one transaction, as an edit of its body."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.document import Document
from lsp_server.facts.results.outcomes import callee_of, shape_of
from lsp_server.lint.finding import Edit
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Identifier, Match, Pipe
from lsp_server.syntax.elixir import strip_parentheses as stripped
from lsp_server.syntax.literals import Atom, Charlist, Nil, Sigil, String
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._transaction_case import before_case
from ._transaction_steps import WIDTH, Transaction, as_with, returns_result

_CHOICES = frozenset({"case", "cond", "if", "unless", "with"})
# Lines in place of the statements up to and with the node.
_Written = tuple[list[str], Node]


def in_transaction(
    document: Document,
    function: Function,
    pair: tuple[Span, Span],
    writes: frozenset[Span],
    results: frozenset[Span],
    has_transact: bool,
) -> list[Edit]:
    """The statements from the first of the writes on, in a transaction; nothing where what they
    return would change.

    `pair` are the callees of the two writes that are told of, `writes` those of all, `results` the
    callees that return `{:ok, _}` or `{:error, _}`; `has_transact` tells that Ecto is 3.13 or
    newer.
    """
    body = _innermost(function, pair)
    repo = _repo(function, writes)
    first = next((n for n, one in enumerate(body) if one.span.covers(pair[0])), -1)
    rest = body[first:] if first >= 0 else []
    if function.call.do_block is None or not repo or not rest or _is_rigid(rest):
        return []
    lines, source = document.lines, document.source
    start = lines.line_at(rest[0].start)
    indent = lines.indentation(rest[0].start).decode()
    if source[lines.starts[start] : rest[0].start].strip() or "\t" in indent:
        return []
    target = Transaction(document, repo, has_transact, writes, results, indent)
    written = _written(target, rest, function)
    if written is None:
        return []
    text, last = written
    end = lines.line_at(last.end)
    if source[last.end : lines.line_span(end).end].strip():
        return []
    if first and lines.line_at(body[first - 1].end) == start - 1:
        text.insert(0, "")
    if last != rest[-1] and lines.line_at(rest[rest.index(last) + 1].start) == end + 1:
        text.append("")
    span = Span(lines.starts[start], lines.line_span(end).end)
    return [Edit(span, line_ending(source).join(text), document.path)]


def _innermost(function: Function, pair: tuple[Span, Span]) -> list[Node]:
    """The statements among which both writes are: those of a branch where both are in it."""
    body = list(function.body)
    while True:
        around = next((one for one in body if all(map(one.span.covers, pair))), None)
        inner = None if around is None else _branch(around, pair)
        if inner is None:
            return body
        body = inner


def _branch(statement: Node, pair: tuple[Span, Span]) -> list[Node] | None:
    chosen = stripped(statement)
    while isinstance(chosen, (Pipe, Match)):
        chosen = stripped(chosen.right)
    if not isinstance(chosen, Call) or chosen.receiver is not None or chosen.name not in _CHOICES:
        return None
    for section in ("do", "else"):
        clauses = chosen.clauses(section)
        for body in [one.body for one in clauses] if clauses else [chosen.section(section)]:
            if body and all(map(Span(body[0].start, body[-1].end).covers, pair)):
                return list(body)
    return None


def _written(target: Transaction, rest: Sequence[Node], function: Function) -> _Written | None:
    """The first way to write it that fits."""
    tail = stripped(rest[-1])
    if len(rest) == 1 and isinstance(tail, Call) and tail.name == "with":
        found = _around_with(target, tail)
        if tail.section("else"):
            found = _around_results(target, rest)
        return (found, rest[-1]) if _fits(found) else None
    for number, one in enumerate(rest):
        chosen = stripped(one.right if isinstance(one, Pipe) else one)
        if isinstance(chosen, Call) and chosen.name == "case" and chosen.receiver is None:
            found = _around_results(target, rest) if len(rest) == 1 else []
            if _fits(found):
                return found, one
            found = before_case(target, rest[:number], one, chosen, function)
            if _fits(found):
                return found, one
    found = [] if target.has_comments(rest) else as_with(target, rest)
    if not _fits(found) and all(_raises(one) for one in rest[:-1]):
        found = _around(target, rest)
    if not _fits(found) and isinstance(tail, (Call, Pipe)) and not _has_write(target, tail):
        first = _first_part(target, rest)
        if first is not None:
            return first
    if not _fits(found):
        found = _around_results(target, rest)
    return (found, rest[-1]) if _fits(found) else _first_part(target, rest)


def _has_write(target: Transaction, node: Node) -> bool:
    return any(map(node.span.covers, target.writes))


def _fits(lines: Sequence[str]) -> bool:
    return bool(lines) and all(len(line) <= WIDTH for line in lines)


def _around_with(target: Transaction, tail: Call) -> list[str]:
    """A `with` of writes inside a transaction."""
    body, indent = tail.body, target.indent
    last = stripped(body[-1]) if body else None
    if last is None or tail.section("else") or tail.do_block is None:
        return []
    if not returns_result(target, tail):
        return []
    lines = [f"  {line}" if line else "" for line in target.moved(tail, indent)]
    for one in body[:-1]:
        if not _is_sound(target, one):
            # Nobody looks at this result: it must raise, or the transaction would not end.
            at = next((n for n, line in enumerate(lines) if line.strip() == one.text), -1)
            if at < 0 or callee_of(one) not in target.results or isinstance(one, Match):
                return []
            lines[at] = lines[at].replace(one.text, f"{{:ok, _}} = {one.text}")
    if target.has_transact:
        return [f"{indent}{target.opened}", *lines, f"{indent}end)"]
    if shape_of(last) != "OK_VALUE" or b"\n" in last.bytes:
        return []
    value = last.children[1].text
    at = len(lines) - 2
    if lines[at].strip() != last.text:
        return []
    lines[at] = f"{indent}    {value}"
    lines[-1:] = [*target.rolled_back(f"{indent}  "), f"{indent}  end"]
    return [f"{indent}{target.opened}", *lines, f"{indent}end)"]


def _around_results(target: Transaction, rest: Sequence[Node]) -> list[str]:
    """Statements of which the last one is a result, inside a transaction."""
    indent, tail = target.indent, rest[-1]
    if not all(_is_sound(target, one) for one in rest[:-1]) or not returns_result(target, tail):
        return []
    deeper = f"{indent}  "
    if target.has_transact:
        lines = target.shifted(rest, 2)
        return [f"{indent}{target.opened}", *lines, f"{indent}end)"]
    lines = target.shifted(rest[:-1], 2) if rest[:-1] else []
    lines += [""] if lines else []
    if b"\n" in tail.bytes:
        begun = [f"{deeper}result =", *target.moved(tail, f"{deeper}  "), ""]
        lines += [*begun, f"{deeper}case result do"]
    else:
        lines.append(f"{deeper}case {tail.text} do")
    lines += [
        f"{deeper}  {{:ok, value}} -> value",
        f"{deeper}  {{:error, reason}} -> {target.repo}.rollback(reason)",
        f"{deeper}end",
    ]
    return [f"{indent}{target.opened}", *lines, f"{indent}end)"]


def _around(target: Transaction, rest: Sequence[Node]) -> list[str]:
    """Writes that raise, in a transaction that returns what the function returns."""
    tail, indent = stripped(rest[-1]), target.indent
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
    lines = target.shifted(rest, 0)
    if "\n" in value or lines[-1].strip() != rest[-1].text:
        return []
    deeper = "    " if "\n" in head else "  "
    returned = f"{{:ok, {value}}}" if target.has_transact else value
    inner = [deeper + line if line.strip() else "" for line in lines[:-1]]
    begun = f"{head}{target.opened}".split("\n")
    return [*begun, *inner, f"{indent}{deeper}{returned}", *foot]


def _first_part(target: Transaction, rest: Sequence[Node]) -> _Written | None:
    """The statements up to the last write in a transaction, out of which comes what those after it
    use."""
    last = max(n for n, one in enumerate(rest) if _has_write(target, one))
    inner, after = rest[: last + 1], rest[last + 1 :]
    if not last or not after or not all(_is_sound(target, one) for one in inner):
        return None
    bound = {
        name.name: None
        for one in inner
        if isinstance(one, Match)
        for name in one.left.find(Identifier)
    }
    used = {name.name for one in after for name in one.find(Identifier)}
    names = [name for name in bound if name in used]
    indent = target.indent
    value = names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"
    pattern = value if names else "_"
    lines = target.shifted(inner, 4)
    returned = value if names else ":ok"
    if target.has_transact:
        returned = f"{{:ok, {returned}}}"
    if b"\n" in inner[-1].bytes:
        lines.append("")
    closed = [f"{indent}    {returned}", f"{indent}  end)"]
    text = [f"{indent}{{:ok, {pattern}}} =", f"{indent}  {target.opened}", *lines, *closed]
    return (text, inner[-1]) if _fits(text) else None


def _raises(statement: Node) -> bool:
    """Whether a statement raises where it fails, so that the transaction is rolled back."""
    callee = callee_of(statement)
    if callee is None:
        return False
    if isinstance(statement, Match) and shape_of(statement.left):
        return True
    text = callee.slice(statement.tree.source)
    return text.endswith((b"!", b"_all")) or isinstance(statement, Match)


def _is_sound(target: Transaction, statement: Node) -> bool:
    """Whether no write of a statement fails without a word."""
    if isinstance(statement, Match) and shape_of(statement.left):
        return True
    return not any(
        statement.span.covers(one)
        and not one.slice(statement.tree.source).endswith((b"!", b"_all"))
        for one in target.results & target.writes
    )


def _repo(function: Function, writes: frozenset[Span]) -> str:
    """The repo as it is written at the first direct write."""
    for call in function.call.find(Call):
        if call.callee_span in writes and (call.module or "").endswith("Repo"):
            return call.module or ""
    return ""


def _is_rigid(nodes: Sequence[Node]) -> bool:
    """Whether a string goes over several lines and is no heredoc: its lines cannot be moved."""
    return any(
        isinstance(one, (String, Sigil, Charlist)) and not one.is_heredoc and b"\n" in one.bytes
        for node in nodes
        for one in node.descendants()
    )
