"""The options of `plug Plug.Session`, also where an attribute holds them."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import ModuleAttribute
from lsp_server.syntax.literals import Boolean, Keywords, List, Pair
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span


class SessionOption(Fact):
    """One option of a session; `value` is `true`, `false`, or `?` for anything else."""

    key: str
    value: str
    span: Span  # the whole pair
    value_span: Span


class SessionOptions(Fact):
    """The options of one `plug Plug.Session` that are written out; `span` is the name of the
    attribute that holds them, else `Plug.Session`."""

    module: str
    options: tuple[SessionOption, ...]
    span: Span


_PLUG = frozenset({b"plug"})


@collects(SessionOptions)
def collect_sessions(document: Document) -> Iterator[SessionOptions]:
    """The sessions of a document."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    forms = forms_calling(document, _PLUG)
    if not forms or b"Plug.Session" not in document.source:
        return
    for form in forms:
        if form.callee != b"plug":
            continue
        for call in form.index.calls("plug"):
            written = call.written_arguments
            if len(written) < 2 or _module(written[0], form) != "Plug.Session":
                continue
            span, node = written[0].span, written[1]
            if isinstance(node, ModuleAttribute):
                found = _attribute(form.module, node.name)
                if found is None:
                    continue
                span, node = found
            keywords = node.keywords if isinstance(node, List) else node
            if isinstance(keywords, Keywords) and _is_whole(node):
                options = tuple(map(_option, keywords.pairs))
                yield SessionOptions(form.module.name, options, span)


def _module(node: Node, form: Form) -> str:
    return form.names_at(node.start).expand(module_text(node))


def _is_whole(node: Node) -> bool:
    return not isinstance(node, List) or len(node.elements) == 1


def _attribute(module: Module, name: str) -> tuple[Span, Node] | None:
    for form in module.forms:
        node = form.node
        if isinstance(node, ModuleAttribute) and node.name == name and node.value is not None:
            return Span(node.start, node.start + len(name.encode()) + 1), node.value
    return None


def _option(pair: Pair) -> SessionOption:
    value = pair.value
    written = value.text if isinstance(value, Boolean) else "?"
    return SessionOption(pair.key, written, pair.span, pair.span if value is None else value.span)
