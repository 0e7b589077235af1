"""What an expression needs from around it when it moves to a function of another module."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lsp_server.facts.calls.primitives import words
from lsp_server.syntax.elixir import (
    Access,
    Alias,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    ModuleAttribute,
    Pipe,
    UnaryOperator,
)
from lsp_server.syntax.literals import Atom, Sigil, String
from lsp_server.syntax.node import Node
from lsp_server.text import Span

# Macros of Ecto.Query (ecto 3.13): their arguments hold bindings, and from outside only what is
# pinned; of the first argument, where it is not piped in, the whole.
QUERY_MACROS = words(
    "distinct dynamic from group_by having join limit lock offset or_having or_where order_by "
    "preload prepend_order_by select select_merge update where windows with_cte with_ties"
)
# All that `import Ecto.Query` is there for.
QUERY_FUNCTIONS = QUERY_MACROS | words(
    "combinations except except_all exclude first has_named_binding? intersect intersect_all last "
    "put_query_prefix recursive_ctes reverse_order subquery union union_all values"
)
_WHOLE = frozenset({"assigns", "conn", "socket"})  # never handed to a context


@dataclass
class Needs:
    """The parameters of the new function with the expressions for them, where their names go in
    the expression, and the module names in it. `possible` is False where it cannot move."""

    possible: bool = True
    arguments: dict[str, str] = field(default_factory=dict)  # by name, as written at the call
    replacements: list[tuple[Span, str]] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    queries: bool = False  # whether it has a macro of Ecto.Query

    def take(self, node: Node, last: str, before: str) -> None:
        """Make an expression from outside a parameter."""
        text = node.text
        name = f"{before}_{last}" if last == "id" and before else last
        known = next((one for one, other in self.arguments.items() if other == text), None)
        if known is None:
            if name in self.arguments or re.fullmatch(r"[a-z]\w*", name) is None:
                self.possible = False
                return
            self.arguments[name] = text
            known = name
        self.replacements.append((node.span, known))


def needs_of(expression: Node) -> Needs:
    """What an expression needs; it is looked through in the order of the text."""
    needs = Needs()
    pending: list[tuple[Node, bool]] = [(expression, False)]  # node, inside a query macro
    while pending and needs.possible:
        node, query = pending.pop()
        below = _look(node, query, needs)
        pending.extend(reversed(below))
    return needs


def _look(node: Node, query: bool, needs: Needs) -> list[tuple[Node, bool]]:
    """Take in one node; the answer is what is below it to look at."""
    match node:
        case Alias():
            needs.aliases.append(node)
        case ModuleAttribute() | AnonymousFunction() | Capture():
            needs.possible = False
        case UnaryOperator("^", operand):
            return [(operand, False)]
        case Access(Node(), key) if not query:
            _take_access(node, key, needs)
        case Identifier(name) if not query:
            needs.possible = name not in _WHOLE and name != "__MODULE__"
            if needs.possible:
                needs.take(node, name, "")
        case Call():
            return _look_at_call(node, query, needs)
        case String() if node.is_heredoc:
            needs.possible = False
        case Sigil():
            needs.possible = not node.interpolations
        case _:
            return [(child, query) for child in node.children]
    return []


def _look_at_call(call: Call, query: bool, needs: Needs) -> list[tuple[Node, bool]]:
    if call.is_field_access:
        if not query:
            root, steps = _path(call)
            if isinstance(root, Identifier) and root.name != "__MODULE__":
                needs.take(call, steps[-1], steps[-2] if len(steps) > 1 else root.name)
            else:
                needs.possible = False
        return []
    if call.do_block is not None or (call.receiver is not None and call.module is None):
        needs.possible = False
        return []
    arguments = call.written_arguments
    if call.receiver is None:
        if call.name in QUERY_MACROS and not query:
            needs.queries = True
            if call.pipe is None and arguments:
                return [*_source(arguments[0]), *((one, True) for one in arguments[1:])]
            return [(one, True) for one in arguments]
        if not query:
            needs.possible = False
            return []
        needs.possible = call.name != "subquery"
        return [(one, True) for one in arguments]
    receiver = call.receiver
    below = [(one, query) for one in arguments]
    return below if receiver.kind == "atom" else [(receiver, query), *below]


def _source(node: Node) -> list[tuple[Node, bool]]:
    """The first argument of a query macro: `p in Product`, or a query."""
    if isinstance(node, BinaryOperator) and node.operator == "in":
        return [(node.right, False)]
    return [(node, False)]


def _path(call: Call) -> tuple[Node, list[str]]:
    """Root and steps of `socket.assigns.user`."""
    steps: list[str] = []
    node: Node = call
    while isinstance(node, Call) and node.is_field_access and node.receiver is not None:
        steps.append(node.name)
        node = node.receiver
    return node, steps[::-1]


def _take_access(node: Access, key: Node | None, needs: Needs) -> None:
    match key:
        case String(str(name)) | Atom(name):
            needs.take(node, name, "")
        case _:
            needs.possible = False


def chain_of(call: Call) -> Pipe | Call:
    """The expression that a call is with all that is piped into it."""
    return call.pipe or call
