"""Where the code of a piece of Elixir begins and ends.

A template's pieces are parsed as one text, in which a comment at the end of one would run on into
the next.
"""

from __future__ import annotations

import re

from lsp_server.text import Span

_HASH = re.compile(rb"#(?!\{)")
# Everything outside of strings that matters here: what opens a string, a comment or a brace. A
# character literal is one of them because it may be a quote or a `#`.
_CODE = re.compile(
    rb"""
      (?P<string> \"\"\" | ''' | " | ' )
    | (?<!~)~ (?: [a-z] | (?P<raw>[A-Z][A-Z0-9]*) ) (?P<sigil> \"\"\" | ''' | [/|"'(\[{<] )
    | (?<![\w?\x80-\xff])\? \\?. | (?P<comment> \#[^\n]* ) | (?P<open> \{ ) | (?P<close> \} )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSERS = {b"(": b")", b"[": b"]", b"{": b"}", b"<": b">"}
_DELIMITERS = (b'"""', b"'''", b'"', b"'", b"/", b"|", b")", b"]", b"}", b">")
_INTERPOLATED = {it: re.compile(rb"\\.|(#\{)|" + re.escape(it), re.DOTALL) for it in _DELIMITERS}
_RAW = {it: re.compile(rb"\\.|" + re.escape(it), re.DOTALL) for it in _DELIMITERS}


def code_span(source: bytes, start: int, end: int) -> Span:
    """The code between two offsets, without blanks around it and comments at its end.

    Empty where there is only a comment. The offsets must lie within `source`.
    """
    while start < end and source[start] <= 0x20:
        start += 1
    while start < end and source[end - 1] <= 0x20:
        end -= 1
    if _HASH.search(source, start, end):
        for comment in reversed(_comments(source, start, end)):
            if comment.end < end:
                break
            end = comment.start
            while start < end and source[end - 1] <= 0x20:
                end -= 1
    return Span(start, end)


def _comments(source: bytes, start: int, end: int) -> list[Span]:
    """The comments between two offsets; a `#` in a string, a sigil or a character is none."""
    found: list[Span] = []
    # What we are in, innermost last: a string by the pattern of its parts, or a brace as None.
    inside: list[re.Pattern[bytes] | None] = []
    at = start
    while True:
        string = inside[-1] if inside else None
        match = (string or _CODE).search(source, at, end)
        if match is None:
            return found
        at = match.end()
        if string is not None:
            if match.lastindex:
                inside.append(None)
            elif source[match.start()] != 0x5C:
                inside.pop()
        elif match["comment"]:
            found.append(Span(match.start(), at))
        elif match["open"]:
            inside.append(None)
        elif match["close"]:
            if inside:
                inside.pop()
        elif delimiter := match["string"] or match["sigil"]:
            closer = _CLOSERS.get(delimiter, delimiter)
            inside.append((_RAW if match["raw"] else _INTERPOLATED)[closer])
