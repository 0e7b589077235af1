"""liveview/stream-markup"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax import heex
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import HeexAttribute
from lsp_server.text import Span

from ._tags import literal, placed, with_attributes

_LOOP = re.compile(
    rb"\s*(?:for\s+|for\()?\{\s*(\w+)\s*,\s*(.+?)\}\s*<-\s*@streams\.(\w+)\s*(?:do|\)\s*do)?\s*"
)


class StreamMarkup(Rule):
    """
    A stream that is rendered without the ids and the `phx-update` that LiveView needs for it.

    The server forgets the items of a stream as soon as they are sent: only the browser has them,
    and it finds them by the ids of the container and of the items. Without `phx-update="stream"`
    the next change of the page removes all of them; without ids LiveView raises in the browser.

    ## Bad

    ```heex
    <ul>
      <li :for={{dom_id, order} <- @streams.orders}>{order.number}</li>
    </ul>
    ```

    ## Good

    ```heex
    <ul id="orders" phx-update="stream">
      <li :for={{dom_id, order} <- @streams.orders} id={dom_id}>{order.number}</li>
    </ul>
    ```

    ## When it stays silent

    - The container is a component, or a tag of another template.
    - The tag takes attributes from an expression (`{@rest}`), or says `phx-update={…}`.
    - The item is a component, or has an id that is an expression.
    - With a LiveView before 0.18.16, which has no streams.

    ## What the fix changes

    It adds what is missing: an `id` named after the stream, if no other tag of the template has
    it, `phx-update="stream"`, and the item's `id` from the loop.
    """

    severity = Severity.ERROR
    requires = "phoenix_live_view >= 0.18.16"

    @on(Document)
    def check(self, document: Document, file: File) -> Iterator[Finding]:
        """The loops over streams in all HEEx templates of a file."""
        if b"@streams." not in document.source:
            return
        for layer in document.templates:
            if layer.dialect is heex.Dialect.HEEX and b"@streams." in layer.span.slice(
                document.source
            ):
                seen: set[int] = set()
                for loop in _loops(layer):
                    parent = loop.parent
                    if parent is not None and parent.span.start not in seen:
                        seen.add(parent.span.start)
                        yield from self._container(parent, loop, layer, document)
                    if loop.item is not None:
                        yield from self._item(loop.item, loop, layer, document)

    def _container(
        self, tag: heex.Tag, loop: _Loop, layer: TemplateLayer, document: Document
    ) -> Iterator[Finding]:
        if tag.kind is not TagKind.HTML or tag.has_root_attribute:
            return
        if any(not isinstance(one, heex.Attribute) for one in tag.items):
            return
        missing: list[HeexAttribute] = []
        if tag.attribute("id") is None:
            missing.append(HeexAttribute("id", f'"{loop.stream.replace("_", "-")}"'))
        if tag.attribute("phx-update") is None:
            missing.append(HeexAttribute("phx-update", '"stream"'))
        if not missing:
            return
        names = " and ".join(
            "an `id`" if one.name == "id" else '`phx-update="stream"`' for one in missing
        )
        edit = with_attributes(tag, missing, layer, document.lines)
        if missing[0].name == "id" and _has_id(layer, loop.stream.replace("_", "-")):
            edit = None
        message = f"`<{tag.name}>` around the stream `{loop.stream}` needs {names}"
        yield self.finding(tag.name_span, message, fix=_fix("Add", names, [edit]))

    def _item(
        self, tag: heex.Tag, loop: _Loop, layer: TemplateLayer, document: Document
    ) -> Iterator[Finding]:
        if tag.kind is not TagKind.HTML or tag.has_root_attribute or tag.attribute("id"):
            return
        if any(not isinstance(one, heex.Attribute) for one in tag.items):
            return
        name = loop.name if not loop.name.startswith("_") else "dom_id"
        edits = [with_attributes(tag, [HeexAttribute("id", f"{{{name}}}")], layer, document.lines)]
        edit = edits[0]
        if name != loop.name:  # the id has no name yet
            if edit is not None and edit.span.covers(loop.name_span):
                start = edit.span.start
                old = loop.name_span.slice(document.source).decode()
                opened = f"{{{{{old},"
                text = edit.text.replace(opened, f"{{{{{name},", 1)
                edits = [Edit(Span(start, edit.span.end), text) if text != edit.text else None]
            else:
                edits.append(Edit(loop.name_span, name))
        message = f"`<{tag.name}>` of the stream `{loop.stream}` needs the id of its item"
        yield self.finding(tag.name_span, message, fix=_fix("Add", f"`id={{{name}}}`", edits))


class _Loop(NamedTuple):
    """One loop over a stream: its container, the tag of an item, the variable of its id."""

    parent: heex.Tag | None
    item: heex.Tag | None
    stream: str
    name: str
    name_span: Span


def _loops(layer: TemplateLayer) -> Iterator[_Loop]:
    source = layer.source
    for one in placed(layer.template):
        node = one.node
        item: heex.Tag | None = None
        match node:
            case heex.Tag():
                attribute = node.attribute(":for")
                if attribute is None or not isinstance(attribute.value, heex.Braces):
                    continue
                span, item = attribute.value.expression, node
            case heex.EexBlock(marker="="):
                span = node.clauses[0].expression
                if not source.startswith((b"for ", b"for("), span.start):
                    continue
                roots = [it for it in node.clauses[0].children if not _is_blank(it, source)]
                if len(roots) == 1 and isinstance(roots[0], heex.Tag):
                    item = roots[0]
            case _:
                continue
        match = _LOOP.fullmatch(source, span.start, span.end)
        if match is not None:
            name_span = Span(*match.span(1))
            if item is not None and item.kind is TagKind.SLOT:
                continue
            yield _Loop(one.parent, item, match[3].decode(), match[1].decode(), name_span)


def _is_blank(node: heex.Node, source: bytes) -> bool:
    if isinstance(node, heex.Text):
        return not node.span.slice(source).strip()
    return isinstance(node, (heex.EexComment, heex.HtmlComment))


def _has_id(layer: TemplateLayer, wanted: str) -> bool:
    return any(
        isinstance(node, heex.Tag) and literal(node, "id", layer.source) == wanted
        for node in heex.walk(layer.template)
    )


def _fix(verb: str, what: str, edits: list[Edit | None]) -> Fix | None:
    found = [one for one in edits if one is not None]
    if len(found) != len(edits):
        return None
    return Fix.safe(f"{verb} {what}", lambda _: found)
