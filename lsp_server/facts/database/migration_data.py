"""What a migration's calls of a repo and of the application's own code do to rows."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.database.migrations import ChangeData
from lsp_server.syntax.elixir import (
    Alias,
    BinaryOperator,
    Call,
    Identifier,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.literals import String, Tuple
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

DEPTH = 60  # steps of a query that are followed back to its table
_WRITES = frozenset(
    {"insert_all", "update_all", "delete_all", "insert", "update", "delete", "insert_or_update"}
)


def changes(call: Call, module: Module, conditional: bool) -> Iterator[ChangeData]:
    """The rows that a call with a receiver writes, or may write."""
    receiver = call.receiver
    if isinstance(receiver, (Call, Identifier)) and receiver.name == "repo":
        of_repo = True
    else:
        called = module.names.expand(call.module or "")
        of_repo = called.rpartition(".")[2].endswith("Repo")
        if called and not of_repo:
            key = (called, call.name, call.arity)
            yield ChangeData(call.name_span, conditional, call.dotted, function=key)
            return
    if of_repo and call.name.removesuffix("!") in _WRITES:
        table, schema = _source(call.arguments[0] if call.arguments else None, module)
        text = call.dotted if call.module else f"repo().{call.name}"
        yield ChangeData(call.name_span, conditional, text, table, schema)


def _source(node: Node | None, module: Module) -> tuple[str, str]:
    """The table and the schema that a query is of; each is empty where it is not known."""
    for _ in range(DEPTH):
        match node:
            case String(value=str(table)):
                return table, ""
            case Alias():
                return "", module.names.expand(module_text(node) or "")
            case Pipe(_, left, _):
                node = left
            case BinaryOperator("in", _, right):
                node = right
            case Tuple() if node.elements:
                node = node.elements[0]
            case Call() if node.arguments and node.receiver is None:
                node = node.arguments[0]
            case None:
                break
            case _:
                plain = strip_parentheses(node)
                if plain == node:
                    break
                node = plain
    return "", ""
