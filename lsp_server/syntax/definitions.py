"""Views of definitions: modules and functions."""

from __future__ import annotations

from lsp_server.syntax.elixir import (
    BINARY,
    CALL,
    IDENTIFIER,
    Alias,
    BinaryOperator,
    Call,
)
from lsp_server.syntax.node import Node, RawNode, Tree, cast
from lsp_server.text import Span

FUNCTIONS = frozenset(
    {"def", "defp", "defmacro", "defmacrop", "defguard", "defguardp", "defdelegate"}
)
FUNCTION_NAMES = frozenset(name.encode() for name in FUNCTIONS)
MODULES = frozenset({"defmodule", "defprotocol", "defimpl"})


class Function:
    """One clause of `def`, `defp`, `defmacro` … Name and arity are read at once, as the outline
    needs those of every clause; that makes no view of a parameter, which half of all clauses are
    never asked for."""

    __slots__ = ("_parameters", "arity", "call", "guard", "head", "name")

    def __init__(self, call: Call) -> None:
        self.call = call
        tree = call.tree
        raw = call.argument_list
        first = None if raw is None else next(iter(_operands(raw)), None)
        head = call.raw if first is None else first
        self.guard: Node | None = None
        if head.kind_id == BINARY:
            sides = BinaryOperator(head, tree)
            if sides.operator == "when":
                self.guard = sides.right
                head = sides.left.raw
        self.head = cast(head, tree)
        # The sign of an operator; empty in broken or unquoted code. And the number of parameters.
        self.name, self.arity = _signature(head, tree)
        self._parameters: list[Node] | None = None

    @property
    def parameters(self) -> list[Node]:
        """The parameters, defaults among them as `\\\\` operators."""
        if self._parameters is None:
            self._parameters = _parameters(self.head)
        return self._parameters

    @staticmethod
    def of(node: Node) -> Function | None:
        """The function that a node defines."""
        if isinstance(node, Call) and node.receiver is None and node.name in FUNCTIONS:
            function = Function(node)
            return function if function.name else None
        return None

    @staticmethod
    def around(node: Node) -> Function | None:
        """The function whose clause encloses a node."""
        tree = node.tree
        raw = tree.parent(node.raw)
        while raw is not None:
            if raw.kind_id == CALL:
                target = raw.named_child(0)
                if target is not None and target.kind_id == IDENTIFIER:
                    if tree.source[target.start_byte : target.end_byte] in FUNCTION_NAMES:
                        function = Function.of(Call(raw, tree))
                        if function is not None:
                            return function
            raw = tree.parent(raw)
        return None

    @property
    def keyword(self) -> str:
        """`def`, `defp` …"""
        return self.call.name

    @property
    def is_private(self) -> bool:
        """Whether only the module itself can call it."""
        return self.keyword in ("defp", "defmacrop", "defguardp")

    @property
    def is_macro(self) -> bool:
        """Whether it runs while compiling."""
        return self.keyword in ("defmacro", "defmacrop")

    @property
    def name_span(self) -> Span:
        """The bytes of the name."""
        return self.head.name_span if isinstance(self.head, Call) else self.head.span

    @property
    def defaults(self) -> int:
        """How many parameters have a default: the function exists with that many fewer too."""
        head = self.head.raw
        if self.head.tree.source.find(b"\\\\", head.start_byte, head.end_byte) < 0:
            return 0
        return sum(
            1
            for one in self.parameters
            if isinstance(one, BinaryOperator) and one.operator == "\\\\"
        )

    @property
    def body(self) -> list[Node]:
        """The expressions of `do`; empty for a head without body."""
        return self.call.body

    @property
    def span(self) -> Span:
        """The whole clause."""
        return self.call.span


def _signature(head: RawNode, tree: Tree) -> tuple[str, int]:
    named = head
    arity = 0
    kind = head.kind_id
    if kind == CALL:
        named = head.children[0]
        kind = named.kind_id
        arguments = Call(head, tree).argument_list
        arity = 0 if arguments is None else len(_operands(arguments))
    elif kind == BINARY:
        return BinaryOperator(head, tree).operator, 2
    if kind != IDENTIFIER:
        return "", arity
    name = tree.source[named.start_byte : named.end_byte].decode("utf-8", "replace")
    return "" if name == "unquote" and named is not head else name, arity


def _operands(raw: RawNode) -> list[RawNode]:
    return [one for one in raw.named_children if not one.is_extra]


def _parameters(head: Node) -> list[Node]:
    match head:
        case Call() as call:
            return call.written_arguments
        case BinaryOperator() as operator:
            return [operator.left, operator.right]
    return []


def module_name(call: Call) -> str:
    """The name that a `defmodule` or `defprotocol` gives, as written; empty if it is computed."""
    if call.name not in MODULES or call.receiver is not None:
        return ""
    written = call.written_arguments
    return written[0].name if written and isinstance(written[0], Alias) else ""
