"""errors/swallowed-exception"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.calls.primitives import words
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.requires import require_edit
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.blocks import Clause, DoBlock, Rescue
from lsp_server.syntax.elixir import Call, Identifier
from lsp_server.syntax.literals import (
    Atom,
    Boolean,
    Charlist,
    Float,
    Integer,
    List,
    Map,
    Nil,
    String,
    Tuple,
)
from lsp_server.syntax.node import Node
from lsp_server.syntax.operators import BinaryOperator, Match, Pipe
from lsp_server.text import Span, line_ending

from ._twins import twin_of

# Modules whose functions fail on their argument alone: to rescue one call of them is to ask whether
# the argument is well-formed.
_CONVERTING = words(
    "Atom Base Date DateTime Decimal Ecto.UUID Enum Float IO Integer JSON Jason Keyword List Map "
    "Module NaiveDateTime Poison Regex String Time Tuple URI Version "
    ":base64 :binary :erlang :inet :json :public_key :unicode :zlib"
)
# Modules that ask for what may be gone at any time: another node, a table, a name. To rescue one
# call of them is to ask whether it is still there.
_ASKING = words(":erpc :rpc :ets :dets :global :gen_event :sys :net_kernel :persistent_term")
_BLANK_LINE = re.compile(rb"\n[ \t]*\r?\n")
_UNFINISHED = re.compile(rb"TODO|FIXME|XXX|HACK")


class SwallowedException(Rule):
    """
    A `rescue` or `catch` that makes every exception look like an ordinary result.

    `rescue _ -> nil` was written for the one failure that its author had in mind. It also takes in
    the misspelt function, the database that is away and the pattern that does not match any more:
    each becomes a `nil` that somebody finds weeks later, with no message and no stack trace to
    start from.

    ## Bad

    ```elixir
    defmodule Shop.Rates do
      alias Shop.RatesClient

      def today(currency) do
        RatesClient.fetch!(currency, Date.utc_today())
      rescue
        _ -> nil
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Rates do
      alias Shop.RatesClient

      require Logger

      def today(currency) do
        RatesClient.fetch!(currency, Date.utc_today())
      rescue
        e ->
          Logger.error(Exception.format(:error, e, __STACKTRACE__))
          nil
      end
    end
    ```

    ## When it stays silent

    - The clause names the exceptions that it expects: `e in [Req.TransportError]`, `:exit, _`.
    - The clause does anything but return a constant: it logs, raises again, reports to an error
      tracker, or puts the exception in its result. Of a `rescue` only `nil`, `:ok`, `:error` and
      `[]` count as constants that hide: `{:error, :invalid}` at least says that something failed.
    - What is tried is one conversion of an argument that fails for no other reason, and of which
      there is no function that says so in its result (`String.to_existing_atom(text)`).
    - What is tried is one call that asks for what may be gone: another node (`:erpc.call`), a
      table (`:ets.lookup`), a name (`:global.send`).
    - A comment in the clause says why, unless it is a TODO.
    - Mix tasks, code inside `quote`, and packages (`package:` in mix.exs): what a library says of
      a failure is its result, and the log belongs to whoever uses it.

    ## What the fix changes

    The exception gets a name, and is logged with its stack trace as an error before the same
    result is returned. `require Logger` is added to the module if it is not there. Who knows
    which exceptions are meant may do better, and name those instead.
    """

    @on(Rescue)
    def check(self, section: Rescue, file: File) -> Iterator[Finding]:
        if file.is_mix_task or file.context.is_library(file.path):
            return
        for clause in section.clauses:
            if _takes_all(clause, section.keyword) and _hides(clause, section.keyword):
                if not _is_meant(clause, section, file):
                    yield self._finding(section, clause, file)

    def _finding(self, section: Rescue, clause: Clause, file: File) -> Finding:
        patterns = ", ".join(one.text for one in clause.patterns)
        result = clause.body[-1].text
        message = f"`{section.keyword} {patterns} -> {result}` hides every failure"
        fix = None
        module = file.module
        if module.call is not None and file.names(clause).expand("Logger") == "Logger":
            title = "Log the exception with its stack trace"
            fix = Fix.safe(
                title,
                lambda _: [
                    *require_edit(file.document, module, "Logger"),
                    *_logged(file.document, section, clause),
                ],
            )
        span = Span(clause.patterns[0].start, clause.patterns[-1].end)
        return self.finding(span, f"{message}: it is neither logged nor raised again", fix=fix)


def _takes_all(clause: Clause, keyword: str) -> bool:
    """Whether a clause takes every exception (of `catch`: everything) without looking at it."""
    patterns = clause.patterns
    if clause.guard is not None or not patterns or not clause.body:
        return False
    if keyword == "rescue":
        one = patterns[0]
        if isinstance(one, BinaryOperator) and one.operator == "in":
            one = one.right
            return isinstance(one, Identifier) and one.name == "_"
        return isinstance(one, Identifier)
    if len(patterns) != 2 or not isinstance(patterns[1], Identifier):
        return False
    kind = patterns[0]
    return isinstance(kind, Identifier) or (isinstance(kind, Atom) and kind.name == "error")


def _hides(clause: Clause, keyword: str) -> bool:
    """Whether all that a clause does is to return a constant."""
    if len(clause.body) != 1:
        return False
    match clause.body[0]:
        case Nil() | Atom("ok" | "error") | List([]):
            return True
        case Atom() | Boolean() | Integer() | Float():
            return keyword == "catch"
        case String() | Charlist() as text:
            return keyword == "catch" and text.value is not None
        case Map() as empty:
            return keyword == "catch" and empty.struct is None and not empty.elements
    return False


def _is_meant(clause: Clause, section: Rescue, file: File) -> bool:
    """Whether a comment, the code that is tried, or a macro around it explains the clause."""
    start = section.start
    for other in section.clauses:
        if other.end <= clause.start:
            start = other.end
    source = section.tree.source
    end = source.find(b"\n", clause.end)
    for comment in _comments(section, start, len(source) if end < 0 else end):
        if _UNFINISHED.search(comment) is None:
            return True
    block = section.parent
    if isinstance(block, DoBlock):
        body = block.section("do")
        if _is_conversion(body, file) or _asks(body):
            return True
    return any(isinstance(one, Call) and one.name == "quote" for one in section.ancestors())


def _comments(section: Rescue, start: int, end: int) -> Iterator[bytes]:
    """The comments between two offsets, also those inside the clauses and behind the last."""
    block = section.parent
    for node in block.descendants() if block is not None else ():
        text = node.bytes if node.raw.is_extra and start <= node.start < end else b""
        if text and b"retort:ignore" not in text:  # which would suppress nothing then
            yield text


def _is_conversion(body: list[Node], file: File) -> bool:
    """Whether what is tried is one call that can only fail on its argument, and has no twin that
    would say so in its result."""
    if len(body) != 1:
        return False
    node = body[0]
    if isinstance(node, Tuple) and len(node.elements) == 2:
        node = node.elements[1]
    if isinstance(node, Pipe):
        if isinstance(node.left, Pipe) or not isinstance(node.left, Identifier):
            return False
        node = node.right
    if not isinstance(node, Call) or node.module is None:
        return False
    if node.module.removeprefix("Elixir.") not in _CONVERTING or twin_of(node, file) is not None:
        return False
    return not any(
        isinstance(one, Call) and one != node and not one.is_field_access
        for argument in node.written_arguments
        for one in argument.descendants()
    )


def _asks(body: list[Node]) -> bool:
    """Whether what is tried is one call that asks for what may be gone, perhaps with a constant
    after it."""
    if len(body) == 2 and isinstance(body[1], (Atom, Nil, Boolean)):
        body = body[:1]
    if len(body) != 1:
        return False
    node = body[0]
    if isinstance(node, Tuple) and len(node.elements) == 2:
        node = node.elements[1]
    if isinstance(node, Match):
        node = node.right
    return isinstance(node, Call) and node.module in _ASKING


def _logged(document: Document, section: Rescue, clause: Clause) -> Iterator[Edit]:
    """The clause with a name for what it takes and a line that logs it."""
    newline = line_ending(document.source)
    patterns = clause.patterns
    if section.keyword == "rescue":
        one = patterns[0]
        if isinstance(one, BinaryOperator):
            one = one.left
        reason = _named(one, "e")
        yield Edit(patterns[0].span, reason)
        logged = f"Logger.error(Exception.format(:error, {reason}, __STACKTRACE__))"
    else:
        kind = _named(patterns[0], "kind")
        reason = _named(patterns[1], "reason")
        yield Edit(Span(patterns[0].start, patterns[1].end), f"{kind}, {reason}")
        logged = f"Logger.error(Exception.format({kind}, {reason}, __STACKTRACE__))"
    outer = document.lines.indentation(clause.start).decode()
    inner = outer + "  "
    body = clause.body[0]
    if _on_lines_of_their_own(document, clause):
        yield Edit(Span(body.start, body.start), f"{logged}{newline}{inner}")
        return
    gap = Span(_after_arrow(clause), body.start)
    yield Edit(gap, f"{newline}{inner}{logged}{newline}{inner}")
    # One clause of several lines makes `mix format` give all of them lines of their own.
    clauses = section.clauses
    for number, other in enumerate(clauses):
        if number > 0:
            end = clauses[number - 1].end
            if _BLANK_LINE.search(document.source, end, other.start) is None:
                yield Edit(Span(end, end), newline)
        if other != clause and other.body and not _on_lines_of_their_own(document, other):
            yield Edit(Span(_after_arrow(other), other.body[0].start), f"{newline}{inner}")


def _named(pattern: Node, default: str) -> str:
    """The name that a pattern has without its underscore; what is no variable stays."""
    if not isinstance(pattern, Identifier):
        return pattern.text
    name = pattern.name.lstrip("_")
    return name if re.fullmatch(r"[a-z]\w*", name) else default


def _after_arrow(clause: Clause) -> int:
    for raw in clause.raw.children:
        if raw.type == "->":
            return raw.end_byte
    return clause.end


def _on_lines_of_their_own(document: Document, clause: Clause) -> bool:
    lines = document.lines
    return lines.line_at(clause.body[0].start) > lines.line_at(_after_arrow(clause))
