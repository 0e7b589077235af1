"""What LiveViews and their components answer to, and the assigns that code sets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Identifier,
    Match,
    Pipe,
)
from lsp_server.syntax.literals import (
    Atom,
    Boolean,
    Integer,
    Keywords,
    List,
    Map,
    Nil,
    Sigil,
    String,
    Tuple,
)
from lsp_server.syntax.names import Names, module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class LiveCallback(Fact):
    """One clause of a callback of a LiveView or component.

    `names` are the literal first arguments that the clause takes, `prefix` what a string must begin
    with, `any`: it takes everything, or what cannot be told. `pattern` is the shape of the first
    argument (see `shape`). One that is named `*` stands for what a macro may define.
    """

    module: str
    name: str
    arity: int
    names: tuple[str, ...]
    prefix: str
    any: bool
    pattern: str
    span: Span  # of the name
    clause: Span

    def takes(self, event: str) -> bool:
        """Whether the clause can be given this event."""
        return (
            self.any or event in self.names or bool(self.prefix and event.startswith(self.prefix))
        )


class LiveHook(Fact):
    """One `attach_hook`, or `on_mount` of a LiveView (`stage` is then `mount`).

    `target` is the module whose `on_mount` runs; empty for a function that is attached.
    """

    module: str
    stage: str
    target: str
    span: Span


class AssignSet(Fact):
    """One key that code puts into the assigns of a socket, a conn or a component.

    `by` is the function (`assign`, `assign_new`, `stream` …) or `temporary_assigns`; `key` is `*`
    where it is computed. `subject` is the variable that is changed. `value` is the call that gives
    the value (`Shop.Orders.list_orders/0`), also through a variable that is bound once, a short
    literal, or empty. `given` is the expression of the value, also of such a variable's; it
    `preloads` where it names what is fetched with it.
    """

    module: str
    function: str
    arity: int
    by: str
    key: str
    subject: str
    value: str
    span: Span  # of the key
    given: Span | None = None
    preloads: bool = False


CALLBACKS = {
    "mount": (1, 2, 3),
    "render": (1,),
    "update": (2,),
    "update_many": (1,),
    "handle_params": (3,),
    "handle_event": (3,),
    "handle_info": (2,),
    "handle_async": (3,),
    "handle_call": (3,),
    "handle_cast": (2,),
    "on_mount": (4,),
    "terminate": (2,),
}
# What stands in the body of a module and defines only what the text shows.
_STATIC = frozenset(
    b"alias attr def defdelegate defexception defguard defguardp defimpl defmacro defmacrop "
    b"defmodule defoverridable defp defprotocol defstruct embed_templates import on_mount require "
    b"slot use".split()
)
_CONTROL = frozenset(b"case cond for if unless".split())
# A module with none of these is no LiveView but may be a GenServer, which has callbacks too.
_LIVE = frozenset({"mount", "render", "handle_params", "handle_event", "update", "on_mount"})
_PRELOADS = re.compile(rb"preload|\[:[a-z]")
_SETTERS = (
    "assign",
    "assign_new",
    "assign_async",
    "update",
    "stream",
    "stream_configure",
    "stream_async",
    "allow_upload",
)
_SET_BY = frozenset(name.encode() for name in _SETTERS)
_WANTED = _SET_BY | {b"attach_hook", b"on_mount"}
_LIBRARIES = frozenset({"LiveView", "Component", "Conn", "Phoenix"})
_SIGNS = (b"assign", b"handle_", b"attach_hook", b"on_mount", b"stream(", b"allow_upload")
_SOCKET = re.compile(rb"\bsocket\b(?!\.assigns\.[a-z_])")
_SOCKET_READ = re.compile(rb"\bsocket\.assigns\.([a-z_]\w*)")
_DEEPEST = 6  # levels of a pattern that count


@collects(LiveCallback, LiveHook, AssignSet)
def collect_live_callbacks(document: Document) -> Iterator[Fact]:
    """The callbacks, hooks and assigns of an Elixir file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    source = document.source
    temporary = b"temporary_assigns" in source
    lively = {id(one) for one in document.modules if not _LIVE.isdisjoint(one.names.functions)}
    if not lively and not temporary and not forms_calling(document, _WANTED):
        return
    if not any(sign in source for sign in _SIGNS):
        return
    for form in document.forms:
        function = form.function
        if function is None:
            if form.callee == b"on_mount":
                yield from _mount_hook(Call(form.raw, form.tree), form.module)
            elif id(form.module) in lively and _generates(form):
                where = Span(form.span.start, form.span.start)
                yield LiveCallback(form.module.name, "*", 0, (), "", True, "_", where, form.span)
            continue
        if id(form.module) in lively and function.arity in CALLBACKS.get(function.name, ()):
            yield _callback(function, form)
        callees = form.index.raw_calls
        if not _SET_BY.isdisjoint(callees) or (temporary and b"temporary_assigns" in form.bytes):
            yield from _assigns(function, form)
        if b"attach_hook" in callees:
            for call in form.index.calls("attach_hook"):
                yield from _attached(call, form.module)


def _generates(form: Form) -> bool:
    """Whether a part of a module's body may define functions that the text does not show."""
    text = form.bytes
    if form.callee in _STATIC:
        return False
    if not form.callee:  # an attribute, or a call of another module's function
        is_attribute = text.startswith(b"@")
        return text.startswith(b"@before_compile") if is_attribute else b"def " in text
    return form.callee not in _CONTROL or b"def " in text


def shape(node: Node | None, names: Names, depth: int = 0) -> str:
    """A pattern or message with everything that is not literal as `_`, structs by full name:
    `{:saved, _}`, `%Phoenix.Socket.Broadcast{event: "x"}`."""
    if depth > _DEEPEST:
        return "_"
    match node:
        case Atom() | Boolean() | Nil() | Integer():
            return node.text
        case String(str(text)):
            return json.dumps(text, ensure_ascii=False)
        case Tuple(elements):
            return f"{{{', '.join(shape(one, names, depth + 1) for one in elements)}}}"
        case Match(_, left, right):
            return shape(right if isinstance(left, Identifier) else left, names, depth)
        case Map():
            struct = module_text(node.struct)
            name = names.expand(struct) if struct else ""
            return f"%{name}{{{', '.join(sorted(_entries(node, names, depth)))}}}"
        case List([]):
            return "[]"
    return "_"


def _entries(node: Map, names: Names, depth: int) -> Iterator[str]:
    for element in node.elements:
        match element:
            case Keywords():
                for pair in element.pairs:
                    yield f"{pair.key}: {shape(pair.value, names, depth + 1)}"
            case BinaryOperator("=>", key, value):
                yield f"{shape(key, names, depth + 1)} => {shape(value, names, depth + 1)}"


def _callback(function: Function, form: Form) -> LiveCallback:
    first = function.parameters[0] if function.parameters else None
    if isinstance(first, Match):
        first = first.right if isinstance(first.left, Identifier) else first.left
    taken: tuple[str, ...] = ()
    prefix = ""
    match first:
        case String(str(text)) | Atom(text):
            taken = (text,)
        case BinaryOperator("<>", String(str(text))):
            prefix = text
        case Identifier(name) if function.guard is not None:
            taken = _compared(function.guard, name)
    return LiveCallback(
        form.module.name,
        function.name,
        function.arity,
        taken,
        prefix,
        not taken and not prefix and not isinstance(first, (Tuple, Map, List)),
        shape(first, form.module.names),
        function.name_span,
        form.span,
    )


def _compared(guard: Node, variable: str) -> tuple[str, ...]:
    """The literals that a guard lets a variable be; none where it may be something else too."""
    match guard:
        case BinaryOperator("==" | "===", Identifier(name), String(str(text)) | Atom(text)):
            return (text,) if name == variable else ()
        case BinaryOperator("in", Identifier(name), List(elements)) if name == variable:
            literals = [one for one in elements if isinstance(one, (String, Atom))]
            texts = [one.value if isinstance(one, String) else one.name for one in literals]
            return tuple(filter(None, texts)) if len(texts) == len(elements) else ()
        case BinaryOperator("in", Identifier(name), Sigil("w", str(words))) if name == variable:
            return tuple(words.split())
    return ()


def _mount_hook(call: Call, module: Module) -> Iterator[LiveHook]:
    for argument in call.written_arguments[:1]:
        named = argument.elements[0] if isinstance(argument, Tuple) else argument
        written = module_text(named)
        if written:
            yield LiveHook(module.name, "mount", module.names.expand(written), argument.span)


def _attached(call: Call, module: Module) -> Iterator[LiveHook]:
    for argument in call.arguments[2:3]:
        if isinstance(argument, Atom):
            yield LiveHook(module.name, argument.name, "", call.name_span)


def _assigns(function: Function, form: Form) -> Iterator[AssignSet]:
    for call, keys in settings(form, *_SETTERS):
        subject, names = _subject(call.arguments[0]), form.names_at(call.start)
        for key, value, span in keys:
            bound = _bound(value, form)
            text = _value(bound, names)
            yield _set(function, form, call.name, key, subject, text, span, bound)
    for pair in _temporary(form):
        text = _value(pair[1], form.module.names)
        yield _set(function, form, "temporary_assigns", pair[0], "socket", text, pair[2])


def reads_of_socket(value: Node, form: Form) -> list[str] | None:
    """The keys that an expression reads of `socket.assigns`; None where it needs the socket itself,
    or where a variable of the function is called like one of the keys."""
    text = value.bytes
    if b"socket" not in text:
        return []
    if _SOCKET.search(text):
        return None
    keys = list(dict.fromkeys(key.decode() for key in _SOCKET_READ.findall(text)))
    taken = (rf"(?<![\w.:@]){key}(?![\w:?!])".encode() for key in keys)
    return None if any(re.search(one, form.bytes) for one in taken) else keys


def _set(
    function: Function,
    form: Form,
    by: str,
    key: str,
    subject: str,
    value: str,
    span: Span,
    given: Node | None = None,
) -> AssignSet:
    where = form.module.name, function.name, function.arity
    preloads = given is not None and _PRELOADS.search(given.bytes) is not None
    place = None if given is None else given.span
    return AssignSet(*where, by, key, subject, value, span, place, preloads)


def _subject(node: Node) -> str:
    """The variable that a pipe or a nest of setters begins with."""
    for _ in range(50):
        match node:
            case Pipe():
                node = node.left
            case Identifier(name):
                return name
            case Call() if node.name in _SETTERS and node.written_arguments:
                node = node.written_arguments[0]
            case _:
                return ""
    return ""


Keys = Iterator[tuple[str, Node | None, Span]]


def settings(form: Form, *setters: str) -> Iterator[tuple[Call, Keys]]:
    """The calls of `assign` and its like in a function, each with its `assigned_keys`."""
    for call in form.index.calls(*setters):
        module = call.module
        if call.receiver is not None and (
            module is None or module.rpartition(".")[2] not in _LIBRARIES
        ):
            continue
        arguments = call.arguments
        if len(arguments) < 2 or (call.name == "update" and len(arguments) < 3):
            continue
        third = arguments[2] if len(arguments) > 2 else None
        yield call, assigned_keys(arguments[1], third)


def assigned_keys(key: Node, value: Node | None) -> Keys:
    """The names that `assign(socket, key, value)` or `assign(socket, pairs)` sets, each with its
    value and its place; `*` without a value for a name that is computed."""
    match key:
        case Atom(name):
            yield name, value, key.span
        case List([Keywords() as pairs]) | (Keywords() as pairs):
            for pair in pairs.pairs:
                yield pair.key, pair.value, pair.key_span
        case Map() if key.struct is None and key.keywords is not None:
            for pair in key.keywords.pairs:
                yield pair.key, pair.value, pair.key_span
        case List(elements) if elements and all(isinstance(one, Atom) for one in elements):
            for one in elements:
                yield one.text[1:], value, one.span
        case _:
            yield "*", None, key.span


def _bound(node: Node | None, form: Form) -> Node | None:
    """What a variable is bound to, if that happens once in the function."""
    if not isinstance(node, Identifier):
        return node
    sign = f"{node.name} =".encode()
    if form.bytes.count(sign) != 1:
        return node
    matches = (it for it in form.index.nodes(Match) if it.bytes.startswith(sign))
    found = next(matches, None)
    return node if found is None else found.right


def _value(node: Node | None, names: Names) -> str:
    if isinstance(node, AnonymousFunction) and len(node.clauses) == 1:
        body = node.clauses[0].body
        node = body[-1] if body else None
    if isinstance(node, Pipe):
        node = node.right
    match node:
        case Call() if node.name and (node.receiver is None or node.module is not None):
            module = node.module
            written = node.name if module is None else f"{names.expand(module)}.{node.name}"
            return f"{written}/{node.arity}"
        case Nil() | Boolean() | Integer() | String() | Atom() | List([]) if len(node.text) <= 20:
            return node.text
        case Map() if node.struct is None and not node.elements:
            return "%{}"
    return ""


def _temporary(form: Form) -> Iterator[tuple[str, Node | None, Span]]:
    if b"temporary_assigns" not in form.bytes:
        return
    for keywords in form.index.nodes(Keywords):
        found = keywords.get("temporary_assigns")
        if isinstance(found, List) and found.keywords is not None:
            for pair in found.keywords.pairs:
                yield pair.key, pair.value, pair.key_span
