"""How servers answer: modules that only work off their timer, and replies that can come later."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.modules import full_name
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Identifier, Match
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.outline import Module
from lsp_server.text import Span

_TIMERS = (b"send_after", b"send_interval", b"send(self()", b"start_timer", b":timeout")
_OWN = (b"self()", b"Process.", b"receive", b"super(")


class ServerModule(Fact):
    """A module with callbacks of a server. `polls` says that all it answers is its own timer,
    `flushes` that it has a timer and gives no answers, but may be told things by casts."""

    module: str
    polls: bool
    flushes: bool = False


class LaterReply(Fact):
    """A clause of `handle_call/3` that computes a reply and leaves the state as it is, so that
    another process could do it."""

    module: str
    span: Span  # of the name


@collects(ServerModule, LaterReply)
def collect_server_modules(document: Document) -> Iterator[Fact]:
    """The server modules of `lib` and their replies."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    if b"handle_call" not in document.source and b"handle_info" not in document.source:
        return
    for module in document.modules:
        defined = module.names.functions
        calls = 3 in defined.get("handle_call", ())
        if module.call is None or not (calls or 2 in defined.get("handle_info", ())):
            continue
        name = full_name(module)
        flushes = not calls and _schedules_itself(module)
        yield ServerModule(name, flushes and 2 not in defined.get("handle_cast", ()), flushes)
        for function in module.functions if calls else ():
            if (function.name, function.arity) == ("handle_call", 3) and reply_of(function):
                yield LaterReply(name, function.name_span)


def _schedules_itself(module: Module) -> bool:
    text = b"" if module.call is None else module.call.bytes
    return b"subscribe" not in text and any(sign in text for sign in _TIMERS)


def reply_of(function: Function) -> Tuple | None:
    """The `{:reply, value, state}` in which a clause ends that does not change its state, nor asks
    which process it runs in."""
    block = function.call.do_block
    body = function.body
    if not body or (block is not None and block.sections != ["do"]):
        return None
    _, asker, state = function.parameters
    while isinstance(state, Match):
        state = state.right if isinstance(state.right, Identifier) else state.left
    if not isinstance(asker, Identifier) or not isinstance(state, Identifier):
        return None
    match body[-1]:
        case Tuple([Atom("reply"), _, Identifier(name)]) if name == state.name:
            reply = body[-1]
        case _:
            return None
    if any(sign in one.bytes for one in body for sign in _OWN):
        return None
    for one in body:
        for match in one.find(Match):
            if any(bound.name == name for bound in match.left.find(Identifier)):
                return None
    return reply if isinstance(reply, Tuple) else None
