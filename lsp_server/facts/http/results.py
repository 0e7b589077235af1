"""Requests to other servers whose failure nobody takes: matched with `{:ok, …}` alone, made with a
function that raises, or looked at by a `case` that has no clause for an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from lsp_server.document import Document, Language
from lsp_server.facts.calls.places import ELSEWHERE, RESCUED, in_order, place_at
from lsp_server.facts.calls.primitives import CLIENT, LIBRARY, Effect
from lsp_server.facts.calls.regions import regions_of
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import assigned
from lsp_server.facts.modules import full_name
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    BODY,
    DO_BLOCK,
    SECTIONS,
    BinaryOperator,
    Call,
    Clause,
    Identifier,
    Match,
    Pipe,
)
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class UntakenError(Fact):
    """One request. `kind` is `match`, `bang` or `case`; `client` is the module whose function is
    called, the own one for functions that a `use` brings."""

    module: str
    function: str
    arity: int
    kind: str
    client: str
    name: str  # as written, `Req.get!`
    span: Span


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fact with its syntax: the request with all that is piped into it, and for `match` and
    `case` what takes its result."""

    fact: UntakenError
    form: Form
    request: Node
    taker: Node


_CLIENT = re.compile(
    rb"HTTPoison|Req\.|Finch|Tesla|:httpc|:hackney|ExAws|Mint\.HTTP|Client|Http|API"
)
_CLIENTS = {
    module: frozenset(name for name, effect in table.items() if effect is Effect.HTTP)
    for module, table in LIBRARY.items()
    if Effect.HTTP in table.values()
}
REQUESTS = tuple(sorted({name for names in _CLIENTS.values() for name in names} | set(CLIENT)))
_OTHER_MODULES = tuple(
    f"{name}.".encode()
    for name in ("Access", "Agent", "Application", "Keyword", "Map", "Process", "Repo", "System")
)
_BASES = ("Tesla", "HTTPoison.Base")
_OWN = re.compile(r"(?:Client|Http|HTTP|API|Api)$")


@collects(UntakenError)
def collect_untaken_errors(document: Document) -> Iterator[UntakenError]:
    """The requests of one file of `lib`; mix tasks may fail as they like."""
    for sighting in sightings(document):
        yield sighting.fact


@lru_cache(maxsize=8)
def speaks_of_clients(source: bytes) -> bool:
    """Whether a file may make requests. Several collectors ask this of the same bytes in turn, and
    the search costs more than all that they do in most files."""
    return _CLIENT.search(source) is not None


def sightings(document: Document) -> Iterator[Sighting]:
    """The requests of one file with their syntax."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    source = document.source
    forms = forms_calling(document, RAW_NAMES)
    if not forms or not speaks_of_clients(source) or "lib/mix/" in document.path:
        return
    for form in forms:
        function = form.function if form.callee in (b"def", b"defp") else None
        if function is not None and not is_retried(form.module):
            yield from _of_function(form, function)


RAW_NAMES = frozenset(name.encode() for name in REQUESTS)


def is_retried(module: Module) -> bool:
    """Whether what fails in a module is tried again by the library that runs it."""
    return any(use.module.startswith(("Oban.", "Broadway")) for use in module.names.uses)


def _of_function(form: Form, function: Function) -> Iterator[Sighting]:
    block = function.call.do_block
    if block is not None and not {"rescue", "catch"}.isdisjoint(block.sections):
        return
    for call in calls_named(form, RAW_NAMES):
        client = http_client(call, form)
        if not client or (call.capture_arity is not None and not call.name.endswith("!")):
            continue
        regions = in_order(regions_of(form.index, [call.start]), template=False)
        place, _ = place_at(regions, call.start, call.end)
        if place & RESCUED:
            continue
        found = _judged(call, form)
        if found is None or (place & ELSEWHERE and found[0] != "case"):
            continue
        kind, taker, span = found
        if kind == "bang" and function.name.endswith("!"):
            continue
        name = f"{call.module}.{call.name}" if call.module else call.name
        module = full_name(form.module)
        fact = UntakenError(module, function.name, function.arity, kind, client, name, span)
        yield Sighting(fact, form, call.pipe or call, taker)


def calls_named(form: Form, names: frozenset[bytes]) -> Iterator[Call]:
    """The calls of a form that may be of a client by their names, in the order of the text.

    `get`, `put` and `delete` are mostly those of maps and repos: their bytes tell so at once."""
    calls, source = form.index.raw_calls, form.tree.source
    found = [
        raw
        for name in calls.keys() & names
        for raw in calls[name]
        if not source.startswith(_OTHER_MODULES, raw.start_byte)
    ]
    for raw in sorted(found, key=lambda one: one.start_byte):
        yield Call(raw, form.tree)


def http_client(call: Call, form: Form) -> str:
    """The module of a client whose function a call is; empty for any other call."""
    if call.receiver is None:
        names = form.module.names
        if names.defines(call.name, call.arity) or call.name not in CLIENT:
            return ""
        return form.module.name if form.module.uses(*_BASES) else ""
    written = call.module
    if written is None:
        return ""
    module = form.names_at(call.start).expand(written)
    if module in _CLIENTS:
        return module if call.name in _CLIENTS[module] else ""
    return module if call.name in CLIENT and _OWN.search(module) else ""


def _judged(call: Call, form: Form) -> tuple[str, Node, Span] | None:
    """Kind, taker and place of a request that fails badly; None for any other."""
    request: Node = call.pipe or call
    if call.name.endswith("!"):
        return "bang", request, call.callee_span
    parent = request.parent
    if parent is not None and parent.kind == "arguments":
        parent = parent.parent
    match parent:
        case Match(_, left, right) if right == request:
            if _is_ok(left):
                return "match", parent, call.callee_span
            if isinstance(left, Identifier):
                return _looked_at(left, request, form)
        case Pipe(_, left, Call("case") as case) if left == request:
            return _lacking(case)
        case Call("case", [subject, *_]) as case if subject == request:
            return _lacking(case)
    return None


def errors_are_taken(call: Call, form: Form) -> tuple[str, Node]:
    """What becomes of the error of any call that returns `{:ok, …}` or `{:error, …}`: `match`,
    `case`, `bang` or `ignored`, empty where it is taken or returned; and the node that takes it."""
    found = _judged(call, form)
    if found is not None:
        return found[0], found[1]
    request: Node = call.pipe or call
    parent = request.parent
    match parent:
        case Match(_, Identifier(name), right) if right == request and name.startswith("_"):
            return "ignored", request
        case Match() | None:
            return "", request
    if parent.raw.kind_id in (DO_BLOCK, BODY) or parent.raw.kind_id in SECTIONS:
        after = [one for one in parent.raw.named_children if one.start_byte >= request.end]
        if any(not one.is_extra and one.kind_id not in SECTIONS for one in after):
            return "ignored", request
    return "", request


def _is_ok(pattern: Node) -> bool:
    match pattern:
        case Tuple([Atom("ok"), _, *_]):
            return True
        case BinaryOperator("=", left, right):
            return _is_ok(left) or _is_ok(right)
    return False


def _looked_at(variable: Identifier, request: Node, form: Form) -> tuple[str, Node, Span] | None:
    """The `case` on the variable that a request was put into."""
    for case in form.index.calls("case"):
        subject = case.arguments[0] if case.arguments else None
        if case.receiver is None and case.start > variable.start:
            if isinstance(subject, Identifier) and subject.same_code(variable):
                if assigned(subject, form) == request:
                    return _lacking(case)
    return None


def _lacking(case: Call) -> tuple[str, Node, Span] | None:
    clauses = case.clauses()
    if not clauses or any(map(_takes_errors, clauses)):
        return None
    return "case", case, case.name_span


def _takes_errors(clause: Clause) -> bool:
    """Whether a clause can take what is not `{:ok, …}`."""
    pattern: Node | None = clause.patterns[0] if len(clause.patterns) == 1 else None
    while isinstance(pattern, BinaryOperator) and pattern.operator == "=":
        pattern = pattern.right if isinstance(pattern.left, Identifier) else pattern.left
    if isinstance(pattern, Tuple) and pattern.elements:
        first = pattern.elements[0]
        return not (isinstance(first, Atom) and first.name == "ok")
    return True
