"""The edits that make a call in a task, and wait for it only so long."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.lint.finding import Edit
from lsp_server.lint.set_apart import set_apart
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Clause, Identifier, Match, Pipe
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ..otp._infrastructure import provided
from ._arguments import WIDTH
from ._taken_errors import begins_line, has_lines_of_text, is_open, open_body, speaks_of

_LIMIT = "5_000"  # milliseconds: about as long as somebody looks at a page that does not come
_HELPER = "within_limit"


def limited(
    snapshot: Snapshot, document: Document, form: Form, call: Call, connection: str
) -> list[Edit]:
    """The edits for a call in a function that answers with `connection` (empty: with nothing).

    Where the code around the call takes an error it is given `{:error, :timeout}`; elsewhere the
    rest of the function becomes the branch of a `case`, and the other answers with status 504.
    """
    function = form.function
    node: Node = call.pipe or call
    block = None if function is None else function.call.do_block
    supervisor = provided(snapshot, document.path, "Task.Supervisor", "TaskSupervisor")
    if function is None or supervisor is None or block is None or block.sections != ["do"]:
        return []
    if call.capture_arity is not None or any(one.kind == "capture" for one in node.ancestors()):
        return []
    name = document.names_at(call.start).shorten(supervisor.name)
    if _takes_error(node):
        edits = _helped(document, form, node, name)
    elif _is_unused(node, function):
        text = f"Task.Supervisor.start_child({name}, fn -> {node.text} end)"
        edits = _replaced(document, node, text)
    else:
        edits = _in_case(document, function, node, name, connection)
    return [*supervisor.edits, *edits] if edits else []


def _takes_error(node: Node) -> bool:
    parent = node.parent
    if parent is not None and parent.kind == "arguments":
        parent = parent.parent
    match parent:
        case BinaryOperator("<-", _, right) as step if right == node:
            around = step.ancestors()
            outer = next((one for one in around if isinstance(one, Call)), None)
            refused = [] if outer is None else outer.section("else")
            return not refused or any(
                isinstance(one, Clause) and _takes_any_error(one) for one in refused
            )
        case Call("case", [subject, *_]) as case if subject == node:
            return any(map(_takes_any_error, case.clauses()))
        case Pipe(_, left, Call("case") as case) if left == node:
            return any(map(_takes_any_error, case.clauses()))
    return False


def _takes_any_error(clause: Clause) -> bool:
    """Whether a clause takes `{:error, reason}` whatever the reason is, also one that is no
    exception."""
    pattern = clause.patterns[0] if len(clause.patterns) == 1 and clause.guard is None else None
    if any(b"Exception." in one.bytes for one in clause.body):
        return False
    match pattern:
        case Identifier():
            return True
        case Tuple([Atom("error") | Identifier(), Identifier()]):
            return True
    return False


def _is_unused(node: Node, function: Function) -> bool:
    return any(one == node for one in open_body(function, node)[:-1])


def _fits(document: Document, node: Node, text: str) -> bool:
    lines = document.lines
    first = lines.line_span(lines.line_at(node.start)).start
    last = lines.line_span(lines.line_at(node.end)).end
    around = document.source[first : node.start] + document.source[node.end : last]
    return len(around.decode("utf-8", "replace")) + len(text) <= WIDTH


def _replaced(document: Document, node: Node, text: str) -> list[Edit]:
    if b"\n" in node.bytes or not _fits(document, node, text):
        head, _, _ = text.partition(" fn -> ")
        newline, indent = line_ending(document.source), document.lines.indentation(node.start)
        outer = indent.decode()
        work = newline.join(f"{outer}  {row.removeprefix(outer)}" for row in _rows(node, newline))
        text = f"{head} fn ->{newline}{work}{newline}{outer}end)"
        return [Edit(node.span, text, document.path), *set_apart(document, node)]
    return [Edit(node.span, text, document.path)]


def _rows(node: Node, newline: str) -> list[str]:
    return node.text.split(newline)


def _given(document: Document, node: Node) -> list[Edit]:
    """The call as the function that `within_limit` is given."""
    flat = f"{_HELPER}(fn -> {node.text} end)"
    newline, lines = line_ending(document.source), document.lines
    if b"\n" not in node.bytes and _fits(document, node, flat):
        return [Edit(node.span, flat, document.path)]
    parent = node.parent
    if not isinstance(parent, BinaryOperator) or parent.operator != "<-":
        return []
    column = parent.left.start - lines.line_span(lines.line_at(parent.left.start)).start
    inner = " " * (column + 2)
    old = lines.indentation(node.start).decode()
    rows = _rows(node, newline)
    after = document.source[node.end : lines.line_span(lines.line_at(node.end)).end]
    if len(rows) == 1 and len(inner) + len(flat) + len(after) <= WIDTH:
        text = flat
    else:
        body = newline.join(f"{inner}  {row.removeprefix(old)}" for row in rows)
        text = f"{_HELPER}(fn ->{newline}{body}{newline}{inner}end)"
    span = Span(parent.left.end, node.end)
    return [Edit(span, f" <-{newline}{inner}{text}", document.path)]


def _helped(document: Document, form: Form, node: Node, supervisor: str) -> list[Edit]:
    """The call given to a private function that waits, which is added to the module."""
    edits = _given(document, node)
    if not edits:
        return []
    module = form.module
    if not module.names.defines(_HELPER, 1):
        newline = line_ending(document.source)
        last = module.forms[-1].span.end
        indent = document.lines.indentation(form.span.start).decode()
        rows = [
            "",
            f"defp {_HELPER}(function) do",
            f"  task = Task.Supervisor.async_nolink({supervisor}, function)",
            "",
            f"  case Task.yield(task, {_LIMIT}) || Task.shutdown(task) do",
            "    {:ok, result} -> result",
            "    _ -> {:error, :timeout}",
            "  end",
            "end",
        ]
        added = "".join(f"{newline}{indent}{row}" if row else newline for row in rows)
        edits.append(Edit(Span(last, last), added, document.path))
    return edits


def _in_case(
    document: Document, function: Function, node: Node, supervisor: str, connection: str
) -> list[Edit]:
    statements = open_body(function, node)
    at = next((n for n, one in enumerate(statements) if one.span.covers(node.span)), -1)
    if at < 0 or not connection or not is_open(node, statements[at]):
        return []
    first, rest = statements[at], statements[at + 1 :]
    if not begins_line(document, first):
        return []
    if has_lines_of_text(statements[at:]) or speaks_of(statements, "task"):
        return []
    pattern, residue = "result", ""
    if isinstance(first, Match) and first.right == node:
        pattern = first.left.text
        if not rest:
            return []
    else:
        free = [one for one in ("result", "answer") if not speaks_of(statements, one)]
        if not free:
            return []
        pattern, offset = free[0], node.start - first.start
        end = offset + len(node.bytes)
        text = first.bytes[:offset] + pattern.encode() + first.bytes[end:]
        residue = text.decode("utf-8", "replace")
    newline = line_ending(document.source)
    tail = Span(first.start, statements[-1].end)
    after = document.source[first.end : tail.end].decode("utf-8", "replace")
    if after and not after.startswith(newline):
        return []  # a comment speaks of the call
    outer = document.lines.indentation(first.start).decode()
    around = document.lines.indentation(node.start).decode()
    work = [row.removeprefix(around) for row in _rows(node, newline)]
    started = f"Task.Supervisor.async_nolink({supervisor}, fn ->"
    flat = f"{started} {work[0]} end)"
    if len(work) == 1 and len(outer) + len(flat) + len("task = ") <= WIDTH:
        lines = [f"task = {flat}"]
    elif len(work) == 1 and len(outer) + len(flat) + 2 <= WIDTH:
        lines = ["task =", f"{outer}  {flat}"]
    else:
        inner = [f"{outer}    {row}" for row in work]
        lines = ["task =", f"{outer}  {started}", *inner, f"{outer}  end)"]
    lines += ["", f"{outer}case Task.yield(task, {_LIMIT}) || Task.shutdown(task) do"]
    lines.append(f"{outer}  {{:ok, {pattern}}} ->")
    body = f"{outer}{residue}{after}" if residue else after.lstrip("\r\n")
    lines += [f"    {row}" if row.strip() else row for row in body.split(newline)]
    lines += ["", f"{outer}  _ ->"]
    lines.append(f'{outer}    send_resp({connection}, :gateway_timeout, "Gateway Timeout")')
    lines.append(f"{outer}end")
    edit = Edit(tail, newline.join(lines), document.path)
    before = [one for one in set_apart(document, first) if one.span.end <= first.start]
    return [*before, edit]


def connection_of(function: Function) -> str:
    """The variable of the connection in an action's head; empty where it has none."""
    first = function.parameters[0] if function.parameters else None
    if isinstance(first, BinaryOperator) and first.operator == "=":
        first = next(
            (one for one in (first.left, first.right) if isinstance(one, Identifier)), None
        )
    if isinstance(first, Identifier) and not first.name.startswith("_"):
        return first.name
    return ""
