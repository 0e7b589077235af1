"""What runs once for each element: functions given to `Enum`, comprehensions, recursion, `:for`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lsp_server.facts.calls.callees import is_piped
from lsp_server.facts.calls.places import ATTRIBUTE, CHUNKED, CONCURRENT, LOOP, SMALL, Region
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import (
    LEFT,
    STAB,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    ModuleAttribute,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom, Keywords, List, Map, Sigil, Tuple
from lsp_server.syntax.node import Node, RawNode, cast
from lsp_server.text import Span


def functions_in(call: Call) -> Iterator[Node]:
    """The functions and captures among the arguments of a call."""
    for argument in call.written_arguments:
        if isinstance(argument, (AnonymousFunction, Capture)):
            yield argument


_COLLECTIONS = frozenset({"Enum", "Stream", "Map", "MapSet", "Keyword", "List"})
_RANGE = re.compile(r"-?\d[\d_]*\s*\.\.\s*-?\d[\d_]*(\s*//\s*-?\d+)?")
_CHUNKING = re.compile(r"\bchunk_every\b|\bchunk\b|\bchunks\b|\bbatch(es)?\b")


def enumeration(call: Call) -> Iterator[Region]:
    """The functions given to `Enum.map` and its kin; none for other modules."""
    if call.module not in _COLLECTIONS:
        return
    functions = list(functions_in(call))
    collection = _collection(call) if functions else None
    if collection is not None and collection != functions[0]:
        place, over = loop_over(collection)
        for function in functions:
            few = _is_tried_again(call, function) or _takes_options(function, over)
            small = SMALL if few else 0
            yield Region(*function.span, place | small, over)
            if call.name == "reduce_while":
                for end in function.find(Tuple):
                    if end.bytes.startswith(b"{:halt,"):
                        yield Region(*end.span, SMALL)  # the last time around


def _collection(call: Call) -> Node | None:
    """The first argument, piped in or not."""
    if is_piped(call.tree.source, call.start):
        parent = call.raw.parent  # the tree would look up all parents of the form first
        around = None if parent is None else cast(parent, call.tree)
        return around.left if isinstance(around, Pipe) else None
    written = call.written_arguments
    return written[0] if written else None


_OPTIONS = frozenset({"args", "attrs", "filter", "filters", "options", "opts", "params"})


def _takes_options(function: Node, over: str) -> bool:
    """Whether a function is given options, of which there are few: it tells `{:name, value}` pairs
    apart, or takes keys and values of what is named as options are."""
    if not isinstance(function, AnonymousFunction):
        return False
    for clause in function.clauses:
        match clause.patterns:
            case [Tuple([Atom(), *_]), *_]:
                return True
            case [Tuple([_, _]), *_] if over in _OPTIONS:
                return True
    return False


def _is_tried_again(call: Call, function: Node) -> bool:
    """Whether a function does the same for each element until it succeeds: it ignores the
    element."""
    if call.name not in ("reduce_while", "find_value", "find", "any?"):
        return False
    clauses = function.clauses if isinstance(function, AnonymousFunction) else []
    firsts = [clause.patterns[0] for clause in clauses if clause.patterns]
    return bool(firsts) and all(
        isinstance(one, Identifier) and one.name.startswith("_") for one in firsts
    )


def comprehension(call: Call) -> Iterator[Region]:
    """All of a `for` that runs more than once: not its first collection, nor its options."""
    written = call.written_arguments
    if call.receiver is not None or not written:
        return
    place, over = 0, ""
    for argument in written:
        if isinstance(argument, Keywords):
            body = argument.get("do")
            if body is not None:
                yield Region(*body.span, place or LOOP, over)
        elif isinstance(argument, BinaryOperator) and argument.operator == "<-":
            if place:
                yield Region(*argument.span, place, over)
            if not place or place & (SMALL | ATTRIBUTE):  # the widest loop is the one that counts
                place, over = loop_over(argument.right)
        elif place:
            yield Region(*argument.span, place, over)
    block = call.do_block
    if block is not None:
        yield Region(*block.span, place or LOOP, over)


def async_stream(call: Call) -> Iterator[Region]:
    """The function that `Task.async_stream` or `Task.Supervisor.async_stream` runs."""
    for function in functions_in(call):
        yield Region(*function.span, LOOP | CONCURRENT)


def loop_over(collection: Node) -> tuple[int, str]:
    """The bits of a loop over an expression, and how to name the expression in a message."""
    text = collection.text
    name = text if "\n" not in text and len(text) <= 60 else ""
    bits = LOOP
    if _CHUNKING.search(text):
        bits |= CHUNKED
    origin = _origin(collection)
    if isinstance(origin, ModuleAttribute):
        bits |= ATTRIBUTE
    elif _is_small(origin):
        bits |= SMALL
    return bits, name


def _origin(node: Node) -> Node:
    """What a chain of `Enum` steps begins with."""
    while True:
        node = strip_parentheses(node)
        match node:
            case Pipe():
                node = node.steps[0]
            case Call() if node.module in _COLLECTIONS and node.written_arguments:
                node = node.written_arguments[0]
            case _:
                return node


def _is_bound_to_literal(variable: Identifier) -> bool:
    """Whether the variable was last bound to a list, map or word list in the same function."""
    source, start = variable.tree.source, variable.start
    sign = b" " + variable.bytes + b" = "
    at = source.rfind(sign, max(0, start - 2000), start)
    if at < 0 or source.find(b" def", at, start) >= 0:
        return False
    value = source[at + len(sign) : start].partition(b"\n")[0]
    return value.startswith((b"[", b"%{", b"~w")) and b" | " not in value


def _is_small(node: Node) -> bool:
    match node:
        case List(elements) | Tuple(elements):
            return not any(
                isinstance(one, BinaryOperator) and one.operator == "|" for one in elements
            )
        case Map() | Sigil():
            return True
        case Call():
            return node.name.startswith(
                "__"
            )  # what a macro has written down: `__schema__(:fields)`
        case Identifier():
            return _is_bound_to_literal(node)
        case BinaryOperator(".." | "//"):
            return _RANGE.fullmatch(node.text) is not None
    return False


def recursion(head: Node, calls: Sequence[RawNode], end: int) -> Iterator[Region]:
    """The region of a clause that takes its list apart and calls itself with the rest of it; of a
    function that does so in a branch of `case`, that branch.

    `head` is the clause's head, `calls` are the calls of that name in the clause, the head among
    them, `end` is where the clause ends.
    """
    source = head.tree.source
    below = [raw for raw in calls if raw.start_byte >= head.end]
    tail = _CONS.search(head.bytes)
    if tail is not None:
        if any(_is_given(tail[1], raw, source) for raw in below):
            yield Region(head.end, end, LOOP, tail[0].decode("utf-8", "replace"))
        return
    for raw in below:
        branch = raw.parent
        while branch is not None and branch.start_byte > head.end:
            left = branch.child_by_field_id(LEFT) if branch.kind_id == STAB else None
            if left is not None:
                tail = _CONS.search(source[left.start_byte : left.end_byte])
                if tail is not None and _is_given(tail[1], raw, source):
                    over = tail[0].decode("utf-8", "replace")
                    yield Region(left.end_byte, branch.end_byte, LOOP, over)
                    return
            branch = branch.parent


def _is_given(name: bytes, call: RawNode, source: bytes) -> bool:
    """Whether a variable stands in a call."""
    rest = re.compile(rb"(?<![\w.@:])" + re.escape(name) + rb"(?![\w?!:(])")
    return rest.search(source, call.start_byte, call.end_byte) is not None


_CONS = re.compile(rb"\[[^\[\]|]*\|\s*([a-z_]\w*)\s*\]")


def tag_loops(layer: TemplateLayer) -> Iterator[Region]:
    """The regions of the tags of a template that have `:for`, and of the slots of tables: what
    they show for each of the table's `rows`."""
    written = layer.span.slice(layer.source)
    slots = b":let" in written and b" rows=" in written
    if not slots and b":for" not in written:
        return
    for node in layer.nodes(heex.Tag):
        attribute = node.attribute(":for")
        if attribute is not None and isinstance(attribute.value, heex.Braces):
            place, over = LOOP, ""
            generator = layer.expression(attribute.value.expression)
            if isinstance(generator, BinaryOperator) and generator.operator == "<-":
                place, over = loop_over(generator.right)
            for span in (
                Span(node.span.start, attribute.span.start),
                Span(attribute.span.end, node.span.end),
            ):
                yield Region(*span, place, over)
        rows = node.attribute("rows") if slots and node.is_component else None
        if rows is not None and isinstance(rows.value, heex.Braces):
            collection = layer.expression(rows.value.expression)
            place, over = (LOOP, "") if collection is None else loop_over(collection)
            for slot in node.children:
                if type(slot) is heex.Tag and slot.kind is heex.TagKind.SLOT:
                    if slot.attribute(":let") is not None:
                        yield Region(*slot.inner, place, over)
