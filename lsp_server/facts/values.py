"""Values that can be read off the source: literals, and what is made of literals in plain sight.

Migrations are small programs over literal lists, schemas name their fields in attributes. To read
both takes a little arithmetic of constants, and a value that says "not known" for everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Block,
    Call,
    Capture,
    Identifier,
    ModuleAttribute,
    UnaryOperator,
)
from lsp_server.syntax.literals import (
    Atom,
    Boolean,
    Integer,
    Keywords,
    List,
    Map,
    Nil,
    Quoted,
    QuotedAtom,
    Sigil,
    String,
    StringInterpolation,
    Tuple,
)
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

DEPTH = 40  # how deep an expression may nest before its value counts as unknown
SIZE = 100_000  # how long a list or a text may become


class _Unknown:
    """The value of an expression that only runs of the program know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


class Name(str):
    """The value of an atom."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f":{self!s}"


# str, Name, int, bool, None (nil), list, tuple (also the pairs of keywords and maps), UNKNOWN, or
# whatever a caller has bound to a variable.
Value = Any


@dataclass(frozen=True)
class Scope:
    """What names mean where a value is read: bound variables, and the attributes of a module."""

    module: Module | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    attributes: dict[str, Value] = field(default_factory=dict)  # those read before

    def bind(self, variables: Mapping[str, Value]) -> Scope:
        """The scope with more variables."""
        return Scope(self.module, {**self.variables, **variables}, self.attributes)

    def attribute(self, name: str, depth: int = 0) -> Value:
        """The value of `@name`; an attribute that is made of itself is unknown."""
        if name not in self.attributes:
            self.attributes[name] = UNKNOWN
            node = None if self.module is None else self.module.attribute(name)
            without_variables = Scope(self.module, {}, self.attributes)
            self.attributes[name] = value_of(node, without_variables, depth + 1)
        return self.attributes[name]


def known(value: Value) -> bool:
    """Whether a value and everything in it is known."""
    pending = [value]
    while pending:
        one = pending.pop()
        if one is UNKNOWN:
            return False
        if isinstance(one, (list, tuple)):
            pending.extend(one)
    return True


def value_of(node: Node | None, scope: Scope, depth: int = 0) -> Value:
    """The value of an expression; UNKNOWN where the text alone does not tell it."""
    if node is None or depth > DEPTH:
        return UNKNOWN
    match node:
        case Boolean():
            return node.value
        case Nil():
            return None
        case Integer():
            return UNKNOWN if node.value is None else node.value
        case Atom():
            return Name(node.name)
        case QuotedAtom():
            text = _text(node, scope, depth)
            return Name(text) if isinstance(text, str) else UNKNOWN
        case Sigil():
            return _sigil(node, scope, depth)
        case String():
            return _text(node, scope, depth)
        case List():
            return _elements(node.elements, scope, depth)
        case Tuple():
            return tuple(_elements(node.elements, scope, depth))
        case Map():
            return UNKNOWN if node.struct else _elements(node.elements, scope, depth)
        case Keywords():
            return _elements([node], scope, depth)
        case Identifier(name):
            return scope.variables.get(name, UNKNOWN)
        case ModuleAttribute():
            return scope.attribute(node.name, depth)
        case UnaryOperator("-", operand):
            number = value_of(operand, scope, depth + 1)
            return -number if type(number) is int else UNKNOWN
        case Block():
            inner = node.children
            return value_of(inner[0], scope, depth + 1) if len(inner) == 1 else UNKNOWN
        case BinaryOperator():
            return _operation(node, scope, depth)
        case Call():
            return _call(node, scope, depth)
    return UNKNOWN


def _elements(nodes: list[Node], scope: Scope, depth: int) -> list[Value]:
    """The values of list elements; keywords and `key => value` become pairs."""
    values: list[Value] = []
    for node in nodes:
        if isinstance(node, Keywords):
            for pair in node.pairs:
                values.append((Name(pair.key), value_of(pair.value, scope, depth + 1)))
        elif isinstance(node, BinaryOperator) and node.operator == "=>":
            key = value_of(node.left, scope, depth + 1)
            values.append((key, value_of(node.right, scope, depth + 1)))
        elif isinstance(node, BinaryOperator) and node.operator == "|":
            tail = value_of(node.right, scope, depth + 1)
            values.append(value_of(node.left, scope, depth + 1))
            values.extend(tail if isinstance(tail, list) else [UNKNOWN])
        else:
            values.append(value_of(node, scope, depth + 1))
    return values


def _text(node: Quoted, scope: Scope, depth: int) -> Value:
    written: list[str] = []
    for part in node.parts:
        if isinstance(part, StringInterpolation):
            value = value_of(part.expression, scope, depth + 1)
            if not isinstance(value, (str, int)):
                return UNKNOWN
            written.append(str(value))
        else:
            written.append(part)
    return "".join(written)


def _sigil(node: Sigil, scope: Scope, depth: int) -> Value:
    text = _text(node, scope, depth)
    if text is UNKNOWN:
        return UNKNOWN
    if node.name in ("w", "W"):
        kind = Name if node.modifiers == "a" else str
        return [kind(word) for word in text.split()]
    return text if node.name in ("s", "S") else UNKNOWN


def _operation(node: BinaryOperator, scope: Scope, depth: int) -> Value:
    operator = node.operator
    if operator not in ("++", "--", "<>", "|>", ".."):
        return UNKNOWN
    if operator == "|>":
        return value_of(node.right, scope, depth + 1)
    left = value_of(node.left, scope, depth + 1)
    right = value_of(node.right, scope, depth + 1)
    match operator, left, right:
        case "++", list(), list() if len(left) + len(right) < SIZE:
            return left + right
        case "--", list(), list():
            rest = list(left)
            for one in right:
                if one in rest:
                    rest.remove(one)
            return rest
        case "<>", str(), str() if len(left) + len(right) < SIZE:
            return str(left) + str(right)
        case "..", int(), int() if 0 <= right - left <= 1000:
            return list(range(left, right + 1))
    return UNKNOWN


def _call(node: Call, scope: Scope, depth: int) -> Value:
    arguments = node.arguments
    match node.dotted, len(arguments):
        case (("String.to_atom" | "String.to_existing_atom"), 1):
            text = value_of(arguments[0], scope, depth + 1)
            return Name(text) if isinstance(text, str) else UNKNOWN
        case (("Atom.to_string" | "to_string" | "Kernel.to_string"), 1):
            one = value_of(arguments[0], scope, depth + 1)
            return str(one) if isinstance(one, (str, int)) else UNKNOWN
        case "Enum.join", 1 | 2:
            return _join(value_of(arguments[0], scope, depth + 1), arguments[1:], scope, depth)
        case "Enum.map", 2:
            return _mapped(arguments[0], arguments[1], scope, depth)
        case "Enum.map_join", 2 | 3:
            mapped = _mapped(arguments[0], arguments[-1], scope, depth)
            return _join(mapped, arguments[1:-1], scope, depth)
    return UNKNOWN


def _join(values: Value, joiner: list[Node], scope: Scope, depth: int) -> Value:
    between = value_of(joiner[0], scope, depth + 1) if joiner else ""
    if not isinstance(values, list) or not isinstance(between, str):
        return UNKNOWN
    if not all(isinstance(one, (str, int)) for one in values):
        return UNKNOWN
    return between.join(str(one) for one in values)


def _mapped(values: Node, function: Node, scope: Scope, depth: int) -> Value:
    found = value_of(values, scope, depth + 1)
    if not isinstance(found, list):
        return UNKNOWN
    return [apply(function, [one], scope, depth) for one in found]


def apply(function: Node, arguments: list[Value], scope: Scope, depth: int = 0) -> Value:
    """What `fn … end` or `&…` returns for arguments; UNKNOWN where it does more than compute."""
    if isinstance(function, Capture) and function.function is None:
        return _captured(function, arguments)
    if not isinstance(function, AnonymousFunction) or len(function.clauses) != 1:
        return UNKNOWN
    clause = function.clauses[0]
    if len(clause.body) != 1 or len(clause.patterns) != len(arguments):
        return UNKNOWN
    bound: dict[str, Value] = {}
    for pattern, value in zip(clause.patterns, arguments, strict=True):
        bound.update(bindings(pattern, value))
    return value_of(clause.body[0], scope.bind(bound), depth + 1)


def _captured(function: Capture, arguments: list[Value]) -> Value:
    """`&"#{&1}_id"`: placeholders are read where they stand, so only plain text and calls work."""
    body = function.operand
    if not isinstance(body, Quoted) or (isinstance(body, Sigil) and body.name not in ("s", "S")):
        return UNKNOWN
    written: list[str] = []
    for part in body.parts:
        if not isinstance(part, StringInterpolation):
            written.append(part)
            continue
        inner = part.expression
        if not isinstance(inner, Capture) or inner.placeholder is None:
            return UNKNOWN
        index = inner.placeholder - 1
        value = arguments[index] if 0 <= index < len(arguments) else UNKNOWN
        if not isinstance(value, (str, int)):
            return UNKNOWN
        written.append(str(value))
    return Name("".join(written)) if isinstance(body, QuotedAtom) else "".join(written)


def bindings(pattern: Node, value: Value) -> Mapping[str, Value]:
    """The variables that a pattern binds when it is matched with a value, unknown ones included."""
    found: dict[str, Value] = {}
    pending: list[tuple[Node, Value]] = [(pattern, value)]
    while pending:
        node, part = pending.pop()
        match node:
            case Identifier(name):
                found[name] = part
            case Tuple() | List():
                elements = node.elements
                fits = isinstance(part, (list, tuple)) and len(part) == len(elements)
                pending += zip(elements, part if fits else [UNKNOWN] * len(elements), strict=True)
            case BinaryOperator("=", left, right):
                pending += [(left, part), (right, part)]
            case _:
                pending += [(child, UNKNOWN) for child in node.children]
    return found


def spelled(value: Value) -> str:
    """A known value as Elixir source; empty where it is unknown."""
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case Name():
            return f":{value!s}" if value.isidentifier() else f':"{value!s}"'
        case int():
            return str(value)
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case tuple():
            return "{" + ", ".join(map(spelled, value)) + "}"
        case list():
            return "[" + ", ".join(_spelled_element(one) for one in value) + "]"
    return ""


def _spelled_element(value: Value) -> str:
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], Name):
        return f"{value[0]!s}: {spelled(value[1])}"
    return spelled(value)


def options_of(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The pairs of keyword arguments, in brackets or without."""
    if isinstance(node, List):
        node = node.keywords
    if isinstance(node, Keywords):
        for pair in node.pairs:
            if pair.value is not None:
                yield pair.key, pair.value
