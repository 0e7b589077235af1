"""Lines and positions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.text import Encoding, LineIndex, Position, Span, line_ending

TEXTS = st.text(st.sampled_from("ab\n\r\t é€😀\u2028\x0b\x0c\x85"), max_size=60)


def test_lines_end_at_lf_crlf_and_cr_only() -> None:
    index = LineIndex("a\nb\r\nc\rd\u2028e\x0bf\x85g".encode())
    assert [index.line_bytes(line).decode() for line in range(index.line_count)] == [
        "a",
        "b",
        "c",
        "d\u2028e\x0bf\x85g",
    ]


def test_columns_count_what_the_encoding_says() -> None:
    index = LineIndex("x😀é!".encode())
    at = "x😀é".encode().__len__()
    assert index.position(at, Encoding.UTF8) == Position(0, 7)
    assert index.position(at, Encoding.UTF16) == Position(0, 4)
    assert index.position(at, Encoding.UTF32) == Position(0, 3)


def test_a_column_inside_a_character_is_its_start() -> None:
    index = LineIndex("😀".encode())
    assert index.offset(Position(0, 1), Encoding.UTF16) == 0
    assert index.offset(Position(0, 2), Encoding.UTF8) == 0


def test_positions_outside_of_the_text_are_clamped() -> None:
    index = LineIndex(b"ab\ncd")
    assert index.offset(Position(0, 99)) == 2
    assert index.offset(Position(9, 0)) == 5
    assert index.position(99) == Position(1, 2)


@given(TEXTS, st.sampled_from(list(Encoding)))
def test_positions_round_trip(text: str, encoding: Encoding) -> None:
    index = LineIndex(text.encode())
    offset = 0
    for char in text:
        position = index.position(offset, encoding)
        back = index.offset(position, encoding)
        # Between CR and LF there is no position of its own: it is the end of the line.
        inside_break = text.encode()[offset - 1 : offset + 1] == b"\r\n"
        assert back == (offset - 1 if inside_break else offset)
        offset += len(char.encode())


@given(TEXTS, TEXTS, st.integers(0, 80), st.integers(0, 80))
def test_an_edited_index_is_that_of_the_edited_text(
    text: str, insert: str, start: int, length: int
) -> None:
    source, replacement = text.encode(), insert.encode()
    begin = min(start, len(source))
    span = Span(begin, min(begin + length, len(source)))
    edited = source[: span.start] + replacement + source[span.end :]
    index = LineIndex(source).edit(span, replacement, edited)
    assert index.starts == LineIndex(edited).starts


def test_line_ending_is_that_of_the_first_line() -> None:
    assert line_ending(b"a\r\nb\n") == "\r\n"
    assert line_ending(b"a\nb\r\n") == "\n"
    assert line_ending(b"a") == "\n"
