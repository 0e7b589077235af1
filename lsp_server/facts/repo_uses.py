"""What code does with whole tables: fetches them, deletes rows of them, orders them by time."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.query_shape import shape_of
from lsp_server.facts.row_expressions import Expression
from lsp_server.facts.row_reader import Reader
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Capture, Identifier
from lsp_server.syntax.literals import Keywords, Map
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class Fetch(Fact):
    """One `Repo.all` of a query that is seen from its `schema` on; `parts` are those of the
    query."""

    module: str
    function: str
    arity: int
    schema: str
    parts: tuple[str, ...]
    span: Span  # `Repo.all`


class Deletion(Fact):
    """One `Repo.delete`; `struct` is the schema that a pattern of the parameters says, or empty."""

    module: str
    function: str
    arity: int
    value: Expression
    struct: str
    span: Span  # `Repo.delete`


class Ordering(Fact):
    """One query of a `schema` that is ordered by when its rows were inserted."""

    schema: str
    span: Span


_DELETES = ("delete", "delete!")
_ALL = b"all"
_ORDERED = (b"from", b"order_by")


@collects(Fetch, Deletion, Ordering)
def collect_repo_uses(document: Document) -> Iterator[Fact]:
    """The facts of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    repo = b"Repo" in document.source
    ordered = b"order_by" in document.source and b"inserted_at" in document.source
    if not repo and not ordered:
        return
    for form in document.forms:
        function = form.function
        if function is None or not form.module.name:
            continue
        names = form.index.raw_calls
        if repo and _ALL in names:
            yield from _fetches(form, function)
        if repo and (b"delete" in names or b"delete!" in names):
            yield from _deletions(document.path, form, function)
        if ordered and (_ORDERED[0] in names or _ORDERED[1] in names):
            yield from _orderings(form)


def _of_repo(call: Call) -> bool:
    return call.module is not None and call.module.endswith("Repo")


def _fetches(form: Form, function: Function) -> Iterator[Fetch]:
    for call in form.index.calls("all"):
        arguments = call.arguments
        if not _of_repo(call) or not arguments:
            continue
        shape = shape_of(arguments[0], form)
        if shape.schema:
            schema = form.names_at(call.start).expand(shape.schema)
            parts = tuple(sorted(shape.parts))
            where = form.module.name, function.name, function.arity
            yield Fetch(*where, schema, parts, call.callee_span)


def _deletions(path: str, form: Form, function: Function) -> Iterator[Deletion]:
    for call in form.index.calls(*_DELETES):
        if not _of_repo(call) or call.capture_arity is not None:
            continue
        arguments = call.arguments
        if arguments:
            value = Reader(path, form).read(arguments[0])
            struct = _struct(arguments[0], form, function)
            where = form.module.name, function.name, function.arity
            yield Deletion(*where, value, struct, call.callee_span)


def _struct(node: Node, form: Form, function: Function) -> str:
    """The schema of `%Post{} = post` among the parameters, for the variable `post`."""
    if isinstance(node, Capture) or not isinstance(node, Identifier):
        return ""
    for one in function.parameters:
        if isinstance(one, BinaryOperator) and one.operator == "=":
            for struct, variable in ((one.left, one.right), (one.right, one.left)):
                if isinstance(struct, Map) and variable.text == node.text:
                    written = module_text(struct.struct)
                    if written:
                        return form.names_at(node.start).expand(written)
    return ""


def _orderings(form: Form) -> Iterator[Ordering]:
    for call in form.index.calls("from", "order_by"):
        node = call.written_arguments[-1] if call.written_arguments else None
        if call.name == "from":
            node = node.get("order_by") if isinstance(node, Keywords) else None
        if node is None or b"inserted_at" not in node.bytes:
            continue
        shape = shape_of(call.pipe or call, form)
        if shape.schema:
            yield Ordering(form.names_at(call.start).expand(shape.schema), call.name_span)
