"""Where values are handed on: to assigns, templates, components, in loops, to own functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.facts.pages.live_callbacks import assigned_keys, settings
from lsp_server.facts.rows.expressions import NOTHING, UNKNOWN, Expression, free, parts
from lsp_server.facts.rows.reader import Reader
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import (
    CALL,
    AnonymousFunction,
    Call,
    Capture,
    Identifier,
    Pipe,
)
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom, Map, String, Tuple
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node, cast
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

# Kind, target module, name, arguments, span.
Handover = tuple[str, str, str, tuple[Expression, ...], Span]

_SETTERS = ("assign", "assign_new", "assign_async", "stream")
_LOOPED = re.compile(rb"(?:[A-Z]\w*\.)+[a-z_]\w*[?!]?")
_FIRST_OF_MODULE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_TAG = re.compile(rb"<(?:\.[a-z_]|[A-Z])")


def matters(value: Expression) -> bool:
    """Whether a value may be rows: it comes from a call, or from who calls the function."""
    kinds = {one.kind for one in parts(value)}
    return not kinds.isdisjoint(("call", "param", "assign", "stream", "assigns"))


def assigned(form: Form, reader: Reader) -> Iterator[Handover]:
    """What a function puts into assigns and streams."""
    for call, keys in settings(form, *_SETTERS):
        kind = "stream" if call.name == "stream" else "assign"
        for key, node, span in keys:
            value = _given(node, call.name, reader.fresh())
            if matters(value):
                yield kind, "", key, (value,), span


def _given(node: Node | None, by: str, reader: Reader) -> Expression:
    """The value of an assign; what a function computes that gives it."""
    if by in ("assign_new", "assign_async"):
        if not isinstance(node, AnonymousFunction) or len(node.clauses) != 1:
            return UNKNOWN
        body = node.clauses[0].body
        node = body[-1] if body else None
        if by == "assign_async":
            return _loaded(node, reader)
    if isinstance(node, (Call, Pipe, Identifier)):
        return reader.read(node)
    return UNKNOWN


def _loaded(node: Node | None, reader: Reader) -> Expression:
    """`{:ok, %{posts: …}}` as what `@posts.result` is, whatever the key."""
    match node:
        case Tuple([Atom("ok"), Map() as found]) if found.keywords is not None:
            values = list(found.keywords.values.values())
            if len(values) == 1:
                pair = Expression("pair", "result", (reader.read(values[0]),))
                return Expression("map", args=(pair,))
    return UNKNOWN


def rendered(form: Form, reader: Reader) -> Iterator[Handover]:
    """What a controller gives a template of its view, and `render_many` one of another."""
    for call in form.index.calls("render", "render_many", "render_one"):
        if call.name != "render":
            yield from _render_each(call, form, reader.fresh())
            continue
        arguments = call.arguments
        if len(arguments) < 2 or call.module not in (None, "Phoenix.Controller"):
            continue
        template = _name(arguments[1])
        if not template:
            continue
        own = _own_assigns(arguments[2], reader.fresh()) if len(arguments) > 2 else NOTHING
        pairs = [one for one in own.args if own.kind == "map"]
        pairs += _assigned_before(arguments[0], reader)
        pairs = [one for one in pairs if matters(one.args[0])]
        if pairs:
            own = Expression("map", args=tuple(pairs))
        if own.kind != "nothing" and matters(own):
            yield "render", form.module.name, template, (own,), call.callee_span


def _own_assigns(node: Node, reader: Reader) -> Expression:
    """The assigns that `render` is given: a map where they are written out."""
    if not isinstance(node, (Identifier, Call, Pipe)):
        return Expression("map", args=tuple(_pairs(node, reader)))
    value = reader.read(node)
    return Expression("map", args=value.args) if value.kind == "list" else value


def _name(node: Node) -> str:
    match node:
        case Atom(name):
            return name
        case String(str(name)):
            return name
    return ""


def _pairs(node: Node, reader: Reader) -> list[Expression]:
    return [
        Expression("pair", key, (reader.fresh().read(value),))
        for key, value, _ in assigned_keys(node, None)
        if isinstance(value, (Call, Pipe, Identifier))
    ]


def _assigned_before(conn: Node, reader: Reader) -> list[Expression]:
    """The assigns that are made on the way to `render`: in the pipe, in what `conn` is bound to."""
    found: list[Expression] = []
    node: Node | None = conn
    for _ in range(30):
        step = node.right if isinstance(node, Pipe) else node
        if isinstance(step, Identifier):
            node = reader.bound_to(step)
            continue
        if not isinstance(step, Call) or not step.arguments:
            break
        arguments = step.arguments
        if step.name in ("assign", "merge_assigns") and len(arguments) > 1:
            value = arguments[2] if len(arguments) > 2 else None
            for key, given, _ in assigned_keys(arguments[1], value):
                if isinstance(given, (Call, Pipe, Identifier)):
                    found.append(Expression("pair", key, (reader.fresh().read(given),)))
        node = node.left if isinstance(node, Pipe) else arguments[0]
    return found


def _render_each(call: Call, form: Form, reader: Reader) -> Iterator[Handover]:
    """`render_many(posts, PostView, "post.json")` and `render_one`, of Phoenix.View."""
    arguments = call.arguments
    if call.module not in (None, "Phoenix.View") or len(arguments) < 3:
        return
    view, template = module_text(arguments[1]), _name(arguments[2])
    if not view or not template:
        return
    full = form.names_at(call.start).expand(view)
    given = call.keyword("as")
    last = full.rpartition(".")[2].removesuffix("View")
    key = given.name if isinstance(given, Atom) else re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", last)
    value = reader.read(arguments[0])
    if value.kind == "unknown":
        return
    row = Expression("each", args=(value,)) if call.name == "render_many" else value
    pair = Expression("pair", key.lower(), (row,))
    yield "call", full, template, (Expression("map", args=(pair,)),), call.callee_span


def looped(form: Form, reader: Reader) -> Iterator[Handover]:
    """Functions of other modules that a loop calls with each element alone."""
    source = form.tree.source
    for raw in form.index.raw_calls.get(b"for", ()):
        yield from _remote(Call(raw, form.tree), form, reader)
    for name, raws in form.index.raw_calls.items():
        if name == b"for":
            continue
        for raw in raws:
            if source.startswith((b"Enum.", b"Stream.", b"Map.new"), raw.start_byte):
                call = Call(raw, form.tree)
                for function in call.written_arguments:
                    if isinstance(function, (AnonymousFunction, Capture)):
                        yield from _remote(function, form, reader)


def _remote(loop: Node, form: Form, reader: Reader) -> Iterator[Handover]:
    if isinstance(loop, Capture) and loop.function is not None:
        target, arity = loop.function
        arguments = loop.parent
        outer = None if arguments is None else arguments.parent
        if isinstance(target, Call) and target.module and arity == 1 and isinstance(outer, Call):
            first = outer.arguments[0] if outer.arguments else None
            value = reader.fresh().read(first)
            if value.kind != "unknown" and first != loop:
                module = form.names_at(loop.start).expand(target.module)
                row = Expression("each", args=(value,))
                yield "call", module, target.name, (row,), target.callee_span
        return
    source = form.tree.source
    if _LOOPED.search(source, loop.start, loop.end) is None:
        return
    for raw in form.index.raw_of_kind(CALL):
        # In the loop, and of a module: the rest, nearly all calls, need no view.
        if not (loop.start <= raw.start_byte and raw.end_byte <= loop.end):
            continue
        if source[raw.start_byte] not in _FIRST_OF_MODULE:
            continue
        call = Call(raw, form.tree)
        written = call.module or ""
        if not written or written.startswith(":") or written in STANDARD or not call.name:
            continue
        args = call.arguments
        if not any(isinstance(one, (Identifier, Capture)) for one in args):
            continue
        given = tuple(reader.fresh().read(one) for one in args)
        if any(one.kind != "unknown" and matters(one) for one in given):
            full = form.names_at(call.start).expand(written)
            yield "call", full, call.name, given, call.callee_span


STANDARD = frozenset(
    [
        "Access",
        "Application",
        "Atom",
        "Base",
        "Bitwise",
        "Code",
        "Date",
        "DateTime",
        "Decimal",
        "Enum",
        "File",
        "Float",
        "Integer",
        "IO",
        "Jason",
        "Kernel",
        "Keyword",
        "List",
        "Logger",
        "Map",
        "MapSet",
        "Module",
        "NaiveDateTime",
        "Path",
        "Process",
        "Regex",
        "Repo",
        "Stream",
        "String",
        "System",
        "Task",
        "Time",
        "Tuple",
        "URI",
        "Phoenix.HTML",
        "Ecto.Changeset",
        "Changeset",
        "Multi",
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Passing:
    """One call of an own function, or its capture in a loop: what it is given, read when asked."""

    span: Span  # of the callee
    given: list[Node]
    reader: Reader
    each: bool  # a capture: it is called with each element

    def read(self, position: int) -> Expression:
        """The argument at a position."""
        value = self.reader.fresh().read(self.given[position])
        if self.each and value.kind != "unknown":
            return Expression("each", args=(value,))
        return value


def passed(form: Form, path: str, name: str, arity: int) -> Iterator[Passing]:
    """The calls and captures of an own function in a form and its templates."""
    function = form.function
    head = form.span.start if function is None else function.head.start
    for layer in (None, *form.templates):
        index = form.index if layer is None else layer.index
        reader = Reader(path, form, layer)
        for call in index.calls(name):
            if call.start in (head, form.raw.start_byte) or call.receiver is not None:
                continue
            if call.capture_arity is not None:
                continue
            given = call.arguments
            if len(given) <= arity:
                yield Passing(call.callee_span, given, reader, False)
        if arity != 1:
            continue
        sign = f"&{name}/{arity}".encode()
        area = form.span if layer is None else layer.span
        at = form.tree.source.find(sign, area.start, area.end)
        while at >= 0:
            raw = index.tree.raw.root_node.named_descendant_for_byte_range(at, at + len(sign))
            node = None if raw is None else cast(raw, index.tree)
            if isinstance(node, Capture):
                arguments = node.parent
                outer = None if arguments is None else arguments.parent
                if isinstance(outer, Call) and outer.module in ("Enum", "Stream"):
                    first = outer.arguments[0]
                    if first != node:
                        yield Passing(Span(at + 1, at + len(sign)), [first], reader, True)
            at = form.tree.source.find(sign, at + 1, area.end)


def components(layer: TemplateLayer, reader: Reader) -> Iterator[tuple[str, Expression, Span]]:
    """The component tags of a template: name, the map of their attributes, span of the name."""
    if _TAG.search(layer.source, layer.span.start, layer.span.end) is None:
        return
    for node in layer.nodes(heex.Tag):
        if not node.is_component:
            continue
        pairs: list[Expression] = []
        for one in node.attributes:
            if not isinstance(one, heex.Attribute) or not isinstance(one.value, heex.Braces):
                continue
            if one.name.startswith(":") or one.name in _ORDINARY:
                continue
            value = reader.fresh().read(layer.expression(one.value.expression))
            if value.kind in (
                "call",
                "each",
                "field",
                "one",
                "assign",
                "stream",
                "at",
                "param",
                "slot",
            ):
                if matters(value) or free(value) is not None:
                    where = one.value.expression
                    pairs.append(Expression("pair", one.name, (value,), span=where))
        if pairs:
            yield node.name, Expression("map", args=tuple(pairs)), node.name_span


_ORDINARY = frozenset({"class", "id", "for", "field", "navigate", "patch", "href", "type", "label"})
