"""One query or one write in place of one for each element of a loop."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.lint.finding import Edit
from lsp_server.lint.naming import plural, rows_of
from lsp_server.lint.set_apart import set_apart
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    BODY,
    DO_BLOCK,
    SECTIONS,
    Alias,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    Pipe,
)
from lsp_server.syntax.literals import Keywords, Map, Pair
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ._query_import import query_import

WIDTH = 98  # the formatter's line length
ENUMERABLES = frozenset({"Enum", "Stream"})


@dataclass(frozen=True)
class Loop:
    """A loop with one generator: the call that is the loop, the collection, how an element is
    written in its body (`&1` or a variable), and the function or body that runs for each."""

    call: Call
    collection: Node
    element: str
    body: Node


def is_script(path: str) -> bool:
    """Whether a file is a mix task or plants data: what it does runs once, by hand."""
    return "lib/mix/" in f"/{path}" or "/seed" in path


def as_block(document: Document, node: Node, lines: list[str]) -> Edit | None:
    """The edit that gives a function, whose `do:` a node is, a block of these lines instead."""
    pair = node.parent
    definition = pair.enclosing(Call) if isinstance(pair, Pair) and pair.key == "do" else None
    if definition is None or Function.of(definition) is None or pair is None:
        return None
    if pair.end != definition.end or len(definition.written_arguments) != 2:
        return None
    outer = document.lines.indentation(definition.start).decode()
    inner = [f"{outer}  {line}" for line in lines]
    text = line_ending(document.source).join([" do", *inner, f"{outer}end"])
    head = definition.written_arguments[0]
    return Edit(Span(head.end, definition.end), text, document.path)


def call_at(document: Document, span: Span) -> Call | None:
    """The call whose `Module.name` has these bytes."""
    form = document.outline.form_at(span.start)
    if form is None:
        return None
    name = span.slice(document.source).rpartition(b".")[2].decode("utf-8", "replace")
    return next((one for one in form.index.calls(name) if one.callee_span == span), None)


def loop_around(node: Node) -> Loop | None:
    """The innermost loop around a node; None where it is not of a simple form."""
    for outer in node.ancestors():
        match outer:
            case AnonymousFunction() | Capture():
                return _enumeration(outer)
            case Call("for", [BinaryOperator("<-", Identifier(name), right), *rest]):
                if len(rest) > 1 or any(not isinstance(one, Keywords) for one in rest):
                    return None
                keywords = rest[0] if rest else None
                if isinstance(keywords, Keywords) and set(keywords.values) != {"do"}:
                    return None
                bodies = outer.body
                return Loop(outer, right, name, bodies[0] if len(bodies) == 1 else outer)
            case Call("for", _):
                return None
    return None


def _enumeration(function: AnonymousFunction | Capture) -> Loop | None:
    call = function.enclosing(Call)
    if call is None or call.module not in ENUMERABLES or function not in call.written_arguments:
        return None
    collection = call.arguments[0]
    if isinstance(function, Capture):
        return Loop(call, collection, "&1", function.operand)
    clauses = function.clauses
    if len(clauses) != 1 or clauses[0].guard is not None or not clauses[0].patterns:
        return None
    first, body = clauses[0].patterns[0], clauses[0].body
    if not isinstance(first, Identifier) or not body:
        return None
    return Loop(call, collection, first.name, body[0] if len(body) == 1 else function)


@dataclass(frozen=True)
class _Statement:
    """The expression in a body that holds a loop; `definition` is set where the body is that of
    `def …, do: expression`."""

    node: Node
    definition: Call | None = None


def _statement(loop: Loop, document: Document) -> _Statement | None:
    """The statement of a loop that others can precede without running more often than once."""
    node: Node = loop.call
    for outer in loop.call.ancestors():
        if isinstance(outer, (AnonymousFunction, Capture, Clause)) or _is_loop(outer):
            return None
        kind = outer.raw.kind_id
        if kind in (DO_BLOCK, BODY) or kind in SECTIONS:
            break
        if isinstance(outer, Pair):
            definition = outer.enclosing(Call)
            if definition is None or Function.of(definition) is None:
                return None
            one_line = b"\n" not in node.bytes
            return _Statement(node, definition) if one_line and outer.key == "do" else None
        node = outer
    if any(isinstance(one, AnonymousFunction) or _is_loop(one) for one in node.ancestors()):
        return None
    starts_line = not _before_on_line(document, node.start).strip()
    return _Statement(node) if starts_line else None


def _is_loop(node: Node) -> bool:
    return isinstance(node, Call) and node.receiver is None and node.name == "for"


def _before_on_line(document: Document, offset: int) -> bytes:
    start = document.lines.starts[document.lines.line_at(offset)]
    return document.source[start:offset]


def fetch_together(snapshot: Snapshot, path: str, site: CallSite, key: str) -> list[Edit]:
    """`Repo.get` in a loop as a look-up in a map that one query fills before the loop."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, site.span)
    loop = None if call is None else loop_around(call)
    if document is None or call is None or loop is None:
        return []
    arguments = call.arguments
    statement = _statement(loop, document)
    function = Function.around(call)
    if len(arguments) != 2 or statement is None or function is None:
        return []
    schema, sought = arguments
    path_in_element = re.escape(loop.element) + r"((?:\.[a-z_]\w*)*)"
    chosen = re.fullmatch(path_in_element, sought.text)
    if not isinstance(schema, Alias) or chosen is None:
        return []
    one, many = rows_of(schema.name)
    taken = set(re.findall(r"\w+", function.call.text))
    field = chosen[1].rpartition(".")[2]
    ids = f"{field}s" if field.endswith("_id") else f"{one}_{plural(key)}"
    lines: list[str] = []
    edits: list[Edit] = []
    collection = loop.collection.text
    if not re.fullmatch(r"[a-z_]\w*(\.[a-z_]\w*)*", collection):
        collection = plural(loop.element) if chosen[1] else ids
        if collection in taken or not collection.isidentifier():
            return []
        lines += [*_bound(document, collection, loop.collection), ""]
        edits.append(Edit(loop.collection.span, collection, path))
    rows = next((name for name in (many, f"{many}_by_{key}") if name not in taken), None)
    if rows is None or (chosen[1] and ids in taken):
        return []
    if chosen[1]:
        lines += [f"{ids} = Enum.map({collection}, & &1{chosen[1]})", ""]
    else:
        ids = collection
    letter = one[0]
    lines += [
        f"{rows} =",
        f"  from({letter} in {schema.name}, where: {letter}.{key} in ^{ids})",
        f"  |> {call.module}.all()",
        f"  |> Map.new(&{{&1.{key}, &1}})",
        "",
    ]
    lookup = "Map.fetch!" if call.name == "get!" else "Map.get"
    replaced = call if call.pipe is None else call.pipe
    edits.append(Edit(replaced.span, f"{lookup}({rows}, {sought.text})", path))
    before = _preceded(document, statement, lines)
    return [*edits, *before, *query_import(snapshot, document, call, "from")]


def _bound(document: Document, name: str, expression: Node) -> list[str]:
    """The lines that bind an expression to a name."""
    depth = len(document.lines.indentation(expression.start))
    first, *rest = expression.text.splitlines()
    if not rest:
        return [f"{name} = {first}"]
    moved = (line[depth:] if line[:depth].isspace() else line for line in rest)
    return [f"{name} =", f"  {first}", *(f"  {line}" for line in moved)]


def _preceded(document: Document, statement: _Statement, lines: list[str]) -> list[Edit]:
    """The edits that put lines before a statement."""
    newline = line_ending(document.source)
    node, definition = statement.node, statement.definition
    if definition is None:
        indent = document.lines.indentation(node.start).decode()
        at = node.start - len(indent)
        text = newline.join(f"{indent}{line}".rstrip() for line in lines) + newline
        return [Edit(Span(at, at), text, document.path)]
    outer = document.lines.indentation(definition.start).decode()
    head = definition.written_arguments[0]
    indent = f"{outer}  "
    before = [" do", *(f"{indent}{line}".rstrip() for line in lines), indent]
    return [
        Edit(Span(head.end, node.start), newline.join(before), document.path),
        Edit(Span(node.end, definition.end), f"{newline}{outer}end", document.path),
        *set_apart(document, definition),
    ]


def insert_together(snapshot: Snapshot, path: str, site: CallSite) -> list[Edit]:
    """`Repo.insert` of a plain struct in `Enum.each` or a thrown-away `for` as one `insert_all`."""
    document = snapshot.document(path)
    call = None if document is None else call_at(document, site.span)
    loop = None if call is None else loop_around(call)
    if document is None or call is None or loop is None or len(call.arguments) != 1:
        return []
    replaced: Node = call if call.pipe is None else call.pipe
    struct, whole = call.arguments[0], loop.call.pipe or loop.call
    if (
        not isinstance(struct, Map)
        or loop.body != replaced
        or loop.call.name not in ("each", "for")
    ):
        return []
    schema, fields = struct.struct, struct.keywords
    if not isinstance(schema, Alias) or fields is None or len(struct.elements) != 1:
        return []
    parent = whole.parent
    if parent is None or parent.raw.kind_id not in (DO_BLOCK, BODY):
        return []
    row = f"%{{{fields.text}}}"
    each = f"&{row}" if loop.element == "&1" else f"fn {loop.element} -> {row} end"
    if "\n" in row or "\n" in loop.collection.text or isinstance(loop.collection, Pipe):
        return []
    rows = f"Enum.map({loop.collection.text}, {each})"
    indent = document.lines.indentation(whole.start).decode()
    newline = line_ending(document.source)
    text = f"{call.module}.insert_all({schema.name}, {rows})"
    if len(indent) + len(text) > WIDTH:
        inner = f"{newline}{indent}  "
        text = f"{call.module}.insert_all({inner}{schema.name},{inner}{rows}{newline}{indent})"
    if parent.children[-1] == whole:
        text += f"{newline}{indent}:ok"
    return [Edit(whole.span, text, path)]
