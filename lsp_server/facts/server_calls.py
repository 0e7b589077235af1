"""Which calls ask a process that is written out: the process itself, or one of a fixed name."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import module_of
from lsp_server.facts.modules import full_name
from lsp_server.role import Role
from lsp_server.syntax.elixir import AnonymousFunction, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

SELF = "self()"
_SERVERS = frozenset({"GenServer", "GenStage", ":gen_server"})
_AT_ONCE = frozenset({"Enum", "Keyword", "List", "Map", "Kernel"})


class ServerCall(Fact):
    """`GenServer.call(target, …)` with a target that is known.

    `target` is `self()`, the full name of a module, or an atom with its colon. Functions that look
    at which process they run in have none.
    """

    target: str
    span: Span  # receiver and name of the call


class Deferred(Fact):
    """A `fn` in a file that speaks of GenServers which may run in another process or at another
    time: it is not handed to one of Elixir's own functions that run it at once."""

    span: Span


class Choice(Fact):
    """A function of several clauses."""

    module: str
    name: str
    arity: int


@collects(ServerCall, Deferred, Choice)
def collect_server_calls(document: Document) -> Iterator[Fact]:
    """The calls of known processes in `lib`, and what makes it uncertain that they are made."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    yield from _choices(document)
    if b"GenServer" not in document.source and b"gen_server" not in document.source:
        return
    for form in document.forms:
        if form.function is None:
            continue
        for function in form.index.nodes(AnonymousFunction):
            if not _runs_at_once(function, form):
                yield Deferred(function.span)
        names = form.index.callee_names
        if b"call" not in names or b"whereis" in names:
            continue
        for call in form.index.calls("call"):
            if module_of(call.receiver, form) in _SERVERS and call.arguments:
                target = _target(call.arguments[0], form)
                if target == SELF or (target and b"self" not in names):
                    yield ServerCall(target, call.callee_span)


def _choices(document: Document) -> Iterator[Choice]:
    for module in document.modules:
        if module.call is None:
            continue
        seen: dict[tuple[str, int], int] = {}
        for function in module.functions:
            key = function.name, function.arity
            seen[key] = seen.get(key, 0) + 1
            if seen[key] == 2:
                yield Choice(full_name(module), *key)


def _runs_at_once(function: AnonymousFunction, form: Form) -> bool:
    arguments = function.parent
    call = None if arguments is None else arguments.parent
    if not isinstance(call, Call) or function not in call.written_arguments:
        return False
    if call.receiver is None:
        return call.name in ("then", "tap")
    return module_of(call.receiver, form) in _AT_ONCE


def _target(node: Node, form: Form) -> str:
    if isinstance(node, Call):
        return SELF if node.name == "self" and node.receiver is None and not node.arguments else ""
    if isinstance(node, ModuleAttribute) and node.value is None:
        node = form.module.attribute(node.name) or node
    if isinstance(node, Atom):
        return node.text
    if isinstance(node, Identifier) and node.name != "__MODULE__":
        return ""
    return module_of(node, form)
