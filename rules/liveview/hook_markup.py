"""liveview/hook-markup"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax import heex
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import HeexAttribute

from ._tags import Placed, literal, placed, with_attributes

_UPDATES = frozenset({"stream", "ignore"})
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
# Ids inside of these name parts of a drawing, or what is no part of the page yet.
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

    - The tag is a component, or takes attributes from an expression such as `{@rest}`.
    - Ids that are expressions.
    - The same id in different branches of a block, or on elements of which one has an `:if`.
    - The same id inside an `svg`, a `template` or a `noscript`.
    - A container of a stream: `liveview/stream-markup` speaks of it.

    ## What the fix changes

    A tag with a hook gets an id made from the hook's name. There is none for a tag in a loop, for
    an id that the template has already, and for two elements with the same id.
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
            if layer.dialect is heex.Dialect.HEEX and not layer.template.errors:
                yield from self._layer(layer, document)

    def _layer(self, layer: TemplateLayer, document: Document) -> Iterator[Finding]:
        source = layer.source
        ids: dict[str, list[tuple[heex.Tag, Placed]]] = {}
        lacking: list[tuple[heex.Tag, Placed]] = []
        for one in placed(layer.template):
            tag = one.node
            if not isinstance(tag, heex.Tag) or tag.kind is not TagKind.HTML:
                continue
            if any(around.name in _APART for around in one.tags):
                continue
            name = literal(tag, "id", source)
            if name:
                ids.setdefault(name, []).append((tag, one))
            elif tag.attribute("id") is None and not tag.has_root_attribute:
                if all(isinstance(item, heex.Attribute) for item in tag.items):
                    lacking.append((tag, one))
        for tag, one in lacking:
            yield from self._without_id(tag, one, ids.keys(), layer, document)
        for name, found in ids.items():
            for number, (tag, one) in enumerate(found):
                attribute = tag.attribute("id")
                twin = next((it for it in found[:number] if not _apart(it[1], one)), None)
                if twin is None or attribute is None or attribute.value is None:
                    continue
                related = Related(twin[0].name_span, f"this has the id `{name}` too")
                message = f"the id `{name}` is that of another element of this template"
                yield self.finding(attribute.value, message, related=[related])

    def _without_id(
        self,
        tag: heex.Tag,
        one: Placed,
        ids: object,
        layer: TemplateLayer,
        document: Document,
    ) -> Iterator[Finding]:
        hook, update = tag.attribute("phx-hook"), literal(tag, "phx-update", layer.source)
        if hook is not None:
            written = literal(tag, "phx-hook", layer.source)
            what = f"hook `{written}`" if written else "hook"
            fix = self._fix(tag, one, written or "", layer, document)
            message = f"`<{tag.name}>` with the {what} needs an id"
            yield self.finding(hook.name_span, message, fix=fix)
        elif update in _UPDATES and b"@streams." not in tag.inner.slice(layer.source):
            attribute = tag.attribute("phx-update")
            if attribute is not None:
                message = f'`<{tag.name}>` with `phx-update="{update}"` needs an id'
                yield self.finding(attribute.name_span, message)

    def _fix(
        self, tag: heex.Tag, one: Placed, hook: str, layer: TemplateLayer, document: Document
    ) -> Fix | None:
        name = "-".join(part.lower() for part in _BOUNDARY.split(hook) if part)
        repeated = any(it.attribute(":for") is not None for it in (*one.tags, tag))
        repeated = repeated or any(
            not layer.source.startswith((b"if ", b"if(", b"case ", b"unless "), start)
            for start in (block.clauses[0].expression.start for block, _ in one.clauses)
        )
        # What a component or slot renders may be rendered several times, but not a page's layout.
        repeated = repeated or any(
            it.kind is not TagKind.HTML and not it.name.startswith("Layouts.") for it in one.tags
        )
        tags = [node for node in heex.walk(layer.template) if isinstance(node, heex.Tag)]
        bare = [it for it in tags if it.attribute("id") is None]
        before = [it for it in bare if it.span.start < tag.span.start]
        number = 1 + sum(literal(it, "phx-hook", layer.source) == hook for it in before)
        if not name or repeated:
            return None
        ids = {literal(it, "id", layer.source) for it in tags}
        wanted = (f"{name}-{it}" if it > 1 else name for it in count(number))
        name = next(it for it in wanted if it not in ids)
        edit = with_attributes(tag, [HeexAttribute("id", f'"{name}"')], layer, document.lines)
        if edit is None:
            return None
        found = edit
        return Fix.safe(f'Add `id="{name}"`', lambda _: [found])


def _apart(one: Placed, other: Placed) -> bool:
    """Whether at most one of two elements is in the page at a time, as far as can be seen."""
    blocks = dict(one.clauses)
    if any(block in blocks and blocks[block] != number for block, number in other.clauses):
        return True
    mine, theirs = {*one.tags, one.node}, {*other.tags, other.node}
    if any(_conditional(it) for it in mine ^ theirs):
        return True
    blocks_of_theirs = dict(other.clauses)
    return blocks.keys() != blocks_of_theirs.keys()  # under conditions of their own


def _conditional(node: heex.Node) -> bool:
    return isinstance(node, heex.Tag) and (
        node.attribute(":if") is not None
        or node.attribute(":for") is not None
        or node.kind is not TagKind.HTML
    )
