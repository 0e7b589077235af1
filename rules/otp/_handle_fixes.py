"""Edits that close what was opened."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Match
from lsp_server.syntax.literals import Quoted
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._handles import Fate
from ._later import WIDTH, variables

_RESULTS = ("result", "value", "outcome", "returned")


def opened_with_function(
    document: Document, call: Call, binding: Match, scope: Sequence[Node], fate: Fate
) -> list[Edit]:
    """`{:ok, file} = File.open(path, modes)` and the lines that use the file, as
    `File.open(path, modes, fn file -> … end)`. Nothing where they cannot be moved as they are."""
    arguments = call.written_arguments
    used = _last_use(scope, fate)
    if used is None or call.pipe is not None or not call.has_parentheses:
        return []
    if len(arguments) not in (1, 2) or call.module == ":file" or b"\n" in binding.bytes:
        return []
    moved = list(scope[: used + 1])
    if _binds_for(moved, scope[used + 1 :]):
        moved = list(scope)
    if not _stands_alone(document, [binding, *moved]):
        return []
    tagged, is_last = call.name == "open", len(moved) == len(scope)
    newline, lines = line_ending(document.source), document.lines
    indent = lines.indentation(binding.start).decode()
    inner = indent + ("  " if tagged else "")
    body = _indented(document, moved, len(inner) + 2 - len(indent))
    opening = f"{call.text[:-1]}, fn {fate.name} ->"
    if body is None or len(inner) + len(opening) > WIDTH:
        return []
    text = f"{opening}{newline}{body}{newline}{inner}end)"
    if tagged:
        result = _free_name(binding) if is_last else "_"
        if not result:
            return []
        text = f"{{:ok, {result}}} ={newline}{inner}{text}"
        if is_last:
            text += f"{newline}{newline}{indent}{result}"
    edits = [Edit(Span(binding.start, moved[-1].end), text)]
    if not is_last:
        edits += _blank_after(document, moved[-1], scope[len(moved)])
    return [*_blank_before(document, binding), *edits]


def closed_after(document: Document, scope: Sequence[Node], fate: Fate) -> list[Edit]:
    """A line that closes the handle after the statement that uses it last."""
    at = _last_use(scope, fate)
    if at is None:
        at = -1 if scope else None
    if at is None or not _stands_alone(document, scope):
        return []
    newline, lines = line_ending(document.source), document.lines
    close = fate.kind.close.format(fate.name)
    if at < 0:
        first = scope[0]
        indent = lines.indentation(first.start).decode()
        start = lines.starts[lines.line_at(first.start)]
        return [Edit(Span(start, start), f"{indent}{close}{newline}")]
    statement = scope[at]
    indent = lines.indentation(statement.start).decode()
    end = Span(statement.end, statement.end)
    gap = newline * 2 if b"\n" in statement.bytes else newline
    if at + 1 < len(scope):
        return [Edit(end, f"{gap}{indent}{close}")]
    if isinstance(statement, Match):
        return []
    name = _free_name(statement)
    several = b"\n" in statement.bytes
    body = _indented(document, [statement], 2) if several else statement.text
    if body is None or not name:
        return []
    bound = f"{name} ={newline}{body}" if several else f"{name} = {body}"
    if not several and len(indent) + len(bound) > WIDTH:
        return []
    text = f"{bound}{gap}{indent}{close}{newline}{indent}{name}"
    before = _blank_before(document, statement) if several else []
    return [*before, Edit(statement.span, text)]


def _last_use(scope: Sequence[Node], fate: Fate) -> int | None:
    used = [number for number, one in enumerate(scope) if any(True for _ in fate.uses([one]))]
    return used[-1] if used else None


def _binds_for(moved: Sequence[Node], rest: Sequence[Node]) -> bool:
    """Whether statements bind variables that others after them need."""
    bound: set[str] = set()
    for one in moved:
        for match in one.find(Match):
            bound.update(variables(match.left))
    return any(re.search(rf"(?<![\w:.@]){name}\b", one.text) for name in bound for one in rest)


def _stands_alone(document: Document, statements: Sequence[Node]) -> bool:
    """Whether each statement has its lines for itself."""
    lines = document.lines
    return all(
        lines.starts[lines.line_at(one.start)] + len(lines.indentation(one.start)) == one.start
        for one in statements
    )


def _indented(document: Document, statements: Sequence[Node], by: int) -> str | None:
    """The lines of statements with the comments between them, further to the right; None where a
    text among them would change or a line gets too long."""
    for one in statements:
        for text in one.find(Quoted):
            if b"\n" in text.bytes and not text.is_heredoc:
                return None
    lines, newline = document.lines, line_ending(document.source)
    first = lines.line_at(statements[0].start)
    while lines.line_bytes(first - 1).lstrip().startswith(b"#"):
        first -= 1
    last = lines.line_at(statements[-1].end)
    found: list[str] = []
    for number in range(first, last + 1):
        line = lines.line_bytes(number).decode("utf-8", "replace")
        if number == last:
            line = document.source[lines.starts[last] : statements[-1].end].decode()
        found.append(" " * by + line if line.strip() else "")
    if any(len(one) > WIDTH for one in found):
        return None
    return newline.join(found)


def _free_name(near: Node) -> str:
    function = Function.around(near)
    words = set(re.findall(rb"\w+", near.tree.source if function is None else function.call.bytes))
    return next((one for one in _RESULTS if one.encode() not in words), "")


def _blank_before(document: Document, statement: Node) -> list[Edit]:
    """The empty line that the formatter wants before an expression of several lines."""
    lines = document.lines
    line = lines.line_at(statement.start)
    before = lines.line_bytes(line - 1).strip() if line else b""
    if not before or before.startswith(b"#"):
        return []
    parent = statement.parent
    if parent is not None:
        siblings = [one for one in parent.children if one.end <= statement.start]
        if not siblings or not lines.line_bytes(line - 1).strip():
            return []
        if siblings[-1].end <= parent.start or siblings[-1].kind == "arguments":
            return []
        if parent.kind == "do_block" or parent.kind == "body" or parent.kind == "block":
            at = lines.starts[line]
            return [Edit(Span(at, at), line_ending(document.source))]
    return []


def _blank_after(document: Document, last: Node, following: Node) -> list[Edit]:
    lines = document.lines
    if lines.line_bytes(lines.line_at(last.end) + 1).strip():
        return [Edit(Span(last.end, last.end), line_ending(document.source))]
    return []
