"""What code does with whole tables: fetches them, deletes rows of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import assigned
from lsp_server.facts.rows.expressions import Expression
from lsp_server.facts.rows.query_shape import shape_of
from lsp_server.facts.rows.reader import Reader
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Capture, Identifier, Match, Pipe, strip_parentheses
from lsp_server.syntax.literals import Map
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class Fetch(Fact):
    """One `Repo.all` of a query that is seen from its `schema` on; `parts` are those of the
    query, and `aggregate`."""

    module: str
    function: str
    arity: int
    repo: str  # the module whose `all` it is; whether it is a repo, the project tells
    schema: str
    parts: tuple[str, ...]
    span: Span  # `Repo.all`


class Deletion(Fact):
    """One `Repo.delete` or `Repo.delete_all`, or such a step of a Multi (`is_step`).

    `struct` is the schema that a pattern of the parameters or the query says, or empty. Of a
    changeset, what is told is its row. `speaks`: the function speaks of a soft deletion itself.
    """

    module: str
    function: str
    arity: int
    repo: str  # the module whose `delete` it is; empty in a step of a Multi
    value: Expression
    struct: str
    each: bool  # whether each element of the value is deleted
    is_query: bool
    is_step: bool
    speaks: bool
    span: Span  # `Repo.delete`


# The fields that say when a row was deleted without being gone.
SOFT = ("deleted_at", "archived_at")
_DELETES = ("delete", "delete!", "delete_all")
_DELETING = frozenset(name.encode() for name in _DELETES)
_ALL = b"all"
_AGGREGATE = re.compile(rb"\bselect\b[^\n]*\b(?:count|max|min|sum|avg)\(")
_STANDARD = frozenset({"Enum", "File", "Keyword", "List", "Map", "MapSet", "Plug.Conn", "Process"})
_STEPS = 8  # between a row and the changeset that is deleted
# Functions that make a changeset of a row, or of a changeset.
_CHANGESET = re.compile(r"^change$|changeset|_constraint$|optimistic_lock|^preload$|^force_change$")


@collects(Fetch, Deletion)
def collect_repo_uses(document: Document) -> Iterator[Fact]:
    """The facts of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    for form in document.forms:
        function = form.function
        if function is None or not form.module.name:
            continue
        names = form.index.raw_calls
        if _ALL in names:
            yield from _fetches(form, function)
        if not _DELETING.isdisjoint(names):
            yield from _deletions(document.path, form, function)


def _repo(call: Call, form: Form) -> str:
    """The full name of the module that may be a repo; empty where it surely is none."""
    module = call.module or ""
    if not module or module.startswith(":") or module in _STANDARD:
        return ""
    return form.names_at(call.start).expand(module)


def _fetches(form: Form, function: Function) -> Iterator[Fetch]:
    for call in form.index.calls("all"):
        arguments = call.arguments
        repo = _repo(call, form)
        if not repo or not arguments:
            continue
        shape = shape_of(arguments[0], form)
        if shape.schema:
            schema = form.names_at(call.start).expand(shape.schema)
            parts = tuple(sorted(shape.parts | _aggregates(shape.parts, form)))
            where = form.module.name, function.name, function.arity
            yield Fetch(*where, repo, schema, parts, call.callee_span)


def _aggregates(parts: frozenset[str], form: Form) -> frozenset[str]:
    """`aggregate` among the parts where a query may select one row of all."""
    selects = "select" in parts and _AGGREGATE.search(form.bytes) is not None
    return frozenset({"aggregate"}) if selects else frozenset()


def _deletions(path: str, form: Form, function: Function) -> Iterator[Deletion]:
    speaks = any(name.encode() in form.bytes for name in SOFT)
    for call in form.index.calls(*_DELETES):
        is_step = (call.module or "").rpartition(".")[2] == "Multi"
        repo = "" if is_step else _repo(call, form)
        subject = _deleted(call, 2 if is_step else 0) if is_step or repo else None
        if subject is None:
            continue
        row, each = subject
        is_query = call.name == "delete_all"
        if is_query:
            written = shape_of(row, form).schema
            struct = form.names_at(call.start).expand(written) if written else ""
        else:
            row = row if each else _row(row, form)
            struct = "" if each else _struct(row, form, function)
        value = Reader(path, form).read(row)
        where = form.module.name, function.name, function.arity
        yield Deletion(
            *where, repo, value, struct, each, is_query, is_step, speaks, call.callee_span
        )


def _deleted(call: Call, at: int) -> tuple[Node, bool] | None:
    """What a call deletes, its argument numbered `at`, and whether each element of that:
    `&Repo.delete/1` is told by the call that it is given to."""
    if call.capture_arity is None:
        arguments = call.arguments
        return (arguments[at], False) if len(arguments) > at else None
    capture = call.enclosing(Capture)
    outer = None if capture is None else capture.enclosing(Call)
    if outer is None or capture not in outer.written_arguments or len(outer.arguments) < 2:
        return None
    given = outer.arguments[0]
    if outer.name == "then" and outer.receiver is None:
        return given, False
    return (given, True) if outer.module in ("Enum", "Stream") else None


def _row(node: Node, form: Form) -> Node:
    """The row that a changeset is made of; what is no changeset itself."""
    for _ in range(_STEPS):
        node = strip_parentheses(node)
        if isinstance(node, Identifier):
            value = assigned(node, form)
            if value is None or not _makes_changeset(value):
                return node
            node = value
        call = node.right if isinstance(node, Pipe) else node
        if not isinstance(call, Call) or not _makes_changeset(call) or not call.arguments:
            return node
        node = call.arguments[0]
    return node


def _makes_changeset(node: Node) -> bool:
    call = node.right if isinstance(node, Pipe) else node
    return isinstance(call, Call) and _CHANGESET.search(call.name) is not None


def _struct(node: Node, form: Form, function: Function) -> str:
    """The schema of a row that is written out (`%Post{id: id}`), or that the parameters' patterns
    or guard (`is_struct(post, Post)`) say of a variable."""
    names = form.names_at(node.start)
    if isinstance(node, Map):
        written = module_text(node.struct)
        return names.expand(written) if written else ""
    if not isinstance(node, Identifier):
        return ""
    for match in (one for each in function.parameters for one in each.find(Match)):
        for struct, variable in ((match.left, match.right), (match.right, match.left)):
            if isinstance(struct, Map) and variable.same_code(node):
                written = module_text(struct.struct)
                if written:
                    return names.expand(written)
    guarded = function.call.written_arguments[:1]
    for call in (one for each in guarded for one in each.find(Call)):
        if call.name == "is_struct" and len(call.arguments) == 2:
            if call.arguments[0].same_code(node):
                written = module_text(call.arguments[1])
                return names.expand(written) if written else ""
    return ""
