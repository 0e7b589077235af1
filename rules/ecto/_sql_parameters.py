"""Turns a piece of SQL into a parameter of the query."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, Match, strip_parentheses
from lsp_server.syntax.literals import Keywords, List, Quoted
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._bindings import PARAMETER, bindings_of
from ._sql_flow import Piece
from ._sql_sinks import Sink
from ._sql_text import Located, Part, Place, locate

WIDTH = 98
_NUMBERED = re.compile(r"[$@](\d+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A piece that can be a parameter: where it stands, and what is handed over for it."""

    document: Document
    sink: Sink
    located: Located
    value: str  # Elixir
    text: Node
    replaced: Span  # the bytes for which the placeholder is written
    closing: str = ""  # what ends the literal that was closed before an operand of `<>`

    def build(self, snapshot: Snapshot) -> list[Edit]:
        """The edits; none where the parameters that are there do not fit the text."""
        style = self.sink.placeholder(snapshot)
        call = self.sink.call
        if self.sink.params is None or not isinstance(call, Call):
            return []
        index, mark = self._numbered(style)
        if self.located.place is Place.LIST:
            if style != "$":
                return []
            mark = f"<> ALL({mark})" if self.located.negated else f"= ANY({mark})"
        added = _added(call, self.sink.params, index, self.value)
        if added is None:
            return []
        edits = [Edit(self.replaced, mark + self.closing), added]
        if not _fits(self.document, edits):
            return []
        return [*edits, *self._joined(edits[0])]

    def _joined(self, edit: Edit) -> list[Edit]:
        """The edit that pulls a text up beside its `sql =`, as the formatter does once it fits."""
        lines, match = self.document.lines, self.text.parent
        line = lines.line_at(self.text.start)
        if not isinstance(match, Match) or lines.line_at(match.start) != line - 1:
            return []
        if lines.line_at(self.text.end) != line:
            return []
        head, tail = lines.line_bytes(line - 1).rstrip(), lines.line_bytes(line).strip()
        width = len(f"{head.decode()} {tail.decode()}") + len(edit.text) - edit.span.length
        if width > WIDTH or not head.endswith(b"="):
            return []
        end_of_head = lines.starts[line - 1] + len(head)
        return [Edit(Span(end_of_head, self.text.start), " ")]

    def _numbered(self, style: str) -> tuple[int | None, str]:
        """The position of the new parameter (None: the last) and how it is written."""
        before, after = self.located.before, self.located.after
        if style == "?":
            after_it = _question_marks(after)
            return (_question_marks(before) if after_it else None), "?"
        numbers = [int(one) for one in _NUMBERED.findall(before + " " + after)]
        return None, f"{style}{max(numbers, default=0) + 1}"


def _question_marks(sql: str) -> int:
    return re.sub(r"'(?:[^']|'')*'", "", sql).count("?")


def parameter_for(
    piece: Piece, sink: Sink, document: Document, parts: list[Part]
) -> Parameter | None:
    """The parameter that a piece can become; None for a name, and where the text does not go
    straight from where it is written to where it is run."""
    if sink.params is None or not _is_direct(piece.text, sink, document):
        return None
    located = locate(parts, piece.span)
    value = None if located.place is Place.OTHER else _value(piece, located, document)
    if value is None:
        return None
    if located.place is Place.VALUE and not piece.is_interpolated:
        return _operand(piece, sink, document, located, value, parts)
    return Parameter(document, sink, located, value, piece.text, located.span)


def _operand(
    piece: Piece, sink: Sink, document: Document, located: Located, value: str, parts: list[Part]
) -> Parameter | None:
    """An operand of `<>`: the literal before it goes on with the placeholder, and with the text of
    the literal after it."""
    at = next(n for n, one in enumerate(parts) if one.span == piece.span)
    start = parts[at - 1].span.end
    opened = Span(start, piece.span.start).slice(document.source)
    if at == 0 or parts[at - 1].is_computed or not _JOINT.fullmatch(opened):
        return None
    if at + 1 < len(parts) and not parts[at + 1].is_computed:
        end = parts[at + 1].span.start
        closed = Span(piece.span.end, end).slice(document.source)
        if _JOINT_AFTER.fullmatch(closed):
            return Parameter(document, sink, located, value, piece.text, Span(start, end))
        return None
    replaced = Span(start, piece.span.end)
    return Parameter(document, sink, located, value, piece.text, replaced, '"')


_JOINT = re.compile(rb'"\s*<>\s*')
_JOINT_AFTER = re.compile(rb'\s*<>\s*"')
_JOINED = re.compile(rb'"\s*<>\s*(.*?)\s*<>\s*"', re.S)


def _is_direct(text: Node, sink: Sink, document: Document) -> bool:
    sql = strip_parentheses(sink.sql)
    if sql == text:
        return True
    form = document.outline.form_at(sql.start)
    if not isinstance(sql, Identifier) or form is None:
        return False
    found = bindings_of(sql, form)
    if found is None or found.kind is PARAMETER or found.path != () or len(found.values) != 1:
        return False
    uses = sum(1 for one in form.node.find(Identifier) if one.name == sql.name)
    return strip_parentheses(found.values[0]) == text and uses == 2


def _value(piece: Piece, located: Located, document: Document) -> str | None:
    """What is handed over, as source."""
    node = strip_parentheses(piece.node)
    if located.place is Place.LIST:
        if isinstance(node, Call) and node.dotted == "Enum.join" and len(node.arguments) == 2:
            return _one_line(node.arguments[0].text)
        return None
    if located.place is Place.QUOTED:
        inner = Span(located.span.start + 1, located.span.end - 1).slice(document.source)
        joined = _JOINED.fullmatch(inner)
        if piece.span.slice(document.source) not in (inner, joined[1] if joined else inner):
            if b'"' in inner or b"\\" in inner or b"\n" in inner:
                return None
            return f'"{inner.decode()}"'
    if isinstance(node, Call) and node.name == "to_string" and len(node.arguments) == 1:
        node = node.arguments[0]
    if isinstance(node, Quoted) or (isinstance(node, Call) and node.dotted.startswith("Enum.")):
        return None
    return _one_line(node.text)


def _one_line(text: str) -> str | None:
    return None if "\n" in text else text


def _added(call: Call, position: int, index: int | None, value: str) -> Edit | None:
    """The edit that adds a value to the parameters of a call."""
    written = call.written_arguments
    at = position - (1 if call.pipe is not None else 0)
    if at > len(written):
        return None
    if at == len(written):
        return _appended(call, written, f"[{value}]") if index is None else None
    params = written[at]
    if isinstance(params, List) and not params.is_keyword_list:
        elements = params.elements
        if not elements:
            return Edit(params.span, f"[{value}]")
        if index is None or index >= len(elements):
            end = elements[-1].end
            return Edit(Span(end, end), f", {value}")
        return Edit(Span(elements[index].start, elements[index].start), f"{value}, ")
    if isinstance(params, (Keywords, List)) or index is not None:
        return None
    if isinstance(params, BinaryOperator) and isinstance(params.right, List):
        more = params.right.elements
        if params.operator == "++" and more:
            return Edit(Span(more[-1].end, more[-1].end), f", {value}")
    return Edit(Span(params.end, params.end), f" ++ [{value}]")


def _appended(call: Call, written: list[Node], text: str) -> Edit | None:
    if written:
        end = written[-1].end
        return Edit(Span(end, end), f", {text}")
    if not call.has_parentheses:
        return None
    end = call.end - 1
    return Edit(Span(end, end), text)


def _fits(document: Document, edits: list[Edit]) -> bool:
    """Whether no line becomes wider than the formatter allows."""
    lines = document.lines
    growth: dict[int, int] = {}
    for edit in edits:
        line = lines.line_at(edit.span.start)
        growth[line] = growth.get(line, 0) + len(edit.text) - edit.span.length
    return all(
        by <= 0 or len(lines.line_bytes(line).decode("utf-8", "replace")) + by <= WIDTH
        for line, by in growth.items()
    )
