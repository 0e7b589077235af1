"""Which `}` closes which `{` in a template, as LiveView counts them.

LiveView 1.2 counts braces blindly, also in strings and comments of the Elixir between them, and
skips only `\\{` and `\\}`. An expression cannot reach over an EEx tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lsp_server.text import Span

_BRACE = re.compile(rb"\\[{}]|[{}]")


def matching_braces(source: bytes, segments: Iterable[Span]) -> dict[int, int]:
    """The offset of the closing brace by that of the opening one, for all that close.

    Each segment is matched for itself. A `{` behind a backslash is skipped when it is met inside an
    expression but may begin one, so it has an answer too: where the braces around it close.
    """
    closing: dict[int, int] = {}
    for segment in segments:
        # Offsets of open braces; as complement, those that are skipped when counting.
        pending: list[int] = []
        for match in _BRACE.finditer(source, segment.start, segment.end):
            at = match.start()
            if source[at] == 0x7B:
                pending.append(at)
            elif source[at] == 0x7D:
                while pending and pending[-1] < 0:
                    closing[~pending.pop()] = at
                if pending:
                    closing[pending.pop()] = at
            elif source[at + 1] == 0x7B:
                pending.append(~(at + 1))
    return closing
