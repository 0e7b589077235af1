"""The edits that give the statement of `x -> f()` or `if y, do: f()` lines of its own."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import set_apart
from lsp_server.syntax.elixir import AnonymousFunction, Call, Clause
from lsp_server.syntax.literals import Keywords, Pair
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._taken_errors import begins_line, spread_out


def opened(document: Document, statement: Node) -> tuple[str, list[Edit]] | None:
    """The indentation that a statement of one line gets, and the edits around it; None where it
    cannot be parted from what stands on its line."""
    parent = statement.parent
    clause = parent if isinstance(parent, Clause) else None if parent is None else parent.parent
    if b"\n" in statement.bytes:
        return None
    if isinstance(parent, Pair):
        return _from_keyword(document, parent)
    if not isinstance(clause, Clause) or clause.body != [statement]:
        return None
    outer = clause.parent
    if isinstance(outer, AnonymousFunction):
        return _from_function(document, outer, clause)
    case = None if outer is None else outer.parent
    clauses = case.clauses() if isinstance(case, Call) else []
    edits = spread_out(document, clauses) if clause in clauses else []
    indent = document.lines.indentation(clause.start).decode()
    return (f"{indent}  ", edits) if edits and begins_line(document, clause) else None


def _from_keyword(document: Document, pair: Pair) -> tuple[str, list[Edit]] | None:
    """`if x, do: f(), else: g()` with a block."""
    keywords = pair.parent
    arguments = keywords.parent if isinstance(keywords, Keywords) else None
    call = arguments.parent if arguments is not None else None
    if not isinstance(keywords, Keywords) or not isinstance(call, Call):
        return None
    written, pairs = call.written_arguments, keywords.pairs
    if [one.key for one in pairs] not in (["do"], ["do", "else"]) or len(written) < 2:
        return None
    if call.receiver is not None or call.end != keywords.end or b"\n" in call.bytes:
        return None  # with parentheses, or on several lines
    if not begins_line(document, call):
        return None
    newline = line_ending(document.source)
    indent = document.lines.indentation(call.start).decode()
    edits, before = set_apart(document, call), written[-2].end
    for one, word in zip(pairs, (" do", f"{newline}{indent}else"), strict=False):
        if one.value is None:
            return None
        gap = Span(before, one.value.start)
        edits.append(Edit(gap, f"{word}{newline}{indent}  ", document.path))
        before = one.value.end
    edits.append(Edit(Span(before, before), f"{newline}{indent}end", document.path))
    return f"{indent}  ", edits


def _from_function(
    document: Document, function: AnonymousFunction, clause: Clause
) -> tuple[str, list[Edit]] | None:
    """`fn x -> f() end` on lines of its own, at the end of a call that begins its line."""
    lines, newline = document.lines, line_ending(document.source)
    line = lines.line_span(lines.line_at(function.start))
    if len(function.clauses) != 1 or not line.start <= function.start < function.end <= line.end:
        return None
    if document.source[function.end : line.end].strip() not in (b")", b"end)", b""):
        return None
    body = clause.body[0]
    indent = lines.indentation(function.start).decode()
    arrow = document.source.rindex(b"->", function.start, body.start) + 2
    return f"{indent}  ", [
        *set_apart(document, function),
        Edit(Span(arrow, body.start), f"{newline}{indent}  ", document.path),
        Edit(Span(body.end, function.end - len("end")), f"{newline}{indent}", document.path),
    ]
