"""Queries that are ordered by when rows were inserted."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import clauses_of
from lsp_server.facts.rows.query_shape import shape_of
from lsp_server.role import Role
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier
from lsp_server.syntax.literals import Atom, Keywords, List
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class Ordering(Fact):
    """One query of a `schema` that is ordered by when its rows were inserted."""

    schema: str
    span: Span  # `from`, `order_by`


_TIME = "inserted_at"
_STEPS = 4  # functions of the module between an order and the schema
# The macros of Ecto.Query (ecto 3.13) that order; `first` and `last` limit as well.
_ORDERS = ("from", "order_by", "prepend_order_by", "first", "last")


@collects(Ordering)
def collect_orderings(document: Document) -> Iterator[Ordering]:
    """The facts of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    if _TIME.encode() not in document.source:
        return
    for form in document.forms:
        if form.function is None or not form.module.name:
            continue
        for call in form.index.calls(*_ORDERS):
            if _is_by_time(call):
                for schema in _schemas(call.pipe or call, form, _STEPS):
                    yield Ordering(schema, call.name_span)


def _is_by_time(call: Call) -> bool:
    """Whether a macro orders by the time of the rows of the query itself, not of joined ones."""
    arguments = call.arguments
    node = arguments[-1] if len(arguments) > 1 else None
    root: Node | None = None
    if call.name == "from":
        node = node.get("order_by") if isinstance(node, Keywords) else None
        source = arguments[0] if arguments else None
        root = source.left if isinstance(source, BinaryOperator) else None
    elif len(arguments) > 2 and isinstance(arguments[1], List):
        bound = arguments[1].elements
        root = bound[0] if bound else None
    if node is None or _TIME.encode() not in node.bytes:
        return False
    if any(one.name == _TIME for one in node.find(Atom)):
        return True
    rows = [one.receiver for one in node.find(Call) if one.name == _TIME]
    return not isinstance(root, Identifier) or any(
        not isinstance(one, Identifier) or one.name == root.name for one in rows
    )


def _schemas(query: Node, form: Form, steps: int) -> Iterator[str]:
    """What a query is of: seen there, in the function that begins it, or where the function that
    it is given to is called."""
    shape = shape_of(query, form)
    if shape.schema:
        yield form.names_at(query.start).expand(shape.schema)
    start = shape.start
    if start is None or not steps:
        return
    for other in clauses_of(start, form):
        if other.function is not None and other.function.body:
            yield from _schemas(other.function.body[-1], other, steps - 1)
    function = form.function
    if function is None or not isinstance(start, Identifier):
        return
    for place, parameter in enumerate(function.parameters):
        if isinstance(parameter, BinaryOperator) and parameter.operator == "\\\\":
            if parameter.left.same_code(start):
                yield from _schemas(parameter.right, form, 0)
            parameter = parameter.left
        if not parameter.same_code(start):
            continue
        for other in form.module.forms:
            for call in other.index.calls(function.name):
                if call.receiver is None and place < len(call.arguments) and other is not form:
                    yield from _schemas(call.arguments[place], other, steps - 1)
