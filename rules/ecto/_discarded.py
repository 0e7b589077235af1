"""Whether anybody looks at what an expression returns."""

from __future__ import annotations

from lsp_server.syntax.definitions import FUNCTIONS
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Block,
    Call,
    Capture,
    Clause,
    DoBlock,
    Identifier,
    Match,
    Pipe,
)
from lsp_server.syntax.literals import Keywords, Pair
from lsp_server.syntax.node import Node

PASSING = frozenset({"if", "unless", "case", "cond", "with", "try", "receive"})  # to what is around
# Functions whose value is what the function given to them returns, or a list of that.
_PASSING_ON = frozenset({"then", "Kernel.then", "Enum.map"})
# Functions that do not look at what the function given to them returns.
IGNORING = frozenset({"Enum.each", "Stream.each", "tap", "Kernel.tap"})
_BODIES = ("body", "else_block", "rescue_block", "catch_block", "after_block")


def whole(call: Call) -> Node:
    """The expression whose value is that of a call: the pipe that it ends, or itself."""
    node: Node = call
    parent = call.parent
    while isinstance(parent, Pipe) and parent.right == node:
        node, parent = parent, parent.parent
    return node


def is_discarded(node: Node, ignored: Node | None = None) -> bool:
    """Whether an expression's value is thrown away: another follows it, `_` takes it, or the block
    that it ends is itself thrown away. `ignored` is a definition whose value nobody looks at."""
    parent = node.parent
    while parent is not None:
        up = _outwards(node, parent)
        if isinstance(up, bool):
            return up
        if up == ignored:
            return True
        node, parent = up, up.parent
    return False


def _outwards(node: Node, parent: Node) -> Node | bool:
    """The expression around that has the same value, else whether the value is thrown away."""
    match parent:
        case Match():
            left = parent.left
            return isinstance(left, Identifier) and left.name.startswith("_")
        case BinaryOperator("&&" | "||" | "and" | "or"):
            return parent if parent.right == node else False
        case BinaryOperator("/") if isinstance(parent.parent, Capture):
            return parent.parent
        case Capture():
            return parent
        case Block():
            return parent if _is_last(node, parent) else True
        case DoBlock():
            return _out_of_block(node, parent)
        case Clause():
            return _out_of_clause(parent)
        case Pair():
            return _out_of_keyword(parent)
    if parent.kind in _BODIES:
        if not _is_last(node, parent):
            return True
        if parent.kind == "after_block":
            return True
        outer = parent.parent
        if isinstance(outer, DoBlock):
            return _passed_on(outer.parent)
        return _out_of_clause(outer) if isinstance(outer, Clause) else False
    if parent.kind == "arguments":
        return _as_argument(node, parent)
    return False


def _is_last(node: Node, block: Node) -> bool:
    children = block.children
    return bool(children) and children[-1] == node


def _out_of_block(node: Node, block: DoBlock) -> Node | bool:
    section = block.section("do")
    if section and section[-1] != node:
        return not _is_definition(block.parent)
    return _passed_on(block.parent)


def _is_definition(call: Node | None) -> bool:
    return isinstance(call, Call) and call.name in ("defmodule", "defimpl", "defprotocol", "quote")


def _passed_on(call: Node | None) -> Node | bool:
    """A call or definition that returns its block's value, `for` in a list; False for one that
    may do anything with it."""
    if not isinstance(call, Call) or call.receiver is not None:
        return False
    return call if call.name in PASSING or call.name in FUNCTIONS or call.name == "for" else False


def _out_of_clause(clause: Clause) -> Node | bool:
    outer = clause.parent
    if isinstance(outer, AnonymousFunction):
        return outer
    if outer is not None and outer.kind in _BODIES:
        outer = outer.parent
    return _passed_on(outer.parent) if isinstance(outer, DoBlock) else False


def _out_of_keyword(pair: Pair) -> Node | bool:
    keywords = pair.parent
    arguments = keywords.parent if isinstance(keywords, Keywords) else None
    call = arguments.parent if arguments is not None else None
    return _passed_on(call) if pair.key in ("do", "else") else False


def _as_argument(node: Node, arguments: Node) -> Node | bool:
    """What becomes of the value of a function that is an argument."""
    call = arguments.parent
    if not isinstance(node, (AnonymousFunction, Capture)) or not isinstance(call, Call):
        return False
    if call.dotted in _PASSING_ON:
        return whole(call)
    return call.dotted in IGNORING
