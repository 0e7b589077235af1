"""The fields that a list names, each with the place where it is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, Match, ModuleAttribute
from lsp_server.syntax.literals import Atom, List, Sigil, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

LIMIT = 200  # lists, attributes and functions that are followed for one step


@dataclass(slots=True)
class FieldNames:
    """What a list names. `complete` is False where there may be more names than those."""

    names: list[tuple[str, Span]] = field(default_factory=list)
    complete: bool = True


class FieldReader:
    """Reads lists of fields inside one form: literals, `~w()a`, `@attributes`, `++`, variables."""

    def __init__(self, form: Form) -> None:
        self.form = form

    @cached_property
    def matches(self) -> list[Match]:
        """The assignments of the form in order."""
        return sorted(self.form.index.nodes(Match), key=lambda one: one.start)

    def read(self, node: Node | None) -> FieldNames:
        """The fields that an expression names."""
        found = FieldNames()
        pending: list[Node] = [] if node is None else [node]
        seen: set[tuple[int, int]] = set()
        for _ in range(LIMIT):
            if not pending:
                return found
            one = pending.pop(0)
            if (one.start, one.end) in seen:
                continue
            seen.add((one.start, one.end))
            below = self._step(one, found)
            if below is None:
                found.complete = False
            else:
                pending[:0] = below
        found.complete = False
        return found

    def _step(self, node: Node, found: FieldNames) -> list[Node] | None:
        """Note what a node names; the answer is what to read next, None where it is unknown."""
        match node:
            case Atom(name):
                found.names.append((name, node.span))
            case String(str(name)):
                found.names.append((name, node.span))
            case Sigil("w" | "W", str()):
                found.names.extend(_words(node))
            case List():
                return node.elements
            case BinaryOperator("++" | "|", left, right):
                return [left, right]
            case BinaryOperator("--", left, right):
                taken = {name for name, _ in self.read(right).names}
                rest = self.read(left)
                found.names.extend(one for one in rest.names if one[0] not in taken)
                found.complete &= rest.complete
            case ModuleAttribute():
                value = self.form.module.attribute(node.name)
                return None if value is None else [value]
            case Identifier(name):
                value = self._variable(name, node.start) or self._function(name)
                return None if value is None else [value]
            case Call() if node.receiver is None and not node.arguments:
                value = self._function(node.name)
                return None if value is None else [value]
            case _:
                return None
        return []

    def _variable(self, name: str, before: int) -> Node | None:
        for match in reversed(self.matches):
            left = match.left
            if match.end <= before and isinstance(left, Identifier) and left.name == name:
                return match.right
        return None

    def _function(self, name: str) -> Node | None:
        """What a function of the module without parameters returns."""
        clauses = [one for one in self.form.module.functions if (one.name, one.arity) == (name, 0)]
        if len(clauses) != 1 or len(clauses[0].body) != 1:
            return None
        return clauses[0].body[0]


def _words(sigil: Sigil) -> Iterator[tuple[str, Span]]:
    content = sigil.content
    source = sigil.tree.source
    at = content.start
    for word in content.slice(source).split():
        start = source.index(word, at)
        at = start + len(word)
        yield word.decode("utf-8", "replace"), Span(start, at)
