"""Texts that must not reach the parser, and why."""

from __future__ import annotations

import re

LARGEST = 2_000_000  # bytes; generated data, not code that somebody reads
# tree-sitter-elixir 0.3.5's scanner is quadratic in runs of lines that hold only blanks:
# 2,000 lines of 60 spaces take 0.5 s, 20,000 take over a minute.
LONGEST_BLANK_RUN = 20_000  # bytes
_BLANK_LINES = re.compile(rb"\n(?:[ \t]++\r?\n){32}(?:[ \t]*+\r?\n)*+")


def refusal(source: bytes) -> str | None:
    """Why a text is not parsed; None for every ordinary text."""
    if len(source) > LARGEST:
        return f"the file is larger than {LARGEST // 1_000_000} MB"
    if b"\0" in source:
        return "the file holds NUL bytes"
    for run in _BLANK_LINES.finditer(source):
        if run.end() - run.start() > LONGEST_BLANK_RUN:
            return "the file holds a very long run of lines with nothing but blanks"
    if not source.isascii():
        try:
            source.decode("utf-8")
        except UnicodeDecodeError as error:
            return f"the file is not valid UTF-8 (byte {error.start})"
    return None
