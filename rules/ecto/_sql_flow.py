"""Follows SQL from where it is run back to where its text is put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lsp_server.document import Document
from lsp_server.facts.local_flow import branches, clauses_of
from lsp_server.syntax.elixir import (
    Access,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    ModuleAttribute,
    Pipe,
    UnaryOperator,
    strip_parentheses,
)
from lsp_server.syntax.literals import (
    Atom,
    Boolean,
    Char,
    Float,
    Integer,
    Keywords,
    List,
    Map,
    Nil,
    Quoted,
    QuotedAtom,
    Sigil,
    StringInterpolation,
    Tuple,
)
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

from ._bindings import ELEMENT, PARAMETER, Binding, Path, bindings_of
from ._checked import is_checked
from ._harmless import (
    ARITHMETIC,
    is_harmless_call,
    is_sql_by_name,
    passes_on,
    selects,
    speaks_for_itself,
)

STEPS = 3_000  # expressions that are followed from one place where SQL is run
PIECES = 50  # more than anybody reads of one place
_ELEMENTS = frozenset({"Enum.find", "Enum.at", "Enum.random", "List.first", "hd", "List.last"})
_LITERALS = (Integer, Float, Atom, Boolean, Nil, Char)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is not written out: `#{…}`, or an operand of `<>`."""

    node: Node  # the expression
    span: Span  # what to mark
    text: Node  # the literal, or the whole chain of `<>`, that it is part of

    @property
    def is_interpolated(self) -> bool:
        """Whether it is `#{…}` and not an operand."""
        return self.node.span != self.span


@dataclass(frozen=True, slots=True)
class _Item:
    node: Node
    path: Path = ()
    piece: Piece | None = None  # the part of a text that the value is for
    chain: Node | None = None  # the whole chain of `<>` that the expression is an operand of
    entry: Node | None = None  # what is run as SQL, or given to a private function that runs it
    outermost: Piece | None = None  # the part of that text in which the others are


class SqlFlow:
    """The pieces of SQL in one document that come from nowhere safe."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def pieces(self, sql: Node) -> Iterator[tuple[Piece, Span]]:
        """The parts of a text of SQL that can be anything, each once; none for an unknown text.

        With each comes the place by which it gets into what is run: itself, or where it is put
        together elsewhere, the part or the expression that brings it in.
        """
        pending = [_Item(sql)]
        seen: set[tuple[int, int, Path, Span | None]] = set()
        found: set[Span] = set()
        for _ in range(STEPS):
            if not pending or len(found) == PIECES:
                return
            item = pending.pop()
            node = strip_parentheses(item.node)
            mark = None if item.piece is None else item.piece.span
            key = (node.start, node.end, item.path, mark)
            if key in seen:
                continue
            seen.add(key)
            entry = item.entry or sql
            below = self._step(node, item)
            if below is not None:
                pending += [
                    replace(
                        one,
                        entry=one.entry or entry,
                        outermost=item.outermost or one.piece,
                    )
                    for one in reversed(below)
                ]
            elif item.piece is not None and item.piece.span not in found:
                found.add(item.piece.span)
                outer = item.outermost or item.piece
                places = (item.piece.span, outer.span, entry.span)
                yield item.piece, next(one for one in places if entry.span.covers(one))

    def _step(self, node: Node, item: _Item) -> list[_Item] | None:
        """What decides the value of an expression; None where that is not known."""
        path, piece = item.path, item.piece
        if isinstance(node, (*_LITERALS, ModuleAttribute)):
            return []
        if isinstance(node, (Identifier, Call, Access)) and is_checked(node, self._form(node)):
            return []
        if isinstance(node, Identifier):
            return self._variable(node, item)
        if isinstance(node, UnaryOperator) and not isinstance(node, Capture):
            return [_Item(node.operand, path, piece)] if node.operator == "^" else []
        if isinstance(node, Capture):
            return self._bound(bindings_of(node, self._form(node)), item)
        if isinstance(node, Pipe) and isinstance(node.right, Call):
            return self._call(node.right, item)
        if isinstance(node, Call):
            return self._call(node, item)
        if isinstance(node, BinaryOperator) and node.operator in ("||", "&&", "or", "and", "++"):
            return [_Item(node.left, path, piece), _Item(node.right, path, piece)]
        if path:
            return _part(node, item)
        match node:
            case Sigil() if node.name not in ("s", "S"):
                return []
            case Quoted() | QuotedAtom():
                whole = item.chain or node
                return [
                    _Item(one.expression, (), Piece(one.expression, one.span, whole))
                    for one in node.interpolations
                    if one.expression is not None
                ]
            case BinaryOperator("<>"):
                return _operands(node, item.chain or node)
            case BinaryOperator() if node.operator in ARITHMETIC:
                return []
            case List():  # pieces of a text, one after the other
                return [
                    _Item(one, (), piece or Piece(one, one.span, node)) for one in node.elements
                ]
            case Access():
                target = node.target
                return [] if isinstance(target, (ModuleAttribute, Map)) else None
        return None

    def _form(self, node: Node) -> Form | None:
        return self.document.outline.form_at(node.start)

    def _variable(self, node: Identifier, item: _Item) -> list[_Item] | None:
        if speaks_for_itself(node.name):
            return []
        form = self._form(node)
        found = bindings_of(node, form)
        if found is None and form is not None and clauses_of(node, form):
            return self._results(node, form, item)
        below = self._bound(found, item)
        return [] if below is None and is_sql_by_name(node.name) else below

    def _bound(self, found: Binding | None, item: _Item) -> list[_Item] | None:
        """What a variable stands for."""
        if found is None or found.path is None:
            return None
        if found.guarded:
            return []
        if found.kind is not PARAMETER:
            return [_Item(one, found.path + item.path, item.piece) for one in found.values]
        arguments = self._arguments(found)
        if arguments is None:
            return None
        return [
            _Item(
                one.node,
                one.path + found.path + item.path,
                item.piece,
                entry=one.node if item.piece is None else None,
            )
            for one in arguments
        ]

    def _arguments(self, found: Binding) -> list[_Item] | None:
        """What a private function is given for a parameter; None where others can call it."""
        function = found.function
        if function is None or not function.is_private:
            return None
        given: list[_Item] = []
        module = self.document.outline.module_at(function.call.start)
        for form in module.forms:
            if form.function is None:
                continue  # `@spec` looks like a call
            head = form.function.head
            for call in form.index.calls(function.name):
                arguments = call.arguments
                called = call.receiver is None and call.span != head.span
                if called and len(arguments) == function.arity:
                    given.append(_Item(arguments[found.position]))
            if f"&{function.name}/".encode() in form.bytes:
                captured = _captured(form, function.name, function.arity)
                if captured is None or found.position != 0:
                    return None
                given += [_Item(one, (ELEMENT,)) for one in captured]
        return given or None

    def _call(self, call: Call, item: _Item) -> list[_Item] | None:
        path, piece = item.path, item.piece
        if call.receiver is None and any(True for _ in branches(call)):
            return [_Item(one, path, piece) for one in branches(call)]
        if is_harmless_call(call):
            return []
        arguments = call.arguments
        if call.name == "for" and call.receiver is None and call.body:
            return [_Item(call.body[-1], path[1:], piece)] if path[:1] in ((), (ELEMENT,)) else None
        if not arguments:
            return self._local(call, item)
        if path[:1] == (ELEMENT,):
            return self._elements(call, arguments, item)
        if passes_on(call):
            return [_Item(arguments[0], path, piece), *_replacement(call, arguments, item)]
        if call.dotted in _ELEMENTS:
            return [_Item(arguments[0], (ELEMENT, *path), piece)]
        if call.dotted == "Enum.join":
            return [_Item(arguments[0], (ELEMENT,), piece)]
        if call.dotted in ("Enum.map_join", "then", "Kernel.then"):
            return self._applied(arguments[-1], path, piece)
        return self._local(call, item)

    def _elements(self, call: Call, arguments: Sequence[Node], item: _Item) -> list[_Item] | None:
        """The elements of a list that a call gives."""
        path, piece = item.path, item.piece
        if call.dotted in ("Enum.map", "Stream.map", "Enum.flat_map"):
            return self._applied(arguments[-1], path[1:], piece)
        if call.dotted in ("Enum.with_index", "Stream.with_index"):
            if path[1:2] == (1,):
                return []
            return [_Item(arguments[0], (ELEMENT, *path[2:]), piece)]
        if selects(call):
            return [_Item(arguments[0], path, piece)]
        return self._local(call, item)

    def _applied(self, function: Node, path: Path, piece: Piece | None) -> list[_Item] | None:
        """What `fn … end` or `&…` returns."""
        match function:
            case AnonymousFunction():
                return [_Item(one.body[-1], path, piece) for one in function.clauses if one.body]
            case Capture() if function.function is None:
                return [_Item(function.operand, path, piece)]
            case Capture():
                target = function.function[0] if function.function else function
                if isinstance(target, Call) and is_harmless_call(target):
                    return []
                if isinstance(target, Identifier):
                    form = self._form(target)
                    return self._results_of(target.name, 1, form, path, piece)
        return None

    def _local(self, call: Call, item: _Item) -> list[_Item] | None:
        form = self._form(call)
        if form is None or (call.receiver is not None and call.module != "__MODULE__"):
            return None
        return self._results(call, form, item)

    def _results(self, call: Node, form: Form, item: _Item) -> list[_Item] | None:
        """What the clauses of the module's own function return."""
        bodies = [one.function.body for one in clauses_of(call, form) if one.function is not None]
        found = [_Item(body[-1], item.path, item.piece) for body in bodies if body]
        return found or None

    def _results_of(
        self, name: str, arity: int, form: Form | None, path: Path, piece: Piece | None
    ) -> list[_Item] | None:
        functions = () if form is None else form.module.functions
        bodies = [one.body for one in functions if (one.name, one.arity) == (name, arity)]
        return [_Item(body[-1], path, piece) for body in bodies if body] or None


def _operands(node: BinaryOperator, root: Node) -> list[_Item]:
    """The sides of `<>`: literals have their own pieces, anything else is one."""
    items: list[_Item] = []
    for side in (node.left, node.right):
        inner = strip_parentheses(side)
        whole = isinstance(inner, Quoted) or (
            isinstance(inner, BinaryOperator) and inner.operator == "<>"
        )
        items.append(_Item(side, (), None if whole else Piece(side, side.span, root), root))
    return items


def _replacement(call: Call, arguments: Sequence[Node], item: _Item) -> list[_Item]:
    """What `String.replace/3` puts into a text."""
    if call.dotted != "String.replace" or len(arguments) < 3:
        return []
    new = arguments[2]
    return [_Item(new, (), item.piece or Piece(new, new.span, call))]


def _part(node: Node, item: _Item) -> list[_Item] | None:
    """The part of a literal to which a path leads."""
    step, rest = item.path[0], item.path[1:]
    if _is_literal(node):
        return []
    match node:
        case List() if step == ELEMENT:
            found: list[_Item] = []
            for one in node.elements:
                if not isinstance(one, Keywords):
                    found.append(_Item(one, rest, item.piece))
                elif rest[:1] == (1,):
                    values = (pair.value for pair in one.pairs)
                    found += [_Item(v, rest[1:], item.piece) for v in values if v is not None]
            return found
        case Tuple() if isinstance(step, int):
            elements = node.elements
            return [_Item(elements[step], rest, item.piece)] if step < len(elements) else None
        case BinaryOperator() if node.operator.startswith(".."):
            return []
    return None


def _is_literal(node: Node) -> bool:
    """Whether everything in a list, tuple or map is written out."""
    if isinstance(node, Sigil):
        return not node.interpolations
    if not isinstance(node, (List, Tuple, Map)):
        return False
    return not any(
        isinstance(one, (Identifier, Call, StringInterpolation, Access, Capture))
        for one in node.descendants()
    )


def _captured(form: Form, name: str, arity: int) -> list[Node] | None:
    """The lists over whose elements `&name/arity` is called; None where it is used otherwise."""
    lists: list[Node] = []
    for capture in form.index.nodes(Capture):
        target = capture.function
        if target is None or target[0].text != name or target[1] != arity:
            continue
        outer = capture.parent
        call = None if outer is None else outer.parent
        if not isinstance(call, Call) or not call.dotted.startswith(("Enum.", "Stream.")):
            return None
        lists.append(call.arguments[0])
    return lists
