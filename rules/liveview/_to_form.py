"""The edits that assign a form where a changeset was assigned, and read it in the template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.lint.finding import Edit
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call, Identifier, ModuleAttribute
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.syntax.template_edits import Unsure
from lsp_server.text import Span

_FORM = re.compile(rb"@form\b|\bassigns\.form\b|:form\b|\bform:")


@dataclass(frozen=True, slots=True)
class FormUse:
    """A module: its forms, and the templates among them."""

    forms: Sequence[Form]
    layers: Sequence[TemplateLayer]


def to_form_edits(
    use: FormUse, layer: TemplateLayer, tag: heex.Tag, name: str
) -> list[Edit] | Unsure:
    """The edits for the only form that is given `@name`."""
    reads = [
        node for one in use.layers for node in one.index.nodes(ModuleAttribute) if node.name == name
    ]
    whole = [node for node in reads if not is_field_read(node)]
    if len(whole) != 1:
        return Unsure(f"the template reads `@{name}` in more than one place")
    if any(_FORM.search(form.bytes) for form in use.forms if form.function is not None):
        return Unsure("the module has a `form` already")
    read_back = re.compile(rf"\bassigns\.{name}\b|%\{{[^}}]*\b{name}: \w+[^}}]*\}} *=".encode())
    if any(read_back.search(form.bytes) for form in use.forms):
        return Unsure(f"code reads `{name}` back from the socket")
    as_attribute = tag.attribute("as")
    option = ""
    edits: list[Edit] = []
    if as_attribute is not None:
        if not isinstance(as_attribute.value, heex.Braces):
            return Unsure("its `as` is no expression")
        code = as_attribute.value.expression.slice(layer.source).decode("utf-8", "replace")
        if not re.fullmatch(r":\w+", code):
            return Unsure("its `as` is computed")
        option = f", as: {code}"
        edits.append(_without(as_attribute, layer.source))
    assigned = list(_assigned(use.forms, name))
    named = re.compile(rf"(?<![\w:]):{name}\b|\b{name}:(?=\s)".encode())
    mentions = sum(len(named.findall(form.bytes)) for form in use.forms)
    if not assigned or mentions > len(assigned):
        return Unsure(f"where `{name}` is assigned is not known")
    if _others(use, name):
        return Unsure("another changeset of the module would be called `form` too")
    for key, text, value in assigned:
        edits.append(Edit(key, text))
        edits.append(Edit(value.span, f"to_form({value.text}{option})"))
    for node in reads:
        edits.append(Edit(node.span, "@form.source" if is_field_read(node) else "@form"))
    fields = _fields(tag, layer)
    return fields if isinstance(fields, Unsure) else [*edits, *fields]


def _others(use: FormUse, name: str) -> bool:
    """Whether templates read another changeset: only one can become the form."""
    return any(
        node.name.endswith("changeset") and node.name != name
        for layer in use.layers
        for node in layer.index.nodes(ModuleAttribute)
    )


def is_field_read(node: ModuleAttribute) -> bool:
    """Whether a field of the assign is read: `@changeset.errors`."""
    return node.tree.source[node.end : node.end + 1] == b"."


def _without(attribute: heex.Attribute, source: bytes) -> Edit:
    """An attribute and the blanks before it taken out."""
    start = len(source[: attribute.span.start].rstrip())
    return Edit(Span(start, attribute.span.end), "")


def _assigned(forms: Sequence[Form], name: str) -> Iterator[tuple[Span, str, Node]]:
    """Key and value of each `assign` of the name, and how the new key is written."""
    for form in forms:
        for call in form.index.calls("assign"):
            given = call.arguments
            if call.receiver is not None or len(given) < 2:
                continue
            if len(given) == 3 and isinstance(given[1], Atom) and given[1].name == name:
                yield given[1].span, ":form", given[2]
            pair = None if call.keywords is None else call.keywords.pair(name)
            if len(given) == 2 and pair is not None and pair.value is not None:
                yield pair.key_span, "form:", pair.value


def _fields(tag: heex.Tag, layer: TemplateLayer) -> list[Edit] | Unsure:
    """What the form's own name for itself becomes inside of it."""
    let = tag.attribute(":let")
    if let is None:
        return []
    if not isinstance(let.value, heex.Braces):
        return Unsure("its `:let` is no expression")
    bound = layer.expression(let.value.expression)
    if not isinstance(bound, Identifier):
        return Unsure("its `:let` is no name")
    inside = tag.inner
    name = bound.name
    again = re.compile(
        rf"fn {name}\b|\b{name} <-|:let=\{{{name}\}}|\b{name} = |\b{name} ->".encode()
    )
    if again.search(inside.slice(layer.source)):
        return Unsure(f"`{name}` is bound again in the form")
    edits = [_without(let, layer.source)]
    for node in layer.tree.root.find(Identifier):
        if node.name == name and inside.start <= node.start < inside.end and _is_variable(node):
            edits.append(Edit(node.span, "@form"))
    return edits


def _is_variable(node: Identifier) -> bool:
    parent = node.parent
    if isinstance(parent, ModuleAttribute):
        return False
    return not (isinstance(parent, Call) and parent.target == node)
