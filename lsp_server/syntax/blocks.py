"""Views of what holds other expressions: clauses, functions without a name, blocks."""

from __future__ import annotations

from lsp_server.syntax.grammar import ARGUMENTS, LEFT, RIGHT, SECTIONS, STAB
from lsp_server.syntax.node import Node, cast, view
from lsp_server.syntax.operators import BinaryOperator
from lsp_server.text import Span


@view("block")
class Block(Node):
    """`( … )` around expressions or clauses."""

    __slots__ = ()


@view("stab_clause")
class Clause(Node):
    """`patterns when guard -> body` of `case`, `fn`, `cond`, `else` …"""

    __slots__ = ()

    @property
    def head(self) -> Node | None:
        """All that stands before the arrow."""
        return self.field(LEFT)

    @property
    def patterns(self) -> list[Node]:
        """The patterns before the arrow, without the guard."""
        head = self.head
        if isinstance(head, BinaryOperator) and head.operator == "when":
            head = head.left
        if head is None:
            return []
        return head.children if head.raw.kind_id == ARGUMENTS else [head]

    @property
    def guard(self) -> Node | None:
        """What follows `when`."""
        head = self.head
        if isinstance(head, BinaryOperator) and head.operator == "when":
            return head.right
        return None

    @property
    def body(self) -> list[Node]:
        """The expressions after the arrow."""
        raw = self.raw.child_by_field_id(RIGHT)
        return [] if raw is None else cast(raw, self.tree).children


@view("anonymous_function")
class AnonymousFunction(Node):
    """`fn … end`."""

    __slots__ = ()

    @property
    def clauses(self) -> list[Clause]:
        """The clauses in order."""
        return [Clause(raw, self.tree) for raw in self.raw.named_children if raw.kind_id == STAB]


@view("rescue_block", "catch_block")
class Rescue(Node):
    """What follows `rescue` or `catch` in a do-block."""

    __slots__ = ()

    @property
    def keyword(self) -> str:
        """`rescue` or `catch`."""
        return SECTIONS[self.raw.kind_id]

    @property
    def clauses(self) -> list[Clause]:
        """The clauses in order."""
        return [Clause(raw, self.tree) for raw in self.raw.named_children if raw.kind_id == STAB]


@view("do_block")
class DoBlock(Node):
    """`do … else … end`."""

    __slots__ = ()

    def section(self, name: str) -> list[Node]:
        """The expressions of `do`, `else`, `rescue`, `catch` or `after`."""
        found: list[Node] = []
        for raw in self.raw.named_children:
            section = SECTIONS.get(raw.kind_id)
            if section is None:
                if name == "do" and not raw.is_extra:
                    found.append(cast(raw, self.tree))
            elif section == name:
                found.extend(cast(raw, self.tree).children)
        return found

    @property
    def sections(self) -> list[str]:
        """The names of the sections in order, `do` first."""
        named = [
            SECTIONS[raw.kind_id] for raw in self.raw.named_children if raw.kind_id in SECTIONS
        ]
        return ["do", *named]

    @property
    def inner(self) -> Span:
        """The bytes between `do` and `end`."""
        children = self.raw.children
        return Span(children[0].end_byte, max(children[0].end_byte, children[-1].start_byte))
