"""What a variable was matched with, whatever the pattern."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.syntax.elixir import Call, Identifier, Match
from lsp_server.syntax.node import Node
from lsp_server.syntax.operators import BinaryOperator
from lsp_server.syntax.outline import Form


def values_of(variable: Identifier, form: Form) -> Iterator[Node]:
    """What `=`, `<-` and `case` match before a place with patterns that bind a variable's name."""
    for match in form.index.nodes(BinaryOperator):
        if isinstance(match, Match) or match.operator == "<-":
            if match.end <= variable.start and _binds(match.left, variable.name):
                yield match.right
    for outer in variable.ancestors():
        if isinstance(outer, Call) and outer.name == "case" and outer.receiver is None:
            for clause in outer.clauses():
                if clause.start <= variable.start < clause.end and outer.arguments:
                    if any(_binds(one, variable.name) for one in clause.patterns):
                        yield outer.arguments[0]


def _binds(pattern: Node, name: str) -> bool:
    return any(one.name == name for one in pattern.find(Identifier))
