"""A value of `assign` put into a function, for `assign_async` and `assign_new`."""

from __future__ import annotations

import re
from collections.abc import Callable

from lsp_server.document import Document
from lsp_server.facts.pages.live_callbacks import reads_of_socket
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import Call, Match, Pipe
from lsp_server.syntax.literals import Atom, Pair, Tuple
from lsp_server.syntax.node import Node, cast
from lsp_server.text import Span, line_ending

WIDTH = 98
_FOLLOWED = re.compile(rb"[ \t]*\r?\n[ \t]*(?!end\b)\S")
_BODIES = frozenset({"do_block", "body", "stab_clause", "block", "source"})


def deferred(
    document: Document,
    given: Span,
    setter: str,
    body: Callable[[str, str], str],
    *,
    apart: bool,
) -> list[Edit]:
    """The edits that make `setter` of the `assign` with a value, which becomes a function of the
    `body` (given key and value). `apart`: the function must not hold the socket, and what it reads
    of its assigns is read before."""
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(*given)
    value = None if raw is None else cast(raw, document.tree)
    call = None if value is None else value.enclosing(Call)
    form = document.outline.form_at(given.start)
    if value is None or call is None or form is None or call.name != "assign":
        return []
    found = _key(call, value)
    if found is None:
        return []
    key, replaced = found
    code, before = value.text, []
    for name in (reads_of_socket(value, form) or ()) if apart else ():
        before.append(f"{name} = socket.assigns.{name}")
        code = re.sub(rf"\bsocket\.assigns\.{name}\b", name, code)
    start, newline = document.lines, line_ending(document.source)
    inner = body(key, code)
    prefix = "" if isinstance(replaced, Node) else f":{key}, "
    span = replaced.span if isinstance(replaced, Node) else replaced
    line = start.line_bytes(start.line_at(span.start)).decode().rstrip()
    indent = start.indentation(span.start).decode()
    flat = f"{prefix}fn -> {inner} end"
    grown = len(line) + len(flat) - span.length + len(setter) - len(call.name)
    chain = None if grown <= WIDTH else _chain(document, call, indent)
    if chain is not None:
        head = document.source[call.name_span.end : span.start].decode()
        tail = document.source[span.end : call.end].decode()
        written = f"{setter}{head}{flat}{tail}"
        edits = _stepped(chain[0], call, written, chain[1], newline)
    elif grown <= WIDTH or "\n" in call.text:
        edits = [Edit(call.name_span, setter), Edit(span, flat)]
    else:
        edits = _broken(document, call, span, setter, prefix, inner, indent, newline)
        end = _statement(call).end
        if "\n" not in _statement(call).text and _FOLLOWED.match(document.source, end):
            edits.append(Edit(Span(end, end), newline))
    if before:
        statement = _statement(call)
        at = start.line_span(start.line_at(statement.start)).start
        margin = start.indentation(statement.start).decode()
        many = "\n" in statement.text or any("\n" in one.text for one in edits)
        text = "".join(f"{margin}{one}{newline}" for one in before) + (newline if many else "")
        edits.append(Edit(Span(at, at), text))
    return [Edit(one.span, one.text, document.path) for one in edits]


def _key(call: Call, value: Node) -> tuple[str, Node | Span] | None:
    """The key, and what the function takes the place of: the value, or the pairs."""
    match call.arguments:
        case [_, Atom(key), last] if last == value:
            return key, value
        case [_, _] if isinstance(value.parent, Pair):
            return value.parent.key, call.written_arguments[-1].span
    return None


def _chain(document: Document, call: Call, indent: str) -> tuple[Pipe, str] | None:
    """The chain of one line that a call is a step of, and the indentation of its steps where each
    has a line of its own: alone, bound to a variable, or as the last element of a tuple."""
    chain = call.pipe
    while chain is not None and isinstance(chain.parent, Pipe):
        chain = chain.parent
    if chain is None or "\n" in chain.text:
        return None
    lines, parent = document.lines, chain.parent
    begins = lines.line_span(lines.line_at(chain.start)).start + len(indent)
    if chain.start == begins:
        return chain, indent
    if isinstance(parent, Match) and parent.start == begins and parent.right == chain:
        return chain, f"{indent}  "
    if isinstance(parent, Tuple) and parent.start == begins and parent.elements[-1] == chain:
        return chain, f"{indent} "
    return None


def _stepped(chain: Pipe, call: Call, written: str, indent: str, newline: str) -> list[Edit]:
    """The edit that gives every step of a chain a line, with `written` in the place of a call."""
    texts = [written if step == call else step.text for step in chain.steps]
    text = f"{newline}{indent}|> ".join(texts)
    source = chain.tree.source
    before = len(source[: chain.start].rstrip(b" "))
    if source[before - 1 : before] in (b",", b"="):
        return [Edit(Span(before, chain.end), f"{newline}{indent}{text}")]
    return [Edit(chain.span, text)]


def _broken(
    document: Document,
    call: Call,
    span: Span,
    setter: str,
    prefix: str,
    inner: str,
    indent: str,
    newline: str,
) -> list[Edit]:
    """The edits where the function has lines of its own."""
    around: Node = call
    lead = ""
    parent = call.parent
    if isinstance(parent, Tuple) and document.lines.indentation(parent.start).decode() == indent:
        around, lead, indent = parent, f"{newline}{indent} ", f"{indent} "
    elif isinstance(parent, Match) and parent.right == call:
        around, lead, indent = parent, f"{newline}{indent}  ", f"{indent}  "
    text = f"{prefix}fn ->{newline}{indent}  {inner}{newline}{indent}end"
    edits = [Edit(call.name_span, setter), Edit(span, text)]
    if lead and around is not call:
        source = document.source
        blank = len(source[: call.start].rstrip(b" "))
        if source[blank - 1 : blank] in (b",", b"="):
            edits.append(Edit(Span(blank, call.start), lead))
    return edits


def _statement(call: Call) -> Node:
    inner: Node = call
    for outer in call.ancestors():
        if outer.kind in _BODIES and not isinstance(outer, Pipe):
            return inner
        inner = outer
    return inner
