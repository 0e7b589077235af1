"""liveview/hook-markup"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from msgspec.structs import replace

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax import heex
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import HeexAttribute
from lsp_server.text import LineIndex

from ._live import is_page
from ._tags import Placed, placed, with_attributes

_UPDATES = frozenset({"stream", "ignore"})
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
# Ids inside of these name parts of a drawing, or what is no part of the page yet.
# The look behind stands after the literal, by which a search is eight times as fast.
_IDS = re.compile(rb"""id(?<![\w-]id)\s*=\s*["']([^"']*)""")
_APART = frozenset({"svg", "template", "noscript"})


class HookMarkup(Rule):
    """
    A hook or a kept part of the page without an id, or with the id of another element.

    LiveView finds an element again by its id. Without one a hook is never mounted and an ignored
    element is not kept, with an error in the browser's console that nobody reads; and of two
    elements with the same id only one is found, so that patches land in the wrong place.

    ## Bad

    ```heex
    <canvas phx-hook="SalesChart"></canvas>
    ```

    ## Good

    ```heex
    <canvas id="sales-chart" phx-hook="SalesChart"></canvas>
    ```

    ## When it stays silent

    - The tag is a component, or takes attributes from an expression such as `{@rest}`; of
      components only live ones with the same module and id are spoken of.
    - Ids that are expressions.
    - The same id in different branches of a block, or on elements of which one has an `:if`.
    - The same id inside an `svg`, a `template` or a `noscript`.
    - A container of a stream: `liveview/stream-markup` speaks of it.

    ## What the fix changes

    A tag with a hook gets an id made from the hook's name, another one in a LiveView's template one
    made from the page's, such as `order-live-show-div`. There is none for a tag in a loop, for one
    without a hook that a page may have several times, and for two elements with the same id.
    """

    severity = Severity.ERROR
    requires = "phoenix_live_view"

    @on(Document)
    def check(self, document: Document, file: File) -> Iterator[Finding]:
        """The tags of all HEEx templates of a file."""
        source = document.source
        if b"phx-hook" not in source and b"phx-update" not in source and b"id=" not in source:
            return
        for layer in document.templates:
            errors = layer.template.errors  # EEx inside of a tag breaks no other one
            sound = all(one.kind is heex.ErrorKind.EEX_IN_TAG for one in errors)
            if layer.dialect is heex.Dialect.HEEX and sound and _speaks(layer):
                form = document.outline.form_at(layer.span.start)
                yield from self._layer(layer, replace(file, form=form, layer=layer))

    def _layer(self, layer: TemplateLayer, file: File) -> Iterator[Finding]:
        source = layer.source
        ids: dict[tuple[str, str], list[tuple[heex.Tag, Placed]]] = {}
        for one in placed(layer.template):
            tag = one.node
            if not isinstance(tag, heex.Tag) or any(it.name in _APART for it in one.tags):
                continue
            name, kind = tag.literal("id", source), _kind(tag, source)
            if name and kind is not None:
                ids.setdefault((kind, name), []).append((tag, one))
            elif kind == "" and tag.attribute("id") is None and not tag.has_root_attribute:
                if all(isinstance(item, heex.Attribute) for item in tag.items):
                    yield from self._without_id(tag, one, layer, file)
        for (_, name), found in ids.items():
            for number, (tag, one) in enumerate(found):
                attribute = tag.attribute("id")
                twin = next((it for it in found[:number] if not _apart(it[1], one)), None)
                if twin is None or attribute is None or attribute.value is None:
                    continue
                related = Related(twin[0].name_span, f"this has the id `{name}` too")
                message = f"the id `{name}` is that of another element of this template"
                yield self.finding(attribute.value, message, related=[related])

    def _without_id(
        self, tag: heex.Tag, one: Placed, layer: TemplateLayer, file: File
    ) -> Iterator[Finding]:
        source = layer.source
        hook, update = tag.literal("phx-hook", source), tag.literal("phx-update", source)
        if tag.attribute("phx-hook") is not None:
            what = f"the hook `{hook}`" if hook else "the hook"
            name = _dashed(hook or "")
        elif update in _UPDATES and b"@streams." not in tag.inner.slice(source):
            what = f'`phx-update="{update}"`'
            page = _page(file)
            name = f"{page}-{tag.name}" if page else ""
        else:
            return
        fix = _fix(tag, one, name, hook, layer, file.document.lines)
        yield self.finding(tag.name_span, f"`<{tag.name}>` with {what} needs an id", fix=fix)


def _speaks(layer: TemplateLayer) -> bool:
    """Whether the text holds a hook, an update, or an id that is written twice."""
    text = layer.span.slice(layer.source)
    ids = _IDS.findall(text)
    return b"phx-hook" in text or b"phx-update" in text or len({*ids}) < len(ids)


def _kind(tag: heex.Tag, source: bytes) -> str | None:
    """Empty for an element, the module of a live component; None for any other component."""
    if tag.kind is TagKind.HTML:
        return ""
    module = tag.attribute("module")
    if tag.name != ".live_component" or module is None or module.value is None:
        return None
    return module.value.span.slice(source).decode("utf-8", "replace")


def _dashed(name: str) -> str:
    return "-".join(part.lower() for part in _BOUNDARY.split(name) if part)


def _page(file: File) -> str:
    """`order-live-show` for the template of `ShopWeb.OrderLive.Show`; empty for a component's."""
    if not is_page(file):
        return ""
    if file.document.template is not None:
        return _dashed(file.path.rpartition("/live/")[2].partition(".")[0])
    return _dashed(file.module.name.partition(".")[2])


def _fix(
    tag: heex.Tag, one: Placed, name: str, hook: str | None, layer: TemplateLayer, lines: LineIndex
) -> Fix | None:
    source = layer.source
    repeated = any(it.attribute(":for") is not None for it in (*one.tags, tag))
    repeated = repeated or any(
        not source.startswith((b"if ", b"if(", b"case ", b"unless "), start)
        for start in (block.clauses[0].expression.start for block, _ in one.clauses)
    )
    # What a component or slot renders may be rendered several times, but not a page's layout.
    repeated = repeated or any(
        it.kind is not TagKind.HTML and not it.name.startswith("Layouts.") for it in one.tags
    )
    if not name or repeated:
        return None
    tags = layer.nodes(heex.Tag)
    same = (it for it in tags if it.attribute("id") is None and it.span.start < tag.span.start)
    number = 1 + sum(it.literal("phx-hook", source) == hook for it in same) if hook else 1
    ids = {it.literal("id", source) for it in tags}
    wanted = (f"{name}-{it}" if it > 1 else name for it in count(number))
    free = next(it for it in wanted if it not in ids)
    edit = with_attributes(tag, [HeexAttribute("id", f'"{free}"')], layer, lines)
    return None if edit is None else Fix.safe(f'Add `id="{free}"`', lambda _: [edit])


def _apart(one: Placed, other: Placed) -> bool:
    """Whether at most one of two elements is in the page at a time, as far as can be seen."""
    blocks = dict(one.clauses)
    if any(block in blocks and blocks[block] != number for block, number in other.clauses):
        return True
    mine, theirs = {*one.tags, one.node}, {*other.tags, other.node}
    if any(_conditional(it) for it in mine ^ theirs):
        return True
    if any(it.kind is not TagKind.HTML for it in {*one.tags} ^ {*other.tags}):
        return True  # a component may leave out what it is given
    blocks_of_theirs = dict(other.clauses)
    return blocks.keys() != blocks_of_theirs.keys()  # under conditions of their own


def _conditional(node: heex.Node) -> bool:
    return isinstance(node, heex.Tag) and (
        node.attribute(":if") is not None or node.attribute(":for") is not None
    )
