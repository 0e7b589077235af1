"""Calls of a repo whose results what they are given decides: transactions and deletions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.syntax.elixir import AnonymousFunction, Call, Identifier, Pipe, strip_parentheses
from lsp_server.syntax.node import Node
from lsp_server.text import Span

TRANSACTIONS = frozenset({"transaction", "transact"})
_MAKES_CHANGESET = re.compile(r"change|constraint|delet")


def is_transaction(node: Node) -> bool:
    """Whether a call is a repo's transaction."""
    return (
        isinstance(node, Call)
        and node.name in TRANSACTIONS
        and (node.module or "").endswith("Repo")
    )


def of_transaction(call: Call) -> Iterator[Node | tuple[str, Span]]:
    """What a repo's transaction returns: Ecto 3.13 has `transact`, whose function decides."""
    arguments = call.arguments
    subject = strip_parentheses(arguments[0]) if arguments else None
    if isinstance(subject, AnonymousFunction):
        if call.name == "transact":
            yield from (one.body[-1] for one in subject.clauses if one.body)
            return
        yield "OK_VALUE", call.callee_span
        rollback = next((one for one in subject.find(Call) if one.name == "rollback"), None)
        if rollback is not None:
            yield "REASON", rollback.callee_span
    elif subject is not None and is_multi(subject):
        yield "OK_VALUE", call.callee_span
        yield "DETAILS", call.callee_span


def is_multi(subject: Node) -> bool:
    """Whether an expression is an `Ecto.Multi`, as far as names tell."""
    while isinstance(subject, Pipe):
        subject = subject.steps[0]
    if isinstance(subject, Identifier):
        return "multi" in subject.name
    if isinstance(subject, Call):
        return "multi" in subject.name or (subject.module or "").endswith("Multi")
    return False


def deletes_changeset(call: Call) -> bool:
    """Whether a call is `Repo.delete` of what a function has made of the row, by its name."""
    if call.name != "delete" or not (call.module or "").endswith("Repo") or not call.arguments:
        return False
    subject = strip_parentheses(call.arguments[0])
    if isinstance(subject, Pipe):
        subject = subject.right
    if isinstance(subject, Identifier):
        return "changeset" in subject.name
    return isinstance(subject, Call) and _MAKES_CHANGESET.search(subject.name) is not None
