"""errors/rescue-as-control-flow"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.syntax.blocks import Clause, Rescue
from lsp_server.syntax.elixir import BinaryOperator, Call, DoBlock, Identifier, Match, Pipe
from lsp_server.syntax.literals import Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._twins import Twin, twin_of

WIDTH = 98
# What the twin raises too.
_ALIKE = (
    "CastError",
    "ConnectionError",
    "FunctionClauseError",
    "MultipleResultsError",
    "UndefinedFunctionError",
)
_TRACE = ("__STACKTRACE__", "reraise")


class RescueAsControlFlow(Rule):
    """
    `rescue` around one call whose twin would have said the same in its result.

    `File.read!` is for files that must be there. Around it, `rescue` turns the exception back into
    the answer that `File.read` gives at once, and takes every other exception with it: a misspelt
    name in the same line looks like a missing file. It also costs a stack trace each time.

    ## Bad

    ```elixir
    defmodule Shop.Settings do
      def load(path) do
        try do
          File.read!(path)
        rescue
          _ -> nil
        end
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Settings do
      def load(path) do
        case File.read(path) do
          {:ok, value} -> value
          {:error, _} -> nil
        end
      end
    end
    ```

    ## When it stays silent

    - More than the one call is tried (a name for its value does not count), or there is a
      `catch`, an `else` or an `after`.
    - The function has no twin (`String.to_existing_atom`), or is not of the standard library, of
      Jason, Poison, Ecto or a repo.
    - The exception is logged with its stack trace or raised again, or it is one that the twin
      raises as well (`Ecto.Query.CastError`,
      `FunctionClauseError`).
    - Mix tasks, scripts and tests.

    ## What the fix changes

    A `case` over the twin takes the place of `try`. `String.to_integer` becomes `Integer.parse`
    with nothing left over, `Repo.get!` becomes `Repo.get` with a clause for `nil`, or alone where
    `nil` is the answer. Other exceptions are no longer rescued, such as those of arguments of the
    wrong type. Where the clause reads the exception, there is no fix.
    """

    severity = Severity.INFORMATION
    roles = frozenset({Role.LIB})

    @on(Rescue)
    def check(self, section: Rescue, file: File) -> Iterator[Finding]:
        block = section.parent
        around = block.parent if isinstance(block, DoBlock) else None
        if not isinstance(block, DoBlock) or not isinstance(around, Call) or file.is_mix_task:
            return
        if section.keyword != "rescue" or block.sections != ["do", "rescue"]:
            return
        if around.name not in ("try", "def", "defp") or around.receiver is not None:
            return
        tried = _tried(block.section("do"))
        twin = None if tried is None else twin_of(tried.call, file)
        clauses = section.clauses
        if tried is None or twin is None or not clauses or not _is_control_flow(clauses):
            return
        where = around.name_span if around.name == "try" else tried.call.callee_span
        fix = None
        if len(clauses) == 1 and not _reads_exception(clauses[0]):
            edits = _edits(file.document, around, tried, clauses[0], twin)
            if edits:
                fix = Fix.review(f"Match the result of {twin.callee}", lambda _: edits)
        yield self.finding(
            where,
            f"`rescue` finds out what `{twin.callee}` says in its result",
            fix=fix,
        )


class _Tried(NamedTuple):
    """The one call that is tried, the expression that it stands in, whether `{:ok, …}` is put
    around that, and the part of the body that is left for it."""

    call: Call
    value: Node
    in_ok: bool
    body: Span


def _tried(body: Sequence[Node]) -> _Tried | None:
    """The call that is all that is tried, also in `{:ok, …}` or with a name of its own."""
    if not body or len(body) > 2:
        return None
    result = body[-1]
    in_ok = isinstance(result, Tuple) and len(result.elements) == 2
    if isinstance(result, Tuple) and in_ok:
        if result.elements[0].text != ":ok":
            return None
        result = result.elements[1]
    value = result
    if len(body) == 2:
        bound = body[0]
        if not isinstance(bound, Match) or not isinstance(bound.left, Identifier):
            return None
        if not isinstance(result, Identifier) or result.name != bound.left.name:
            return None
        value = bound.right
    node = value.right if isinstance(value, Pipe) else value
    if not isinstance(node, Call) or node.do_block is not None:
        return None
    raising = [
        one
        for one in value.find(Call)
        if one != node and (one.name.endswith("!") or one.do_block is not None)
    ]
    return None if raising else _Tried(node, value, in_ok, Span(body[0].start, body[-1].end))


def _is_control_flow(clauses: Sequence[Clause]) -> bool:
    """Whether the clauses only give another value."""
    for clause in clauses:
        text = clause.text
        if any(word in text for word in (*_ALIKE, *_TRACE)) or not clause.body:
            return False
    return True


def _reads_exception(clause: Clause) -> bool:
    names: set[str] = set()
    for pattern in clause.patterns:
        one = pattern.left if isinstance(pattern, (BinaryOperator, Match)) else pattern
        if isinstance(one, Identifier):
            names.add(one.name)
    return any(one.name in names for node in clause.body for one in node.find(Identifier))


def _edits(
    document: Document,
    around: Call,
    tried: _Tried,
    clause: Clause,
    twin: Twin,
) -> list[Edit]:
    lines = document.lines
    is_try = around.name == "try"
    begin = around.start if is_try else tried.body.start
    indent = lines.indentation(begin).decode()
    line = lines.line_at(begin)
    if document.source[lines.starts[line] : begin].strip() or "\t" in indent:
        return []
    subject = _subject(tried, twin)
    if not subject or b"#" in document.source[tried.value.end : clause.start]:
        return []
    wrapped = f"{{:ok, {twin.value}}}" if tried.in_ok else twin.value
    found = twin.success or twin.value
    other = _body(document, clause)
    end = around.end if is_try else clause.body[-1].end
    if twin.miss_first and other == [twin.failure] and wrapped == found:
        # What the twin returns is the answer already.
        plain = subject[0].removeprefix("case ").removesuffix(" do")
        return [Edit(Span(begin, end), plain, document.path)]
    success, failure = f"{found} -> {wrapped}", f"{twin.failure} ->"
    if len(other) == 1 and len(indent) + len(failure) + len(other[0]) + 3 <= WIDTH:
        branches = [[f"  {success}"], [f"  {failure} {other[0]}"]]
        if twin.miss_first:
            branches.reverse()
        inner = [line for branch in branches for line in branch]
    else:
        branches = [
            [f"  {found} ->", f"    {wrapped}"],
            [f"  {failure}", *(f"    {line}" if line else "" for line in other)],
        ]
        if twin.miss_first:
            branches.reverse()
        inner = [*branches[0], "", *branches[1]]
    text = [*subject, *(f"{indent}{line}" if line else "" for line in inner), f"{indent}end"]
    if any(len(line) > WIDTH for line in (f"{indent}{text[0]}", *text[1:])):
        return []
    return [Edit(Span(begin, end), line_ending(document.source).join(text), document.path)]


def _subject(tried: _Tried, twin: Twin) -> list[str]:
    """The first line of the `case`; empty where it would need several."""
    value = tried.value
    if b"\n" in value.bytes:
        return []
    start, name = value.start, tried.call.callee_span
    before = value.bytes[: name.start - start].decode("utf-8", "replace")
    after = value.bytes[name.end - start :].decode("utf-8", "replace")
    return [f"case {before}{twin.callee}{after} do"]


def _body(document: Document, clause: Clause) -> list[str]:
    """The lines of what a clause does, without their indentation."""
    first, last = clause.body[0], clause.body[-1]
    width = len(document.lines.indentation(first.start))
    text = document.source[first.start : last.end].decode("utf-8", "replace")
    found = text.replace("\r\n", "\n").split("\n")
    return [found[0], *(line[width:] if not line[:width].strip() else line for line in found[1:])]
