"""Lists that are handed whole to functions of other modules: `Digest.lines(posts)`."""

from __future__ import annotations

import re

from lsp_server.facts.rows.handovers import STANDARD, Handover, matters
from lsp_server.facts.rows.reader import Reader
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.node import cast
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

# A list is known by its name, `posts`, or by that of the function that gives it, `list_posts()`:
# to read the arguments of every call would cost too much. Each ends behind the function's name.
_GIVEN = re.compile(
    rb"\.(?<!Enum\.)(?<!ream\.)(?<!List\.)(?<!Repo\.)(?<!Map\.)([a-z_]\w*[?!]?)(?=\((?:[^()\n]*, )?"
    rb"(?:[a-z_]\w*(?<!attr)(?<!arg)(?<!param)(?<!opt)(?<!option)(?<!field)(?<!statu)(?<!id)"
    rb"(?<!header)(?<!error)(?<!assign)(?<!s)s[,)]|(?:[A-Z]\w*\.)*(?:list_\w*|all\w*)\())"
)
_PIPED = re.compile(rb"\|>\s*(?:[A-Z]\w*\.)+([a-z_]\w*[?!]?)")
_NAMED = re.compile(rb"(?:^|[ (])[a-z_]\w*(?<!attr)(?<!param)(?<!opt)(?<!arg)(?<!field)(?<!s)s\s*$")
_FETCHING = re.compile(rb"(?:\blist_\w*|\.all\w*|\.preload)\([^|]*\)\s*$")
_FETCHES = (b"list_", b".all", b".preload(")
_SOURCES = (b"list_", b".all", b"preload", b"s()")


def mentions(source: bytes) -> list[Span]:
    """The names of the functions that may be given a list."""
    if not any(sign in source for sign in _SOURCES):
        return []
    found = [match.span(1) for match in _GIVEN.finditer(source)]
    for match in _PIPED.finditer(source):
        before = source[source.rfind(b"\n", 0, match.start()) + 1 : match.start()]
        if before.isspace():  # the pipe stands at the line's beginning
            end = match.start() - len(before) - 1
            before = source[source.rfind(b"\n", 0, end) + 1 : end]
        if any(sign in before for sign in _FETCHES):
            if _FETCHING.search(before) is not None:
                found.append(match.span(1))
        elif before.rstrip().endswith(b"s") and _NAMED.search(before) is not None:
            found.append(match.span(1))
    return [Span(*one) for one in found]


def listed(form: Form, reader: Reader, name: Span) -> Handover | None:
    """What the function is given whose name stands there."""
    raw = form.tree.raw.root_node.named_descendant_for_byte_range(name.start, name.end)
    dot = None if raw is None else cast(raw, form.tree).parent
    call = None if dot is None else dot.parent
    if not isinstance(call, Call) or call.name_span != name or call.capture_arity is not None:
        return None
    module = call.module or ""
    if not module or module.startswith(":") or module in STANDARD or module.endswith("Repo"):
        return None
    given = tuple(reader.fresh().read(one) for one in call.arguments)
    if not any(one.kind != "unknown" and matters(one) for one in given):
        return None
    full = form.names_at(call.start).expand(module)
    return "call", full, call.name, given, call.callee_span
