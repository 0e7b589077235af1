"""Turns a piece of SQL into a parameter of the query."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import (
    BinaryOperator,
    Call,
    Dot,
    Identifier,
    Match,
    strip_parentheses,
)
from lsp_server.syntax.literals import Keywords, List, Quoted
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

from ._bindings import PARAMETER, bindings_of
from ._reads import fits
from ._sql_flow import Piece
from ._sql_sinks import Sink
from ._sql_text import Located, Part, Place, locate, parts_of

WIDTH = 98
_NUMBERED = re.compile(r"[$@](\d+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A piece that can be a parameter."""

    located: Located
    value: str  # what is handed over for it, as source
    replaced: Span  # the bytes for which the placeholder is written
    closing: str = ""  # what ends the literal that was closed before an operand of `<>`


@dataclass(frozen=True, slots=True)
class Parameters:
    """The pieces of a text that can be parameters, in their order; the literals and chains of `<>`
    that it is put together from."""

    document: Document
    sink: Sink
    texts: tuple[Node, ...]
    parameters: tuple[Parameter, ...]

    def build(self, snapshot: Snapshot) -> list[Edit]:
        """The edits; none where the parameters that are there do not fit the text."""
        style = self.sink.placeholder(snapshot)
        call = self.sink.call
        if self.sink.params is None or not isinstance(call, Call):
            return []
        lists = any(one.located.place is Place.LIST for one in self.parameters)
        sql = self.parameters[0].located.sql
        count = _question_marks(sql) if style == "?" else _last_number(sql)
        added = _added(call, self.sink.params, count, self._inserted(style))
        if added is None or (lists and style != "$"):
            return []
        marks = (
            "?" if style == "?" else f"{style}{count + number}"
            for number in range(1, len(self.parameters) + 1)
        )
        edits = [
            Edit(one.replaced, _written(one, mark) + one.closing)
            for one, mark in zip(self.parameters, marks, strict=True)
        ]
        if not fits(self.document, [*edits, added]):
            return []
        joined = (edit for text in self.texts for edit in self._joined(text, edits))
        return [*edits, added, *joined]

    def _inserted(self, style: str) -> list[tuple[int | None, str]]:
        """The values with their positions among the parameters that are there (None: the end)."""
        numbered = style != "?"
        return [
            (None if numbered else _question_marks(one.located.before), one.value)
            for one in self.parameters
        ]

    def _joined(self, text: Node, edits: list[Edit]) -> list[Edit]:
        """The edit that pulls a text up beside its `sql =`, as the formatter does once it fits."""
        lines, match = self.document.lines, text.parent
        line = lines.line_at(text.start)
        if not isinstance(match, Match) or lines.line_at(match.start) != line - 1:
            return []
        if lines.line_at(text.end) != line:
            return []
        head, tail = lines.line_bytes(line - 1).rstrip(), lines.line_bytes(line).strip()
        own = [one for one in edits if text.span.covers(one.span)]
        growth = sum(len(one.text) - one.span.length for one in own)
        if len(f"{head.decode()} {tail.decode()}") + growth > WIDTH or not head.endswith(b"="):
            return []
        end_of_head = lines.starts[line - 1] + len(head)
        return [Edit(Span(end_of_head, text.start), " ")]


def _written(parameter: Parameter, mark: str) -> str:
    if parameter.located.place is not Place.LIST:
        return mark
    return f"<> ALL({mark})" if parameter.located.negated else f"= ANY({mark})"


def _last_number(sql: str) -> int:
    return max((int(one) for one in _NUMBERED.findall(sql)), default=0)


def _question_marks(sql: str) -> int:
    return re.sub(r"'(?:[^']|'')*'", "", sql).count("?")


def parameter_for(
    piece: Piece, sink: Sink, document: Document, parts: list[Part]
) -> Parameter | None:
    """What a piece of the text that is run becomes as a parameter; None for a name."""
    if sink.params is None:
        return None
    located = locate(parts, piece.span)
    if not piece.text.span.covers(located.span):
        return None
    value = None if located.place is Place.OTHER else _value(piece, located, document)
    if value is None:
        return None
    if located.place is Place.VALUE and not piece.is_interpolated:
        return _operand(piece, document, located, value, parts)
    return Parameter(located, value, located.span)


def _operand(
    piece: Piece, document: Document, located: Located, value: str, parts: list[Part]
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
        return Parameter(located, value, Span(start, end)) if _after(closed) else None
    return Parameter(located, value, Span(start, piece.span.end), '"')


def _after(closed: bytes) -> bool:
    return _JOINT_AFTER.fullmatch(closed) is not None


_JOINT = re.compile(rb'"\s*<>\s*')
_JOINT_AFTER = re.compile(rb'\s*<>\s*"')
_JOINED = re.compile(rb'"\s*<>\s*(.*?)\s*<>\s*"', re.S)


def text_of(sink: Sink, document: Document) -> list[Part]:
    """The text that is run, in order, as far as it goes straight from where its steps are written
    to where it is run: through variables that are used nowhere else."""
    form = document.outline.form_at(sink.sql.start)

    def follow(variable: Identifier) -> Node | None:
        found = bindings_of(variable, form)
        if form is None or found is None or found.kind is PARAMETER or found.path != ():
            return None
        value = strip_parentheses(found.values[0]) if len(found.values) == 1 else None
        is_text = isinstance(value, (Quoted, Identifier)) or (
            isinstance(value, BinaryOperator) and value.operator == "<>"
        )
        return value if is_text and _is_used_once(variable.name, form) else None

    return parts_of(sink.sql, follow)


def _is_used_once(name: str, form: Form) -> bool:
    """Whether a variable is read as often as it is bound."""
    bound = sum(1 for match in form.index.nodes(Match) if match.left.text == name)
    named = (one for one in form.node.find(Identifier) if one.name == name)
    return sum(1 for one in named if not isinstance(one.parent, Dot)) == 2 * bound


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


def _added(
    call: Call, position: int, count: int, inserted: list[tuple[int | None, str]]
) -> Edit | None:
    """The edit that adds values to the parameters of a call, of which the text has `count`."""
    written = call.written_arguments
    at = position - (1 if call.pipe is not None else 0)
    values = ", ".join(value for _, value in inserted)
    if at > len(written):
        return None
    if at == len(written):
        return _appended(call, written, f"[{values}]") if count == 0 else None
    params = written[at]
    if isinstance(params, List) and not params.is_keyword_list:
        return _into_list(params, count, inserted)
    appended = all(index is None or index >= count for index, _ in inserted)
    if isinstance(params, (Keywords, List)) or not appended:
        return None
    if isinstance(params, BinaryOperator) and isinstance(params.right, List):
        more = params.right.elements
        if params.operator == "++" and more:
            return Edit(Span(more[-1].end, more[-1].end), f", {values}")
    return Edit(Span(params.end, params.end), f" ++ [{values}]")


def _into_list(params: List, count: int, inserted: list[tuple[int | None, str]]) -> Edit | None:
    elements = params.elements
    if len(elements) != count:
        return None
    if not elements:
        return Edit(params.span, f"[{', '.join(value for _, value in inserted)}]")
    texts = [one.text for one in elements]
    for index, value in reversed(inserted):
        texts.insert(count if index is None else index, value)
    if all(index is None or index >= count for index, _ in inserted):
        end = elements[-1].end
        return Edit(Span(end, end), "".join(f", {one}" for one in texts[count:]))
    if any("\n" in one for one in texts):
        return None
    return Edit(Span(elements[0].start, elements[-1].end), ", ".join(texts))


def _appended(call: Call, written: list[Node], text: str) -> Edit | None:
    if written:
        end = written[-1].end
        return Edit(Span(end, end), f", {text}")
    if not call.has_parentheses:
        return None
    end = call.end - 1
    return Edit(Span(end, end), text)
