"""What a request or a LiveView passes through: the pipelines and live sessions of a router."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsp_server.facts.routes.router_place import Place
from lsp_server.facts.routes.routes import LiveSession, OnMount, Pipeline, PlugCall
from lsp_server.facts.values import Name, options_of
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.literals import List, Tuple
from lsp_server.syntax.node import Node
from lsp_server.text import Span


def pipeline(call: Call, place: Place) -> Pipeline | None:
    """The pipeline that a call defines; None where its name is computed."""
    written = call.written_arguments
    name = place.value(written[0]) if written else None
    if not isinstance(name, Name):
        return None
    plugs: list[PlugCall] = []
    complete = True
    for node, conditional in _statements(call.body, False):
        plug = plug_call(node, place, conditional) if isinstance(node, Call) else None
        if plug is not None:
            plugs.append(plug)
        else:
            complete = False
    return Pipeline(place.router, str(name), tuple(plugs), complete, call.span, written[0].span)


def _statements(nodes: Iterable[Node], conditional: bool) -> Iterator[tuple[Node, bool]]:
    """Statements, those of an `if` in its place and marked as conditional."""
    pending = [(node, conditional) for node in nodes]
    pending.reverse()
    while pending:
        node, conditional = pending.pop()
        if isinstance(node, Call) and node.receiver is None and node.name in ("if", "unless"):
            branches = [*node.section("do"), *node.section("else")]
            pending += [(one, True) for one in reversed(branches)]
        else:
            yield node, conditional


def plug_call(call: Call, place: Place, conditional: bool = False) -> PlugCall | None:
    """The `plug` that a call is; None for anything else and for a plug that is computed."""
    written = call.written_arguments
    if call.name != "plug" or call.receiver is not None or not written:
        return None
    name = place.plug_name(written[0])
    if not name:
        return None
    rest = written[1:]
    options = Span(rest[0].start, rest[-1].end).slice(call.tree.source) if rest else b""
    return PlugCall(
        name, options.decode("utf-8", "replace"), conditional, call.span, written[0].span
    )


def live_session(call: Call, place: Place) -> LiveSession | None:
    """The live session that a call opens; None where its name is computed."""
    written = call.written_arguments
    name = place.value(written[0]) if written else None
    if not isinstance(name, Name):
        return None
    last = written[-1]
    if isinstance(last, ModuleAttribute) and place.values.module is not None:
        last = place.values.module.attribute(last.name) or last
    options = dict(options_of(last))
    complete = len(written) == 1 or bool(options)
    hooks: list[OnMount] = []
    for node in _hooks(options.get("on_mount")):
        hook = _hook(node, place)
        complete = complete and hook is not None
        hooks += [hook] if hook is not None else []
    return LiveSession(
        place.router,
        str(name),
        tuple(hooks),
        options["session"].text if "session" in options else "",
        options["layout"].text if "layout" in options else "",
        complete,
        call.span,
        written[0].span,
    )


def _hooks(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return node.elements if isinstance(node, List) else [node]


def _hook(node: Node, place: Place) -> OnMount | None:
    argument = "default"
    module = node
    if isinstance(node, Tuple) and len(node.elements) == 2:
        module = node.elements[0]
        value = place.value(node.elements[1])
        argument = str(value) if isinstance(value, Name) else node.elements[1].text
    name = place.name(module)
    return OnMount(name, argument, node.span) if name else None
