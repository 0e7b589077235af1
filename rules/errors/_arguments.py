"""One more element at the end of a list or of a call's arguments, laid out as `mix format` does."""

from __future__ import annotations

from collections.abc import Sequence

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import set_apart
from lsp_server.syntax.elixir import Call, Match
from lsp_server.syntax.literals import Keywords, List
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

WIDTH = 98  # the formatter's line length


def appended(document: Document, holder: Call | List, text: str) -> list[Edit]:
    """The edits that put `text` after the last element of a list or argument of a call."""
    elements = list(holder.elements if isinstance(holder, List) else holder.written_arguments)
    if isinstance(holder, Call) and not holder.has_parentheses and not elements:
        at, added = holder.callee_span.end, f"({text})"
    elif not elements:
        at, added = holder.end - 1, text
    else:
        at, added = elements[-1].end, f", {text}"
    flat = _pairs(elements)
    newline = line_ending(document.source)
    if flat and _is_broken(document, holder, flat):
        indent = document.lines.indentation(flat[-1].start).decode()
        return [Edit(Span(at, at), f",{newline}{indent}{text}", document.path)]
    edit = Edit(Span(at, at), added, document.path)
    if _fits(document, holder, len(added)):
        return [edit]
    match = _matched(document, holder)
    if match is not None:
        indent = document.lines.indentation(match.start).decode() + "  "
        right = match.right
        if len(indent) + len(right.text) + len(added) <= WIDTH:
            gap = Span(match.left.end, right.start)
            broken = Edit(gap, f" ={newline}{indent}", document.path)
            return [broken, edit, *set_apart(document, match)]
    if isinstance(holder, List):
        outer = _rewritten(document, holder, text)
        if outer is not None:
            return [outer]
    if _may_break(document, holder, match):
        broken = _broken(document, holder, match, [*(one.text for one in flat), text])
        return [broken, *set_apart(document, holder)]
    return [edit]


def _rewritten(document: Document, options: List, text: str) -> Edit | None:
    """The call around a list with each argument on a line of its own, where the call begins its
    line and has arguments of one line each."""
    call = options.enclosing(Call)
    if call is None or options not in call.written_arguments or not call.has_parentheses:
        return None
    lines = document.lines
    indent = lines.indentation(call.start).decode()
    if lines.line_span(lines.line_at(call.start)).start + len(indent) != call.start:
        return None
    newline = line_ending(document.source)
    added = options.text[:-1] + (f", {text}]" if options.elements else f"{text}]")
    arguments = [added if one == options else one.text for one in _pairs(call.written_arguments)]
    if any("\n" in one or len(indent) + len(one) + 3 > WIDTH for one in arguments):
        return None
    inner = f",{newline}".join(f"{indent}  {one}" for one in arguments)
    written = f"{call.target.text}({newline}{inner}{newline}{indent})"
    return Edit(call.span, written, document.path)


def _pairs(elements: Sequence[Node]) -> list[Node]:
    """The elements, each pair of trailing keywords by itself."""
    flat: list[Node] = []
    for one in elements:
        flat.extend(one.pairs if isinstance(one, Keywords) else [one])
    return flat


def _is_broken(document: Document, holder: Call | List, flat: Sequence[Node]) -> bool:
    """Whether each element begins a line of its own."""
    lines = document.lines
    first, last = flat[0], flat[-1]
    line = lines.line_at(last.start)
    begins = lines.line_span(line).start + len(lines.indentation(last.start)) == last.start
    return (
        begins
        and line > lines.line_at(holder.start)
        and lines.line_at(first.start) > (lines.line_at(_opening(holder)))
    )


def _opening(holder: Call | List) -> int:
    if isinstance(holder, List):
        return holder.start
    raw = holder.argument_list
    return holder.callee_span.end if raw is None else raw.start_byte


def _fits(document: Document, holder: Node, growth: int) -> bool:
    line = document.lines.line_at(holder.end - 1)
    return (
        len(document.lines.line_bytes(line).decode("utf-8", "replace").rstrip()) + growth <= WIDTH
    )


def _matched(document: Document, holder: Node) -> Match | None:
    """The match around a node that fills one line, if there is one."""
    lines = document.lines
    for outer in holder.ancestors():
        if b"\n" in outer.bytes:
            return None
        if isinstance(outer, Match) and outer.left.end <= holder.start:
            line = lines.line_span(lines.line_at(outer.start))
            if line.slice(document.source).strip() == outer.bytes:
                return outer
    return None


def _may_break(document: Document, holder: Call | List, match: Match | None) -> bool:
    """Whether a call fills one line, or all of it that is right of a match."""
    if not isinstance(holder, Call) or not holder.has_parentheses or b"\n" in holder.bytes:
        return False
    if match is not None:
        return match.right == holder
    line = document.lines.line_span(document.lines.line_at(holder.start))
    return line.slice(document.source).strip() == holder.bytes


def _broken(
    document: Document, call: Call | List, match: Match | None, elements: list[str]
) -> Edit:
    assert isinstance(call, Call)
    newline, indent = line_ending(document.source), document.lines.indentation(call.start).decode()
    span, before = call.span, ""
    if match is not None:
        span, indent = Span(match.left.end, call.end), indent + "  "
        before = f" ={newline}{indent}"
    inner = f",{newline}".join(f"{indent}  {one}" for one in elements)
    text = f"{before}{call.target.text}({newline}{inner}{newline}{indent})"
    return Edit(span, text, document.path)
