"""How patterns reach into values, and what functions are known as where they are rendered."""

from __future__ import annotations

from lsp_server.facts.rows.expressions import UNKNOWN, Expression, field
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Identifier
from lsp_server.syntax.literals import Atom, Keywords, List, Map, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

Place = tuple[str, str, int]  # module, function, arity

# A step of the way that a pattern reaches into a value: kind and name of an `Expression`, and the
# atom that a tuple must begin with.
Step = tuple[str, str, str]
Way = tuple[Step, ...]
CONS = "|"  # in place of the atom: the first element of a list whose rest has a name


def way_to(pattern: Node, name: str) -> Way | bool | None:
    """How a pattern reaches into a value for a variable; None for a way that is not followed, False
    where it does not bind the variable."""
    pending: list[tuple[Node, Way]] = [(pattern, ())]
    written = name.encode()
    while pending:
        node, way = pending.pop()
        if written not in node.bytes:  # most patterns, and most of what is in them
            continue
        match node:
            case Identifier(bound) if bound == name:
                return way
            case Tuple([first, *_] as elements):
                tag = first.name if isinstance(first, Atom) else ""
                pending += [(one, (*way, ("at", str(at), tag))) for at, one in enumerate(elements)]
            case Map():
                keywords = node.keywords
                for pair in () if keywords is None else keywords.pairs:
                    if pair.value is not None:
                        pending.append((pair.value, (*way, ("field", pair.key, ""))))
            case List([BinaryOperator("|", left, right)]):
                pending += [(left, (*way, ("one", "", CONS))), (right, way)]
            case List([single]) if not isinstance(single, Keywords):
                pending.append((single, (*way, ("one", "", ""))))
            case BinaryOperator("=", left, right):
                pending += [(left, way), (right, way)]
            case BinaryOperator("\\\\", left, _):
                pending.append((left, way))
            case _ if any(one.name == name for one in node.find(Identifier)):
                return None
    return False


def rendered_name(function: Function) -> str:
    """`post.json` of `def render("post.json", assigns)`, as Phoenix.View has it; else empty."""
    if function.name == "render" and function.arity == 2:
        first = function.parameters[0]
        return first.value or "" if isinstance(first, String) else ""
    return ""


def place_of(form: Form) -> Place:
    """The function that a form is a clause of."""
    function = form.function
    if function is None:
        return form.module.name, "", 0
    shown = rendered_name(function)
    if shown:
        return form.module.name, shown, 1
    return form.module.name, function.name, function.arity


def each(value: Expression) -> Expression:
    """Any element of a value, in a loop over it."""
    return UNKNOWN if value.kind == "unknown" else Expression("each", args=(value,))


def reach(value: Expression, way: Way | bool | None) -> Expression:
    """What a pattern binds that reaches into a value."""
    if way is None or isinstance(way, bool):
        return UNKNOWN
    for kind, name, tag in way:
        if value.kind == "unknown":
            return value
        value = (
            field(value, name) if kind == "field" else Expression(kind, name, (value,), module=tag)
        )
    return value
