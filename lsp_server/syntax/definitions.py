"""Views of definitions: modules and functions."""

from __future__ import annotations

from lsp_server.syntax.elixir import Alias, BinaryOperator, Call, Identifier
from lsp_server.syntax.node import Node
from lsp_server.text import Span

FUNCTIONS = frozenset(
    {"def", "defp", "defmacro", "defmacrop", "defguard", "defguardp", "defdelegate"}
)
FUNCTION_NAMES = frozenset(name.encode() for name in FUNCTIONS)
MODULES = frozenset({"defmodule", "defprotocol", "defimpl"})


class Function:
    """One clause of `def`, `defp`, `defmacro` … Name and parameters are read once: the outline,
    every fact and every rule asks for them."""

    __slots__ = ("call", "guard", "head", "name", "parameters")

    def __init__(self, call: Call) -> None:
        self.call = call
        written = call.written_arguments
        head: Node = written[0] if written else call
        self.guard: Node | None = None
        if isinstance(head, BinaryOperator) and head.operator == "when":
            self.guard = head.right
            head = head.left
        self.head = head
        self.name = _name(head)  # the sign of an operator; empty in broken or unquoted code
        self.parameters = _parameters(head)  # defaults among them as `\\` operators

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
        for outer in node.ancestors():
            function = Function.of(outer)
            if function is not None:
                return function
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
    def arity(self) -> int:
        """The number of parameters."""
        return len(self.parameters)

    @property
    def defaults(self) -> int:
        """How many parameters have a default: the function exists with that many fewer too."""
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
