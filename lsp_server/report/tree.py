"""Supervision trees as text, as Mermaid and as JSON.

The JSON has stable names, one object:

    {"version": 1, "trees": [{"module", "name", "supervisor", "strategy", "dynamic", "conditional",
     "complete", "location", "children"}]}

`name` is what the process is registered as, `complete` says whether all children are known,
`dynamic` ones are started by `start_child`, `conditional` ones not in every configuration.
`location` is where the child is named: {"path", "range"} with lines and columns that count from 1,
columns in code points.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lsp_server.document import Document
from lsp_server.facts.processes.supervision_tree import Member
from lsp_server.text import Encoding, Span

FORMATS = ("text", "mermaid", "json")
FORMAT = 1
NO_TREE = (
    "No supervision tree: the application module of mix.exs (`mod: {…, []}`) was not found, or it "
    "starts no supervisor."
)

# How a caller writes the place of some bytes of a file.
Locate = Callable[[str, Span], Any]


def as_text(trees: Sequence[Member]) -> str:
    """A drawing of lines, one process a line; `NO_TREE` where there is none."""
    if not trees:
        return NO_TREE
    return "\n\n".join("\n".join(_lines(tree)) for tree in trees)


def _lines(tree: Member) -> Iterator[str]:
    yield _title(tree)
    # What is to be written, the next at the end: the text before a child, and the child.
    pending = _branches(tree, "")
    while pending:
        before, inner, member = pending.pop()
        if member is None:
            yield f"{before}… others that are computed"
        else:
            yield f"{before}{_title(member)}"
            pending += _branches(member, inner)


def _branches(member: Member, indent: str) -> list[tuple[str, str, Member | None]]:
    """The children of a process in reverse, each with what stands before it and its children."""
    below: list[Member | None] = [*member.members]
    if not member.complete:
        below.append(None)
    found = []
    for number, one in enumerate(below):
        is_last = number == len(below) - 1
        branch, inner = ("└── ", "    ") if is_last else ("├── ", "│   ")
        found.append((indent + branch, indent + inner, one))
    return found[::-1]


def _title(member: Member) -> str:
    said = _marks(member)
    return f"{member.module} ({', '.join(said)})" if said else member.module


def _marks(member: Member) -> list[str]:
    """What is worth saying of a process besides its module."""
    marks = []
    if member.name and member.name != member.module:
        marks.append("name computed" if member.name == "*" else member.name)
    if member.strategy:
        marks.append(member.strategy)
    if member.dynamic:
        marks.append("on demand")
    if member.conditional:
        marks.append("conditional")
    return marks


def as_mermaid(trees: Sequence[Member]) -> str:
    """A Mermaid flowchart: supervisors are rounded, arrows to what is started on demand dotted."""
    lines = ["graph TD"]
    if not trees:
        lines.append(f'  none["{_quoted(NO_TREE)}"]')
    pending: list[tuple[str, Member | None]] = [("", tree) for tree in reversed(trees)]
    number = 0
    while pending:
        above, member = pending.pop()
        node, number = f"n{number}", number + 1
        if member is None:
            lines.append(f'  {node}["…"]')
            lines.append(f"  {above} -.-> {node}")
            continue
        label = "<br/>".join(map(_quoted, [member.module, *_marks(member)]))
        opening, closing = ("(", ")") if member.is_supervisor else ("[", "]")
        lines.append(f'  {node}{opening}"{label}"{closing}')
        if above:
            arrow = "-.->" if member.dynamic or member.conditional else "-->"
            lines.append(f"  {above} {arrow} {node}")
        below: list[tuple[str, Member | None]] = [(node, one) for one in member.members]
        if not member.complete:
            below.append((node, None))
        pending += below[::-1]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;")


def as_json(trees: Sequence[Member], locate: Locate) -> str:
    """The trees as one JSON object."""
    return json.dumps({"version": FORMAT, "trees": plain(trees, locate)}, indent=2)


def plain(trees: Sequence[Member], locate: Locate) -> list[dict[str, Any]]:
    """The trees as plain data, each process with its place and its children."""
    return [_plain(tree, locate) for tree in trees]


def _plain(member: Member, locate: Locate) -> dict[str, Any]:
    return {
        "module": member.module,
        "name": member.name,
        "supervisor": member.is_supervisor,
        "strategy": member.strategy,
        "dynamic": member.dynamic,
        "conditional": member.conditional,
        "complete": member.complete,
        "location": locate(member.path, member.span),
        "children": [_plain(one, locate) for one in member.members],
    }


def render(trees: Sequence[Member], style: str) -> str:
    """The trees as `text` or `mermaid`."""
    return as_mermaid(trees) if style == "mermaid" else as_text(trees)


def place_in(read: Callable[[str], Document | None], path: str, span: Span) -> dict[str, Any]:
    """The place of some bytes of a file of the project, as `as_json` writes it."""
    document = read(path)
    if document is None:
        return {"path": path}
    first = document.lines.position(span.start, Encoding.UTF32)
    last = document.lines.position(span.end, Encoding.UTF32)
    return {
        "path": path,
        "range": {
            "start": {"line": first.line + 1, "column": first.column + 1},
            "end": {"line": last.line + 1, "column": last.column + 1},
        },
    }
