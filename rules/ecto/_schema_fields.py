"""Fields of schemas: the calls that declare them, and options put behind them."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Keywords
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ._call_layout import WIDTH, relaid

SCHEMAS = frozenset({b"schema", b"embedded_schema", b"typed_schema", b"typed_embedded_schema"})


def in_schema(form: Form | None) -> bool:
    """Whether a form is the block of a schema."""
    return form is not None and form.callee in SCHEMAS


def with_option(call: Call, option: str, document: Document) -> list[Edit]:
    """The edit that puts `key: value` behind the arguments of a call of one line or more, laid out
    as the formatter does; none where the arguments cannot be laid out by sight."""
    written = call.written_arguments
    if not written:
        return []
    lines, newline = document.lines, line_ending(document.source)
    last, here = written[-1], Span(written[-1].end, written[-1].end)
    keywords = last if isinstance(last, Keywords) else None
    pairs = [] if keywords is None else keywords.pairs
    if pairs and lines.line_at(pairs[-1].start) != lines.line_at(call.start):
        line = lines.line_span(lines.line_at(pairs[-1].start))
        indent = document.source[line.start : pairs[-1].start]
        separator = ", " if indent.strip() else f",{newline}{indent.decode()}"
        return [Edit(here, separator + option)]
    line = lines.line_span(lines.line_at(call.start))
    if lines.line_at(call.end) != lines.line_at(call.start):
        return []
    code = document.source[line.start : call.end].decode("utf-8", "replace")
    if len(code) + len(option) + 2 <= WIDTH:
        return [Edit(here, f", {option}")]
    arguments = [one.text for one in (written[:-1] if keywords is not None else written)]
    return relaid(document, call, arguments, [*(pair.text for pair in pairs), option])
