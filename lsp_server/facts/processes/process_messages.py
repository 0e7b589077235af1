"""Messages that a module sends to the process of another, named by its module."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import module_of
from lsp_server.facts.modules import full_name
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    Call,
    Capture,
    Identifier,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span

_SENDERS = {
    "Agent": frozenset({"cast", "get", "get_and_update", "update"}),
    "GenServer": frozenset({"call", "cast"}),
}
_NAMES = ("call", "cast", "get", "get_and_update", "update")
_WANTED = frozenset(name.encode() for name in _NAMES)


class ProcessMessage(Fact):
    """`GenServer.call(Shop.Stock, {:count, id})` in the module `by`; `target` may be an atom, with
    its colon.

    `through` is the function, `shape` what is sent as far as it is written out: `count/1` for that
    message or `reset/0` for an atom; of an Agent `Map.get/1` for `&Map.get(&1, key)` and `/0` for
    `& &1`; empty for anything else. `plain` says that it is one line, without a timeout or a pipe.
    """

    by: str
    target: str
    through: str
    shape: str
    plain: bool
    span: Span  # of the call's receiver and name


@collects(ProcessMessage)
def collect_process_messages(document: Document) -> Iterator[ProcessMessage]:
    """The messages to other modules' processes in `lib`."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    forms = forms_calling(document, _WANTED)
    if forms and b"GenServer" not in document.source and b"Agent" not in document.source:
        return
    for form in forms:
        if form.function is None:
            continue
        for call in form.index.calls(*_NAMES):
            server = module_of(call.receiver, form)
            if call.name not in _SENDERS.get(server, ()):
                continue
            arguments = call.arguments
            target = _target(module_of(arguments[0], form) if arguments else "")
            by = full_name(form.module)
            if not target or target == by or len(arguments) < 2:
                continue
            yield ProcessMessage(
                by,
                target,
                f"{server}.{call.name}",
                shape_of(arguments[1]),
                len(arguments) == 2 and call.pipe is None and b"\n" not in call.bytes,
                call.callee_span,
            )


def _target(module: str) -> str:
    return "" if module.startswith("__MODULE__") else module


def shape_of(message: Node) -> str:
    """What is sent, without the values in it."""
    match message:
        case Atom(name):
            return f"{name}/0"
        case Tuple([Atom(name), *values]):
            return f"{name}/{len(values)}"
    called = function_of(message)
    return "" if called is None else f"{called[0]}/{len(called[1])}"


def function_of(argument: Node) -> tuple[str, list[Node]] | None:
    """Of `&Map.get(&1, key)` or `fn map -> Map.get(map, key) end` the function and what follows the
    state; of `& &1` no name."""
    body: Node | None = None
    state = ""
    if isinstance(argument, Capture) and argument.function is None:
        body, state = strip_parentheses(argument.operand), "&1"
    elif isinstance(argument, AnonymousFunction) and len(argument.clauses) == 1:
        clause = argument.clauses[0]
        if len(clause.patterns) == 1 and len(clause.body) == 1 and clause.guard is None:
            body, state = clause.body[0], clause.patterns[0].text
    if body is None:
        return None
    if body.text == state:
        return "", []
    if not isinstance(body, Call) or not body.module or body.pipe is not None:
        return None
    written = body.written_arguments
    if not written or written[0].text != state:
        return None
    rest = written[1:]
    simple = all(isinstance(one, (Identifier, Atom)) for one in rest)
    return (body.dotted, rest) if simple and not _holds(rest, state) else None


def _holds(nodes: list[Node], state: str) -> bool:
    return any(one.text == state for one in nodes)
