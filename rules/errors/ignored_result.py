"""errors/ignored-result"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import Clause
from lsp_server.facts.calls.places import TEMPLATE, UNUSED
from lsp_server.facts.calls.primitives import Effect, words
from lsp_server.facts.results.result_uses import DISCARDED, TIDYING, ResultUse
from lsp_server.facts.results.results import FAILURE, SUCCESS, Results, Shape, results
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.requires import require_edit
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import BODY, DO_BLOCK, SECTIONS, Match
from lsp_server.syntax.elixir import Clause as Branch
from lsp_server.syntax.literals import Pair
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ..ecto._discarded import whole
from ._opened import opened

WIDTH = 98
_OUTSIDE = Effect.FILE | Effect.MAIL | Effect.HTTP
_RESULT = re.compile(rb"\bresult\b")
_SCRIPT = re.compile(r"seed|fixture|dataset|release")
_FILE = words("write rm cp mkdir mkdir_p rename touch copy cp_r")
_HTTP = words("post put patch delete request")
# Functions that take note of something beside the work, and those that tidy up.
_ASIDE = re.compile(
    r"^(?:maybe_)?(?:track|record|audit|notify|touch|broadcast|publish_event)(?:_|$)"
    r"|(?:^|_)logs?(?:_|$)|last_(?:use|seen|login|sign_in)"
    # The visitor has asked for the mail, and the page says the same whether or not one is sent.
    r"|^deliver_\w*instructions$"
)
_KEEPS = re.compile(r"(?:^|_)logs?(?:_|$)|^(?:record|report|store|save)_(?:error|failure)")
_RECORDS = re.compile(r"(?:Logs?|Audit|Tracker|Tracking)$")
_TIDIES = re.compile(
    r"clean|purge|remove|delete|abort|close|disconnect|stop|ensure|unsubscribe|invalidate"
)
_BODIES = frozenset({DO_BLOCK, BODY, *SECTIONS})


class IgnoredResult(ProjectRule):
    """
    The result of a call that can fail is thrown away.

    A file that was not written because the disk is full, a mail that the server refused, an order
    that another module declined: each says so in its result, and in no other way. If nobody looks,
    the code goes on as if it had worked, and the trace begins at the customer who asks.

    ## Bad

    ```elixir
    defmodule Shop.Export do
      def store(path, rows) do
        File.write(path, rows)
        {:ok, path}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Export do
      require Logger

      def store(path, rows) do
        with {:error, reason} <- File.write(path, rows) do
          Logger.error("File.write/2 failed: #{inspect(reason)}")
        end

        {:ok, path}
      end
    end
    ```

    ## When it stays silent

    - The result is matched, piped on, returned, or given to a function.
    - `_ = File.rm(path)` with a comment that says why.
    - The bang forms, which raise, and functions that are not known to return an error. Functions
      of the project are followed, however deep; behaviours, protocols and variables are not.
    - The function logs by itself, or hands its result to one that does; or it changes nothing
      outside, and only hands on others' errors.
    - Instructions by mail that the visitor has asked for (`deliver_…_instructions`): who gets none
      asks again.
    - The function only takes note of something (`log_…`, `track_…`, `record_…`, `notify_…`), or
      tidies up outside of the database (`delete_…`, `close_…`, `ensure_…`).
    - `File.rm` of a temporary file, of one that the function has worked with, or because something
      else has failed.
    - Requests that only read (`get`, `head`), and what runs in a Task.
    - Writes of a repo: `ecto/ignored-result` speaks of them.
    - Mix tasks, scripts and tests.

    ## What the fix changes

    The error is logged, and the code goes on as before. If it should not go on, match the success
    (`:ok = …`, `{:ok, _} = …`), call the bang form, or hand the error on.
    """

    reads = (ResultUse, results)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Calls in statement position, and those whose result `_` or nobody takes."""
        index = snapshot.index
        found = results(index)
        uses = list(index.of(ResultUse))
        tidying = {(path, use.callee) for path, use in uses if use.kind == TIDYING}
        for clause in found.graph.clauses:
            for call in clause.calls:
                if call.place & UNUSED and not call.place & TEMPLATE:
                    if (clause.path, call.span) not in tidying:
                        yield from self._judge(snapshot, found, clause, call)
        for path, use in uses:
            if use.kind == DISCARDED and not use.noted and (path, use.callee) not in tidying:
                site = found.site(path, use.callee)
                if site is not None and not site[1].place & UNUSED:
                    yield from self._judge(snapshot, found, *site)

    def _judge(
        self, snapshot: Snapshot, found: Results, clause: Clause, call: CallSite
    ) -> Iterator[Finding]:
        if "lib/mix/" in f"/{clause.path}" or _SCRIPT.search(clause.path):
            return
        shape = found.of(clause.module, call)
        if not shape & FAILURE or not shape & SUCCESS:
            return
        if found.graph.callee(clause.module, call) is None:
            if not _matters(found, clause, call):
                return
        elif not _does_something(found, clause, call):
            return
        name = found.graph.name_of(clause.module, call)
        build = partial(_logged, path=clause.path, callee=call.span, name=name, shape=shape)
        yield self.finding(
            call.span,
            f"the result of `{name}` is thrown away, and with it the error",
            path=clause.path,
            fix=offered(Fix.review("Log the error", build), snapshot),
            related=[
                Related(step.span, step.text, step.path) for step in found.way(clause.module, call)
            ],
        )


def _does_something(found: Results, clause: Clause, call: CallSite) -> bool:
    """Whether a function of the project does what matters to its caller, and says nothing of its
    failures."""
    effects = found.graph.effects(clause.module, call)
    if effects & Effect.LOG or _ASIDE.search(call.name) or _RECORDS.search(call.module):
        return False
    if any(_KEEPS.search(name) for _, name, _ in found.through(clause.module, call)):
        return False
    if effects & Effect.DB_WRITE:
        return True
    if _TIDIES.search(call.name):
        return False
    # What changes nothing outside must say by itself that it can fail.
    return bool(effects & _OUTSIDE) or found.decides(clause.module, call)


def _matters(found: Results, clause: Clause, call: CallSite) -> bool:
    """Whether a library's function changes something outside."""
    effect = found.graph.direct(clause.module, call)
    if effect & Effect.FILE:
        return call.name in _FILE
    if effect & Effect.HTTP:
        return call.name in _HTTP
    return bool(effect & Effect.MAIL)


def _logged(snapshot: Snapshot, *, path: str, callee: Span, name: str, shape: Shape) -> list[Edit]:
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(callee.start)
    if document is None or form is None or form.module.call is None:
        return []
    error = _error(shape)
    statement = _statement(form, callee)
    if not error or statement is None:
        return []
    value = statement.right if isinstance(statement, Match) else statement
    edits = _with(document, form, statement, value, error, name)
    return [*edits, *require_edit(document, form.module, "Logger")] if edits else []


def _error(shape: Shape) -> str:
    match shape & FAILURE:
        case Shape.ERROR:
            return ":error"
        case Shape.CHANGESET:
            return "{:error, changeset}"
        case Shape.DETAILS:
            return ""
        case failures if not failures & (Shape.ERROR | Shape.DETAILS):
            return "{:error, reason}"
    return ""


def _statement(form: Form, callee: Span) -> Node | None:
    """The statement that a call is, or that gives `_` its result."""
    for call in form.index.all_calls():
        if call.callee_span == callee:
            node = whole(call)
            parent = node.parent
            if isinstance(parent, Match) and parent.right == node:
                node, parent = parent, parent.parent
            alone = isinstance(parent, (Branch, Pair))
            return node if parent is not None and (alone or parent.raw.kind_id in _BODIES) else None
    return None


def _with(
    document: Document, form: Form, statement: Node, value: Node, error: str, name: str
) -> list[Edit]:
    """The statement as a `with` that logs the error, on lines of its own."""
    lines, source = document.lines, document.source
    newline = line_ending(source)
    indent = lines.indentation(statement.start).decode()
    if "\t" in indent or b'"""' in value.bytes:
        return []
    first, last = lines.line_at(statement.start), lines.line_at(statement.end)
    row = lines.line_span(last)
    if source[lines.starts[first] : statement.start].strip():
        place = opened(document, statement)
        text = [] if place is None else _rows(document, form, value, place[0], error, name)
        if place is None or not text:
            return []
        edit = Edit(statement.span, newline.join(text).lstrip(), document.path)
        return [*place[1], edit]
    text = _rows(document, form, value, indent, error, name)
    if source[statement.end : row.end].strip() or not text:
        return []
    if _neighbour(document, statement, first - 1):
        text.insert(0, "")
    if _neighbour(document, statement, last + 1):
        text.append("")
    return [Edit(Span(lines.starts[first], row.end), newline.join(text), document.path)]


def _rows(
    document: Document, form: Form, value: Node, indent: str, error: str, name: str
) -> list[str]:
    """The lines of a `with` around a value, at an indentation; none where it has no room."""
    width = len(document.lines.indentation(value.start))
    written = value.text.replace("\r\n", "\n").split("\n")
    head = [f"{indent}with {error} <- {written[0]} do"]
    if len(written) > 1 or len(head[0]) > WIDTH:
        moved = [line[width:] if not line[:width].strip() else line for line in written[1:]]
        head = [f"{indent}with {error} <-"]
        head += [f"{indent}       {line}" if line else "" for line in (written[0], *moved)]
        head[-1] += " do"
    what = error.strip("{}").removeprefix(":error").removeprefix(", ")
    reason = f": #{{inspect({what})}}" if what else ""
    said = f'"{name} failed{reason}"'
    logged = [f"{indent}  Logger.error({said})"]
    if len(logged[0]) > WIDTH:
        logged = [f"{indent}  Logger.error(", f"{indent}    {said}", f"{indent}  )"]
    widest = max(map(len, (indent + written[0], *written[1:])))
    if any(len(line) > WIDTH for line in head) and widest <= WIDTH:
        if widest + 2 > WIDTH or _RESULT.search(form.bytes) is not None:
            return []
        moved = [f"  {line}" if line else "" for line in written[1:]]
        bound = [f"{indent}result =", f"{indent}  {written[0]}", *moved]
        head = [*bound, "", f"{indent}with {error} <- result do"]
    return [*head, *logged, f"{indent}end"]


def _neighbour(document: Document, statement: Node, line: int) -> bool:
    """Whether another expression of the same body ends or begins on a line."""
    body = statement.parent
    if body is None:
        return False
    at = document.lines.line_at
    return any(
        one != statement
        and one.raw.kind_id not in SECTIONS
        and line in (at(one.start), at(one.end))
        for one in body.children
    )
