"""Edits of a router: a line in a scope or a live session of its own, hooks of a live session."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsp_server.document import Document
from lsp_server.facts.routes.routes import LiveSession
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import List
from lsp_server.syntax.node import Node, cast
from lsp_server.text import Span, line_ending

WIDTH = 98
_SESSION = re.compile(r"^live_session :\w+")
# A line that opens a block, and the statement that the block begins with, if there is one.
Frame = tuple[str, str]


def in_scope_of_its_own(document: Document, span: Span, through: str) -> list[Edit]:
    """The edits that put one line of a router into a scope that pipes through one more plug."""
    return in_blocks(document, span, [scope_through(document, span, through)])


def scope_through(document: Document, span: Span, through: str) -> Frame:
    """A scope that pipes through a plug, with parentheses where the line has them."""
    parentheses = document.source[span.start : span.end].split(b"\n")[0].find(b"(")
    text = span.slice(document.source).decode("utf-8", "replace")
    name_end = len(text) - len(text.lstrip("abcdefghijklmnopqrstuvwxyz_"))
    pipe = f"pipe_through({through})" if parentheses == name_end else f"pipe_through {through}"
    return 'scope "/" do', pipe


def in_blocks(
    document: Document, span: Span, frames: Sequence[Frame], text: str = "", below: str = ""
) -> list[Edit]:
    """The edits that put one line of a router (`text` in its place) into blocks, outermost first,
    and `below` them another line."""
    lines, newline = document.lines, line_ending(document.source)
    first = lines.line_at(span.start)
    indent = lines.indentation(span.start).decode()
    if lines.line_span(first).start + len(indent) != span.start:
        return []
    text = text or span.slice(document.source).decode("utf-8", "replace")
    rows = [line.removeprefix(indent) for line in text.split(newline)]
    beside = None if below else _last_in_blocks(document, span, frames)
    if beside is not None:
        return _moved(document, span, beside, rows)
    for head, statement in reversed(frames):
        inner = [statement, "", *rows] if statement else rows
        rows = [*head.split("\n"), *(f"  {row}" if row else "" for row in inner), "end"]
    if below:
        rows += ["", below]
    block = newline.join([rows[0], *(f"{indent}{row}" if row else "" for row in rows[1:])])
    edits = [Edit(span, block, document.path)]
    above = first
    while lines.line_bytes(above - 1).lstrip().startswith(b"#"):
        above -= 1
    before = lines.line_bytes(above - 1).strip()
    if before and not before.endswith(b" do"):
        start = lines.line_span(above).start
        edits.append(Edit(Span(start, start), newline, document.path))
    return edits if below else [*edits, *_gap_below(document, span)]


def _last_in_blocks(
    document: Document, span: Span, frames: Sequence[Frame]
) -> tuple[Node, Node] | None:
    """The statement right before a line that is just the blocks it would be put into, and the last
    line in them; None where there is none."""
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(*span)
    node = None if raw is None else cast(raw, document.tree)
    block = None if node is None else node.parent
    if node is None or block is None or node.span != span:
        return None
    above = [one for one in block.children if one.end <= span.start]
    outer = last = above[-1] if above else None
    for head, statement in frames:
        inner = last.do_block if isinstance(last, Call) else None
        if last is None or inner is None or not _nameless(last.text).startswith(_nameless(head)):
            return None
        lines = inner.children
        if not lines or (statement and lines[0].text != statement):
            return None
        last = lines[-1]
    if outer is None or last is None or document.source[outer.end : span.start].strip():
        return None
    return outer, last


def _nameless(written: str) -> str:
    """The head of a live session without its name, which may be any."""
    return _SESSION.sub("live_session", written, count=1)


def _moved(
    document: Document, span: Span, beside: tuple[Node, Node], rows: Sequence[str]
) -> list[Edit]:
    """The edits that put a line behind another, in the blocks that end before it."""
    outer, last = beside
    lines, newline = document.lines, line_ending(document.source)
    indent = lines.indentation(last.start).decode()
    apart = newline if len(rows) > 1 or "\n" in last.text else ""
    text = apart + "".join(f"{newline}{indent}{row}" if row else newline for row in rows)
    return [
        Edit(Span(last.end, last.end), text, document.path),
        Edit(Span(outer.end, span.end), "", document.path),
        *_gap_below(document, span),
    ]


def _gap_below(document: Document, span: Span) -> list[Edit]:
    """The empty line below a block, where there is none and it does not end what is around it."""
    lines = document.lines
    line = lines.line_at(span.end) + 1
    after = lines.line_bytes(line).strip()
    if not after or after == b"end":
        return []
    start = lines.line_span(line).start  # where the next line would put one before itself
    return [Edit(Span(start, start), line_ending(document.source), document.path)]


def with_hook(document: Document, session: LiveSession, hook: str) -> list[Edit]:
    """The edit that adds a hook to the `on_mount` of a live session."""
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(*session.name_span)
    name = None if raw is None else cast(raw, document.tree)
    call = None if name is None else name.enclosing(Call)
    if call is None or call.span != session.span:
        return []
    given = call.keyword("on_mount")
    if given is not None:
        elements = given.elements if isinstance(given, List) else [given]
        hooks = ", ".join((*(one.text for one in elements), hook))
        edit = Edit(given.span, f"[{hooks}]", document.path)
        pair = Span(given.start - len("on_mount: "), given.end)
    else:
        end = call.written_arguments[-1].end
        hooks, pair = hook, Span(end, end)
        edit = Edit(pair, f", on_mount: [{hook}]", document.path)
    line = document.lines.line_bytes(document.lines.line_at(edit.span.start)).decode().rstrip()
    if len(line) - edit.span.length + len(edit.text) <= WIDTH:
        return [edit]
    indent = document.lines.indentation(call.start).decode()
    newline = line_ending(document.source)
    start = len(document.source[: pair.start].rstrip(b" ,"))
    text = f",{newline}{indent}  on_mount: [{hooks}]"
    return [Edit(Span(start, pair.end), text, document.path)]
