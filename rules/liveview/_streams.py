"""A list among the assigns of a LiveView made a stream: whether it can be, and the edits.

States `stream/4` and `stream_insert/4` of phoenix_live_view 0.18.16 to 1.2: items are found by the
`id` of their element, a list that is inserted with `at: 0` comes out reversed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.index import Index
from lsp_server.facts.pages.assign_reads import SocketReads
from lsp_server.facts.pages.listings import Listing, Loop, loop_in
from lsp_server.facts.pages.live_callbacks import AssignSet
from lsp_server.facts.pages.live_modules import LiveModule
from lsp_server.lint.finding import Edit, Fix, Operation
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import HeexAttribute
from lsp_server.syntax.template_layout import following, opening_tag, place_of
from lsp_server.text import LineIndex, Span, line_ending

from ._stream_calls import call_edits

READS = (AssignSet, Listing, SocketReads, schemas)
_SET_BY = frozenset({"assign", "update", "temporary_assigns"})


@dataclass(frozen=True, slots=True)
class Streamed:
    """A list that can become a stream: the LiveView, and the loop in a template."""

    live: LiveModule
    path: str  # of the template
    listing: Listing


def streamable(index: Index, live: LiveModule, key: str) -> Streamed | str:
    """The list `@key` of a LiveView if it can be a stream; else what is in the way."""
    markups = live.markup()
    reading = [
        one
        for one in markups
        if one.template.whole or key in {it.name for it in one.template.reads}
    ]
    if not reading:
        return f"no template is known to read `@{key}`"
    if any(one.template.dialect != "heex" for one in reading):
        return "its template is not HEEx yet"
    if len(reading) > 1:
        return f"several templates read `@{key}`"
    path, template = reading[0].path, reading[0].template
    found = [
        one
        for one in index.file(path).of(Listing)
        if one.key == key and template.span.covers(one.span)
    ]
    if len(found) != 1 or not found[0].plain:
        return "the loop over it or the tag around it is not a plain one"
    if template.whole or sum(one.name == key for one in template.reads) != 1:
        return f"the template reads `@{key}` elsewhere too"
    sets = [one for one in index.file(live.path).of(AssignSet) if one.module == live.name]
    if any(one.key == key and one.by not in _SET_BY for one in sets):
        return f"`{key}` is set by something else than `assign`"
    if not any(one.key == key and one.by == "assign" for one in sets):
        return f"where `{key}` is assigned is not known"
    for reads in index.file(live.path).of(SocketReads):
        if reads.module == live.name and (key in reads.read or "*" in reads.read):
            return f"code reads `{key}` back from the socket"
    tables = (it.schema for it in schemas(index).by_module.values() if it.schema.table)
    if not found[0].reads_id and any("id" not in it.keys for it in tables):
        return "its items may have no `id`"
    return Streamed(live, path, found[0])


def stream_fix(snapshot: Snapshot, live: LiveModule, key: str) -> Fix | str:
    """The fix that makes a stream of a list; else what is in the way."""
    streamed = streamable(snapshot.index, live, key)
    if isinstance(streamed, str):
        return streamed
    return Fix.review("Make it a stream", lambda it: stream_edits(it, streamed))


def stream_edits(snapshot: Snapshot, streamed: Streamed) -> list[Operation]:
    """The edits in the LiveView and in its template."""
    live, listing = streamed.live, streamed.listing
    code, page = snapshot.document(live.path), snapshot.document(streamed.path)
    if code is None or page is None:
        return []
    layer = next((it for it in page.templates if it.span.covers(listing.span)), None)
    if layer is None:
        return []
    loops = (loop_in(it, page.source) for it in layer.nodes(heex.Tag))
    read = f"@{listing.key}".encode()
    loop = next((it for it in loops if it and it.read.slice(page.source) == read), None)
    if loop is None:
        return []
    edits: list[Operation] = list(_template_edits(loop, listing, layer, page))
    edits += call_edits(code, live.name, listing.key, listing.update)
    return edits


def _template_edits(
    loop: Loop, listing: Listing, layer: TemplateLayer, page: Document
) -> Iterator[Edit]:
    source = page.source
    added = []
    if loop.container.attribute("id") is None:
        added.append(HeexAttribute("id", f'"{listing.key.replace("_", "-")}"'))
    changed = {"phx-update": '"stream"'}
    if loop.container.attribute("phx-update") is None:
        added.append(HeexAttribute("phx-update", '"stream"'))
    yield from retagged(loop.container, changed, added, layer, page)
    before = source[loop.expression.start : loop.variable.start].decode()
    after = source[loop.read.end : loop.expression.end].decode()
    variable = loop.variable.slice(source).decode()
    name = loop.id_name
    generator = f"{before}{{{name}, {variable}}} <- @streams.{listing.key}{after}"
    own = loop.item.attribute("id")
    added = [] if own is not None else [HeexAttribute("id", f"{{{name}}}")]
    changed = {"id": f"{{{name}}}"}
    if loop.item.opening.covers(loop.expression):
        changed[":for"] = f"{{{generator}}}"
    else:
        yield Edit(loop.expression, generator, page.path)
    yield from retagged(loop.item, changed, added, layer, page)


def retagged(
    tag: heex.Tag,
    changed: Mapping[str, str],
    added: Sequence[HeexAttribute],
    layer: TemplateLayer,
    page: Document,
) -> Iterator[Edit]:
    """The edits that give attributes of a tag other values, and add some behind its `id`, else
    before its own that do not begin with `:`."""
    source, lines, items = page.source, page.lines, tag.items
    own = [it for it in items if not _is_special(it)]
    own = own[1:] if tag.attribute("id") is not None and own[:1] == [tag.attribute("id")] else own
    first = next(iter(own), None)
    if b"\n" not in tag.opening.slice(source):
        written = [_written(it, changed, source) for it in items]
        at = len(items) if first is None else items.index(first)
        everything = [*written[:at], *added, *written[at:]]
        place = place_of(layer, lines, tag.span.start)
        follows = following(lines, tag.opening.end)
        closes = tag.opening.slice(source).endswith(b"/>")
        text = opening_tag(tag.name, everything, place, follows=follows, self_closing=closes)
        if text.encode() != tag.opening.slice(source):
            yield Edit(tag.opening, text, page.path)
        return
    for one in items:
        if isinstance(one, heex.Attribute) and one.name in changed and one.value is not None:
            yield Edit(one.value.span, changed[one.name], page.path)
    if not added:
        return
    if first is not None:
        text = "".join(f"{one}{_break(first, lines)}" for one in added)
        yield Edit(Span(first.span.start, first.span.start), text, page.path)
    else:
        text = "".join(f"{_break(items[-1], lines)}{one}" for one in added)
        yield Edit(Span(items[-1].span.end, items[-1].span.end), text, page.path)


def _is_special(item: heex.Node) -> bool:
    return isinstance(item, heex.Attribute) and item.name.startswith(":")


def _break(item: heex.Node, lines: LineIndex) -> str:
    return line_ending(lines.source) + lines.indentation(item.span.start).decode()


def _written(item: heex.Node, changed: Mapping[str, str], source: bytes) -> HeexAttribute:
    if not isinstance(item, heex.Attribute) or item.value is None:
        return HeexAttribute(item.span.slice(source).decode("utf-8", "replace"))
    value = changed.get(item.name) or item.value.span.slice(source).decode("utf-8", "replace")
    return HeexAttribute(item.name, value)
