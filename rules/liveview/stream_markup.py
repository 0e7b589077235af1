"""liveview/stream-markup"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from lsp_server.document import Document
from lsp_server.facts.pages.components import FunctionComponent
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import HeexAttribute
from lsp_server.text import Span

from ._live import is_page
from ._tags import placed, with_attributes

_LOOP = re.compile(
    rb"\s*(?:for\s+|for\()?(?:\{\s*(\w+)\s*,\s*(.+?)\}|(\w+))\s*<-\s*@streams\.(\w+)\s*"
    rb"(?:,(?:[^<]|<(?!-))*?)?(?:do|\)\s*do)?\s*"
)

# An id made of the item's own: `"order-#{order.id}"` or `order.id`.
_MADE = re.compile(rb'(?:"([^"#]*)#\{)?\w+\.id(?:\}")?')


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

    - The container is a component, or a tag of another template, which only a page's own has not.
    - The tag takes attributes from an expression (`{@rest}`), or says `phx-update={…}`.
    - The item has an id that is an expression, as the `phx-update` may be, unless it is made of the
      `id` of the element in another way than a stream's: `order-1` for `orders-1`.
    - The item is a component that has an id, or to which the stream's is given in any way.
    - With a LiveView before 0.18.16, which has no streams.

    ## What the fix changes

    It adds what is missing: an `id` named after the stream, if no other tag of the template has
    it, `phx-update="stream"`, and the item's `id` from the loop. There is none for a `<table>`
    whose rows need a `<tbody>`, where a loop's one variable is read as a whole, and for a component
    that takes no `id`.
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
                    elif parent is None and loop.item is not None and _is_page(layer, file):
                        message = f"the stream `{loop.stream}` needs a tag around it with an `id`"
                        yield self.finding(
                            loop.item.name_span, f'{message} and `phx-update="stream"`'
                        )
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
        edits: list[Edit | None] = []
        if tag.attribute("id") is None:
            missing.append(HeexAttribute("id", f'"{loop.stream.replace("_", "-")}"'))
            if _has_id(layer, loop.stream.replace("_", "-")):
                edits.append(None)
        update = tag.attribute("phx-update")
        if update is None:
            missing.append(HeexAttribute("phx-update", '"stream"'))
        wrong = update is not None and tag.literal("phx-update", layer.source) not in (
            None,
            "stream",
        )
        if not missing and not wrong:
            return
        needed = ["an `id`" if one.name == "id" else '`phx-update="stream"`' for one in missing]
        if update is not None and update.value is not None and wrong:
            needed.append('`phx-update="stream"`')
            edits.append(Edit(update.value.span, '"stream"'))
        if tag.name == "table" or (missing and wrong):  # browsers put a `tbody` around its rows
            edits.append(None)
        elif missing:
            edits.append(with_attributes(tag, missing, layer, document.lines))
        names = " and ".join(needed)
        message = f"`<{tag.name}>` around the stream `{loop.stream}` needs {names}"
        yield self.finding(tag.name_span, message, fix=_fix("Add", names, edits))

    def _item(
        self, tag: heex.Tag, loop: _Loop, layer: TemplateLayer, document: Document
    ) -> Iterator[Finding]:
        if tag.has_root_attribute or tag.name == ".live_component":
            return
        if any(not isinstance(one, heex.Attribute) for one in tag.items):
            return
        source = document.source
        own = tag.attribute("id")
        if tag.kind is not TagKind.HTML:
            if own is not None or not loop.name or _reads(tag, loop.name, source):
                return
        elif own is not None and _is_right(own, loop, layer):
            return
        name = "dom_id" if not loop.name or loop.name.startswith("_") else loop.name
        if own is not None and own.value is not None:
            edits: list[Edit | None] = [Edit(own.value.span, f"{{{name}}}")]
        else:
            added = [HeexAttribute("id", f"{{{name}}}")]
            edits = [with_attributes(tag, added, layer, document.lines)]
        if name != loop.name:  # the id has no name yet
            edit = edits[0]
            old = loop.name_span.slice(source).decode()
            if not loop.name and not _only_fields(tag, old, source):
                edits = [None]
            elif edit is not None and edit.span.covers(loop.name_span):
                opened, new = (
                    (f"{{{{{old},", f"{{{{{name},")
                    if loop.name
                    else (
                        f"{{{old} <-",
                        f"{{{{{name}, {old}}} <-",
                    )
                )
                text = edit.text.replace(opened, new, 1)
                edits = [Edit(edit.span, text) if text != edit.text else None]
            else:
                edits.append(Edit(loop.name_span, name if loop.name else f"{{{name}, {old}}}"))
        message = f"`<{tag.name}>` of the stream `{loop.stream}` needs the id of its item"
        fix = _fix("Add", f"`id={{{name}}}`", edits)
        if fix is not None and tag.kind is not TagKind.HTML:
            fix = _where_taken(fix, tag.local_name)
        yield self.finding(tag.name_span, message, fix=fix)


def _is_page(layer: TemplateLayer, file: File) -> bool:
    form = file.document.outline.form_at(layer.span.start)
    return is_page(replace(file, form=form, layer=layer))


def _is_right(own: heex.Attribute, loop: _Loop, layer: TemplateLayer) -> bool:
    """Whether an id may be that of the stream: its variable, what it is without configuration
    (`orders-1`), or what only running the program would tell."""
    if not isinstance(own.value, heex.Braces):
        return isinstance(own.value, heex.Quoted) and not own.value.literal
    code = own.value.expression.slice(layer.source).strip()
    if (loop.name and _read(loop.name).search(code)) or b"dom_id:" in layer.source:
        return True
    made = _MADE.fullmatch(code)
    return made is None or made[1] == f"{loop.stream}-".encode()


def _read(name: str) -> re.Pattern[bytes]:
    """A variable where it is read, other than in the pattern of a loop."""
    return re.compile(rf"(?<![\w.:@]){name}(?![\w:?!])(?!\s*,[^<]*<-)".encode())


def _reads(tag: heex.Tag, name: str, source: bytes) -> bool:
    """Whether anything of a tag but its own loop reads a variable."""
    return any(_read(name).search(one.span.slice(source)) for one in heex.elixir_pieces(tag))


def _where_taken(fix: Fix, component: str) -> Fix:
    """A fix that gives an `id` only to a component that takes it."""

    def build(snapshot: Snapshot) -> Iterable[Operation]:
        named = [it for _, it in snapshot.index.of(FunctionComponent) if it.name == component]
        taking = (
            it.attr("id") is not None or any(one.type == "global" for one in it.attrs)
            for it in named
        )
        return fix.build(snapshot) if fix.build is not None and named and all(taking) else []

    return Fix.safe(fix.title, build)


def _only_fields(tag: heex.Tag, name: str, source: bytes) -> bool:
    """Whether a tag reads nothing but fields of a variable, which a tuple does not have."""
    reads = re.compile(rf"(?<![\w.:@]){name}(?![\w:?!])(\.[a-z])?(?!\s*<-)".encode())
    codes = [one.span.slice(source) for one in heex.elixir_pieces(tag)]
    found = [it for code in codes for it in reads.finditer(code)]
    return bool(found) and all(it[1] for it in found)


class _Loop(NamedTuple):
    """One loop over a stream: its container, the tag of an item, the variable of its id.

    `name` is empty where the loop has one variable for the id and the item together.
    """

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
            if item is not None and item.kind is TagKind.SLOT:
                continue
            whole = match[3] is not None
            name_span = Span(*match.span(3 if whole else 1))
            name = "" if whole else match[1].decode()
            yield _Loop(one.parent, item, match[4].decode(), name, name_span)


def _is_blank(node: heex.Node, source: bytes) -> bool:
    if isinstance(node, heex.Text):
        return not node.span.slice(source).strip()
    return isinstance(node, (heex.EexComment, heex.HtmlComment))


def _has_id(layer: TemplateLayer, wanted: str) -> bool:
    return any(tag.literal("id", layer.source) == wanted for tag in layer.nodes(heex.Tag))


def _fix(verb: str, what: str, edits: list[Edit | None]) -> Fix | None:
    found = [one for one in edits if one is not None]
    if len(found) != len(edits):
        return None
    return Fix.safe(f"{verb} {what}", lambda _: found)
