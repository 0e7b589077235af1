"""ecto/ignored-result"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.local_flow import assigned
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import AnonymousFunction, Call, Capture, Identifier, Match, Pipe
from lsp_server.syntax.literals import Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._discarded import is_discarded, whole

WRITES = ("insert", "update", "delete", "insert_or_update")
TRANSACTIONS = ("transaction", "transact")
WIDTH = 98


class IgnoredResult(Rule):
    """
    The result of a write to the database is thrown away.

    `Repo.insert`, `update`, `delete` and transactions say in their result whether anything was
    written. If nobody looks, a changeset that is refused or a transaction that is rolled back looks
    like success: the code goes on, and the data is missing.

    ## Bad

    ```elixir
    def close(order, attrs) do
      order
      |> Order.closing_changeset(attrs)
      |> Repo.update()

      Mailer.deliver(OrderMail.closed(order))
    end
    ```

    ## Good

    ```elixir
    def close(order, attrs) do
      order
      |> Order.closing_changeset(attrs)
      |> Repo.update!()

      Mailer.deliver(OrderMail.closed(order))
    end
    ```

    ## When it stays silent

    - The call is the last expression of a function, or of a block whose value is used.
    - The result is matched, piped on or given to a function.
    - The bang forms, which raise, and `insert_all`, `update_all`, `delete_all`, which do.
    - `Repo.transaction` with a function that never calls `rollback`: it can only raise. The same
      with what comes from elsewhere under a name that does not tell whether it is a multi.

    ## What the fix changes

    A write gets the bang form, which raises where nothing can be written. A transaction has none,
    so its result is matched with `{:ok, _}`, which does the same. Where the caller should hear of
    the error, write a `case` with both clauses instead: the fix only makes sure that somebody does.
    """

    @on(Call, name=WRITES)
    def check_write(self, call: Call, file: File) -> Iterator[Finding]:
        """Writes of one row."""
        if file.is_repo(call) and call.arity in (1, 2) and is_discarded(whole(call)):
            end = call.name_span.end
            yield self.finding(
                call.callee_span,
                f"the result of `{call.dotted}` is thrown away, and with it the error",
                fix=Fix.review(f"Write {call.name}!", lambda _: [Edit(Span(end, end), "!")]),
            )

    @on(Call, name=TRANSACTIONS)
    def check_transaction(self, call: Call, file: File) -> Iterator[Finding]:
        """Transactions that can be rolled back."""
        if not file.is_repo(call) or call.arity not in (1, 2):
            return
        expression = whole(call)
        if is_discarded(expression) and _can_fail(call, file):
            edits = _asserted(expression, file)
            yield self.finding(
                call.callee_span,
                f"the result of `{call.dotted}` is thrown away: a rollback goes unnoticed",
                fix=Fix.review("Match it with {:ok, _}", lambda _: edits) if edits else None,
            )


def _can_fail(call: Call, file: File) -> bool:
    """Whether a transaction returns errors, as far as its argument tells."""
    arguments = call.arguments
    subject = arguments[0] if arguments else call
    if isinstance(subject, Identifier) and file.form is not None and "multi" not in subject.name:
        subject = assigned(subject, file.form) or subject
    if isinstance(subject, AnonymousFunction):
        if any(one.name == "rollback" for one in subject.find(Call)):
            return True
        return call.name == "transact" and not all(
            one.body and isinstance(one.body[-1], Tuple) and _is_ok(one.body[-1])
            for one in subject.clauses
        )
    if isinstance(subject, Capture):
        return False
    if isinstance(subject, Pipe):
        subject = subject.steps[0]
    while isinstance(subject, Call) and subject.receiver is None and subject.written_arguments:
        if "multi" in subject.name:
            return True
        subject = subject.written_arguments[0]
    if isinstance(subject, Call):
        return (subject.module or "").endswith("Multi") or "multi" in subject.name
    return isinstance(subject, Identifier) and "multi" in subject.name


def _is_ok(node: Tuple) -> bool:
    elements = node.elements
    return bool(elements) and elements[0].text == ":ok"


def _asserted(expression: Node, file: File) -> list[Edit]:
    """The edits that put `{:ok, _} = ` before an expression, laid out as the formatter does.

    None where the result would be too wide or bind too loosely.
    """
    parent = expression.parent
    if isinstance(parent, Match):
        return [Edit(parent.left.span, "{:ok, _}")]
    if parent is None or parent.kind not in ("do_block", "body", "else_block"):
        return []
    lines, source = file.document.lines, file.document.source
    line = lines.line_span(lines.line_at(expression.start))
    pattern = "{:ok, _} ="
    if lines.line_at(expression.end) == lines.line_at(expression.start):
        if len(line.slice(source).decode("utf-8", "replace")) + len(pattern) + 1 > WIDTH:
            return []
        return [Edit(Span(expression.start, expression.start), f"{pattern} ")]
    indent = source[line.start : expression.start]
    if indent.strip(b" "):
        return []
    newline = line_ending(source)
    begin = Span(expression.start, expression.start)
    edits = [Edit(begin, f"{pattern}{newline}{indent.decode()}  ")]
    for number in range(lines.line_at(expression.start) + 1, lines.line_at(expression.end) + 1):
        start = lines.starts[number]
        if lines.line_bytes(number).strip():
            edits.append(Edit(Span(start, start), "  "))
    return edits
