"""The LiveSocket of the browser, as an application's script makes it.

JavaScript is read as text: comments and strings are blanked, then a few patterns are looked for.
States the client of phoenix_live_view 0.16 to 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.text import Span


class LiveClient(Fact):
    """A `new LiveSocket(…)`, or a default import of it.

    `variable` is what the socket is called, empty where it is none or exported. `options` is the
    object literal behind the socket, None without one; `params` the object literal in it.
    """

    default_import: bool
    variable: str
    makes: bool
    has_token: bool
    has_token_variable: bool
    connects: bool
    has_params: bool
    span: Span  # of the name `LiveSocket`
    clause: Span  # of the import's name
    arguments: Span  # between the parentheses
    options: Span | None
    params: Span | None
    statement: Span  # from the start of its line to its end


_NOISE = re.compile(
    rb"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`", re.S
)
_IMPORT = re.compile(rb"^[ \t]*import[ \t]+(LiveSocket)[ \t]+from[ \t]+[\"']([^\"'\n]*)[\"']", re.M)
_NEW = re.compile(rb"(?:(?:let|const|var)[ \t]+(\w+)[ \t]*=[ \t]*)?new[ \t]+(LiveSocket)[ \t]*\(")
_PARAMS = re.compile(rb"\bparams\b[ \t]*(?::[ \t\n]*(\{)?)?")
_TOKEN_VARIABLE = re.compile(rb"\b(?:let|const|var)[ \t]+csrfToken\b")
_NOWHERE = Span(0, 0)


@collects(LiveClient)
def collect_live_clients(document: Document) -> Iterator[LiveClient]:
    """The sockets that a script of the application makes."""
    source = document.source
    if document.language is not Language.OTHER or document.role is not Role.OTHER:
        return
    if not document.path.endswith((".js", ".ts")) or b"LiveSocket" not in source:
        return
    code = _NOISE.sub(_blank, source)
    imported = _IMPORT.search(source)
    default = imported is not None and imported[2].endswith(b"phoenix_live_view")
    clause = Span(*imported.span(1)) if imported is not None and default else _NOWHERE
    made = _NEW.search(code)
    if made is None:
        if default:
            yield _client(document, code, clause, None)
        return
    yield _client(document, code, clause, made)


def _blank(found: re.Match[bytes]) -> bytes:
    text = found[0]
    if text[:1] == b"/":
        return re.sub(rb"[^\n]", b" ", text)
    return text[:1] + re.sub(rb"[^\n]", b" ", text[1:-1]) + text[-1:]


def _client(
    document: Document, code: bytes, clause: Span, made: re.Match[bytes] | None
) -> LiveClient:
    source = document.source
    span, arguments, statement = clause, _NOWHERE, _NOWHERE
    options: Span | None = None
    params: Span | None = None
    has_params, variable = False, ""
    if made is not None:
        span = Span(*made.span(2))
        end = _closing(code, made.end() - 1)
        arguments = Span(made.end(), end)
        parts = _parts(code, arguments)
        if len(parts) == 3 and code[parts[2].start : parts[2].start + 1] == b"{":
            options = parts[2]
            found = _PARAMS.search(code, options.start, options.end)
            has_params = found is not None or b"..." in options.slice(code)
            if found is not None and found[1]:
                params = Span(found.start(1), _closing(code, found.start(1)) + 1)
        elif len(parts) != 2:
            has_params = True  # in what is not written here
        line = document.lines.line_span(document.lines.line_at(end))
        first = document.lines.starts[document.lines.line_at(made.start())]
        statement = Span(first, line.start + len(line.slice(source).rstrip()))
        if made[1] and not re.search(rb"\bexport\b", code):
            variable = made[1].decode()
    return LiveClient(
        clause != _NOWHERE,
        variable,
        made is not None,
        b"_csrf_token" in source,
        _TOKEN_VARIABLE.search(code) is not None,
        b".connect(" in code,
        has_params,
        span,
        clause,
        arguments,
        options,
        params,
        statement,
    )


def _closing(code: bytes, opening: int) -> int:
    """The offset of the bracket that closes the one at `opening`; the end of broken code."""
    depth = 0
    for at in range(opening, len(code)):
        if code[at] in b"([{":
            depth += 1
        elif code[at] in b")]}":
            depth -= 1
            if depth == 0:
                return at
    return len(code)


def _parts(code: bytes, span: Span) -> list[Span]:
    """The arguments between two parentheses, without the blanks around them."""
    parts: list[Span] = []
    depth, start = 0, span.start
    for at in [*range(span.start, span.end), span.end]:
        sign = code[at : at + 1] if at < span.end else b","
        if sign in (b"(", b"[", b"{"):
            depth += 1
        elif sign in (b")", b"]", b"}"):
            depth -= 1
        elif sign == b"," and depth == 0:
            text = code[start:at]
            left = start + len(text) - len(text.lstrip())
            if text.strip():
                parts.append(Span(left, left + len(text.strip())))
            start = at + 1
    return parts
