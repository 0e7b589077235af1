"""What a project broadcasts on which topics, and who subscribes to them.

States what Phoenix.PubSub 2.x and endpoints of Phoenix 1.5 to 1.8 send: the message itself, or a
`Phoenix.Socket.Broadcast` with the event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.local_flow import clauses_of, origin
from lsp_server.facts.pages.live_callbacks import shape
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import String, Tuple
from lsp_server.syntax.names import Names
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

PUBSUB = "Phoenix.PubSub"
_MOST_PARTS = 20  # of a topic that is put together by `<>`


class Subscription(Fact):
    """One `subscribe`. `topic` is the literal text that the topic begins with; it is the whole
    topic if `exact`, and empty where nothing of it is known. `topic_of` is the function of another
    module that gives it (`Shop.Topics.orders/0`)."""

    module: str
    function: str
    arity: int
    topic: str
    exact: bool
    span: Span  # receiver and name
    topic_of: str = ""


class Broadcast(Fact):
    """One message that is broadcast, as `shape` writes it; `topic` and `exact` as above."""

    topic: str
    exact: bool
    message: str
    span: Span  # receiver and name
    topic_of: str = ""


class TopicFunction(Fact):
    """A function that gives a topic: one named so (`topic`, `order_topic`), or one of `…Topics`."""

    function: str  # `Shop.Topics.orders/0`
    topic: str
    exact: bool


# The number of arguments before the topic, by whether the module is `Phoenix.PubSub`.
_BEFORE = {
    "subscribe": (1, 0),
    "broadcast": (1, 0),
    "broadcast!": (1, 0),
    "local_broadcast": (1, 0),
    "broadcast_from": (2, 1),
    "broadcast_from!": (2, 1),
    "local_broadcast_from": (2, 1),
}
_WANTED = frozenset(name.encode() for name in _BEFORE)


@collects(Subscription, Broadcast, TopicFunction)
def collect_pubsub(document: Document) -> Iterator[Fact]:
    """The subscriptions and broadcasts of the functions of a file."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    yield from _topic_functions(document)
    for form in forms_calling(document, _WANTED):
        if form.function is None:
            continue
        for call in form.index.calls(*_BEFORE):
            yield from _of_call(call, form)


def _of_call(call: Call, form: Form) -> Iterator[Fact]:
    written = call.module
    if written is None or form.function is None:
        return
    names = form.names_at(call.start)
    module = names.expand(written)
    is_endpoint = module.rpartition(".")[2] == "Endpoint"
    if module != PUBSUB and not is_endpoint:
        return
    arguments = call.arguments[_BEFORE[call.name][int(is_endpoint)] :]
    if not arguments:
        return
    topic, exact = _topic(arguments[0], form)
    topic_of = "" if topic else _giver(arguments[0], names)
    if call.name == "subscribe":
        function = form.function
        where = form.module.name, function.name, function.arity
        yield Subscription(*where, topic, exact, call.callee_span, topic_of)
    elif len(arguments) > 1:
        for message in _messages(arguments[1], form):
            if is_endpoint:
                message = f"%Phoenix.Socket.Broadcast{{event: {message}}}"
            yield Broadcast(topic, exact, message, call.callee_span, topic_of)


def _topic_functions(document: Document) -> Iterator[TopicFunction]:
    for form in document.forms:
        function = form.function
        if function is None or form.callee != b"def":
            continue
        if "topic" in function.name or form.module.name.endswith("Topics"):
            body = function.body
            topic, exact = _topic(body[0], form) if len(body) == 1 else ("", False)
            if topic:
                key = f"{form.module.name}.{function.name}/{function.arity}"
                yield TopicFunction(key, topic, exact)


def _giver(node: Node, names: Names) -> str:
    """The function of another module that is called."""
    module = node.module if isinstance(node, Call) else None
    if not isinstance(node, Call) or module is None:
        return ""
    return f"{names.expand(module)}.{node.name}/{node.arity}"


@join(Subscription, TopicFunction)
def subscriptions(index: Index) -> Sequence[tuple[str, Subscription]]:
    """All subscriptions with their paths, with the topics that functions of other modules give."""
    topics = _topics(index)
    return [(path, _resolved(one, topics)) for path, one in index.of(Subscription)]


@join(Broadcast, TopicFunction)
def broadcasts(index: Index) -> Sequence[tuple[str, Broadcast]]:
    """All broadcasts with their paths, likewise."""
    topics = _topics(index)
    return [(path, _resolved(one, topics)) for path, one in index.of(Broadcast)]


_Sent = TypeVar("_Sent", Subscription, Broadcast)


def _resolved(one: _Sent, topics: Mapping[str, TopicFunction]) -> _Sent:
    found = topics.get(one.topic_of)
    return one if found is None else replace(one, topic=found.topic, exact=found.exact)


def _topics(index: Index) -> Mapping[str, TopicFunction]:
    """The functions that give topics, but those of several clauses."""
    found: dict[str, list[TopicFunction]] = {}
    for _, one in index.of(TopicFunction):
        found.setdefault(one.function, []).append(one)
    return {name: several[0] for name, several in found.items() if len(several) == 1}


def _messages(node: Node, form: Form) -> list[str]:
    """The shapes of a message; of a parameter what the module's own functions give it."""
    function, found = form.function, origin(node, form)
    names = form.names_at(node.start)
    parts = found.elements if isinstance(found, Tuple) else [found]
    parameters = [] if function is None else function.parameters
    given = [_parameter(one, parameters) for one in parts]
    if function is None or not function.is_private or set(given) == {None}:
        is_given = isinstance(found, Identifier) and given != [None]
        return ["_"] if is_given else [shape(found, names)]
    shapes: dict[str, None] = {}
    for other in form.module.forms:
        if other.function is None or other.function.name == function.name:
            continue
        for call in other.index.calls(function.name):
            arguments = call.arguments
            if call.receiver is None and len(arguments) == function.arity:
                there = other.names_at(call.start)
                written = [
                    shape(one, names) if at is None else shape(origin(arguments[at], other), there)
                    for at, one in zip(given, parts, strict=True)
                ]
                whole = f"{{{', '.join(written)}}}" if isinstance(found, Tuple) else written[0]
                shapes[whole] = None
    return list(shapes) or [shape(found, names)]


def _parameter(node: Node | None, parameters: Sequence[Node]) -> int | None:
    """Which parameter of a function a node is."""
    if not isinstance(node, Identifier):
        return None
    return next((at for at, one in enumerate(parameters) if one.same_code(node)), None)


def _topic(node: Node, form: Form) -> tuple[str, bool]:
    found = origin(node, form)
    if isinstance(found, Call):
        clauses = clauses_of(found, form)
        body = clauses[0].function.body if clauses and clauses[0].function else []
        if len(clauses) == 1 and len(body) == 1:
            found = origin(body[0], clauses[0])
    if isinstance(found, BinaryOperator) and found.operator == "<>":
        return _joined(found, form)
    if not isinstance(found, String):
        return "", False
    if found.value is not None:
        return found.value, True
    prefix = ""
    for part in found.parts:
        if not isinstance(part, str):
            inner = part.expression
            attribute = isinstance(inner, ModuleAttribute) and origin(inner, form)
            if not isinstance(attribute, String) or attribute.value is None:
                return prefix, False
            part = attribute.value
        prefix += part
    return prefix, True


def _joined(node: Node, form: Form) -> tuple[str, bool]:
    """The beginning of a topic that is put together, `"orders:" <> id`."""
    prefix = ""
    for _ in range(_MOST_PARTS):
        one = node.left if isinstance(node, BinaryOperator) and node.operator == "<>" else node
        part = origin(one, form)
        if not isinstance(part, String) or part.value is None:
            return prefix, False
        prefix += part.value
        if one is node:
            return prefix, True
        node = node.right if isinstance(node, BinaryOperator) else node
    return prefix, False
