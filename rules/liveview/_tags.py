"""Attributes added to a tag, as LiveView's formatter lays it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lsp_server.lint.finding import Edit
from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import HeexAttribute, ends_sigil
from lsp_server.syntax.template_layout import following, opening_tag, place_of
from lsp_server.text import LineIndex, Span, line_ending


class Placed(NamedTuple):
    """A node with what is around it: the tag that it is a child of in the page, all tags around
    it, and the clauses of blocks around it with their blocks."""

    node: heex.Node
    parent: heex.Tag | None
    tags: tuple[heex.Tag, ...]
    clauses: tuple[tuple[heex.EexBlock, int], ...]


def placed(template: heex.Template, limit: int = 200) -> Iterator[Placed]:
    """Tags, blocks and text of a template; nothing that is nested deeper than `limit`."""
    stack = [Placed(one, None, (), ()) for one in reversed(template.children)]
    while stack:
        one = stack.pop()
        yield one
        node = one.node
        if len(one.tags) + len(one.clauses) > limit:
            continue
        match node:
            case heex.Tag():
                tags = (*one.tags, node)
                stack += [Placed(it, node, tags, one.clauses) for it in reversed(node.children)]
            case heex.EexBlock():
                for number in reversed(range(len(node.clauses))):
                    clauses = (*one.clauses, (node, number))
                    stack += [
                        Placed(it, one.parent, one.tags, clauses)
                        for it in reversed(node.clauses[number].children)
                    ]


def with_attributes(
    tag: heex.Tag, added: Sequence[HeexAttribute], layer: TemplateLayer, lines: LineIndex
) -> Edit | None:
    """The edit that writes attributes before the tag's own, those that begin with `:` and an `id`
    apart.

    None where EEx stands among the attributes, or where a sigil would end.
    """
    items = tag.items
    if any(not isinstance(one, (heex.Attribute, heex.RootAttribute)) for one in items):
        return None
    if any(ends_sigil(layer.sigil, str(one)) for one in added):
        return None
    own = [one for one in items if not _is_special(one)]
    if own and own[0] == tag.attribute("id"):
        own = own[1:]
    first = own[0] if own else None
    opening = tag.opening.slice(layer.source)
    if b"\n" in opening:
        before = items.index(first) - 1 if first is not None else len(items) - 1
        anchor = items[before].span.end if before >= 0 and items else None
        if anchor is None and first is not None:
            text = "".join(f"{one}{_break(first, lines)}" for one in added)
            return Edit(Span(first.span.start, first.span.start), text)
        if anchor is None or not items:
            return None
        text = "".join(f"{_break(items[before], lines)}{one}" for one in added)
        return Edit(Span(anchor, anchor), text)
    written = [_written(one, layer.source) for one in items]
    at = len(items) if first is None else items.index(first)
    everything = [*written[:at], *added, *written[at:]]
    place = place_of(layer, lines, tag.span.start)
    follows = following(lines, tag.opening.end)
    text = opening_tag(
        tag.name, everything, place, follows=follows, self_closing=opening.endswith(b"/>")
    )
    return Edit(tag.opening, text)


def _is_special(item: heex.Node) -> bool:
    return isinstance(item, heex.Attribute) and item.name.startswith(":")


def _break(item: heex.Node, lines: LineIndex) -> str:
    """The line break between attributes that stand one on a line."""
    return line_ending(lines.source) + lines.indentation(item.span.start).decode()


def _written(item: heex.Node, source: bytes) -> HeexAttribute:
    if isinstance(item, heex.Attribute) and item.value is not None:
        value = item.value.span.slice(source).decode("utf-8", "replace")
        return HeexAttribute(item.name, value)
    return HeexAttribute(item.span.slice(source).decode("utf-8", "replace"))
