"""Where a value comes from, as data: what is left of an expression when only database rows matter.

A query is read in one function, its rows are passed on by others, and a template of a third file
uses them. Files are joined by facts alone, so each states its part of that way as expressions: the
calls, fields and elements that lead from where a row is used back to a parameter, an assign or a
query. Everything else is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from operator import is_

from lsp_server.facts.fact import Fact
from lsp_server.text import Span


class Expression(Fact):
    """One expression by its `kind`.

    `call`: `module`, `name`, `args` with what is piped in first; `span` is the callee in `path`.
    `schema`: the module `name`. `step`: a macro of Ecto.Query (`name`) over `args[0]`; of
    `preload` `args[1]` is what is preloaded. `field`: `name` of `args[0]`. `each`: any element of
    `args[0]`, in a loop over it; `one`: an element outside of a loop. `at`: element `name` of a
    tuple, whose first is the atom `module` if that is not empty. `either`: one of `args`. `param`:
    the parameter numbered `name`. `assign`, `stream`: of the template or socket. `assigns`: all of
    them. `slot`: what the component of the tag at `span` in `path`, with the attributes `args[0]`,
    gives its slot `name`. `atom`, `list`, `tuple`, `map`, `pair` (`name`, `args[0]`), `nothing`:
    literals.
    """

    kind: str
    name: str = ""
    args: tuple[Expression, ...] = ()
    module: str = ""
    span: Span = Span(0, 0)
    path: str = ""


UNKNOWN = Expression("unknown")
NOTHING = Expression("nothing")
ASSIGNS = Expression("assigns")
FREE = frozenset({"param", "assign", "stream", "assigns"})


def parts(expression: Expression) -> Iterator[Expression]:
    """The expression and all that it is made of."""
    pending = [expression]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(one.args)


def is_within(expression: Expression, most: int) -> bool:
    """Whether an expression has no more parts than that. What is put together from what callers
    hand on triples with each of them where arguments depend on each other."""
    return next(islice(parts(expression), most, None), None) is None


def free(expression: Expression) -> Expression | None:
    """A part that only callers or other functions give a value; None where there is none."""
    return next((one for one in parts(expression) if one.kind in FREE), None)


def holds(expression: Expression, kind: str) -> bool:
    """Whether a part is of a kind."""
    return any(one.kind == kind for one in parts(expression))


def field(base: Expression, name: str) -> Expression:
    """`base.name`; of the assigns as a whole an assign."""
    if base.kind == "assigns":
        return Expression("assign", name)
    if base.kind == "assign" and base.name == "streams":
        return Expression("stream", name)
    if base.kind == "field" and base.name == "assigns" and base.args[0].kind == "param":
        return Expression("assign", name)
    if base.kind == "map":
        return next((one.args[0] for one in base.args if one.name == name), UNKNOWN)
    if name == "assigns" and base.kind == "param":
        return ASSIGNS
    return UNKNOWN if base.kind == "unknown" else Expression("field", name, (base,))


def replaced(
    expression: Expression, value: Callable[[Expression], Expression | None], depth: int = 0
) -> Expression:
    """The expression with those parts exchanged for which `value` gives another."""
    given = value(expression)
    if given is not None:
        return given
    if not expression.args or depth > 60:
        return expression
    args = tuple(replaced(one, value, depth + 1) for one in expression.args)
    if all(map(is_, args, expression.args)):
        return expression
    if expression.kind == "field":
        return field(args[0], expression.name)
    return Expression(
        expression.kind, expression.name, args, expression.module, expression.span, expression.path
    )
