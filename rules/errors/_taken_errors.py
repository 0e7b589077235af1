"""The edits after which a request's error is taken: `with` around what follows it, or a clause."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import set_apart
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    BinaryOperator,
    Call,
    Clause,
    Identifier,
    Match,
    Pipe,
)
from lsp_server.syntax.literals import (
    Boolean,
    Charlist,
    Float,
    Integer,
    Keywords,
    List,
    Map,
    Nil,
    Pair,
    Quoted,
    Sigil,
    String,
    StringInterpolation,
    Tuple,
)
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._answers import Answer

WIDTH = 98  # the formatter's line length
_PLAIN = (Pipe, Match, Access, Keywords, List, Map, Pair, String, StringInterpolation, Tuple)
_CHOOSING = frozenset({"&&", "||", "and", "or", "->", "<-"})
_BRANCHING = frozenset({"if", "unless", "case", "cond", "with"})
_DEPTH = 20  # how deep branches are followed
_MACROS = frozenset({"case", "if", "unless", "with", "cond", "for", "try", "receive", "quote"})


def open_body(function: Function, node: Node) -> list[Node]:
    """The innermost statements around a node whose last value is the function's result: those of
    the function, or of a branch that it ends in."""
    statements = function.body
    for _ in range(_DEPTH):
        last = statements[-1] if statements else None
        if isinstance(last, Pipe):
            last = last.right
        if not isinstance(last, Call) or last.receiver is not None or last.name not in _BRANCHING:
            return statements
        inner = next((one for one in _branches(last) if _holds(one, node)), None)
        if inner is None:
            return statements
        statements = inner
    return statements


def is_result(function: Function, case: Call) -> bool:
    """Whether the value of a `case`, perhaps with a pipe into it, is the function's result."""
    node: Node = case.pipe or case
    pending = [function.body]
    while pending:
        statements = pending.pop()
        last = statements[-1] if statements else None
        if last == node:
            return True
        if isinstance(last, Call) and last.receiver is None and last.name in _BRANCHING:
            pending.extend(one for one in _branches(last) if _holds(one, node))
    return False


def _branches(call: Call) -> Iterator[list[Node]]:
    """The bodies between which a call with a block chooses."""
    for section in ("do", "else") if call.do_block is not None else ():
        body = call.section(section)
        clauses = [one for one in body if isinstance(one, Clause)]
        if clauses:
            yield from (one.body for one in clauses)
        else:
            yield body


def _holds(statements: list[Node], node: Node) -> bool:
    return any(one.span.covers(node.span) for one in statements)


def error_taken(
    document: Document,
    function: Function,
    call: Call,
    request: Node,
    case: Node | None,
    answer: Answer,
) -> list[Edit]:
    """The edits that answer the error of a call (`request` with all that is piped into it): a
    clause of the `case` that takes its result, else a `with` around it."""
    block = function.call.do_block
    if block is None or block.sections != ["do"]:
        return []
    if case is None:
        return in_with(document, open_body(function, request), call, request, answer)
    if isinstance(case, Call) and is_result(function, case):
        return clause_added(document, case, answer)
    return []


def in_with(
    document: Document, statements: list[Node], call: Call, request: Node, answer: Answer
) -> list[Edit]:
    """`with {:ok, …} <- request do … end` around the statements of a body that use the answer of
    a request; nothing where the request does not stand in the open among them."""
    at = next((n for n, one in enumerate(statements) if one.span.covers(request.span)), -1)
    if at < 0 or not is_open(request, statements[at]):
        return []
    first, rest = statements[at], statements[at + 1 :]
    tail = Span(first.start, statements[-1].end)
    if has_lines_of_text(statements[at:]) or not begins_line(document, first):
        return []
    asked = request.text
    raises = call.name.endswith("!")
    if raises:
        cut = call.name_span.end - request.start
        asked = _text(request.bytes[: cut - 1] + request.bytes[cut:])
    pattern, residue = "{:ok, response}", ""
    match first:
        case Match(_, left, right) if right == request:
            pattern = f"{{:ok, {left.text}}}" if raises else left.text
            if _is_narrow(left):
                return []
            if not rest:
                if raises or not _is_bare(left):
                    return []
                return _at_the_end(document, first, request, answer)
        case _ if first == request and rest:
            pattern = "{:ok, _}"
        case _ if raises:
            if speaks_of(statements, "response"):
                return []
            offset = request.start - first.start
            tail_of = first.bytes[offset + len(request.bytes) :]
            residue = _text(first.bytes[:offset] + b"response" + tail_of)
        case _:
            return []
    after = document.source[first.end : tail.end].decode("utf-8", "replace")
    newline = line_ending(document.source)
    if after and not after.startswith(newline):
        return []  # a comment speaks of the request
    outer = document.lines.indentation(first.start).decode()
    around = document.lines.indentation(request.start).decode()
    lines = [line.removeprefix(around) for line in asked.split(newline)]
    head = f"{outer}with {pattern} <- {asked} do"
    if len(lines) > 1 or len(head) > WIDTH:
        gap = f"{newline}{outer}       "
        head = f"with {pattern} <-{gap}{gap.join(lines)} do"
    body = f"{outer}{residue}{after}" if residue else after.lstrip("\r\n")
    text = [head.removeprefix(outer)]
    text += [f"  {line}" if line.strip() else line for line in body.split(newline)]
    if answer.first:
        text += [f"{outer}else", f"{outer}  {answer.pattern} ->", f"{outer}    {answer.first}"]
        text += [f"{outer}    {answer.body}"]
    elif answer.body:
        clause = f"{outer}  {answer.pattern} -> {answer.body}"
        if len(clause) > WIDTH:
            clause = f"{outer}  {answer.pattern} ->{newline}{outer}    {answer.body}"
        text += [f"{outer}else", clause]
    edit = Edit(tail, newline.join([*text, f"{outer}end"]), document.path)
    return [*(one for one in set_apart(document, first) if one.span.end <= first.start), edit]


def begins_line(document: Document, node: Node) -> bool:
    """Whether nothing stands before a node on its line."""
    lines = document.lines
    start = lines.line_span(lines.line_at(node.start)).start
    return not document.source[start : node.start].strip()


def _at_the_end(document: Document, match: Match, request: Node, answer: Answer) -> list[Edit]:
    """What takes the place of `{:ok, x} = request` where its value is the function's result."""
    if not answer.body:
        return [Edit(match.span, request.text, document.path)]
    newline = line_ending(document.source)
    indent = document.lines.indentation(match.start).decode()
    head = f"with {answer.pattern} <- {request.text} do"
    if newline in head or len(indent) + len(head) > WIDTH or not answer.first:
        return []
    inner = [f"{indent}  {answer.first}", f"{indent}  {answer.body}", f"{indent}end"]
    return [Edit(match.span, newline.join([head, *inner]), document.path)]


def clause_added(document: Document, case: Call, answer: Answer) -> list[Edit]:
    """The clause for the error, after the last one of a `case` with a block."""
    clauses, block = case.clauses(), case.do_block
    if block is None or not clauses:
        return []
    lines, newline = document.lines, line_ending(document.source)
    indent = lines.indentation(clauses[-1].start).decode()
    spread = [
        one
        for one in clauses
        if one.body and lines.line_at(one.body[0].start) > lines.line_at(one.patterns[-1].end)
    ]
    end = block.inner.end
    last = clauses[-1].body[-1].end if clauses[-1].body else clauses[-1].end
    # A comment behind the last clause stays with it.
    line = lines.line_span(lines.line_at(last)).end
    last = line if document.source[last:line].strip().startswith(b"#") and line < end else last
    one_line = f"{answer.pattern} -> {answer.written}"
    if spread or answer.first or len(indent) + len(one_line) > WIDTH:
        body = f"{newline}{indent}  ".join(["", *filter(None, [answer.first]), answer.written])
        text = f"{newline}{newline}{indent}{answer.pattern} ->{body}"
        return [Edit(Span(last, last), text, document.path), *spread_out(document, clauses)]
    return [Edit(Span(last, last), f"{newline}{indent}{one_line}", document.path)]


def spread_out(document: Document, clauses: list[Clause]) -> list[Edit]:
    """Clauses of one line on lines of their own, as the formatter wants them beside one of two."""
    lines, newline = document.lines, line_ending(document.source)
    edits: list[Edit] = []
    for number, one in enumerate(clauses):
        indent = lines.indentation(one.start).decode()
        head = one.guard or (one.patterns[-1] if one.patterns else None)
        if not one.body or head is None:
            return []
        if lines.line_at(one.body[0].start) == lines.line_at(head.end):
            arrow = document.source.index(b"->", head.end) + 2
            gap = Span(arrow, one.body[0].start)
            edits.append(Edit(gap, f"{newline}{indent}  ", document.path))
        if number and not lines.line_bytes(lines.line_at(one.start) - 1).lstrip().startswith(b"#"):
            if lines.line_bytes(lines.line_at(one.start) - 1).strip():
                start = lines.line_span(lines.line_at(one.start)).start
                edits.append(Edit(Span(start, start), newline, document.path))
    return edits


def is_open(node: Node, statement: Node) -> bool:
    """Whether nothing between a node and its statement decides that it may not run."""
    inner = node
    for outer in (*node.ancestors(),) if node != statement else ():
        match outer:
            case Call("case" | "with") if _is_first(outer, node):
                pass
            case Call():
                if outer.name in _MACROS or outer.do_block is not None:
                    return False
            case BinaryOperator("<-", _, right) if right == inner:
                pass
            case BinaryOperator() if outer.operator in _CHOOSING:
                return False
            case BinaryOperator():
                pass
            case _ if outer.kind not in ("arguments", "dot", "map_content", "keywords"):
                if not isinstance(outer, _PLAIN):
                    return False
        inner = outer
        if outer == statement:
            return True
    return inner == statement


def _is_first(call: Call, node: Node) -> bool:
    """Whether a node is in the first argument, which is computed whatever the others are."""
    written = call.written_arguments
    return bool(written) and written[0].span.covers(node.span)


def _is_narrow(pattern: Node) -> bool:
    """Whether a pattern refuses some answers that are no errors."""
    inner = list(pattern.descendants())
    literals = (Boolean, Charlist, Float, Integer, Nil, Sigil, Quoted)
    return any(isinstance(one, literals) or one.text.startswith("^") for one in inner)


def _is_bare(pattern: Node) -> bool:
    return isinstance(pattern, Tuple) and isinstance(pattern.elements[-1], Identifier)


def has_lines_of_text(statements: list[Node]) -> bool:
    """Whether moving the statements to the right would change a text of several lines."""
    for statement in statements:
        for one in statement.descendants():
            if isinstance(one, Quoted) and b"\n" in one.bytes and not one.is_heredoc:
                return True
    return False


def speaks_of(statements: list[Node], name: str) -> bool:
    return any(
        isinstance(one, Identifier) and one.name == name
        for statement in statements
        for one in statement.descendants()
    )


def _text(source: bytes) -> str:
    return source.decode("utf-8", "replace")
