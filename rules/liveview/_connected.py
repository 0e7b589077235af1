"""Code of a LiveView that runs in the static render too, and code under `connected?`."""

from __future__ import annotations

from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    Match,
    Pipe,
)
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module

SIGNS = ("connected?", "transport_pid")

_CONDITIONAL = frozenset({"if", "unless", "case", "with", "cond"})
# Their functions run here and now; any other may run elsewhere or later.
_HERE = frozenset({"each", "map", "reduce", "flat_map", "tap", "then", "with_index"})

_SEQUENCES = frozenset({"do_block", "body", "block", "else_block"})
_INSIDE_LOOPS = _SEQUENCES | {
    "pair",
    "keywords",
    "arguments",
    "stab_clause",
    "anonymous_function",
    "unary_operator",
    "binary_operator",
}


class Connection:
    """What in one module tells whether a socket is connected.

    Lenient: a condition that speaks of the connection in any way is taken for a guard, also one
    that calls a function of the module that does.
    """

    def __init__(self, module: Module) -> None:
        self._names = set(SIGNS)
        for form in module.forms:
            if form.function is not None and any(sign in form.function.name for sign in SIGNS):
                continue
            if form.function is not None and _asks(form):
                self._names.add(form.function.name)

    def guards(self, node: Node, function: Function) -> bool:
        """Whether a node of a function runs only on a connected socket, or somewhere else."""
        if any(map(self._mentions, (*function.parameters, function.guard))):
            return True
        if isinstance(node, Call) and any(self._mentions(it, function) for it in node.arguments):
            return True  # the function that is called is told
        inner = node
        for outer in node.ancestors():
            if outer == function.call:
                return False
            match outer:
                case AnonymousFunction() | Capture() if not _runs_here(outer):
                    return True
                case Call() if outer.name in _CONDITIONAL and outer.receiver is None:
                    conditions = [one for one in outer.written_arguments if one != inner]
                    if outer.name == "cond":
                        conditions += [it for one in outer.clauses() for it in one.patterns]
                    if any(self._mentions(one, function) for one in conditions):
                        return True
                case BinaryOperator("&&" | "and" | "||" | "or" | "when", left) if inner != left:
                    if self._mentions(left, function):
                        return True
                case Clause() if self._mentions(outer.head, function):
                    return True
            inner = outer
        return False

    def _mentions(self, node: Node | None, function: Function | None = None) -> bool:
        if node is None:
            return False
        variables = set() if function is None else self._variables(function)
        for one in node.descendants():
            match one:
                case Call() if one.name in self._names:
                    return True
                case Identifier(name) if name in variables or name in self._names:
                    return True
            if one.kind == "keyword" and one.text.startswith("transport_pid"):
                return True
        return False

    def _variables(self, function: Function) -> set[str]:
        """The variables that hold what `connected?` said."""
        return {
            match.left.name
            for match in function.call.find(Match)
            if isinstance(match.left, Identifier) and self._mentions(match.right)
        }


def _asks(form: Form) -> bool:
    return any(True for _ in form.index.calls("connected?", "transport_pid"))


def _runs_here(function: Node) -> bool:
    call = function.enclosing(Call)
    return call is not None and call.name in _HERE


def statement(node: Node) -> Node | None:
    """The expression around a node whose value nobody uses, so that a condition can go around it.

    Leads out through pipes, `:ok = …`, patterns that bind nothing, and loops that do nothing else.
    """
    inner = node
    while True:
        outer = inner.parent
        match outer:
            case Pipe(_, _, right) if right == inner:
                inner = outer
            case Match(_, left, right) if right == inner and not _binds(left):
                inner = outer
            case Node() if outer.kind in _SEQUENCES and outer.children[-1] != inner:
                return inner
            case _:
                loop = _loop_around(inner)
                if loop is None:
                    return None
                inner = loop


def _binds(pattern: Node) -> bool:
    names = (one.name for one in pattern.find(Identifier))
    return any(not name.startswith("_") for name in names)


def _loop_around(node: Node) -> Call | None:
    """The `for` or `Enum.each` that does nothing but a node for each element."""
    through: set[str] = set()
    for outer in node.ancestors():
        through.add(outer.kind)
        if isinstance(outer, Call):
            if outer.dotted == "for" and through & {"do_block", "pair"}:
                return outer
            is_each = outer.dotted == "Enum.each"
            return outer if is_each and through & {"anonymous_function", "unary_operator"} else None
        if outer.kind in _SEQUENCES and len(outer.children) != 1:
            return None
        if isinstance(outer, BinaryOperator) and outer.operator != "/":
            return None
        if outer.kind not in _INSIDE_LOOPS:
            return None
    return None
