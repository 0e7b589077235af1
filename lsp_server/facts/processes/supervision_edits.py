"""Where a new child belongs in a list of children, and how it is written there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.document import Change, Document
from lsp_server.facts.processes.supervision import Children
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, Match
from lsp_server.syntax.literals import Keywords, List
from lsp_server.syntax.node import Node, cast
from lsp_server.text import Span, line_ending

WIDTH = 98  # columns of `mix format`
_FIRST = re.compile(r"(?:Repo\w*|PubSub|Vault)$")
# Children of which processes of the application do not have to be started first.
_PREPARING = re.compile(r"(?:Telemetry|Cluster\w*|Finch|Registry|Task\.Supervisor|PromEx)$")
_LAST = re.compile(r"[Ee]ndpoint")
_BLOCKS = ("do_block", "body", "else_block")


@dataclass(frozen=True, slots=True)
class NewChild:
    """A child to add: `{module, argument}`. `name` is what its argument registers, if it does.

    One that is `early` serves other processes of the application, which come after it.
    """

    module: str
    argument: str = "[]"
    name: str = ""
    early: bool = False

    def is_among(self, children: Children) -> bool:
        """Whether such a child is there already."""
        return any(
            one.module == self.module and one.name in (self.name, "*") for one in children.children
        )


def child_insertion(
    document: Document, children: Children, new: Sequence[NewChild]
) -> list[Change] | None:
    """The changes that add children, in their order, to the list of an application.

    They go before the endpoint, which must find everything ready, and after repos and PubSub;
    where the first of them is `early`, right after those. The list stays on one line or on several
    as it is. Children that are there are not added again.
    None where the list was not found.
    """
    target = _target(document, children)
    if target is None:
        return None
    wanted = [one for one in new if not one.is_among(children)]
    if not wanted:
        return []
    names = document.names_at(target.start)
    written = [f"{{{names.shorten(one.module)}, {one.argument}}}" for one in wanted]
    return _Insertion(document, target, children, wanted[0].early).changes(written)


def _target(document: Document, children: Children) -> List | None:
    """The list literal to add to: that with the endpoint, else with a repo, else the longest."""
    found: list[List] = []
    root = document.tree.raw.root_node
    for span in children.lists:
        raw = root.named_descendant_for_byte_range(span.start, span.end)
        node = None if raw is None else cast(raw, document.tree)
        if isinstance(node, List) and node.span == span:
            if not any(isinstance(one, Keywords) for one in node.elements):
                found.append(node)

    def rank(node: List) -> tuple[bool, bool, int]:
        named = [_name(one, children) for one in node.elements]
        return (
            any(map(_LAST.search, named)),
            any(map(_FIRST.search, named)),
            len(named),
        )

    return max(found, key=rank, default=None)


def _name(element: Node, children: Children) -> str:
    """The module of a child in whatever notation, or the function that makes it."""
    for child in children.children:
        if element.span.covers(child.span):
            return child.module
    match element:
        case Call():
            return element.dotted
        case Identifier(name):
            return name
    return ""


def _summands(whole: Node) -> Iterator[Node]:
    """The operands of `a ++ b ++ c`, from left to right."""
    while isinstance(whole, BinaryOperator) and whole.operator == "++":
        yield whole.left
        whole = whole.right
    yield whole


class _Insertion:
    """Adds texts to one list."""

    def __init__(self, document: Document, node: List, children: Children, early: bool) -> None:
        self.children, self.early = children, early
        self.source, self.lines, self.node = document.source, document.lines, node
        self.elements = node.elements
        self.newline = line_ending(document.source)

    def changes(self, written: list[str]) -> list[Change]:
        at = self._index()
        if self._is_on_one_line:
            return self._on_one_line(written, at)
        indent = self._indent
        texts = [self._broken(one, indent) for one in written]
        if not self.elements:
            close = self.node.end - 1
            start = self.lines.line_span(self.lines.line_at(close)).start
            block = f",{self.newline}".join(indent + one for one in texts)
            return [self._change(Span(start, start), block + self.newline)]
        if at == 0:
            # Right after the bracket, before the comments that speak of the first child.
            start = self.node.start + 1
            block = "".join(f"{self.newline}{indent}{one}," for one in texts)
            return [self._change(Span(start, start), block)]
        before = self.elements[at - 1]
        comma = self._comma_after(before)
        line_end = self.lines.line_span(self.lines.line_at(before.end)).end
        gap = self.newline * 2 if self._is_airy(at) else self.newline
        if at < len(self.elements):
            end = comma if self.elements[at].start <= line_end else line_end
            block = "".join(f"{gap}{indent}{one}," for one in texts)
            return [self._change(Span(end, end), block)]
        block = f",{gap}".join(indent + one for one in texts)
        if self.source[before.end : line_end].strip():
            # A comment at the end of the last child's line stays with it.
            return [
                self._change(Span(before.end, before.end), ","),
                self._change(Span(line_end, line_end), gap + block),
            ]
        return [self._change(Span(before.end, before.end), f",{gap}{block}")]

    def _index(self) -> int:
        """The number of the element before which new ones go."""
        named = [_name(one, self.children) for one in self.elements]
        last = next((n for n, name in enumerate(named) if _LAST.search(name)), len(named))
        needed = max((n for n, name in enumerate(named) if _FIRST.search(name)), default=-1)
        if self.early:
            started = (n for n, name in enumerate(named) if _PREPARING.search(name))
            return max(needed, max((n for n in started if n < last), default=-1)) + 1
        return max(last, needed + 1)

    @property
    def _is_on_one_line(self) -> bool:
        return b"\n" not in self.node.bytes

    def _on_one_line(self, written: list[str], at: int) -> list[Change]:
        old = [one.text for one in self.elements]
        all_of_them = [*old[:at], *written, *old[at:]]
        joined = ", ".join(all_of_them)
        line = self.lines.line_span(self.lines.line_at(self.node.start))
        others = len(line.slice(self.source).decode("utf-8", "replace")) - len(self.node.text)
        parent = self.node.parent
        takes_lines = isinstance(parent, Match) or (parent is not None and parent.kind in _BLOCKS)
        if takes_lines and others + len(joined) + 2 > WIDTH:
            outer = self.lines.indentation(self.node.start).decode()
            text = f"{self._list_broken(all_of_them, outer)}{self._gap_below}"
            return [*self._gap_above, self._change(self.node.span, text)]
        if others + len(joined) + 2 > WIDTH:
            broken = self._sum_broken(all_of_them)
            if broken is not None:
                return [*self._gap_above, broken]
        if others + len(joined) + 2 > WIDTH + 1:  # the formatter leaves the last bracket outside
            around = self._call_broken(all_of_them)
            if around is not None:
                return [around]
        if at == len(old):
            text = ", ".join(["", *written] if old else written)
            return [self._change(Span(self.node.end - 1, self.node.end - 1), text)]
        start = self.elements[at].start
        return [self._change(Span(start, start), "".join(f"{one}, " for one in written))]

    def _sum_broken(self, children: list[str]) -> Change | None:
        """`children = workers() ++ […] ++ more()` on several lines, where it is a statement."""
        whole: Node = self.node
        while isinstance(whole.parent, BinaryOperator) and whole.parent.operator == "++":
            whole = whole.parent
        statement = whole.parent if isinstance(whole.parent, Match) else whole
        line = self.lines.line_span(self.lines.line_at(statement.start)).slice(self.source)
        if whole == self.node or line.strip() != statement.bytes:
            return None
        inner, newline = self.lines.indentation(statement.start).decode(), self.newline
        begun = self.source[statement.start : whole.start].decode().rstrip()
        if begun:
            inner += "  "
            begun += f"{newline}{inner}"
        operands = list(_summands(whole))
        at = operands.index(self.node)
        parts = [one.text for one in operands]
        parts[at] = f"[{', '.join(children)}]"
        text = " ++ ".join(parts)
        if len(inner) + len(text) > WIDTH:
            indent = inner + "  " if at else inner
            if len(indent) + len(f"{parts[at]} ++") > WIDTH:
                # What follows stood on one line with the list, so it has room after the bracket.
                parts[at:] = [" ++ ".join([self._list_broken(children, indent), *parts[at + 1 :]])]
            text = f" ++{newline}{inner}  ".join(parts)
        return self._change(statement.span, begun + text + self._gap_below)

    def _call_broken(self, children: list[str]) -> Change | None:
        """`Supervisor.start_link([…], strategy: …)` on several lines, where it is a statement."""
        call = self.node.enclosing(Call)
        if call is None or not call.has_parentheses:
            return None
        match call.written_arguments:
            case [List() as first, Keywords() as options] if first == self.node:
                pairs = [one.text for one in options.pairs]
            case _:
                return None
        line = self.lines.line_span(self.lines.line_at(call.start)).slice(self.source)
        outer = self.lines.indentation(call.start).decode()
        inner, newline = outer + "  ", self.newline
        if b"\n" in call.bytes:
            return self._argument_broken(children, inner)
        if line.strip() != call.bytes:
            return None
        opening = call.bytes[: first.start - call.start].decode()
        flat = f"[{', '.join(children)}],"
        if len(outer) + len(opening) + len(flat) <= WIDTH:
            text = opening + flat
        elif len(inner) + len(flat) <= WIDTH:
            text = f"{opening}{newline}{inner}{flat}"
        else:
            text = f"{opening}{newline}{inner}{self._list_broken(children, inner)},"
        rest = f",{newline}".join(inner + one for one in pairs)
        text = f"{text}{newline}{rest}{newline}{outer}){self._gap_below}"
        return self._change(call.span, text)

    def _argument_broken(self, children: list[str], indent: str) -> Change:
        """The first of arguments that stand on lines of their own."""
        line = self.lines.line_span(self.lines.line_at(self.node.start)).start
        alone = not self.source[line : self.node.start].strip()
        flat = f"[{', '.join(children)}]"
        fits = len(indent) + len(flat) + 1 <= WIDTH
        text = flat if fits else self._list_broken(children, indent)
        return self._change(self.node.span, text if alone else f"{self.newline}{indent}{text}")

    def _list_broken(self, children: list[str], indent: str) -> str:
        deep, newline = indent + "  ", self.newline
        body = f",{newline}".join(deep + self._broken(one, deep) for one in children)
        return f"[{newline}{body}{newline}{indent}]"

    @property
    def _gap_above(self) -> list[Change]:
        """The same above it, and above the comments that speak of it."""
        line = self.lines.line_at(self.node.start) - 1
        while line > 0 and self.lines.line_bytes(line).strip().startswith(b"#"):
            line -= 1
        above = self.lines.line_bytes(line).strip() if line >= 0 else b""
        if not above or above.endswith((b"do", b"->", b"else")):
            return []
        start = self.lines.line_span(line + 1).start
        return [self._change(Span(start, start), self.newline)]

    @property
    def _gap_below(self) -> str:
        """The empty line that the formatter wants below an expression of several lines."""
        line = self.lines.line_at(self.node.end)
        below = self.lines.line_bytes(line + 1).strip()
        return self.newline if below and not below.startswith(b"end") else ""

    @property
    def _indent(self) -> str:
        if self.elements:
            return self.lines.indentation(self.elements[0].start).decode()
        return self.lines.indentation(self.node.start).decode() + "  "

    def _broken(self, written: str, indent: str) -> str:
        """A tuple as `mix format` breaks it where it is too long for its line."""
        if len(indent) + len(written) + 1 <= WIDTH:
            return written
        module, _, rest = written.partition(", ")
        return f"{module},{self.newline}{indent} {rest}"

    def _comma_after(self, element: Node) -> int:
        """The place after the comma that follows an element, or after the element."""
        for raw in self.node.raw.children:
            if raw.start_byte >= element.end:
                return raw.end_byte if raw.type == "," else element.end
        return element.end

    def _is_airy(self, at: int) -> bool:
        """Whether blank lines stand between the children around a place."""
        first, second = (at - 1, at) if at < len(self.elements) else (at - 2, at - 1)
        if first < 0:
            return False
        between = self.source[self.elements[first].end : self.elements[second].start]
        return re.search(rb"\n[ \t]*\r?\n", between) is not None

    def _change(self, span: Span, text: str) -> Change:
        return Change(span, text.encode())
