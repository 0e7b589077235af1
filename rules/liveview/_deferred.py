"""A value of `assign` put into a function, for `assign_async` and `assign_new`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from lsp_server.document import Document
from lsp_server.facts.pages.live_callbacks import reads_of_socket
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import Identifier, Match, Pipe
from lsp_server.syntax.literals import Comment, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._given import Given, variable_of

WIDTH = 98
_SECTIONS = frozenset({"else_block", "rescue_block", "catch_block", "after_block"})
_BLANK = re.compile(rb"\n[ \t]*\r?\n")


def deferred(
    document: Document,
    given: Given,
    setter: str,
    body: Callable[[str, str], str],
    *,
    apart: bool,
) -> list[Edit]:
    """The edits that make `setter` of an `assign`, whose value becomes a function of the `body`
    (given key and value); nothing where that cannot be laid out.

    `apart`: the function must not hold the socket, and what it reads of its assigns is read before.
    """
    form = document.outline.form_at(given.call.start)
    reads = None if form is None else reads_of_socket(given.value, form)
    if apart and reads is None:
        return []
    keys = reads or [] if apart else []
    lines = _function(document, given, body, keys)
    text = None if lines is None else _Layout(document, given, setter, lines).text()
    if text is None:
        return []
    before = [f"{key} = socket.assigns.{key}" for key in keys]
    if given.bound is not None and not _has_own_lines(document, given.bound):
        return []
    if not _has_own_lines(document, given.statement) and (before or "\n" in text):
        return []
    return list(_placed(document, given, text, before))


def _has_own_lines(document: Document, node: Node) -> bool:
    """Whether nothing stands beside a node, also no comment."""
    lines, source = document.lines, document.source
    before = source[lines.line_span(lines.line_at(node.start)).start : node.start]
    after = source[node.end : lines.line_span(lines.line_at(node.end)).end]
    return not before.strip() and not after.strip()


def _function(
    document: Document, given: Given, body: Callable[[str, str], str], keys: Sequence[str]
) -> list[str] | None:
    """The lines inside the function."""
    value, bound = given.value, given.bound
    if bound is not None and not isinstance(bound.left, Identifier):
        lines = [*_dedented(document, bound), body(given.key, variable_of(bound) or "")]
        if len(lines) > 2:
            lines.insert(-1, "")
    elif "\n" not in value.text:
        lines = [body(given.key, value.text)]
    elif body(given.key, "") == "":
        lines = _dedented(document, value)
    elif bound is not None:
        lines = [*_dedented(document, bound), "", body(given.key, bound.left.text)]
    elif isinstance(value, Pipe):
        inner = (f"  {line}" for line in _dedented(document, value))
        lines = [f"{given.key} =", *inner, "", body(given.key, given.key)]
    else:
        return None
    for key in keys:
        lines = [re.sub(rf"\bsocket\.assigns\.{key}\b", key, line) for line in lines]
    return [line.rstrip() for line in lines]


def _dedented(document: Document, node: Node) -> list[str]:
    indent = document.lines.indentation(node.start).decode()
    lines = node.text.replace("\r\n", "\n").split("\n")
    return [line.removeprefix(indent) for line in lines]


class _Layout:
    """The statement around an `assign`, with another setter in its place."""

    def __init__(
        self, document: Document, given: Given, setter: str, function: Sequence[str]
    ) -> None:
        self._document, self._given = document, given
        self._assign, self._function = (
            given.call.callee_span.slice(document.source).decode(),
            function,
        )
        brought = (
            "Phoenix.LiveView." if setter == "assign_async" else self._assign[: -len("assign")]
        )
        self._setter = f"{brought}{setter}" if given.call.receiver is not None else setter

    def text(self) -> str | None:
        """The statement's new text, with line breaks `\\n`."""
        call, statement = self._given.call, self._given.statement
        chain = self._chain()
        if any(True for _ in call.find(Comment)) or any(
            "\n" in it.text for it in self._given.others
        ):
            return None
        source = self._document.source
        before = source[statement.start : chain.start].decode().replace("\r\n", "\n")
        after = source[chain.end : statement.end].decode().replace("\r\n", "\n")
        first = self._document.lines.indentation(statement.start).decode()
        if isinstance(chain, Pipe) and "\n" in chain.text:
            return self._in_lines(before, after, chain)
        flat = self._flat(chain)
        if flat is not None and len(f"{first}{before}{flat}{after}") <= WIDTH:
            if "\n" not in before + after:
                return f"{before}{flat}{after}"
        indent, lead = self._broken(chain, first)
        if indent is None:
            return None
        steps = self._steps(chain, indent)
        return None if steps is None else f"{before.rstrip(' ')}{lead}{steps}{after}"

    def _chain(self) -> Node:
        """The call, or the whole of the pipe that it is a step of."""
        found: Node = self._given.call if self._given.call.pipe is None else self._given.call.pipe
        while isinstance(found.parent, Pipe):
            found = found.parent
        return found

    def _broken(self, chain: Node, first: str) -> tuple[str | None, str]:
        """The indentation of the chain where it has lines of its own, and what leads there; None
        where it has none."""
        line = self._document.lines.indentation(chain.start).decode()
        start = self._document.lines.line_span(self._document.lines.line_at(chain.start)).start
        if start + len(line) == chain.start:
            return line, ""
        parent, statement = chain.parent, self._given.statement
        if parent != statement:
            return None, ""
        if isinstance(parent, Tuple) and parent.elements[-1] == chain:
            return f"{first} ", f"\n{first} "
        if isinstance(parent, Match) and parent.right == chain:
            return f"{first}  ", f"\n{first}  "
        return None, ""

    def _flat(self, chain: Node) -> str | None:
        if len(self._function) > 1:
            return None
        call, function = self._given.call, f"fn -> {self._function[0]} end"
        steps = [f"{self._setter}(:{self._given.key}, {function})"]
        others = ", ".join(one.text for one in self._given.others)
        if isinstance(chain, Pipe):
            steps = [f"{self._assign}({others})", *steps] if others else steps
            texts = [one.text for one in chain.steps]
            at = chain.steps.index(call)
            return " |> ".join([*texts[:at], *steps, *texts[at + 1 :]])
        subject = call.written_arguments[0].text
        if "\n" in subject:
            return None
        if others:
            return f"{subject} |> {self._assign}({others}) |> {steps[0]}"
        return f"{self._setter}({subject}, :{self._given.key}, {function})"

    def _steps(self, chain: Node, indent: str) -> str | None:
        """The chain with a line for each step, or the call with its function on several lines."""
        call, others = self._given.call, self._given.others
        if isinstance(chain, Pipe):
            own = self._own(indent)
            texts = [one.text for one in chain.steps]
            at = chain.steps.index(call)
            if own is None:
                return None
            return f"\n{indent}|> ".join([*texts[:at], *own, *texts[at + 1 :]])
        subject = call.written_arguments[0].text
        if "\n" in subject:
            return None
        if others:
            own = self._own(indent)
            return None if own is None else f"\n{indent}|> ".join([subject, *own])
        return self._call(f"{self._setter}({subject}, :{self._given.key}, ", indent)

    def _in_lines(self, before: str, after: str, chain: Pipe) -> str | None:
        """A chain that has a line for each step keeps the others as they are."""
        call, source = self._given.call, self._document.source
        indent = self._document.lines.indentation(call.start).decode()
        own = self._own(indent)
        if own is None:
            return None
        above = source[chain.start : call.start].decode().replace("\r\n", "\n")
        below = source[call.end : chain.end].decode().replace("\r\n", "\n")
        steps = f"\n{indent}|> ".join(own)
        return f"{before}{above}{steps}{below}{after}"

    def _own(self, indent: str) -> list[str] | None:
        """The steps in the place of the call's, for lines with an indentation."""
        steps: list[str] = []
        others = [one.text for one in self._given.others]
        if others:
            flat = f"{self._assign}({', '.join(others)})"
            if len(f"{indent}|> {flat}") > WIDTH:
                inner = f",\n{indent}  ".join(others)
                flat = f"{self._assign}(\n{indent}  {inner}\n{indent})"
            steps.append(flat)
        head = f"{self._setter}(:{self._given.key}, "
        flat = f"{head}fn -> {self._function[0]} end)"
        if len(self._function) == 1 and len(f"{indent}|> {flat}") <= WIDTH:
            return [*steps, flat]
        call = self._call(head, indent)
        return None if call is None else [*steps, call]

    def _call(self, head: str, indent: str) -> str | None:
        """A call with its function on several lines, without the margin of the first."""
        inner = [f"{indent}  {line}".rstrip() for line in self._function]
        if any(len(line) > WIDTH for line in inner):
            return None
        return "\n".join([f"{head}fn ->", *inner, f"{indent}end)"])


def _placed(document: Document, given: Given, text: str, before: Sequence[str]) -> Iterator[Edit]:
    """The edits that write a statement, with lines before it and the blank lines that the formatter
    puts around what has several, and take away the one that bound the value."""
    lines, newline = document.lines, line_ending(document.source)
    statement, bound, several = given.statement, given.bound, "\n" in text
    siblings = [] if statement.parent is None else statement.parent.children
    siblings = [it for it in siblings if it.kind not in _SECTIONS]
    at = siblings.index(statement) if statement in siblings else 0
    gone = range(0) if bound is None else _lines_of(document, bound, bound == siblings[0])
    number = lines.line_at(statement.start) - 1
    while number in gone or lines.line_bytes(number).lstrip().startswith(b"#"):
        number -= 1
    apart = several and not before and any(it != bound for it in siblings[:at])
    blank = newline if apart and lines.line_bytes(number).strip() else ""
    place = lines.starts[number + 1]
    if gone:
        taken = Span(lines.starts[gone.start], lines.starts[gone.stop])
        yield Edit(taken, blank if place == taken.start else "", document.path)
        blank = "" if place == taken.start else blank
    if blank:
        yield Edit(Span(place, place), blank, document.path)
    indent = lines.indentation(statement.start).decode()
    lead = f"{newline}{indent}".join([*before, ""])
    if before and several:
        lead = f"{lead[: -len(indent)] if indent else lead}{newline}{indent}"
    follows = siblings[at + 1 :]
    tail = ""
    if several and follows and not _BLANK.search(document.source, statement.end, follows[0].start):
        tail = newline
    yield Edit(statement.span, f"{lead}{text.replace(chr(10), newline)}{tail}", document.path)


def _lines_of(document: Document, statement: Node, is_first: bool) -> range:
    """The lines of a statement, with the blank ones below that nothing above needs."""
    lines = document.lines
    start, end = lines.line_at(statement.start), lines.line_at(statement.end) + 1
    above = lines.line_bytes(start - 1).strip()
    if is_first or not above or above.startswith(b"#"):
        while not lines.line_bytes(end).strip():
            end += 1
    return range(start, end)
