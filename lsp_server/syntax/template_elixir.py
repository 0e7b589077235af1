"""The Elixir of a template as one text that the Elixir grammar can read in place.

The pieces are parsed together, so that `<%= if x do %> … <% else %> … <% end %>` is a real do-block
and a variable bound in one piece is seen in the next. Only the pieces are shown to the parser, as
included ranges over a copy of the document, so every offset is one of the document's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import tree_sitter

from lsp_server.syntax.heex import Piece, PieceKind
from lsp_server.text import Span


def prepare(source: bytes, pieces: Sequence[Piece]) -> tuple[bytes, list[tree_sitter.Range]]:
    """The text to parse, as long as `source`, and the ranges of it to include.

    `pieces` are those of one template in the order of the text. If the template has gaps, `source`
    must have them blanked (`heex_parser.without_gaps`), as there may be some inside a piece. No
    range means nothing to parse: to the parser an empty list would mean everything. Rows count line
    feeds, columns count bytes.
    """
    text = bytearray(source)
    spans: list[Span] = []
    separated = True
    for piece in pieces:
        start, end = piece.span
        if not separated:
            # On the last byte of `<%=` or `{`, or on a blank. Two in a row would be an error.
            start -= 1
            text[start] = 0x3B
        separated = piece.kind is PieceKind.CLAUSE and text[end - 2 : end] == b"->"
        if separated:
            # A clause needs a body, also where it holds only text. There is `%>` to write on.
            text[end : end + 2] = b"_;"
            end += 2
        spans.append(Span(start, end))
    return bytes(text), _ranges(source, spans)


def _ranges(source: bytes, spans: list[Span]) -> list[tree_sitter.Range]:
    ranges: list[tree_sitter.Range] = []
    row = line_start = seen = 0
    for span in spans:
        points: list[tuple[int, int]] = []
        for offset in span:
            row += source.count(b"\n", seen, offset)
            line_start = max(line_start, source.rfind(b"\n", seen, offset) + 1)
            seen = offset
            points.append((row, offset - line_start))
        ranges.append(tree_sitter.Range(points[0], points[1], span.start, span.end))
    return ranges
