"""The `assign` to which a query gives a value: directly, or by a variable that it alone reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lsp_server.document import Document
from lsp_server.syntax.elixir import Call, Identifier, Match
from lsp_server.syntax.literals import Atom, Keywords, List, Map, Pair, Tuple
from lsp_server.syntax.node import Node, cast
from lsp_server.text import Span

_SEQUENCES = frozenset({"do_block", "body", "block", "else_block"})
_DEFERRING = frozenset({"anonymous_function", "stab_clause"})


@dataclass(frozen=True, slots=True)
class Given:
    """A key that `call` sets, with the expression that gives it its value.

    `others` are the pairs that the call sets beside it. `statement` is the expression of a body
    that the call is part of; `bound` is one before it, `users = …` or `{:ok, users} = …`, if that
    holds the value.
    """

    call: Call
    key: str
    value: Node
    others: tuple[Pair, ...]
    statement: Node
    bound: Match | None = None


def given_by(document: Document, query: Span) -> Given | None:
    """What the value of a call is assigned to; None where that is not all that becomes of it."""
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(*query)
    node = None if raw is None else cast(raw, document.tree)
    if node is None:
        return None
    inner = node
    for outer in node.ancestors():
        found = _given(inner)
        if found is not None:
            return found
        if isinstance(outer, Match) and outer.right == inner:
            name = variable_of(outer)
            return None if name is None else _by_variable(document, outer, name)
        if outer.kind in _SEQUENCES or outer.kind in _DEFERRING:
            return None
        inner = outer
    return None


def variable_of(bound: Match) -> str | None:
    """The only variable that a pattern binds: `users` or `{:ok, users}`."""
    match bound.left:
        case Identifier(name) | Tuple([Atom("ok"), Identifier(name)]):
            return name
    return None


def _given(value: Node, bound: Match | None = None) -> Given | None:
    """The key that is given a value as it stands."""
    for outer in islice(value.ancestors(), 2):
        setting = _setting(outer, value)
        if setting is not None:
            call, key, others = setting
            return Given(
                call, key, bound.right if bound else value, others, _statement(call), bound
            )
    return None


def _setting(node: Node, value: Node) -> tuple[Call, str, tuple[Pair, ...]] | None:
    """The call of `assign` that gives a key a value: `node` is the call or a pair of its."""
    match node:
        case Call() if _is_assign(node):
            match node.arguments:
                case [_, Atom(key), given] if given == value:
                    return node, key, ()
        case Pair() if node.value == value:
            call = node.enclosing(Call)
            if call is None or not _is_assign(call):
                return None
            arguments = call.arguments
            pairs = list(_pairs(arguments[1])) if len(arguments) == 2 else []
            if node in pairs:
                return call, node.key, tuple(one for one in pairs if one != node)
    return None


def _is_assign(call: Call) -> bool:
    if call.name != "assign":
        return False
    module = call.module
    return call.receiver is None or (module or "").rpartition(".")[2] in ("Component", "LiveView")


def _pairs(node: Node) -> Iterator[Pair]:
    match node:
        case Keywords():
            yield from node.pairs
        case List([Keywords() as keywords]):
            yield from keywords.pairs
        case Map() if node.struct is None and node.keywords is not None:
            if len(node.elements) == 1:
                yield from node.keywords.pairs


def _by_variable(document: Document, bound: Match, name: str) -> Given | None:
    body, form = bound.parent, document.outline.form_at(bound.start)
    if body is None or body.kind not in _SEQUENCES or form is None or form.function is None:
        return None
    named = [one for one in form.function.call.find(Identifier) if one.name == name]
    if len(named) != 2:  # where it is bound, and where it is read
        return None
    reads = (one for one in named if one.start > bound.end)
    found = next((one for one in (_given(it, bound) for it in reads) if one), None)
    if found is None or found.statement.parent != body or _rebinds(body, bound, found.statement):
        return None
    return found


def _rebinds(body: Node, bound: Match, statement: Node) -> bool:
    """Whether anything that a value reads means something else by the time it is assigned."""
    read = {one.name for one in bound.right.find(Identifier)}
    return any(
        name.name in read
        for one in body.children
        if bound.end <= one.start < statement.start and isinstance(one, Match)
        for name in one.left.find(Identifier)
    )


def _statement(call: Call) -> Node:
    inner: Node = call
    for outer in call.ancestors():
        if outer.kind in _SEQUENCES or outer.kind in _DEFERRING:
            return inner
        inner = outer
    return inner
