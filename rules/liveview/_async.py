"""A step of a callback moved into `start_async`, and what follows it into `handle_async`."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.pages.async_steps import Step, steps
from lsp_server.lint.finding import Edit, Operation
from lsp_server.text import Span, line_ending

from ._clauses import new_clause

WIDTH = 98


def async_edits(document: Document, module: str, moved: Span) -> list[Operation]:
    """The edits of the clause that holds the expression, and the new clause of `handle_async`."""
    form = document.outline.form_at(moved.start)
    found = () if form is None else steps(form)
    step = next((one for one in found if one.moved.span == moved), None)
    if step is None:
        return []
    newline = line_ending(document.source)
    indent = document.lines.indentation(step.statement.start).decode()
    if step.rest is None:
        rest = document.source[step.statement.end : step.last.end].decode().strip()
    else:
        rest = step.rest
    lines = [line.removeprefix(indent) for line in rest.replace("\r\n", "\n").split("\n")]
    head = f"handle_async(:{step.name}, {{:ok, {step.pattern}}}, socket)"
    clause = new_clause(document, module, head, tuple(lines))
    if clause is None:
        return []
    started = _started(step, indent)
    if len(started) > 1:  # the formatter puts a blank line around what has several
        above = document.source[: step.statement.start].rstrip(b" \t").split(b"\n")
        if step.before:
            started = ["", *started]
        elif len(above) > 1 and above[-2].strip() and not above[-2].rstrip().endswith(b" do"):
            started = ["", *started] if not above[-2].lstrip().startswith(b"#") else started
    margined = [f"{indent}{line}".rstrip() for line in (*step.before, *started)]
    start = step.statement.start - len(indent.encode())
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
        f"   {line.removeprefix(blanks) if number else line}" for number, line in enumerate(code)
    ]
    task = f" start_async(socket, :{step.name}, fn ->"
    return ["{:noreply,", task, *inner, " end)}"]
