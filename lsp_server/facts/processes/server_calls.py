"""Which calls ask a process that is written out: the process itself, or one of a fixed name."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import assigned, clauses_of, module_of, origin
from lsp_server.facts.modules import full_name
from lsp_server.facts.processes.process_names import option
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Alias,
    AnonymousFunction,
    BinaryOperator,
    Call,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
)
from lsp_server.syntax.literals import Atom, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

SELF = "self()"
_STEPS = 4  # attributes and functions behind which a name is looked for
_SERVERS = frozenset({"GenServer", "GenStage", ":gen_server"})
_AT_ONCE = frozenset({"Enum", "Keyword", "List", "Map", "Kernel"})


class ServerCall(Fact):
    """`GenServer.call(target, …)` with a target that is known.

    `target` is `self()`, the full name of a module, an atom with its colon, or a tuple
    (`{:via, …}`, `{:global, …}`) of such. Functions that look at which process they run in have
    none. `by_default` says that it is the only default of the function around it, which callers may
    leave out. `inside` is the call of GenServer that a function of the module makes with what it is
    given, `span` then the call of that function.
    """

    target: str
    span: Span  # receiver and name of the call
    by_default: bool = False
    inside: Span | None = None


class FixedName(Fact):
    """The name that a module's `start_link` registers where it is always the same and is not
    written out as an atom there: a tuple, or what a function of the module returns."""

    module: str
    name: str


class Deferred(Fact):
    """A `fn` in a file that speaks of GenServers which may run in another process or at another
    time: it is not handed to one of Elixir's own functions that run it at once."""

    span: Span


class Choice(Fact):
    """A function of several clauses."""

    module: str
    name: str
    arity: int


@collects(ServerCall, FixedName, Deferred, Choice)
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
        if form.function.name == "start_link":
            yield from _fixed_names(form)
        names = form.index.callee_names
        if b"self" in names:
            yield from _given_itself(form)
        if b"call" not in names or b"whereis" in names:
            continue
        for call in form.index.calls("call"):
            if module_of(call.receiver, form) in _SERVERS and call.arguments:
                asked = call.arguments[0]
                target = _target(asked, form)
                default = None if target else _default(asked, form)
                if default is not None:
                    target = _target(default, form)
                if target == SELF or (target and b"self" not in names):
                    yield ServerCall(target, call.callee_span, default is not None)


def _given_itself(form: Form) -> Iterator[ServerCall]:
    """`count(self())`, where the only clause of `count(server)` calls the server."""
    for itself in form.index.calls("self"):
        around = itself.parent
        call = None if around is None else around.parent
        if not isinstance(call, Call) or itself not in call.written_arguments:
            continue
        clauses = clauses_of(call, form)
        function = clauses[0].function if len(clauses) == 1 else None
        number = call.arguments.index(itself)
        if function is None or number >= len(function.parameters):
            continue
        for inner in clauses[0].index.calls("call"):
            if module_of(inner.receiver, clauses[0]) in _SERVERS and inner.arguments:
                given = function.parameters[number]
                if _is_statement(inner, function) and inner.arguments[0].same_code(given):
                    yield ServerCall(SELF, call.callee_span, inside=inner.callee_span)


def _is_statement(call: Call, function: Function) -> bool:
    """Whether a call is made whenever its function is: it is no part of a branch or a `fn`."""
    node: Node | None = call
    while isinstance(node, (Call, Pipe, Match)) and node not in function.body:
        node = node.parent
    return node is not None and node in function.body


def _default(node: Node, form: Form) -> Node | None:
    """The default of the parameter that a variable is, if the function has no other."""
    function = form.function
    if function is None or not isinstance(node, Identifier) or assigned(node, form) is not None:
        return None
    defaults = [
        one
        for one in function.parameters
        if isinstance(one, BinaryOperator) and one.operator == "\\\\"
    ]
    if len(defaults) == 1 and defaults[0].left.same_code(node):
        return defaults[0].right
    return None


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


def _fixed_names(form: Form) -> Iterator[FixedName]:
    for call in form.index.calls("start_link"):
        if module_of(call.receiver, form) in _SERVERS and call.arguments:
            name = option(origin(call.arguments[-1], form), "name")
            written = "" if name is None else _target(name, form)
            if written and not isinstance(name, (Alias, Atom)):
                yield FixedName(full_name(form.module), written)


def _target(node: Node, form: Form) -> str:
    """A process as a `target`; empty where it depends on anything."""
    for _ in range(_STEPS):
        if isinstance(node, ModuleAttribute) and node.value is None:
            following = form.module.attribute(node.name)
        elif isinstance(node, (Call, Identifier)) and node.text != "__MODULE__":
            held = assigned(node, form) if isinstance(node, Identifier) else None
            following = _returned(node, form) if held is None else held
        else:
            break
        if following is None:
            break
        node = following
    if isinstance(node, Call):
        return SELF if node.name == "self" and node.receiver is None and not node.arguments else ""
    if isinstance(node, Tuple):
        return _written(node, form)
    return _plain(node, form)


def _returned(call: Node, form: Form) -> Node | None:
    """What a function of the module without arguments always returns."""
    if isinstance(call, Call) and (call.receiver is not None or call.arguments):
        return None
    clauses = clauses_of(call, form)
    function = clauses[0].function if len(clauses) == 1 else None
    return function.body[0] if function is not None and len(function.body) == 1 else None


def _plain(node: Node, form: Form) -> str:
    if isinstance(node, Atom):
        return node.text
    if isinstance(node, Identifier) and node.name != "__MODULE__":
        return ""
    return module_of(node, form)


def _written(node: Tuple, form: Form) -> str:
    """A tuple of names with all of them in full; empty where one of its parts is computed."""
    parts: list[str] = []
    for one in node.elements:
        if isinstance(one, Tuple):
            if any(isinstance(inner, Tuple) for inner in one.elements):
                return ""
            text = _written(one, form)
        else:
            text = one.text if isinstance(one, String) and one.value else _plain(one, form)
        if not text:
            return ""
        parts.append(text)
    return f"{{{', '.join(parts)}}}"
