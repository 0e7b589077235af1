"""EEx: where the Elixir is in a template, and what each piece of it opens, continues or ends.

EEx splits a text before anything looks for tags in it, so `<% … %>` counts everywhere, also in a
script, a comment or an attribute. Which pieces form a block is decided by the first and the last
word of a piece, as `EEx.Compiler` of Elixir 1.18 does.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

from lsp_server.syntax.code_span import code_span
from lsp_server.syntax.heex import ErrorKind, TemplateError
from lsp_server.text import Span


class Role(IntEnum):
    """What an EEx tag does to the blocks around it."""

    EXPRESSION = 0
    START = 1
    MIDDLE = 2
    END = 3
    COMMENT = 4


class EexTag(NamedTuple):
    """`<%= expression %>`: its bytes, its role, its marker (`=`, `/`, `|`, none) and its Elixir."""

    start: int
    end: int
    role: Role
    marker: str
    expression: Span

    @property
    def span(self) -> Span:
        """The bytes of the whole tag."""
        return Span(self.start, self.end)


_OPENING = re.compile(rb"<%(%|!--|#|[=/|]?)")
_MARKERS = {b"": "", b"=": "=", b"/": "/", b"|": "|"}

_NO_WORD_BEFORE = rb"(?<![\w.:@&\x80-\xff])"
_DO = re.compile(_NO_WORD_BEFORE + rb"do\Z")
_BLOCK_WORD = re.compile(_NO_WORD_BEFORE + rb"(?:else|rescue|catch|after)\Z")
_END = re.compile(rb"end(?![\w?!:\x80-\xff])")
_END_AFTER_BRACKETS = re.compile(rb"[\s)\]}]*end(?![\w?!:\x80-\xff])")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
_FN_OR_END = re.compile(_NO_WORD_BEFORE + rb"(?:fn|end)(?![\w?!:\x80-\xff])")


def split(source: bytes, start: int, end: int) -> tuple[list[EexTag], list[TemplateError]]:
    """The EEx tags between two offsets of `source`, and what EEx itself refuses about them.

    The text behind a tag that is never closed counts as text.
    """
    tags: list[EexTag] = []
    errors: list[TemplateError] = []
    at = start
    while (opening := _OPENING.search(source, at, end)) is not None:
        at = opening.end()
        mark = opening[1]
        if mark == b"%":
            continue
        closer = b"--%>" if mark == b"!--" else b"%>"
        close = source.find(closer, at, end)
        if close < 0:
            errors.append(TemplateError(ErrorKind.UNCLOSED_EEX, Span(*opening.span()), "<%"))
            break
        begin, inner, at = opening.start(), at, close + len(closer)
        if mark in _MARKERS:
            expression = code_span(source, inner, close)
            role = role_of(source[expression.start : expression.end])
            tags.append(EexTag(begin, at, role, _MARKERS[mark], expression))
        else:
            tags.append(EexTag(begin, at, Role.COMMENT, "", Span(inner, inner)))
    errors += _unbalanced(source, tags)
    return tags, errors


def role_of(code: bytes) -> Role:
    """What the code of an EEx tag does to blocks; blanks and comments around it must be gone."""
    last = code[-1:]
    if last == b"o" and _DO.search(code, max(0, len(code) - 3)):
        return Role.MIDDLE if _END.match(code) else Role.START
    if last in (b"e", b"h", b"r") and _BLOCK_WORD.search(code, max(0, len(code) - 7)):
        return Role.MIDDLE
    if last == b">" and code[-2:] == b"->":
        if _END.match(code):
            return Role.MIDDLE
        return Role.START if _opens_function(code) else Role.MIDDLE
    if code[:1] in (b"e", b")", b"]", b"}") and _END_AFTER_BRACKETS.match(code):
        return Role.END
    return Role.EXPRESSION


def _opens_function(code: bytes) -> bool:
    """Whether the arrow at the end of `code` belongs to a `fn`, not to a clause."""
    words = _FN_OR_END.findall(_STRING.sub(b'""', code))
    return bool(words) and words[-1] == b"fn"


def _unbalanced(source: bytes, tags: list[EexTag]) -> list[TemplateError]:
    """Blocks that never end, and clauses and ends outside of any block."""
    errors: list[TemplateError] = []
    open_blocks: list[EexTag] = []
    for tag in tags:
        if tag.role is Role.START:
            open_blocks.append(tag)
        elif tag.role is Role.END and open_blocks:
            open_blocks.pop()
        elif tag.role in (Role.MIDDLE, Role.END) and not open_blocks:
            kind = ErrorKind.STRAY_END if tag.role is Role.END else ErrorKind.STRAY_CLAUSE
            errors.append(TemplateError(kind, tag.span, _code(source, tag)))
    for tag in open_blocks:
        errors.append(TemplateError(ErrorKind.UNCLOSED_BLOCK, tag.span, _code(source, tag)))
    return errors


def _code(source: bytes, tag: EexTag) -> str:
    return tag.expression.slice(source).decode("utf-8", "replace")
