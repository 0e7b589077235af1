"""Views of names and binary operators."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.syntax.grammar import LEFT, OPERATOR, RIGHT
from lsp_server.syntax.node import Node, RawNode, Tree, cast, caster, view


@view("identifier")
class Identifier(Node):
    """A variable or a call without parentheses and arguments."""

    __slots__ = ()
    __match_args__ = ("name",)

    @property
    def name(self) -> str:
        """The name."""
        return self.text


@view("alias")
class Alias(Node):
    """A module name as written, `A.B`."""

    __slots__ = ()
    __match_args__ = ("name",)

    @property
    def name(self) -> str:
        """The name with blanks around its dots taken out."""
        return "".join(self.text.split())


@view("dot")
class Dot(Node):
    """`left.right` that is no call: `Foo.{A, B}`, `__MODULE__.Foo`, or a call's target."""

    __slots__ = ()
    __match_args__ = ("left", "right")

    @property
    def left(self) -> Node | None:
        """What stands before the dot."""
        return self.field(LEFT)

    @property
    def right(self) -> Node | None:
        """What stands after the dot; None for `fun.(…)`."""
        return self.field(RIGHT)


def _part(raw: RawNode, number: int, field: int) -> RawNode | None:
    """A side or the sign of a binary operator. Mostly these are its three children, which the walk
    has made; to ask for a field makes a node anew, and in the end its children."""
    parts = raw.children
    return parts[number] if len(parts) == 3 else raw.child_by_field_id(field)


class BinaryOperator(Node):
    """`left operator right`."""

    __slots__ = ()
    kinds = ("binary_operator",)
    __match_args__ = ("operator", "left", "right")

    @property
    def operator(self) -> str:
        """The operator as written; `not in` has one blank."""
        raw = _part(self.raw, 1, OPERATOR)
        if raw is None:
            return ""
        written = self.tree.source[raw.start_byte : raw.end_byte]
        return " ".join(written.decode("utf-8", "replace").split())

    @property
    def left(self) -> Node:
        """The left operand; the operator itself in broken code."""
        raw = _part(self.raw, 0, LEFT)
        return self if raw is None else cast(raw, self.tree)

    @property
    def right(self) -> Node:
        """The right operand; the operator itself in broken code."""
        raw = _part(self.raw, 2, RIGHT)
        return self if raw is None else cast(raw, self.tree)


class Pipe(BinaryOperator):
    """`left |> right`."""

    __slots__ = ()

    @property
    def steps(self) -> list[Node]:
        """The whole chain that ends here: the first value, then each step."""
        steps: list[Node] = []
        node: Node = self
        while isinstance(node, Pipe):
            steps.append(node.right)
            node = node.left
        steps.append(node)
        steps.reverse()
        return steps


class Match(BinaryOperator):
    """`pattern = value`."""

    __slots__ = ()


_OPERATOR_CLASSES: Mapping[bytes, type[BinaryOperator]] = {b"|>": Pipe, b"=": Match}


@caster("binary_operator")
def _binary(raw: RawNode, tree: Tree) -> Node:
    operator = _part(raw, 1, OPERATOR)
    written = b"" if operator is None else tree.source[operator.start_byte : operator.end_byte]
    return _OPERATOR_CLASSES.get(written, BinaryOperator)(raw, tree)
