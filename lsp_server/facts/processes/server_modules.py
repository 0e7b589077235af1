"""How servers answer: modules that only work off their timer, and replies that can come later."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.modules import full_name
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Identifier, Match
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.outline import Module
from lsp_server.text import Span

_TIMERS = (b"send_after", b"send_interval", b"send(self()", b"start_timer", b":timeout")
_ANSWERING = frozenset({("handle_call", 3), ("handle_cast", 2), ("handle_info", 2)})
_OWN = (b"self()", b"Process.", b"receive", b"super(")


class ServerModule(Fact):
    """A module with callbacks of a server. `polls` says that all it answers is its own timer,
    `flushes` that it has a timer and gives no answers, but may be told things by casts."""

    module: str
    polls: bool
    flushes: bool = False


class LaterReply(Fact):
    """A clause of `handle_call/3`, `handle_cast/2` or `handle_info/2` that works and leaves the
    state as it is, so that another process could do it."""

    module: str
    span: Span  # of the name


@collects(ServerModule, LaterReply)
def collect_server_modules(document: Document) -> Iterator[Fact]:
    """The server modules of `lib` and their replies."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    for module in document.modules:
        defined = module.names.functions
        calls = 3 in defined.get("handle_call", ())
        casts = 2 in defined.get("handle_cast", ())
        informed = 2 in defined.get("handle_info", ())
        if module.call is None or not (calls or casts or informed):
            continue
        name = full_name(module)
        if calls or informed:
            flushes = not calls and _schedules_itself(module)
            yield ServerModule(name, flushes and not casts, flushes)
        found = [
            one
            for one in module.functions
            if (one.name, one.arity) in _ANSWERING and reply_of(one) is not None
        ]
        for function in found:
            if not _asks(function, module):
                yield LaterReply(name, function.name_span)


def _asks(function: Function, module: Module) -> bool:
    """Whether a function asks by others of its module which process it runs in."""
    clauses: dict[str, list[Function]] = {}
    for one in module.functions:
        clauses.setdefault(one.name, []).append(one)
    pending, seen = [function], set[str]()
    while pending:
        called = clauses.keys() & set(_called(pending.pop())) - seen
        reached = [one for name in called for one in clauses[name]]
        if any(sign in one.call.bytes for one in reached for sign in _OWN):
            return True
        seen |= called
        pending += reached
    return False


def _called(function: Function) -> Iterator[str]:
    """The names of functions of the module that a function may call."""
    for one in function.body:
        for node in one.descendants():
            if isinstance(node, Identifier) or (isinstance(node, Call) and node.receiver is None):
                yield node.name


def _schedules_itself(module: Module) -> bool:
    text = b"" if module.call is None else module.call.bytes
    return b"subscribe" not in text and any(sign in text for sign in _TIMERS)


def reply_of(function: Function) -> Tuple | None:
    """The `{:reply, value, state}` or `{:noreply, state}` in which a clause ends that does not
    change its state, nor asks which process it runs in."""
    block = function.call.do_block
    body = function.body
    if not body or (block is not None and block.sections != ["do"]):
        return None
    asker, state = function.parameters[-2:]
    while isinstance(state, Match):
        state = state.right if isinstance(state.right, Identifier) else state.left
    calls = function.name == "handle_call"
    if not isinstance(state, Identifier) or (calls and not isinstance(asker, Identifier)):
        return None
    reply = body[-1]
    match reply:
        case Tuple([Atom("reply"), _, Identifier(name)]) if calls and name == state.name:
            pass
        case Tuple([Atom("noreply"), Identifier(name)]) if not calls and name == state.name:
            if len(body) == 1:
                return None
        case _:
            return None
    if any(sign in one.bytes for one in body for sign in _OWN):
        return None
    for one in body:
        for match in one.find(Match):
            if any(bound.name == name for bound in match.left.find(Identifier)):
                return None
    return reply if isinstance(reply, Tuple) else None
