"""Which pages stand in `<Layouts.app>` and what they give it; LiveViews with a layout of their own.

States Phoenix 1.8, whose pages put themselves into a function component of the module `Layouts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.role import Role
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.literals import Keywords
from lsp_server.text import Span


class LayoutAttribute(Fact):
    """One attribute as it is written; `name` is empty for `{@rest}`. `reads` are its assigns.

    `plain`: it is `x={@y}`, or `{assigns}`, which mean the same on each page that has the assigns.
    """

    name: str
    text: str
    reads: tuple[str, ...]
    plain: bool


class LayoutCall(Fact):
    """One `<Layouts.app …>`, without its special attributes."""

    attributes: tuple[LayoutAttribute, ...]
    span: Span  # of the tag's name


class OwnLayout(Fact):
    """A LiveView that names its layout itself, in `use` or in what `mount` returns."""

    module: str
    span: Span


_READ = re.compile(r"@([a-z_]\w*[?!]?)")
_PLAIN = re.compile(r"(?:[\w-]+=)?\{\s*(?:@[a-z_]\w*[?!]?|assigns)\s*\}")
_APP = b"Layouts.app"


@collects(LayoutCall, OwnLayout)
def collect_layouts(document: Document) -> Iterator[Fact]:
    """The calls of the layout in templates, and layouts in LiveViews."""
    if document.role not in (Role.LIB, Role.TEMPLATE):
        return
    if _APP in document.source:
        for layer in document.templates:
            if _APP in layer.span.slice(layer.source):
                for node in layer.nodes(heex.Tag):
                    if node.kind is TagKind.REMOTE:
                        if node.name == "Layouts.app" or node.name.endswith(".Layouts.app"):
                            yield LayoutCall(tuple(_written(node, layer.source)), node.name_span)
    if document.language is Language.ELIXIR and b"layout:" in document.source:
        yield from _own_layouts(document)


def _written(tag: heex.Tag, source: bytes) -> Iterator[LayoutAttribute]:
    for one in tag.attributes:
        name = one.name if isinstance(one, heex.Attribute) else ""
        if not name.startswith(":"):
            text = one.span.slice(source).decode("utf-8", "replace")
            plain = _PLAIN.fullmatch(text) is not None
            yield LayoutAttribute(name, text, tuple(_READ.findall(text)), plain)


def _own_layouts(document: Document) -> Iterator[OwnLayout]:
    for form in document.forms:
        if b"layout:" not in form.bytes:
            continue
        function = form.function
        if form.callee == b"use":
            call = Call(form.raw, form.tree)
            options = call.keywords
            pair = None if options is None else options.pair("layout")
            if pair is not None:
                yield OwnLayout(form.module.name, pair.key_span)
        elif function is not None and (function.name, function.arity) == ("mount", 3):
            for keywords in form.index.nodes(Keywords):
                pair = keywords.pair("layout")
                if pair is not None:
                    yield OwnLayout(form.module.name, pair.key_span)
                    break
