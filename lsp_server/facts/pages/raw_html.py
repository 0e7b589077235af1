"""Texts that are sent to the browser unescaped, what they are made of, and who cleans them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import assigned, branches
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom, Keywords, List, Map, Pair, Quoted, Sigil, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.syntax.walk import NodeIndex
from lsp_server.text import Span


class HtmlPart(Fact):
    """One thing that an unescaped text is made of.

    `kind` is `request`, `field` (of a struct), `assign`, `parameter` (of the function around),
    `markdown` and `json` (made from something without cleaning), or `call` (of `name`, the
    function in full, whose result is not known here).
    """

    kind: str
    name: str
    inside: bool  # whether it is a part of a text that is put together
    span: Span
    of: str = ""  # the variable whose field it is


class HtmlSink(Fact):
    """A place where text goes out unescaped: `kind` is `raw`, `safe` (`{:safe, …}`), `html`
    (`Phoenix.Controller.html/2`), `response` (a body sent as text/html) or `capture` (`&raw/1`)."""

    kind: str
    module: str
    parts: tuple[HtmlPart, ...]
    span: Span  # what to mark
    whole: Span  # the call with its pipe, or the tuple
    value: Span


class HtmlMaker(Fact):
    """A function that cleans or escapes text, or (`cleans` false) makes HTML of it uncleaned."""

    function: str  # `Shop.Markdown.render`, any arity
    cleans: bool
    span: Span  # the clause
    names: tuple[str, ...] = ()  # fields and keys that it speaks of, if it changes a record


class HtmlGiven(Fact):
    """A value that a controller's `render` gives a template: `kind` as in HtmlPart, `literal`, or
    empty where it is not known."""

    name: str
    kind: str


# What sends text out: calls of these functions, or one of these texts.
_SENDERS = frozenset({b"raw", b"html", b"send_resp", b"resp"})
_SIGNS = (b"> raw", b"raw/1", b"{:safe,")
# Looked for one by one: a pattern of so many branches takes ten times as long.
_CLEANING = (b"anitiz", b"crub", b"tml_escape", b"safe_to_string", b"strip_tags", b"Floki")
_RENDER = frozenset({b"render"})
_STORING = re.compile(rb"chang(?:e|ing)|cast\(|attrs|Map\.(?:put|update)")
_MARKDOWN = re.compile(rb"\b(?:Earmark\.as_html|Cmark\.to_html|MDEx\.to_html|Markdown\.to_html)")
_NAMES = re.compile(rb"(?:[.:]([a-z]\w*)|\b([a-z]\w*):)")
# Functions that give back what they were given, changed a little.
_KEEPING = re.compile(
    r"(?:String\.(?!to_|length|valid)\w+|Enum\.(?:join|intersperse|reverse|take|drop|sort|uniq)"
    r"|IO\.\w+_to_(?:binary|string)|to_string|URI\.decode\w*|List\.to_string|Kernel\.to_string"
    r"|String\.to_charlist|Map\.get|Map\.fetch!|get_in)"
)
_ESCAPING = re.compile(
    r"escape|sanitiz|scrub|safe_to|strip_tags|Plug\.HTML|Makeup|content_tag|render_to|encode_www"
    r"|URI\.encode|Base\.|csrf|csp|nonce",
    re.I,
)
_GETTEXT = re.compile(r"(?:^|\.)(?:d|p|dp)?n?gettext(?:_noop)?$")
_WEB_MAPS = frozenset({"params", "query_params", "body_params", "path_params"})


@collects(HtmlSink, HtmlMaker, HtmlGiven)
def collect_raw_html(document: Document) -> Iterator[Fact]:
    """The facts of a file with code or a template that runs in the program."""
    if document.role not in (Role.LIB, Role.TEMPLATE):
        return
    signs = [sign for sign in _SIGNS if sign in document.source]
    if document.template is not None:
        if ".html." in document.path or document.language is not Language.EEX:
            yield from _sinks(_Reader(None, document.template), document.template.index, signs)
        return
    yield from _makers(document)
    yield from _given(document)
    for form in document.forms:
        called = form.index.callee_names
        if _SENDERS.isdisjoint(called) and not signs and not form.templates:
            continue
        if form.function is None or form.callee == b"defmacro" or b"quote" in called:
            continue
        if form.module.name.startswith("Phoenix.") or form.module.keyword == "defimpl":
            continue
        yield from _sinks(_Reader(form, None), form.index, signs)
        for layer in form.templates:
            yield from _sinks(_Reader(form, layer), layer.index, signs)


def _makers(document: Document) -> Iterator[HtmlMaker]:
    """The functions that clean, and those that make HTML of Markdown without doing so."""
    source = document.source
    if not _cleans(source) and b"Earmark.as_html" not in source:
        return
    for form in document.forms:
        if form.function is None:
            continue
        cleans = _cleans(form.bytes)
        if cleans or b"Earmark.as_html" in form.bytes:
            stores = cleans and _STORING.search(form.bytes) is not None
            names = {(one or other).decode() for one, other in _NAMES.findall(form.bytes) if stores}
            function = f"{form.module.name}.{form.function.name}"
            yield HtmlMaker(function, cleans, form.span, tuple(sorted(names)))


def _cleans(code: bytes) -> bool:
    return any(word in code for word in _CLEANING)


def _keeps_html(code: bytes) -> bool:
    """Whether a converter of Markdown lets HTML in it pass: Earmark (1.4) does, Cmark (0.10) and
    MDEx (0.2 and later) only if they are told so, which a function of the project may have good
    reasons for."""
    return b"Earmark.as_html" in code or re.search(rb"\bunsafe_?\b", code) is not None


def _given(document: Document) -> Iterator[HtmlGiven]:
    forms = forms_calling(document, _RENDER)
    if not forms or b"render(" not in document.source or b"ontroller" not in document.source:
        return
    for form in forms:
        if form.function is None:
            continue
        for call in form.index.calls("render"):
            keywords = call.keywords
            if keywords is None or len(call.arguments) < 2:
                continue
            reader = _Reader(form, None)
            for pair in keywords.pairs:
                value = pair.value
                if value is None:
                    continue
                kind = ""
                if not isinstance(value, Pipe) and (
                    not isinstance(value, Call) or value.is_field_access
                ):
                    parts = list(reader.parts(value))
                    known = {one.kind for one in parts} - {"call", "parameter"}
                    kind = min(known, default="") if parts else "literal"
                yield HtmlGiven(pair.key, kind)


def _sinks(reader: _Reader, index: NodeIndex, signs: Collection[bytes]) -> Iterator[HtmlSink]:
    for call in index.calls("raw"):
        if reader.is_of(call, "Phoenix.HTML") and len(call.arguments) == 1:
            whole = call.span if call.pipe is None else call.pipe.span
            yield from reader.sink("raw", call.arguments[0], call.callee_span, whole)
    if b"> raw" in signs:
        for pipe in index.nodes(Pipe):
            right = pipe.right
            if isinstance(right, Identifier) and right.name == "raw" and reader.imports("raw"):
                yield from reader.sink("raw", pipe.left, right.span, pipe.span)
    if b"raw/1" in signs:
        yield from _captured(reader, index)
    if b"{:safe," in signs:
        for pair in index.nodes(Tuple):
            match pair.elements:
                case [Atom("safe"), value] if not _is_pattern(pair):
                    yield from reader.sink("safe", value, pair.span, pair.span)
    for call in index.calls("html"):
        if reader.is_of(call, "Phoenix.Controller") and len(call.arguments) == 2:
            whole = call.span if call.pipe is None else call.pipe.span
            yield from reader.sink("html", call.arguments[1], call.callee_span, whole)
    if reader.layer is None and _sends_html(index):
        for call in index.calls("send_resp", "resp"):
            if reader.is_of(call, "Plug.Conn") and len(call.arguments) == 3:
                whole = call.span if call.pipe is None else call.pipe.span
                yield from reader.sink("response", call.arguments[2], call.callee_span, whole)


def _captured(reader: _Reader, index: NodeIndex) -> Iterator[HtmlSink]:
    """`&raw/1`, given to `then` or to what runs over texts."""
    for capture in index.nodes(Capture):
        target, arity = capture.function or (None, 0)
        if arity != 1 or not isinstance(target, (Call, Identifier)) or target.name != "raw":
            continue
        written = target.module if isinstance(target, Call) else None
        if reader.imports("raw") if written is None else written == "Phoenix.HTML":
            call = capture.enclosing(Call)
            given = [] if call is None else call.arguments
            if given and given[0] != capture:
                yield from reader.sink("capture", given[0], target.span, capture.span)


def _sends_html(index: NodeIndex) -> bool:
    """Whether a function says that what it sends is HTML."""
    for call in index.calls("put_resp_content_type", "put_resp_header"):
        for one in call.written_arguments:
            if isinstance(one, String) and (one.value or "").startswith("text/html"):
                return True
    return False


def _is_pattern(node: Node) -> bool:
    """Whether a tuple is matched against instead of being made, or only described."""
    inner = node
    for outer in node.ancestors():
        if isinstance(outer, Match) and outer.left.span.covers(inner.span):
            return True
        if outer.kind == "arguments" and outer.parent is not None:
            around = outer.parent
            if around.kind == "stab_clause":
                return True
            definition = around.parent
            if isinstance(definition, Node) and definition.kind == "arguments":
                if definition.parent is not None and Function.of(definition.parent) is not None:
                    if Function(Call(definition.parent.raw, node.tree)).head.span == around.span:
                        return True
        if isinstance(outer, BinaryOperator) and outer.operator in ("<-", "when", "::", "|"):
            if outer.operator != "<-" or outer.left.span.covers(inner.span):
                return True
        if isinstance(outer, ModuleAttribute):
            return True
        inner = outer
    return False


@dataclass(frozen=True, slots=True)
class _Reader:
    """What texts are made of, in a function or a template."""

    form: Form | None
    layer: TemplateLayer | None

    def is_of(self, call: Call, module: str) -> bool:
        """Whether a call can be of a function that a library brings: by its module, or imported."""
        if call.receiver is None:
            return self.form is None or not self.form.module.names.defines(call.name, call.arity)
        written = call.module
        if written is None:
            return False
        return module == (written if self.form is None else self._full(written, call.start))

    def imports(self, name: str) -> bool:
        """Whether a name alone, the step of a pipe, is no function of the module itself."""
        return self.form is None or not self.form.module.names.defines(name, 1)

    def _full(self, written: str, offset: int) -> str:
        return written if self.form is None else self.form.names_at(offset).expand(written)

    def sink(self, kind: str, value: Node, mark: Span, whole: Span) -> Iterator[HtmlSink]:
        """The sink, if its text is made of anything that is not written out."""
        parts = tuple(self.parts(value))
        if parts:
            module = "" if self.form is None else self.form.module.name
            yield HtmlSink(kind, module, parts, mark, whole, value.span)

    def parts(self, value: Node) -> Iterator[HtmlPart]:
        """What a value is made of; what is written out, cleaned or unknown is left out."""
        pending: list[tuple[Node, bool]] = [(value, False)]
        seen: set[Span] = set()
        for _ in range(200):
            if not pending:
                return
            node, inside = pending.pop()
            node = strip_parentheses(node)
            if node.span in seen:
                continue
            seen.add(node.span)
            if isinstance(node, Quoted):
                if isinstance(node, Sigil) and node.name not in ("s", "S"):
                    continue
                found = [one.expression for one in node.interpolations]
                pending += [(one, True) for one in reversed(found) if one is not None]
            elif isinstance(node, List):
                pending += [(one, True) for one in reversed(node.elements)]
            elif isinstance(node, BinaryOperator) and node.operator in ("<>", "++"):
                pending += [(node.right, True), (node.left, True)]
            elif isinstance(node, BinaryOperator) and node.operator in ("||", "&&", "or", "and"):
                pending += [(node.right, inside), (node.left, inside)]
            elif isinstance(node, (Call, Pipe)):
                call = node.right if isinstance(node, Pipe) else node
                if isinstance(call, Call):
                    pending += [(one, inside) for one in branches(call)]
                    yield from self._call(call, inside, pending)
            elif isinstance(node, Identifier):
                yield from self._variable(node, inside, pending)
            else:
                yield from self._leaf(node, inside)

    def _leaf(self, node: Node, inside: bool) -> Iterator[HtmlPart]:
        match node:
            case ModuleAttribute(name, None) if self.layer is not None:
                yield HtmlPart("assign", name, inside, node.span)
            case Access(Node() as target, Node() as key):
                text = target.text
                if text in ("assigns", "conn.assigns", "socket.assigns", "@conn.assigns"):
                    if isinstance(key, Atom):
                        yield HtmlPart("assign", key.name, inside, node.span)
                elif text.lstrip("@").rpartition(".")[2] in _WEB_MAPS and isinstance(key, String):
                    yield HtmlPart("request", key.value or "", inside, node.span)

    def _variable(
        self, node: Identifier, inside: bool, pending: list[tuple[Node, bool]]
    ) -> Iterator[HtmlPart]:
        form = self.form
        if form is None or form.function is None:
            return
        value = assigned(node, form)
        if value is not None:
            pending.append((value, inside))
            return
        if self.layer is not None:
            return
        for clause in node.ancestors():
            if clause.kind in ("stab_clause", "anonymous_function"):
                if any(
                    one.name == node.name
                    for head in clause.children[:1]
                    for one in head.find(Identifier)
                ):
                    return  # bound here, by what is not known
        for parameter in form.function.parameters:
            kind = _bound_as(parameter, node.name)
            if kind:
                yield HtmlPart(kind, node.name, inside, node.span)
                return

    def _call(
        self, call: Call, inside: bool, pending: list[tuple[Node, bool]]
    ) -> Iterator[HtmlPart]:
        if call.is_field_access:
            receiver = call.receiver
            whole = call.span
            if receiver is not None and receiver.text in ("assigns", "conn.assigns"):
                yield HtmlPart("assign", call.name, inside, whole)
            elif call.name not in _WEB_MAPS:
                of = receiver.name if isinstance(receiver, Identifier) else ""
                yield HtmlPart("field", call.name, inside, whole, of)
            return
        written = call.module
        full = self._full(written, call.start) if written else ""
        dotted = f"{full}.{call.name}" if full else call.name
        arguments = call.arguments
        chain = call.text if call.pipe is None else call.pipe.text
        whole = call.span if call.pipe is None else call.pipe.span
        if _ESCAPING.search(dotted) or (call.receiver is not None and not full):
            return
        if _GETTEXT.search(dotted):
            last = call.keywords
            pairs: list[Pair] = [] if last is None else last.pairs
            pending += [(pair.value, True) for pair in pairs if pair.value is not None]
        elif _MARKDOWN.match(dotted.encode()):
            if _keeps_html(chain.encode()) and arguments and not _is_written(arguments[0]):
                yield HtmlPart("markdown", dotted, inside, whole)
        elif dotted in ("Jason.encode!", "Poison.encode!"):
            if "html_safe" not in call.text and "javascript" not in call.text:
                yield HtmlPart("json", dotted, inside, whole)
        elif _KEEPING.fullmatch(dotted):
            pending += [(one, inside) for one in arguments[:1]]
        elif dotted.startswith("Enum.map"):
            return
        elif call.name and arguments and not _is_written(arguments[0]):
            module = full or ("" if self.form is None else self.form.module.name)
            yield HtmlPart("call", f"{module}.{call.name}", inside, whole)


def _is_written(node: Node) -> bool:
    """Whether a value is a text that is written out, perhaps passed through other functions."""
    for _ in range(20):
        if not isinstance(node, Pipe):
            break
        node = node.left
    return isinstance(node, Quoted) and node.value is not None


def _bound_as(parameter: Node, name: str) -> str:
    """`request` where a pattern takes a variable from a map with text keys, `parameter` where it
    is the parameter itself; empty where it is neither."""
    if isinstance(parameter, BinaryOperator) and parameter.operator == "\\\\":
        parameter = parameter.left
    if isinstance(parameter, Identifier):
        return "parameter" if parameter.name == name else ""
    for one in parameter.find(Map):
        for pair in one.elements:
            match pair:
                case BinaryOperator("=>", String(), Identifier(bound)) if bound == name:
                    return "request"
    for keywords in parameter.find(Keywords):
        for field in keywords.pairs:
            if isinstance(field.value, Identifier) and field.value.name == name:
                return "field"
    return ""
