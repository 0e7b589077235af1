"""A step of a callback moved into `start_async`, and what follows it into `handle_async`."""

from __future__ import annotations

import re

from lsp_server.document import Document
from lsp_server.facts.pages.live_modules import LiveModule
from lsp_server.lint.finding import Edit, Operation
from lsp_server.text import Span, line_ending

from ._async_steps import Step, step_at
from ._clauses import new_clause

WIDTH = 98
_OPENS = re.compile(rb"(?:\bdo|->|\belse)\Z")


def async_edits(document: Document, live: LiveModule, call: Span) -> list[Operation]:
    """The edits of the clause that holds a call, and the new clause of `handle_async`; nothing
    where the call cannot move, or where a clause takes its result already."""
    step = step_at(document, call)
    if step is None or any(
        one.any or step.name in one.names or not one.names for one in live.clauses("handle_async")
    ):
        return []
    newline = line_ending(document.source)
    indent = document.lines.indentation(step.statement.start).decode()
    start = step.statement.start - len(indent.encode())
    if document.source[start - 1 : start] != b"\n":
        return []
    lines = [line.removeprefix(indent) for line in step.rest.replace("\r\n", "\n").split("\n")]
    head = f"handle_async(:{step.name}, {{:ok, {step.pattern}}}, socket)"
    clause = new_clause(document, live.name, head, tuple(lines))
    if clause is None:
        return []
    started = _started(step, indent)
    if len(started) > 1:  # the formatter puts a blank line around what has several
        above = document.source[: step.statement.start].rstrip(b" \t").split(b"\n")
        if step.before:
            started = ["", *started]
        elif len(above) > 1 and above[-2].strip() and not _OPENS.search(above[-2].rstrip()):
            started = ["", *started] if not above[-2].lstrip().startswith(b"#") else started
    margined = [f"{indent}{line}".rstrip() for line in (*step.before, *started)]
    return [Edit(Span(start, step.last.end), newline.join(margined), document.path), clause]


def _started(step: Step, indent: str) -> list[str]:
    """The lines that start the task and end the callback, without the margin of the first."""
    flat = f"{{:noreply, start_async(socket, :{step.name}, fn -> {step.code} end)}}"
    if "\n" not in step.code and len(indent) + len(flat) <= WIDTH:
        return [flat]
    code = step.code.replace("\r\n", "\n").split("\n")
    margin = len(step.statement.tree.source[: step.moved.start].rpartition(b"\n")[2])
    blanks = " " * margin
    inner = [
        f"   {line.removeprefix(blanks) if number else line}".rstrip()
        for number, line in enumerate(code)
    ]
    task = f" start_async(socket, :{step.name}, fn ->"
    return ["{:noreply,", task, *inner, " end)}"]
