"""Lists that templates go over, with the tag around them: what could be streams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax import heex
from lsp_server.syntax.heex import Dialect, TagKind
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class Listing(Fact):
    """One loop over an assign, or one tag that grows in the browser.

    `key` is the assign; empty where the tag holds anything but one loop over one. `update` is what
    `phx-update` says of the tag around the loop. `plain`: tag and items can become those of a
    stream; `reads_id`: the item reads the `id` of its element. `span` is the attribute `phx-update`
    if it is `append` or `prepend`, else the assign that is read.
    """

    module: str  # empty for a file
    function: str
    key: str
    update: str
    plain: bool
    reads_id: bool
    span: Span


class Loop(NamedTuple):
    """The nodes of a listing: the tag around, the loop's `:for` or block, the tag of an item, and
    where the variable and the assign stand."""

    container: heex.Tag
    expression: Span
    item: heex.Tag
    variable: Span
    read: Span  # with its `@`
    id_name: str  # what the id of an item can be called in the loop; empty for nothing


GROWS = ("append", "prepend")
_ROLES = frozenset({Role.LIB, Role.TEMPLATE})
_GENERATOR = re.compile(
    rb"\s*(?:for\s+|for\()?\s*([a-z_]\w*)\s*<-\s*(@([a-z_]\w*))\s*(?:\)?\s*do)?\s*"
)
_DEEPEST = 200


@collects(Listing)
def collect_listings(document: Document) -> Iterator[Listing]:
    """The lists of all templates of a file."""
    source = document.source
    if document.role not in _ROLES or not any(True for _ in document.templates):
        return
    if b"<- @" not in source and b"phx-update" not in source:
        return
    if document.template is not None:
        function = PurePosixPath(document.path).name.partition(".")[0]
        yield from _of_layer(document.template, "", function)
    elif document.language is Language.ELIXIR:
        form: Form | None = None
        for at in sorted((*_places(source, b"<- @"), *_places(source, b"phx-update="))):
            if form is not None and at < form.raw.end_byte:
                continue
            form = document.outline.form_at(at)
            if form is not None and form.function is not None:
                for layer in form.templates:
                    yield from _of_layer(layer, form.module.name, form.function.name)


def _places(source: bytes, sign: bytes) -> Iterator[int]:
    """Where a text occurs; faster than a pattern of alternatives."""
    at = source.find(sign)
    while at >= 0:
        yield at
        at = source.find(sign, at + 1)


def _of_layer(layer: TemplateLayer, module: str, function: str) -> Iterator[Listing]:
    source = layer.source
    text = layer.span.slice(source)
    if b"<- @" not in text and b"phx-update" not in text:
        return
    for container, apart in _containers(layer.template):
        opening = container.opening
        grows = source.find(b"phx-update", opening.start, opening.end) >= 0
        update = container.literal("phx-update", source) if grows else None
        loop = loop_in(container, source)
        if loop is None:
            if update in GROWS:
                attribute = container.attribute("phx-update")
                span = container.span if attribute is None else attribute.span
                yield Listing(module, function, "", update, False, False, span)
            continue
        key = loop.read.slice(source)[1:].decode()
        variable = loop.variable.slice(source)
        reads_id = variable + b".id" in loop.item.span.slice(source)
        plain = not apart and not layer.template.errors and layer.dialect is Dialect.HEEX
        plain = plain and _is_plain(loop, layer)
        attribute = container.attribute("phx-update") if grows else None
        span = loop.read
        if update in GROWS and attribute is not None:
            span = attribute.span
        elif attribute is not None:
            plain = False
        yield Listing(module, function, key, update or "", plain, reads_id, span)


def _containers(template: heex.Template) -> Iterator[tuple[heex.Tag, bool]]:
    """Every tag of HTML, and whether it is in a loop or under a condition."""
    stack: list[tuple[heex.Node, bool, int]] = [(one, False, 0) for one in template.children]
    while stack:
        node, apart, depth = stack.pop()
        if depth > _DEEPEST:
            continue
        match node:
            case heex.Tag():
                if node.attribute(":for") is not None or node.attribute(":if") is not None:
                    apart = True
                if node.kind is TagKind.HTML:
                    yield node, apart
                stack += [(one, apart, depth + 1) for one in node.children]
            case heex.EexBlock():
                for clause in node.clauses:
                    stack += [(one, True, depth + 1) for one in clause.children]


def loop_in(container: heex.Tag, source: bytes) -> Loop | None:
    """The loop over an assign that is all that a tag holds."""
    if source.find(b"<- @", container.opening.end, container.span.end) < 0:
        return None
    inner = _only(container.children, source)
    match inner:
        case heex.Tag():
            attribute = inner.attribute(":for")
            if attribute is None or not isinstance(attribute.value, heex.Braces):
                return None
            expression, item = attribute.value.expression, inner
        case heex.EexBlock(marker="=", clauses=(clause,)):
            within = _only(clause.children, source)
            if not isinstance(within, heex.Tag):
                return None
            expression, item = clause.expression, within
        case _:
            return None
    found = _GENERATOR.fullmatch(source, expression.start, expression.end)
    if found is None:
        return None
    read, variable = Span(*found.span(2)), Span(*found.span(1))
    return Loop(container, expression, item, variable, read, _id_name(item, source))


def _only(nodes: tuple[heex.Node, ...], source: bytes) -> heex.Node | None:
    """The only node that is neither blank nor a comment."""
    kept: heex.Node | None = None
    for one in nodes:
        match one:
            case heex.EexComment() | heex.HtmlComment():
                continue
            case heex.Text() if not one.span.slice(source).strip():
                continue
        if kept is not None:
            return None
        kept = one
    return kept


def _id_name(item: heex.Tag, source: bytes) -> str:
    """A name that no code in the item reads."""
    codes = [it.span.slice(source) for it in heex.elixir_pieces(item)]
    for name in ("id", "dom_id"):
        read = re.compile(rf"(?<![\w.:@]){name}(?![\w:?!])".encode())
        if not any(map(read.search, codes)):
            return name
    return ""


def _is_plain(loop: Loop, layer: TemplateLayer) -> bool:
    """Whether both tags take the attributes of a stream."""
    source, container, item = layer.source, loop.container, loop.item
    if container.closing is None or container.void or not loop.id_name:
        return False
    if container.name == "table":  # browsers put a `tbody` around its rows
        return False
    if any(not isinstance(one, heex.Attribute) for one in (*container.items, *item.items)):
        return False
    if item.kind is TagKind.SLOT or item.attribute(":if") or item.attribute(":let"):
        return False
    own = item.attribute("id")
    if own is None:
        return item.kind is TagKind.HTML
    if not isinstance(own.value, heex.Braces) or item.name == ".live_component":
        return False
    code = own.value.expression.slice(source)
    if loop.variable.slice(source) + b".id" not in code:
        return False
    prefix = re.match(rb'"([\w-]+)#\{', code)  # by which scripts and commands may find it
    return prefix is None or b"#" + prefix[1] not in source
