"""Branches of functions that write to a database: which calls can run together, and which only
after a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax.elixir import AnonymousFunction, BinaryOperator, Call, Clause
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class Alternative(Fact):
    """One branch of a choice; those of one choice have the same number. `failed` tells that it is
    for errors."""

    choice: int
    span: Span
    failed: bool


class Alternatives(Fact):
    """The branches of one clause of a function that writes and chooses."""

    function: Span  # the name
    branches: tuple[Alternative, ...]

    def exclude(self, one: Span, other: Span) -> bool:
        """Whether only one of two places is reached in one run."""
        first = {branch.choice: branch for branch in self.branches if branch.span.covers(one)}
        return any(
            branch.choice in first and first[branch.choice] != branch
            for branch in self.branches
            if branch.span.covers(other)
        )

    def apart(self, one: Span, other: Span) -> bool:
        """Whether each of two places stands in a branch of its own, of choices that follow each
        other: whether one is reached says nothing of the other."""
        first = {branch.choice for branch in self.branches if branch.span.covers(one)}
        second = {branch.choice for branch in self.branches if branch.span.covers(other)}
        return bool(first - second) and bool(second - first)

    def failed(self, place: Span) -> bool:
        """Whether a place is only reached after something else has failed."""
        return any(branch.failed and branch.span.covers(place) for branch in self.branches)


_FUNCTIONS = frozenset({b"def", b"defp"})
_WRITES = frozenset(
    b"insert insert! update update! delete delete! insert_or_update insert_or_update! "
    b"insert_all update_all delete_all".split()
)
_CHOICES = ("case", "cond", "if", "unless", "with", "try")
_FAILURE = re.compile(r"\{\s*:error|:error\b|:exit\b")


@collects(Alternatives)
def collect_alternatives(document: Document) -> Iterator[Alternatives]:
    """The branches of the functions of a file that can write and choose."""
    if document.role is not Role.LIB or b"Repo" not in document.source:
        return
    for form in document.forms:
        if form.callee in _FUNCTIONS and not _WRITES.isdisjoint(form.index.raw_calls):
            function = form.function
            branches = tuple(_branches(form)) if function is not None else ()
            if function is not None and branches:
                yield Alternatives(function.name_span, branches)


def _branches(form: Form) -> Iterator[Alternative]:
    number = 0
    for call in form.index.calls(*_CHOICES):
        if call.receiver is None:
            number += 1
            for section in ("do", "else", "rescue", "catch"):
                yield from _of_section(call, section, number)
            if call.name == "with":
                yield from _after_failure(call, number)
    for function in form.index.nodes(AnonymousFunction):
        number += 1
        for clause in function.clauses:
            yield Alternative(number, clause.span, False)


def _after_failure(call: Call, number: int) -> Iterator[Alternative]:
    """What a `with` goes on to after a step that takes an error: `{:error, _} <- insert(x)`."""
    for step in call.written_arguments:
        match step:
            case BinaryOperator("<-", left, _) if _FAILURE.match(left.text):
                yield Alternative(number, Span(step.end, call.end), True)


def _begin(clause: Clause) -> int:
    """Where a clause begins: the grammar takes the last expression of the clause before it into its
    head where that goes over several lines."""
    head = clause.head
    if head is not None and b"\n" in head.bytes and b"|>" in head.bytes:
        return head.end
    return clause.start


def _of_section(call: Call, section: str, number: int) -> Iterator[Alternative]:
    clauses = call.clauses(section)
    # What follows when a step of `with` did not match, or something was raised.
    late = section in ("rescue", "catch") or (section == "else" and call.name == "with")
    for at, clause in enumerate(clauses):
        head = clause.head
        failed = late or (head is not None and _FAILURE.match(head.text) is not None)
        following = clauses[at + 1] if at + 1 < len(clauses) else None
        end = clause.end if following is None else _begin(following)
        yield Alternative(number, Span(_begin(clause), max(end, _begin(clause))), failed)
    body: list[Node] = [] if clauses else call.section(section)
    if body and call.name != "try":
        yield Alternative(number, Span(body[0].start, body[-1].end), False)
