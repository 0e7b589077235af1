"""EEx blocks among other nodes: which nodes stand in which clause of which block."""

from __future__ import annotations

from lsp_server.syntax.eex import EexTag, Role
from lsp_server.syntax.heex import (
    Clause,
    EexBlock,
    EexComment,
    EexEnd,
    Interpolation,
    Node,
    Style,
)
from lsp_server.text import Span


class OpenBlock:
    """A block whose `<% end %>` has not come yet, and the clause that is being filled."""

    __slots__ = ("clauses", "head", "marker", "outer")

    def __init__(self, head: EexTag, outer: list[Node]) -> None:
        self.head = head
        self.marker = head.marker
        self.outer = outer
        self.clauses: list[Clause] = []

    def end_clause(self, children: list[Node], at: int) -> None:
        """Complete the clause that is being filled."""
        head = self.head
        span = Span(head.start, at)
        self.clauses.append(Clause(span, head.span, head.expression, tuple(children)))

    def block(self, end: EexEnd | None, at: int) -> EexBlock:
        """The whole block."""
        return EexBlock(Span(self.clauses[0].span.start, at), self.marker, tuple(self.clauses), end)


class Nesting:
    """Collects nodes; `children` is the list that the next node belongs to.

    A clause or end of no block is kept as a lone node, so that its Elixir is not lost.
    """

    def __init__(self) -> None:
        self.children: list[Node] = []
        self.blocks: list[OpenBlock] = []

    def eex(self, tag: EexTag) -> None:
        """Take an EEx tag."""
        match tag.role:
            case Role.EXPRESSION:
                node = Interpolation(tag.span, tag.expression, tag.marker, Style.EEX)
                self.children.append(node)
            case Role.COMMENT:
                self.children.append(EexComment(tag.span))
            case Role.START:
                self.start(tag)
            case Role.MIDDLE if self.blocks:
                self.blocks[-1].end_clause(self.children, tag.start)
                self.blocks[-1].head = tag
                self.children = []
            case Role.MIDDLE:
                self.children.append(Clause(tag.span, tag.span, tag.expression, ()))
            case Role.END if self.blocks:
                self.end(EexEnd(tag.span, tag.expression), tag.start, tag.end)
            case Role.END:
                self.children.append(EexEnd(tag.span, tag.expression))

    def start(self, tag: EexTag) -> None:
        """Begin a block."""
        self.blocks.append(OpenBlock(tag, self.children))
        self.children = []

    def end(self, end: EexEnd | None, inner_end: int, at: int) -> None:
        """End the innermost block at the offset `at`; what is in it ended at `inner_end`."""
        block = self.blocks.pop()
        block.end_clause(self.children, inner_end)
        block.outer.append(block.block(end, at))
        self.children = block.outer

    def finish(self) -> list[Node]:
        """End what is still open, and give all nodes."""
        while self.blocks:
            at = self.children[-1].span.end if self.children else self.blocks[-1].head.end
            self.end(None, at, at)
        return self.children
