"""Places in a text: spans in bytes, positions in lines and columns, and the index between them.

Everything inside Retort counts bytes of UTF-8. Columns in UTF-8, UTF-16 or UTF-32 units exist only
at the edge, where an editor or a terminal asks for them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"


class Span(NamedTuple):
    """A half-open range of byte offsets."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of bytes covered."""
        return self.end - self.start

    def shift(self, by: int) -> Span:
        """The same range, `by` bytes further on."""
        return Span(self.start + by, self.end + by)

    def covers(self, other: Span) -> bool:
        """Whether `other` lies wholly inside this range."""
        return self.start <= other.start and other.end <= self.end

    def touches(self, other: Span) -> bool:
        """Whether the ranges overlap or meet at an end."""
        return self.start <= other.end and other.start <= self.end

    def slice(self, source: bytes) -> bytes:
        """The bytes covered."""
        return source[self.start : self.end]


class Position(NamedTuple):
    """A zero-based line and a zero-based column, in the units of some `Encoding`."""

    line: int
    column: int


class Encoding(StrEnum):
    """What a column counts: bytes, UTF-16 code units or code points (LSP 3.17 names)."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


def units(text: bytes, encoding: Encoding) -> int:
    """The length of valid or broken UTF-8 `text` in units of `encoding`."""
    if encoding is Encoding.UTF8 or text.isascii():
        return len(text)
    decoded = text.decode("utf-8", "replace")
    if encoding is Encoding.UTF32:
        return len(decoded)
    return len(decoded) + sum(1 for char in decoded if char > "\uffff")


def bytes_for_units(line: bytes, column: int, encoding: Encoding) -> int:
    """The byte offset in `line` of `column` units, clamped to the line; a half surrogate rounds
    down."""
    if encoding is Encoding.UTF8 or line.isascii():
        offset = min(max(column, 0), len(line))
        while encoding is Encoding.UTF8 and 0 < offset < len(line) and line[offset] & 0xC0 == 0x80:
            offset -= 1
        return offset
    offset = seen = 0
    for char in line.decode("utf-8", "replace"):
        width = 2 if encoding is Encoding.UTF16 and char > "\uffff" else 1
        if seen + width > column:
            break
        seen += width
        offset += len(char.encode("utf-8"))
    return min(offset, len(line))


class LineIndex:
    """Where the lines of one text begin; lines end at LF, CR LF or CR and at nothing else (LSP
    3.17)."""

    __slots__ = ("source", "starts")

    def __init__(self, source: bytes, starts: list[int] | None = None) -> None:
        self.source = source
        self.starts = list(_line_starts(source)) if starts is None else starts

    def edit(self, span: Span, replacement: bytes, source: bytes) -> LineIndex:
        """The index of `source`, which is this text with `span` replaced; only those lines are
        read."""
        first = max(self.line_at(span.start) - 1, 0)  # an edit can join CR and LF before it
        last = min(self.line_at(span.end) + 2, len(self.starts))
        by = len(replacement) - span.length
        begin = self.starts[first]
        end = (self.starts[last] if last < len(self.starts) else len(self.source)) + by
        middle = [begin + start for start in _line_starts(source[begin:end])]
        if last < len(self.starts):
            middle = middle[:-1] if middle[-1] == end else middle
            tail = [start + by for start in self.starts[last:]]
        else:
            tail = []
        return LineIndex(source, self.starts[:first] + middle + tail)

    @property
    def line_count(self) -> int:
        """The number of lines; a text that ends in a line break has an empty last line."""
        return len(self.starts)

    def line_at(self, offset: int) -> int:
        """The zero-based line that holds the byte `offset`."""
        return bisect_right(self.starts, offset) - 1

    def line_span(self, line: int) -> Span:
        """The bytes of `line` without its line break; beyond the last line, the empty end."""
        if line >= len(self.starts):
            return Span(len(self.source), len(self.source))
        start = self.starts[line]
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.source)
        if end > start and self.source[end - 1 : end] == b"\n" and line + 1 < len(self.starts):
            end -= 1
        if end > start and self.source[end - 1 : end] == b"\r" and line + 1 < len(self.starts):
            end -= 1
        return Span(start, end)

    def line_bytes(self, line: int) -> bytes:
        """The text of `line` without its line break."""
        return self.line_span(line).slice(self.source)

    def position(self, offset: int, encoding: Encoding = Encoding.UTF8) -> Position:
        """Line and column of a byte offset, clamped to the text and to the line's end."""
        offset = min(max(offset, 0), len(self.source))
        line = self.line_at(offset)
        span = self.line_span(line)
        return Position(line, units(self.source[span.start : min(offset, span.end)], encoding))

    def offset(self, position: Position, encoding: Encoding = Encoding.UTF8) -> int:
        """The byte offset of a position; a column past the line's end means its end (LSP 3.17)."""
        if position.line < 0:
            return 0
        span = self.line_span(position.line)
        return span.start + bytes_for_units(span.slice(self.source), position.column, encoding)

    def indentation(self, offset: int) -> bytes:
        """The blanks at the start of the line that holds `offset`."""
        line = self.line_bytes(self.line_at(offset))
        return line[: len(line) - len(line.lstrip(b" \t"))]


def _line_starts(source: bytes) -> Iterator[int]:
    yield 0
    if b"\r" not in source:
        at = source.find(b"\n")
        while at >= 0:
            yield at + 1
            at = source.find(b"\n", at + 1)
        return
    at, size = 0, len(source)
    while at < size:
        byte = source[at]
        if byte == 0x0D:
            at += 2 if source[at + 1 : at + 2] == b"\n" else 1
            yield at
        elif byte == 0x0A:
            at += 1
            yield at
        else:
            at += 1


def without_suppressions(source: bytes) -> bytes:
    """A text without what `retort:ignore` comments say: the names in them explain no code."""
    return re.sub(rb"retort:ignore[^\n]*", b"", source) if b"retort:ignore" in source else source


def line_ending(source: bytes) -> str:
    """The line ending that a text uses: that of its first line, LF when it has one line."""
    at = source.find(b"\n")
    if at > 0 and source[at - 1 : at] == b"\r":
        return "\r\n"
    return "\n"
