"""The edits that make HEEx of a LEEx template: no more than HEEx's parser asks for.

What else is old in it (links, forms, components) is found by the other rules once it is HEEx.
"""

from __future__ import annotations

import re

from lsp_server.lint.apply import apply_edits
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit
from lsp_server.syntax import heex
from lsp_server.syntax.heex_parser import parse
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import Unsure, ends_sigil
from lsp_server.syntax.template_layout import opening_tag, place_of
from lsp_server.text import Span

from ._attributes import has_eex, item_of, value_of
from ._body import body_nodes
from ._forms import bound_form, form_attributes
from ._template_errors import (
    closing_of,
    may_stay_open,
    refused_attributes,
    said,
    spelled_out,
)

_BRACE = re.compile(rb"[{}]")
_BRACES = {b"{": "&lbrace;", b"}": "&rbrace;"}
_LONE_ANGLE = re.compile(rb"<(?=[^A-Za-z/!?])")


def heex_edits(layer: TemplateLayer, file: File) -> list[Edit] | Unsure:
    """The edits inside the template; `Unsure` where HEEx would refuse the result."""
    curly = file.depends("phoenix_live_view >= 1.0")
    edits: list[Edit] = []
    forms: list[Span] = []
    closings: dict[Span, str] = {}
    for node, is_text in body_nodes(layer.template):
        found: list[Edit] | Unsure = []
        match node:
            case heex.Tag():
                found = _tag(node, layer)
                if may_stay_open(node):
                    closing = closing_of(node, file.document.lines)  # before the one around it
                    closings[closing.span] = closing.text + closings.get(closing.span, "")
            case heex.Text() if is_text:
                if forms and node.span.slice(layer.source).lower().startswith(b"</form"):
                    forms.pop()
                    found = [Edit(node.span, "</.form>")]
                else:
                    found = _text(node, layer.source, curly)
            case heex.Interpolation(marker="="):
                bound = bound_form(layer.expression(node.expression))
                if bound is not None:
                    forms.append(node.span)
                    written = form_attributes(bound[1], bound[0])
                    if isinstance(written, Unsure):
                        found = Unsure(f"of a form: {written.reason}")
                    else:
                        place = place_of(layer, file.document.lines, node.span.start)
                        found = [Edit(node.span, opening_tag(".form", written, place))]
        if isinstance(found, Unsure):
            return found
        edits += found
    edits += [Edit(where, text) for where, text in closings.items()]
    if any(ends_sigil(layer.sigil, edit.text) for edit in edits):
        return Unsure("the new text holds the delimiter of the sigil")
    refused = _refused(layer, edits, curly)
    return edits if refused is None else refused


def _tag(tag: heex.Tag, layer: TemplateLayer) -> list[Edit] | Unsure:
    if tag.name[:1].isupper():
        return Unsure(f"`<{tag.name}>` would be a component")
    edits: list[Edit] = []
    for one in refused_attributes(tag):
        name = spelled_out(one, layer.template)
        if name is None:
            return Unsure(f"`{one.name}` is no attribute of HEEx")
        edits.append(Edit(one.name_span, name))
    for item in tag.items:
        text: str | Unsure | None = None
        where = item.span
        if isinstance(item, heex.Attribute) and isinstance(item.value, heex.Quoted):
            where = item.value.span
            if has_eex(item):
                text = value_of(item, layer)
            elif item.value.delimiter == "":
                text = f'"{where.slice(layer.source).decode("utf-8", "replace")}"'
        elif isinstance(item, heex.EexComment):
            text = ""
        elif isinstance(item, (heex.Interpolation, heex.EexBlock)):
            text = item_of(item, layer)
        if isinstance(text, Unsure):
            return Unsure(f"of EEx in `<{tag.name}>`: {text.reason}")
        if text is not None:
            edits.append(Edit(where, text))
    return edits


def _text(node: heex.Text, source: bytes, curly: bool) -> list[Edit]:
    start, text = node.span.start, node.span.slice(source)
    found = [(one.start(), "&lt;") for one in _LONE_ANGLE.finditer(text)]
    if curly:
        found += [(one.start(), _BRACES[one[0]]) for one in _BRACE.finditer(text)]
    return [Edit(Span(start + at, start + at + 1), entity) for at, entity in sorted(found)]


def _refused(layer: TemplateLayer, edits: list[Edit], curly: bool) -> Unsure | None:
    """What HEEx's parser says about the template after the edits."""
    start = layer.span.start
    moved = [Edit(Span(one.span.start - start, one.span.end - start), one.text) for one in edits]
    text = apply_edits(layer.span.slice(layer.source), moved)
    errors = parse(text, [Span(0, len(text))], heex.Dialect.HEEX, curly=curly).errors
    return Unsure(f"in HEEx {said(errors[0])}") if errors else None
