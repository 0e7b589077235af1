"""Expected findings, written at the end of the line they are expected on.

`# error: [pack/rule]`, or `[a/b, c/d]` for several; in templates the same in `<%!-- … --%>`, in
JavaScript after `//`. The text without marks is what is analysed and what has to be formatted:
`mix format` would move a comment that follows code to a line of its own.
"""

from __future__ import annotations

import re

MARK = re.compile(r"[ \t]*(?:#|<%!--|//)\s*error:\s*\[([^\]]*)\](?:\s*--%>)?[ \t]*(?=\r?$)", re.M)


def take_marks(code: str) -> tuple[str, set[tuple[int, str]]]:
    """The code without its marks, and (zero-based line, rule) of each; lines keep their numbers."""
    marks = {
        (code.count("\n", 0, match.start()), rule.strip())
        for match in MARK.finditer(code)
        for rule in match[1].split(",")
    }
    return MARK.sub("", code), marks
