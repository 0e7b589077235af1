"""Texts that the source writes out in lists of maps, and those that Ash resources hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import ModuleAttribute, Pipe
from lsp_server.syntax.literals import Atom, List, Map, Pair, Quoted
from lsp_server.syntax.node import Node


class WrittenTexts(Fact):
    """An attribute, or a function without arguments, that is a list of maps which are written out:
    `keys` are those of texts without interpolation."""

    name: str
    keys: tuple[str, ...]


class TextAttribute(Fact):
    """An attribute of an Ash resource that holds a text (Ash 3)."""

    name: str


_LIST = re.compile(rb"\[\s*%\{")
_ATTRIBUTES = frozenset({b"attributes"})
_ASH_TEXTS = frozenset({"string", "ci_string", "map", "term"})


@collects(WrittenTexts, TextAttribute)
def collect_texts(document: Document) -> Iterator[Fact]:
    """The texts that a file writes out in lists of maps, and those that its Ash resources hold."""
    source = document.source
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    resources = forms_calling(document, _ATTRIBUTES)
    if resources and b"Ash.Resource" in source:
        for form in resources:
            if form.callee == b"attributes":
                for call in form.index.calls("attribute"):
                    match call.written_arguments:
                        case [Atom(name), Atom(type_name), *_] if type_name in _ASH_TEXTS:
                            yield TextAttribute(name)
    for form in document.forms:
        start, end = form.raw.start_byte, form.raw.end_byte
        function = form.function
        if function is None and not source.startswith(b"@", start):
            continue
        if (function is not None and function.arity) or _LIST.search(source, start, end) is None:
            continue
        if function is None:
            node = form.node
            if isinstance(node, ModuleAttribute):
                yield from _written_texts(node.name, node.value)
        else:
            last = function.body[-1] if function.body else None
            yield from _written_texts(function.name, last)


def _written_texts(name: str, texts: Node | None) -> Iterator[WrittenTexts]:
    """The texts of a list, also of one that is sorted or filtered in a pipe."""
    if isinstance(texts, Pipe):
        texts = texts.steps[0]
    elements = texts.elements if isinstance(texts, List) else []
    if elements and all(isinstance(one, Map) for one in elements):
        keys = {
            pair.key
            for one in elements
            for pair in one.find(Pair)
            if isinstance(pair.value, Quoted) and pair.value.value is not None
        }
        if keys:
            yield WrittenTexts(name, tuple(sorted(keys)))
