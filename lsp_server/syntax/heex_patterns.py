"""What names, attributes and values look like: in HEEx as LiveView 1.2 has it, and in HTML."""

from __future__ import annotations

import re
from typing import NamedTuple


class Patterns(NamedTuple):
    """The patterns in which HEEx and HTML differ.

    `item` is the next thing in an opening tag, blanks before it included. Its groups: 1 a name,
    2 its `=`, 3 a value in quotes without `<`, 4 a value in simple braces (HEEx) or
    a bare value (HTML), 5 the end of the tag. `opening` has the name as its group, `closing` the
    name and, if all is well, the `>`. `bare` is a value without quotes.
    """

    opening: re.Pattern[bytes]
    closing: re.Pattern[bytes]
    item: re.Pattern[bytes]
    bare: re.Pattern[bytes]
    void: frozenset[bytes]


# Braces with at most one more level of braces in them, which is nearly all.
_BRACES = rb"\{[^{}\\<]*+(?:(?:\{[^{}\\<]*+(?:<(?!%)[^{}\\<]*+)*+\}|<(?!%))[^{}\\<]*+)*+\}"
_VOID = b"area base br col hr img input link meta param command keygen source"

HEEX = Patterns(
    opening=re.compile(rb"<([^>/=\r\n\"' \t\f<]++)"),
    closing=re.compile(rb"</([^>/=\r\n\"' \t\f<]++)(?:(>)|[ \t\f\r\n]*+>)?+"),
    item=re.compile(
        rb"""[ \t\f\r\n]*+(?:
            ([^>/=\r\n"' \t\f<{}][^>/=\r\n"' \t\f<}]*+)
            (?:[ \t\f\r\n]*+(=)[ \t\f\r\n]*+(?:
                ("[^"<]*+"|'[^'<]*+')|("""
        + _BRACES
        + rb""")
            )?+)?+
            |(/?>))""",
        re.VERBOSE,
    ),
    bare=re.compile(rb"(?:[^>/\r\n\"' \t\f<{}]|/(?!>))++"),
    void=frozenset(_VOID.split()),
)

HTML = Patterns(
    opening=re.compile(rb"<([A-Za-z][^>/=\r\n\"' \t\f<]*+)"),
    closing=re.compile(rb"</([A-Za-z][^>/=\r\n\"' \t\f<]*+)(?:([ \t\f\r\n]*+>))?+"),
    item=re.compile(
        rb"""[ \t\f\r\n]*+(?:
            ([^>/=\r\n"' \t\f<]++)
            (?:[ \t\f\r\n]*+(=)[ \t\f\r\n]*+(?:
                ("[^"<]*+"|'[^'<]*+')|([^>\r\n"' \t\f<]++(?!<))
            )?+)?+
            |(/?>))""",
        re.VERBOSE,
    ),
    bare=re.compile(rb"[^>\r\n\"' \t\f<]++"),
    void=frozenset((_VOID + b" embed track wbr").split()),
)

RAW_TAGS = {b"script": b"</script>", b"style": b"</style>"}
"""Tags whose contents are text, and what ends it."""

NO_CURLY = b"phx-no-curly-interpolation"
"""The attribute that makes braces text until its tag closes."""

BLANKS = re.compile(rb"[ \t\f\r\n]*+")
TEXT_STOP = re.compile(rb"[<{]")
PLAIN_STOP = re.compile(rb"<")
SIMPLE_BRACES = re.compile(_BRACES)

# Where things that are not well formed are taken to end.
STRAY_VALUE = re.compile(rb"=[ \t\f\r\n]*+(?:\"[^\"<>]*+\"|'[^'<>]*+')?+")
BRACES_END = re.compile(rb"\}(?=[ \t\f\r\n/>])")
LINE_END_OR_TAG = re.compile(rb"\n|<[A-Za-z.:/!]")
ANGLE = re.compile(rb">")
