"""What stands between the tags of a template, and tags that take over what is around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit
from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_calls import NO_CURLY
from lsp_server.syntax.template_edits import HeexAttribute, Unsure, ends_sigil
from lsp_server.syntax.template_layout import (
    LINE_LENGTH,
    STEP,
    following,
    opening_tag,
    place_of,
    shifted,
    verbatim_spans,
)
from lsp_server.text import line_ending

_RAW = frozenset({"script", "style"})
_INLINE_TAGS = """
    a abbr b bdi bdo button cite code data dfn em i img input kbd label mark meter output progress q
    s samp select small span strong sub sup svg textarea time u var .link
"""
_INLINE = frozenset(_INLINE_TAGS.split())
_VERBATIM = frozenset({"pre", "textarea"})


def body_nodes(template: heex.Template) -> Iterator[tuple[heex.Node, bool]]:
    """The tags and all between them, in the order of the text, each with whether text there is
    HEEx's own: not in a script or style, nor where braces are switched off."""
    stack: list[tuple[heex.Node, bool]] = [(one, True) for one in reversed(template.children)]
    while stack:
        node, is_own = stack.pop()
        yield node, is_own
        match node:
            case heex.Tag():
                inside = is_own and node.name not in _RAW and node.attribute(NO_CURLY) is None
                stack += [(one, inside) for one in reversed(node.children)]
            case heex.EexBlock():
                stack += [
                    (one, is_own)
                    for clause in reversed(node.clauses)
                    for one in reversed(clause.children)
                ]


def only_root(block: heex.EexBlock, layer: TemplateLayer) -> heex.Tag | None:
    """The tag that is all there is in a block of one clause; where blanks are shown as they are
    (in `<pre>`), without any blanks around it."""
    source = layer.source
    if block.marker != "=" or len(block.clauses) != 1 or block.end is None:
        return None
    shown = [
        node
        for node in block.clauses[0].children
        if not (isinstance(node, heex.Text) and not node.span.slice(source).strip())
    ]
    if len(shown) < len(block.clauses[0].children) and any(
        isinstance(node, heex.Tag) and node.name in _VERBATIM
        for node in heex.path_to(layer.template, block.span.start)
    ):
        return None
    match shown:
        case [heex.Tag() as tag] if tag.kind is not heex.TagKind.SLOT and tag.closing:
            return tag
        case [heex.Tag() as tag] if tag.self_closing or tag.void:
            return tag
    return None


def keeps_space(block: heex.EexBlock, root: heex.Tag, layer: TemplateLayer, loop: bool) -> bool:
    """Whether nothing that is seen depends on the blanks between a block and its root."""
    source, inside = layer.source, block.clauses[0].children
    if root.name not in _INLINE or len(inside) == 1:
        return True
    if loop:
        return False
    before = source[max(block.span.start - 1, layer.span.start) : block.span.start]
    after = source[block.span.end : min(block.span.end + 1, layer.span.end)]
    is_first, is_last = inside[0] is root, inside[-1] is root
    return (is_first or not before.strip()) and (is_last or not after.strip())


def blanks_beside(block: heex.EexBlock, root: heex.Tag, layer: TemplateLayer) -> tuple[str, str]:
    """The blanks before and after the root that are on its line, put there to part it from its
    neighbours."""
    inside = block.clauses[0].children
    sides = (inside[0], inside[-1])
    before, after = ("" if one is root else one.span.slice(layer.source).decode() for one in sides)
    return ("" if "\n" in before else before, "" if "\n" in after else after)


def taken_over(
    block: heex.EexBlock, root: heex.Tag, added: Sequence[HeexAttribute], file: File
) -> list[Edit] | Unsure:
    """The edit that leaves of a block its root alone, with some attributes more."""
    layer, lines = file.layer, file.document.lines
    assert layer is not None
    source = layer.source
    if any("\n" in str(one) for one in added):
        return Unsure("its head runs over several lines")
    indent, inner = lines.indentation(block.span.start), lines.indentation(root.span.start)
    begins = lines.line_at(root.span.start) != lines.line_at(block.span.start)
    by = len(indent) - len(inner) if begins else 0
    fixed = verbatim_spans(layer, root.span)
    whole = shifted(source, root.span, by, fixed)
    head = f"<{root.name}"
    opening = root.opening.slice(source).decode("utf-8", "replace")
    if "\n" in opening:
        newline = line_ending(source) + indent.decode() + STEP
        tag = head + "".join(f"{newline}{one}" for one in added) + whole[len(head) :]
        return _checked(Edit(block.span, tag), layer)
    place = place_of(layer, lines, block.span.start)
    rest = whole[len(opening) :]
    shown = len(rest.partition("\n")[0].rstrip())
    follows = shown if "\n" in rest else shown + following(lines, block.span.end)
    line = " ".join([head, *map(str, added)]) + opening[len(head) :]
    if place.column + len(line) + follows > LINE_LENGTH and root.attributes:
        written = [*added, *(_attribute(one, source) for one in root.attributes)]
        line = opening_tag(
            root.name, written, place, follows=follows, self_closing=root.self_closing
        )
    return _checked(Edit(block.span, line + rest), layer)


def _checked(edit: Edit, layer: TemplateLayer) -> list[Edit] | Unsure:
    if ends_sigil(layer.sigil, edit.text):
        return Unsure("the new text holds the delimiter of the sigil")
    return [edit]


def _attribute(attribute: heex.AnyAttribute, source: bytes) -> HeexAttribute:
    text = attribute.span.slice(source).decode("utf-8", "replace")
    if isinstance(attribute, heex.Attribute) and attribute.value is not None:
        name, _, value = text.partition("=")
        return HeexAttribute(name.strip(), value.strip())
    return HeexAttribute(text)
