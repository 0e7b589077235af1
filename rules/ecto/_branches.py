"""Gives a result that is taken for granted the branch that it lacks, as edits of the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import BODY, DO_BLOCK, SECTIONS, Call, Clause, DoBlock, Match, Pipe
from lsp_server.syntax.literals import Charlist, Sigil, String
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

WIDTH = 98
_BODIES = frozenset({DO_BLOCK, BODY, *SECTIONS})
_PASSING = frozenset({"if", "unless", "case", "cond", "with", "try"})


@dataclass(frozen=True, slots=True)
class Branch:
    """A clause that is to be written: a pattern and the lines of its body, not yet indented."""

    pattern: str
    body: tuple[str, ...]


def is_returned(node: Node) -> bool:
    """Whether a function returns what an expression gives: it stands last, also in branches."""
    while (parent := node.parent) is not None:
        if isinstance(parent, Pipe):
            if parent.right != node:
                return False
            node = parent
        elif isinstance(parent, DoBlock):
            section = parent.section("do")
            is_plain = node.raw.kind_id not in SECTIONS and not isinstance(node, Clause)
            if SECTIONS.get(node.raw.kind_id) == "after" or (is_plain and section[-1:] != [node]):
                return False
            call = parent.parent
            if not isinstance(call, Call) or call.receiver is not None:
                return False
            if call.name in ("def", "defp"):
                return True
            if call.name not in _PASSING:
                return False
            node = call
        elif parent.raw.kind_id in _BODIES:
            if not isinstance(node, Clause) and parent.children[-1:] != [node]:
                return False
            node = parent
        elif isinstance(parent, Clause):
            node = parent
        else:
            return False
    return False


def following(match: Match) -> list[Node]:
    """The expressions after a match in its body; none where it is no statement of a body."""
    parent = match.parent
    if parent is None or parent.raw.kind_id not in _BODIES:
        return []
    body = parent.section("do") if isinstance(parent, DoBlock) else parent.children
    return [one for one in body if one.start > match.end]


def branched(
    document: Document, match: Match, branch: Branch | None, rest: Sequence[Node]
) -> list[Edit]:
    """`pattern = value` and what follows it as `case` with a second branch, or as `with` that hands
    on what does not match. Nothing where the formatter would lay it out in another way."""
    source, lines = document.source, document.lines
    first, last = lines.line_at(match.start), lines.line_at(rest[-1].end)
    indent = lines.indentation(match.start).decode()
    if source[lines.starts[first] : match.start].strip() or "\t" in indent:
        return []
    if _is_rigid(rest):
        return []
    body_lines = [
        lines.line_bytes(number).decode("utf-8", "replace").rstrip("\r\n")
        for number in range(lines.line_at(match.end) + 1, last + 1)
    ]
    while body_lines and not body_lines[0].strip():
        body_lines.pop(0)
    pattern = match.left.text
    subject = _lines_of(document, match.right)
    deeper = 2 if branch is None else 4
    inner = [" " * deeper + line if line.strip() else "" for line in body_lines]
    if branch is None:
        head = _with_head(indent, pattern, subject)
        text = [*head, *inner, f"{indent}end"]
    else:
        head = _case_head(indent, subject, isinstance(match.right, Pipe))
        text = [*head, f"{indent}  {pattern} ->", *inner, ""]
        text.append(f"{indent}  {branch.pattern} ->")
        text += [f"{indent}    {line}" if line else "" for line in branch.body]
        text.append(f"{indent}end")
    if not head or any(len(line) > WIDTH for line in text):
        return []
    if _stands_close(document, match):
        text.insert(0, "")
    end = lines.line_span(last).end
    newline = line_ending(source)
    return [Edit(Span(lines.starts[first], end), newline.join(text), document.path)]


def _stands_close(document: Document, statement: Node) -> bool:
    """Whether another expression ends on the line above, from which the formatter keeps off what
    has several lines."""
    parent = statement.parent
    if parent is None:
        return False
    line = document.lines.line_at(statement.start)
    return any(
        one.end <= statement.start and document.lines.line_at(one.end) == line - 1
        for one in (parent.section("do") if isinstance(parent, DoBlock) else parent.children)
    )


def _is_rigid(nodes: Sequence[Node]) -> bool:
    """Whether a string goes over several lines and is no heredoc: its lines cannot be moved."""
    return any(
        isinstance(one, (String, Sigil, Charlist)) and not one.is_heredoc and b"\n" in one.bytes
        for node in nodes
        for one in node.descendants()
    )


def _lines_of(document: Document, node: Node) -> list[str]:
    """The lines of an expression without the indentation of its first one."""
    width = len(document.lines.indentation(node.start))
    found = node.text.replace("\r\n", "\n").split("\n")
    return [found[0], *(line[width:] if not line[:width].strip() else line for line in found[1:])]


def _case_head(indent: str, subject: list[str], is_pipe: bool) -> list[str]:
    if len(subject) == 1:
        return [f"{indent}case {subject[0]} do"]
    lines = [f"{indent}{line}" if line else "" for line in subject]
    if is_pipe and not any(line.lstrip().startswith('"""') for line in subject):
        return [*lines, f"{indent}|> case do"]
    moved = [f"{indent}  {line}" if line else "" for line in subject]
    return [f"{indent}result =", *moved, "", f"{indent}case result do"]


def _with_head(indent: str, pattern: str, subject: list[str]) -> list[str]:
    if len(subject) == 1:
        return [f"{indent}with {pattern} <- {subject[0]} do"]
    lines = [f"{indent}       {line}" if line else "" for line in subject]
    return [f"{indent}with {pattern} <-", *lines[:-1], f"{lines[-1]} do"]


def added(document: Document, call: Call, branch: Branch) -> list[Edit]:
    """A further clause at the end of a `case`."""
    clauses = call.clauses()
    if not clauses or any(not one.body for one in clauses):
        return []
    lines, source = document.lines, document.source
    newline = line_ending(source)
    outer = lines.indentation(clauses[-1].start).decode()
    end = lines.line_span(lines.line_at(clauses[-1].body[-1].end)).end
    at = Span(end, end)
    short = all(
        one.body and lines.line_at(one.body[0].start) == lines.line_at(one.start) for one in clauses
    )
    one_line = f"{outer}{branch.pattern} -> {branch.body[0]}"
    if short and len(branch.body) == 1 and len(one_line) <= WIDTH:
        return [Edit(at, f"{newline}{one_line}", document.path)]
    edits: list[Edit] = []
    if short:
        edits = list(_unfolded(document, clauses, newline, outer))
    body = newline.join(f"{outer}  {line}" if line else "" for line in branch.body)
    text = f"{newline}{newline}{outer}{branch.pattern} ->{newline}{body}"
    if any(len(line) > WIDTH for line in text.split(newline)):
        return []
    return [*edits, Edit(at, text, document.path)]


def _unfolded(
    document: Document, clauses: Sequence[Clause], newline: str, outer: str
) -> Iterator[Edit]:
    """Clauses of one line on lines of their own, as the formatter wants all if one is."""
    lines = document.lines
    for number, clause in enumerate(clauses):
        arrow = next((raw for raw in clause.raw.children if raw.type == "->"), None)
        if arrow is None:
            continue
        gap = Span(arrow.end_byte, clause.body[0].start)
        yield Edit(gap, f"{newline}{outer}  ", document.path)
        if number:
            last = clauses[number - 1].body[-1].end
            before = Span(*(lines.line_span(lines.line_at(last)).end,) * 2)
            if not re.search(rb"\n[ \t]*\r?\n", document.source[before.end : clause.start]):
                yield Edit(before, newline, document.path)
