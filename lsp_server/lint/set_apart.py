"""Where the formatter wants blank lines."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import BODY, DO_BLOCK, SECTIONS
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

_BODIES = frozenset({DO_BLOCK, BODY, *SECTIONS})


def set_apart(document: Document, node: Node) -> list[Edit]:
    """The blank lines that the formatter wants around the statement of a node, where that will
    have several lines and stands among others."""
    statement: Node = node
    for outer in node.ancestors():
        if outer.raw.kind_id in _BODIES or outer.parent is None:
            break
        statement = outer
    else:
        return []
    newline, lines = line_ending(document.source), document.lines
    siblings = [one for one in outer.raw.children if one.is_named and not one.is_extra]
    at = [one.start_byte for one in siblings].index(statement.start)
    edits: list[Edit] = []
    line = lines.line_at(statement.start)
    # What follows an attribute may stand right below it.
    if at > 0 and not document.source.startswith(b"@", siblings[at - 1].start_byte):
        while line > 0 and lines.line_bytes(line - 1).lstrip().startswith(b"#"):
            line -= 1
        if line > 0 and lines.line_bytes(line - 1).strip():
            start = lines.line_span(line).start
            edits.append(Edit(Span(start, start), newline, document.path))
    following = siblings[at + 1 : at + 2]
    is_attribute = document.source.startswith(b"@", statement.start)
    if not is_attribute and following and following[0].kind_id not in SECTIONS:
        after = lines.line_at(statement.end) + 1
        if lines.line_bytes(after).strip():
            start = lines.line_span(after).start
            edits.append(Edit(Span(start, start), newline, document.path))
    return edits


def rewritten(document: Document, statement: Node, text: str) -> Edit:
    """The one edit that writes a statement anew on several lines, with those blank lines."""
    span, source = statement.span, document.source
    for blank in set_apart(document, statement):
        if blank.span.start <= statement.start:
            kept = source[blank.span.start : span.start].decode("utf-8", "replace")
            span, text = Span(blank.span.start, span.end), f"{blank.text}{kept}{text}"
        else:
            kept = source[span.end : blank.span.start].decode("utf-8", "replace")
            span, text = Span(span.start, blank.span.start), f"{text}{kept}{blank.text}"
    return Edit(span, text, document.path)
