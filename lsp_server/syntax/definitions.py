"""Views of definitions: modules and functions."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.syntax.elixir import CALL, IDENTIFIER, Alias, BinaryOperator, Call, Identifier
from lsp_server.syntax.node import Node, RawNode, cast
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
        raw = call.argument_list
        first = None if raw is None else next(_operands(raw), None)
        head: Node = call if first is None else cast(first, call.tree)
        self.guard: Node | None = None
        if isinstance(head, BinaryOperator) and head.operator == "when":
            self.guard = head.right
            head = head.left
        self.head = head
        self.name = _name(head)  # the sign of an operator; empty in broken or unquoted code
        self.arity = _arity(head)  # the number of parameters
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
        if b"\\\\" not in self.head.bytes:
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


def _name(head: Node) -> str:
    match head:
        case Identifier(name):
            return name
        case Call() as call if call.receiver is None and call.name != "unquote":
            return call.name
        case BinaryOperator() as operator:
            return operator.operator
    return ""


def _operands(raw: RawNode) -> Iterator[RawNode]:
    return (one for one in raw.named_children if not one.is_extra)


def _arity(head: Node) -> int:
    match head:
        case Call():
            raw = head.argument_list
            return 0 if raw is None else sum(1 for _ in _operands(raw))
        case BinaryOperator():
            return 2
    return 0


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
