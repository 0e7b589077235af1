"""Puts a step behind a `cast`: one more line of a pipe, or the pipe that was not there."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.database.changesets import Step
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import rewritten
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import BODY, DO_BLOCK, Call, Identifier, Match, Pipe
from lsp_server.syntax.literals import Map, Pair
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._batched import as_block
from ._new_index import call_at

WIDTH = 98


def with_step(snapshot: Snapshot, path: str, cast: Step, text: str) -> list[Edit]:
    """The edit that hands what a `cast` returns to one more step; none where it is too long."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, cast.span)
    if document is None or call is None or not call.has_parentheses:
        return []
    step = text if call.receiver is None else f"{call.receiver.text}.{text}"
    if call.receiver is None and not _is_imported(document, call, text):
        step = f"Ecto.Changeset.{text}"
    whole: Node = call.pipe or call
    following = whole.parent if isinstance(whole.parent, Pipe) else None
    if following is not None and following.left != whole:
        return []
    edit = _own_line(document, call, following, step)
    if edit is None and (following is not None or call.pipe is not None):
        edit = _inline(document, call, step)
    elif edit is None:
        edit = _as_pipe(document, call, step)
    return [] if edit is None else [edit]


def _is_imported(document: Document, call: Call, text: str) -> bool:
    """Whether a step can be called without its module, as `cast` is: no `only:` leaves it out."""
    name, _, arguments = text.partition("(")
    arity = 3 if ", name: " in arguments else 2
    form = document.outline.form_at(call.start)
    return form is None or all(
        one.module != "Ecto.Changeset" or one.offers(name, arity) is not False
        for one in form.names_at(call.start).all_imports()
    )


def _own_line(document: Document, call: Call, following: Pipe | None, step: str) -> Edit | None:
    """Below a `cast` that is a line of a pipe, or begins one of several lines."""
    lines, source = document.lines, document.source
    start = lines.line_span(lines.line_at(call.start)).start
    end = lines.line_span(lines.line_at(call.end)).end
    sign = source[start : call.start].strip()
    after = source[call.end : end].strip()
    if after and not after.startswith(b"#"):
        return None
    if sign == b"|>" or (call.receiver is not None and sign.startswith(b"|> ")):
        indent = lines.indentation(call.start).decode()
    elif following is not None and call.pipe is None:
        right = following.right
        below = source[lines.line_span(lines.line_at(right.start)).start : right.start]
        if below.strip() != b"|>":
            return None
        indent = below[: below.index(b"|>")].decode()
    else:
        return None
    line = f"{indent}|> {step}"
    if len(line) > WIDTH:
        return None
    at = end if after else call.end
    return Edit(Span(at, at), f"{line_ending(source)}{line}", document.path)


def _inline(document: Document, call: Call, step: str) -> Edit | None:
    """In a pipe of one line; if that gets too long, each step has a line of its own."""
    lines = document.lines
    line = lines.line_span(lines.line_at(call.start))
    top: Node = call.pipe or call
    while isinstance(top.parent, Pipe):
        top = top.parent
    if not isinstance(top, Pipe) or b"\n" in top.bytes:
        return None
    code = line.slice(document.source).decode("utf-8", "replace").rstrip()
    if len(code) + len(f" |> {step}") <= WIDTH:
        return Edit(Span(call.end, call.end), f" |> {step}", document.path)
    steps = [one.text for one in top.steps]
    ends = [one.end for one in top.steps]
    steps.insert(ends.index(call.end) + 1, step)
    return _spread(document, top, steps)


def _as_pipe(document: Document, call: Call, step: str) -> Edit | None:
    """A `cast` that stands alone begins with its struct then."""
    parent, written = call.parent, call.written_arguments
    is_value = isinstance(parent, (Match, Pair))
    if parent is None or not (is_value or parent.raw.kind_id in (BODY, DO_BLOCK)):
        return None
    if len(written) < 2 or not isinstance(written[0], (Identifier, Map)) or b"\n" in call.bytes:
        return None
    function = f"{call.receiver.text}.{call.name}" if call.receiver is not None else call.name
    rest = ", ".join(one.text for one in written[1:])
    steps = [written[0].text, f"{function}({rest})", step]
    text = " |> ".join(steps)
    line = document.lines.line_span(document.lines.line_at(call.start))
    code = line.slice(document.source).decode("utf-8", "replace").rstrip()
    if len(code) + len(text) - len(call.text) <= WIDTH:
        return Edit(call.span, text, document.path)
    return _spread(document, call, steps)


def _spread(document: Document, node: Node, steps: list[str]) -> Edit | None:
    """A pipe of one line as one of several."""
    newline = line_ending(document.source)
    rows = [steps[0], *(f"|> {one}" for one in steps[1:])]
    lines = document.lines
    start = lines.starts[lines.line_at(node.start)]
    before = document.source[start : node.start].decode("utf-8", "replace")
    indent = lines.indentation(node.start).decode()
    rest = document.source[node.end : lines.line_span(lines.line_at(node.end)).end].strip()
    if max(len(indent) + 2 + len(one) for one in rows) > WIDTH or rest:
        return None
    if not before.strip():
        return rewritten(document, node, f"{newline}{indent}".join(rows))
    if isinstance(node.parent, Match) and before.rstrip().endswith("="):
        text = "".join(f"{newline}{indent}  {one}" for one in rows)
        moved = rewritten(document, node.parent, f"{node.parent.left.text} ={text}")
        return moved if before.strip().count("=") == 1 else None
    return as_block(document, node, rows)
