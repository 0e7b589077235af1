"""What templates say: the components they call, the events they bind, the assigns they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import UNARY
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import PAIR, Atom, Keywords, Pair, String
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node, cast
from lsp_server.syntax.outline import Form
from lsp_server.syntax.walk import NodeIndex
from lsp_server.text import Span


class AssignRead(Fact):
    """One `@name` of a template, or `@streams.name` and `@uploads.name` with their `field`.

    `loop`: it is all that a `for` or `:for` goes over.
    """

    name: str
    field: str
    loop: bool
    span: Span


class Template(Fact):
    """One template: a sigil in a function, or a file, of which only the path is known.

    `function` is the function that the sigil stands in; of a file its name up to the first dot.
    `whole`: it hands `assigns` on, so that more may be read than `reads` holds. `plain`: a file or
    a heredoc with something in it, and without errors.
    """

    module: str  # empty for a file
    function: str
    arity: int
    dialect: str
    span: Span
    reads: tuple[AssignRead, ...]
    whole: bool
    plain: bool

    @property
    def is_file(self) -> bool:
        """Whether a file is the template as a whole."""
        return not self.module


class ComponentCall(Fact):
    """One use of a component: `kind` is `component` for a tag, `function` where it is called as a
    function of `assigns`, `live_component` or `live_render`.

    `target` is the module that is called, by its full name where the template stands in a module
    and as written in a file; empty for `<.name>`. `name` is the function component's.
    """

    module: str  # of the caller; empty in a file
    function: str
    kind: str
    target: str
    name: str
    span: Span


class EventBinding(Fact):
    """One event that a template or a function sends, where its name is written out.

    `binding` is the attribute (`phx-click`), `JS.push` or, in the script of a hook, `pushEvent`.
    `to` is empty where the LiveView gets the event, `@myself`, or what else is written as target.
    """

    module: str  # empty in a file
    function: str
    event: str
    binding: str
    to: str
    span: Span


# The bindings of phoenix_live_view 0.13 to 1.2 whose value is the name of an event.
_EVENTS = """
    phx-blur phx-capture-click phx-change phx-click phx-click-away phx-focus phx-keydown phx-keyup
    phx-submit phx-viewport-bottom phx-viewport-top phx-window-blur phx-window-focus
    phx-window-keydown phx-window-keyup
"""
EVENTS = frozenset(_EVENTS.split())
_READ = re.compile(rb"@([a-z_]\w*[?!]?)(?:\.([a-z_]\w*))?")
_FIELDS = frozenset({b"streams", b"uploads"})
_GENERATOR = re.compile(rb"<-\s*\Z")
_ENDS = re.compile(rb"\s*(?:\}|\)|,|do\b|%>|\Z)")
_WHOLE = re.compile(rb"(?<![\w.:@])assigns(?![\w.\[:])")
_PUSH_EVENT = re.compile(rb"\bpushEvent(To)?\s*\(\s*(?:[^,()\"'`]+,\s*)?([\"'`])([\w:.-]+)\2")
_ROLES = frozenset({Role.LIB, Role.TEMPLATE})
_GIVEN = b"(assigns)"
_CALLED = re.compile(rb"(?<![\w.])((?:[A-Z]\w*\.)+)?([a-z_]\w*[?!]?)\Z")  # before `_GIVEN`


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a template stands."""

    module: str
    function: str
    arity: int
    form: Form | None

    def expand(self, written: str, offset: int) -> str:
        """The full name of a module where its aliases are known."""
        return written if self.form is None else self.form.names_at(offset).expand(written)


@collects(Template, ComponentCall, EventBinding)
def collect_templates(document: Document) -> Iterator[Fact]:
    """The facts of a file that is a template, or of all template sigils of a file."""
    if document.role not in _ROLES:
        return
    if document.template is not None:
        function = PurePosixPath(document.path).name.partition(".")[0]
        yield from _of_template(document.template, _Place("", function, 1, None))
    elif document.language is Language.ELIXIR:
        hands_on = _GIVEN in document.source
        for form in document.forms:
            pushes = b"push" in form.index.callee_names
            function_ = form.function if hands_on or pushes or form.templates else None
            if function_ is not None:
                place = _Place(form.module.name, function_.name, function_.arity, form)
                if pushes:
                    yield from _pushes(form.index, place)
                if hands_on and _GIVEN in form.bytes:
                    yield from _functions(form, place)
                for layer in form.templates:
                    yield from _of_template(layer, place)


def _functions(form: Form, place: _Place) -> Iterator[ComponentCall]:
    """`Module.name(assigns)` and `name(assigns)` in code, and delegation."""
    function = form.function
    if function is None:
        return
    if form.callee == b"defdelegate":
        target = module_text(function.call.keyword("to"))
        renamed = function.call.keyword("as")
        name = renamed.name if isinstance(renamed, Atom) else function.name
        module = place.expand(target, form.span.start) if target else ""
        yield _called(place, "function", module, name, function.name_span)
        return
    source, end = form.tree.source, form.raw.end_byte
    at = source.find(_GIVEN, form.raw.start_byte, end)
    while at >= 0:
        match = _CALLED.search(source, source.rfind(b"\n", 0, at) + 1, at)
        if match is not None and at != function.name_span.end:
            written = (match[1] or b"").decode().rstrip(".")
            module = place.expand(written, match.start()) if written else ""
            yield _called(place, "function", module, match[2].decode(), Span(match.start(), at))
        at = source.find(_GIVEN, at + 1, end)


def _of_template(layer: TemplateLayer, place: _Place) -> Iterator[Fact]:
    index, source = layer.index, layer.source
    whole = b"assigns" in layer.span.slice(source) and any(
        _WHOLE.search(piece.span.slice(source)) for piece in heex.elixir_pieces(layer.template)
    )
    yield Template(
        place.module,
        place.function,
        place.arity,
        layer.dialect.value,
        layer.span,
        tuple(_reads(index)),
        whole,
        (layer.sigil is None or layer.sigil.is_heredoc)
        and not layer.template.errors
        and bool(layer.span.slice(source).strip()),
    )
    yield from _pushes(index, place)
    yield from _helper_options(index, place)
    yield from _component_helpers(index, place)
    for tag in layer.nodes(heex.Tag):
        yield from _tag(tag, layer, place)


def _reads(index: NodeIndex) -> Iterator[AssignRead]:
    source = index.tree.source
    for raw in index.raw_of_kind(UNARY):
        start = raw.start_byte
        read = _READ.match(source, start, raw.end_byte + 40)
        if read is None:
            continue
        end, field = read.end(1), b""
        if read[1] in _FIELDS and read[2]:
            end, field = read.end(2), read[2]
        loop = _GENERATOR.search(source, max(start - 40, 0), start) is not None
        loop = loop and _ENDS.match(source, end) is not None
        yield AssignRead(read[1].decode(), field.decode(), loop, Span(start, end))


def _tag(tag: heex.Tag, layer: TemplateLayer, place: _Place) -> Iterator[Fact]:
    source = layer.source
    if tag.kind is TagKind.COMPONENT:
        name = tag.local_name
        if name == "live_component":
            module = _literal_module(tag, layer, place)
            yield _called(place, "live_component", module, "render", tag.name_span)
        else:
            yield _called(place, "component", "", name, tag.name_span)
    elif tag.kind is TagKind.REMOTE:
        written, _, name = tag.name.rpartition(".")
        target = place.expand(written, tag.name_span.start)
        yield _called(place, "component", target, name, tag.name_span)
    elif tag.name == "script" and tag.attribute(":type") is not None:
        for match in _PUSH_EVENT.finditer(source, *tag.inner):
            to = "element" if match[1] else ""
            yield _event(place, match[3].decode(), "pushEvent", to, Span(*match.span(3)))
    for attribute in tag.attributes:
        if isinstance(attribute, heex.Attribute) and attribute.name in EVENTS:
            event = _literal(attribute.value, layer)
            if event is not None:
                text, span = event
                yield _event(place, text, attribute.name, _target(tag, source), span)


def _called(place: _Place, kind: str, target: str, name: str, span: Span) -> ComponentCall:
    return ComponentCall(place.module, place.function, kind, target, name, span)


def _event(place: _Place, event: str, binding: str, to: str, span: Span) -> EventBinding:
    return EventBinding(place.module, place.function, event, binding, to, span)


def _literal(value: heex.Value | None, layer: TemplateLayer) -> tuple[str, Span] | None:
    """The name of an event that is written out; commands as JSON are none."""
    match value:
        case heex.Quoted() if value.literal:
            text, span = value.content.slice(layer.source).decode("utf-8", "replace"), value.content
        case heex.Braces():
            node = layer.expression(value.expression)
            if not isinstance(node, String) or node.value is None:
                return None
            text, span = node.value, node.content
        case _:
            return None
    return (text, span) if text.strip() and not text.lstrip().startswith("[") else None


def _target(tag: heex.Tag, source: bytes) -> str:
    target = tag.attribute("phx-target")
    match None if target is None else target.value:
        case heex.Quoted() as value:
            written = value.content.slice(source).decode("utf-8", "replace").strip()
            return "@myself" if re.fullmatch(r"<%=\s*@myself\s*%>", written) else written
        case heex.Braces() as value:
            return value.expression.slice(source).decode("utf-8", "replace")
    return ""


def _literal_module(tag: heex.Tag, layer: TemplateLayer, place: _Place) -> str:
    attribute = tag.attribute("module")
    if attribute is None or not isinstance(attribute.value, heex.Braces):
        return ""
    span = attribute.value.expression
    written = module_text(layer.expression(span))
    return place.expand(written, span.start) if written else ""


def _component_helpers(index: NodeIndex, place: _Place) -> Iterator[ComponentCall]:
    """`live_component @socket, Module, …` and `live_render @socket, Module` as functions."""
    for call in index.calls("live_component", "live_render"):
        if call.receiver is None:
            modules = map(module_text, call.written_arguments)
            written = next(filter(None, modules), "")
            target = place.expand(written, call.start) if written else ""
            yield _called(place, call.name, target, "render", call.name_span)


def _helper_options(index: NodeIndex, place: _Place) -> Iterator[EventBinding]:
    """`phx_click: "save"` among the options of a helper."""
    tree = index.tree
    for raw in index.raw_of_kind(PAIR):
        written = tree.source[raw.start_byte : raw.start_byte + 5]
        if written[:3] != b"phx" and written[:4] != b'"phx':
            continue
        pair = cast(raw, tree)
        if not isinstance(pair, Pair) or pair.key.replace("_", "-") not in EVENTS:
            continue
        event = _text(pair.value)
        if event is not None and pair.value is not None:
            target = None
            if isinstance(pair.parent, Keywords):
                target = pair.parent.get("phx_target") or pair.parent.get("phx-target")
            to = "" if target is None else target.text
            yield _event(place, event, pair.key.replace("_", "-"), to, pair.value.span)


def _pushes(index: NodeIndex, place: _Place) -> Iterator[EventBinding]:
    for call in index.calls("push"):
        if call.module is None or call.module.rpartition(".")[2] != "JS":
            continue
        events = (one for one in call.written_arguments if isinstance(one, String))
        event = next(events, None)
        if event is not None and event.value:
            target = call.keyword("target")
            to = "" if target is None else target.text
            yield _event(place, event.value, "JS.push", to, event.content)


def _text(node: Node | None) -> str | None:
    match node:
        case String(str(text)) | Atom(text):
            return text or None
    return None
