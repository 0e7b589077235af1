"""Paths that code and templates are written with: `~p"/users/#{user}"`, and literal ones where
LiveView and Phoenix take a path (`navigate="/users"`, `redirect(conn, to: "/users")`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.routes.named_paths import own_uses_of
from lsp_server.facts.sightings import forms_with
from lsp_server.role import Role
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Quoted, Sigil, String, StringInterpolation
from lsp_server.syntax.names import Names, module_text
from lsp_server.syntax.outline import Form
from lsp_server.syntax.walk import SIGIL, NodeIndex
from lsp_server.text import Span

# Functions that take `to:`.
CALLS = (
    *("push_navigate", "push_patch", "push_redirect", "redirect"),
    *("live_redirect", "live_patch", "link", "button"),
)
# Those of `Phoenix.LiveView.JS`, which take the path itself.
_JS = ("navigate", "patch")
_ATTRIBUTE = re.compile(rb"""\b(navigate|patch|href)=(?:["']|\{\s*")/""")
_SIGNS = (b"~p", b'"/', b"'/")
_ROLES = frozenset({Role.LIB, Role.TEMPLATE})
_COMPUTED = "\0"


class RoutePath(Fact):
    """One path. `via` is `~p`, an attribute (`navigate`) or the function that takes it
    (`push_patch`, `JS.patch`).

    `segments` are the parts between the slashes without query and fragment, None where one is
    computed wholly or in part. `router` is the router that `path/3` or `url/3` names, else empty.
    `module` and `uses` are those of the place, empty in a template file.
    """

    via: str
    text: str  # between the quotes, as written
    segments: tuple[str | None, ...]
    router: str
    module: str
    uses: tuple[tuple[str, str], ...]
    span: Span  # with quotes, the sigil, or an attribute's braces
    content: Span  # between the quotes


@collects(RoutePath)
def collect_route_paths(document: Document) -> Iterator[RoutePath]:
    """The paths of code and templates, those that begin with a slash."""
    if document.role not in _ROLES or not any(one in document.source for one in _SIGNS):
        return
    if document.template is not None:
        names = document.outline.top.names
        yield from _of_code(document.template.index, names, None)
        yield from _of_attributes(document.template, names)
    for form in forms_with(document, *_SIGNS):
        yield from _of_code(form.index, None, form)
        for layer in form.templates:
            yield from _of_code(layer.index, None, form)
            yield from _of_attributes(layer, form.names_at(layer.span.start))


def _of_code(index: NodeIndex, names: Names | None, form: Form | None) -> Iterator[RoutePath]:
    for raw in index.raw_of_kind(SIGIL):
        if index.tree.source[raw.start_byte : raw.start_byte + 2] != b"~p":
            continue
        sigil = Sigil(raw, index.tree)
        known = names if form is None else form.names_at(sigil.start)
        if sigil.name == "p" and known is not None:
            yield from _path(sigil, "~p", _router(sigil, known), known)
    for call in index.calls(*CALLS):
        value = call.keyword("to")
        known = names if form is None else form.names_at(call.start)
        if isinstance(value, String) and known is not None:
            yield from _path(value, call.name, "", known)
    for call in index.calls(*_JS):
        known = names if form is None else form.names_at(call.start)
        module = call.module
        if module and known is not None and known.expand(module) == "Phoenix.LiveView.JS":
            for value in call.written_arguments[:2]:
                if isinstance(value, String):
                    yield from _path(value, f"JS.{call.name}", "", known)


def _router(sigil: Sigil, names: Names) -> str:
    """The router that `path(conn, Router, ~p"…")` names."""
    call = sigil.enclosing(Call)
    if call is None or call.name not in ("path", "url") or call.receiver is not None:
        return ""
    written = call.arguments
    return names.expand(module_text(written[1])) if len(written) == 3 else ""


def _path(
    node: Quoted, via: str, router: str, names: Names, span: Span | None = None
) -> Iterator[RoutePath]:
    text = "".join(_COMPUTED if isinstance(it, StringInterpolation) else it for it in node.parts)
    if text.startswith("/") and not text.startswith("//"):
        written = node.content.slice(node.tree.source).decode("utf-8", "replace")
        yield _fact(via, written, text, router, names, span or node.span, node.content)


def _of_attributes(layer: TemplateLayer, names: Names) -> Iterator[RoutePath]:
    source = layer.source
    for found in _ATTRIBUTE.finditer(source, layer.span.start, layer.span.end):
        around = reversed(heex.path_to(layer.template, found.end()))
        value = next((it for it in around if isinstance(it, (heex.Quoted, heex.Braces))), None)
        via = found[1].decode()
        if isinstance(value, heex.Braces):
            text = layer.expression(value.expression)
            if isinstance(text, String) and text.content.start == found.end() - 1:
                yield from _path(text, via, "", names, value.span)
        elif value is not None and value.literal and value.content.start == found.end() - 1:
            written = value.content.slice(source).decode("utf-8", "replace")
            if not written.startswith("//"):
                yield _fact(via, written, written, "", names, value.span, value.content)


def _fact(
    via: str, written: str, text: str, router: str, names: Names, span: Span, content: Span
) -> RoutePath:
    bare = text.partition("?")[0].partition("#")[0]
    segments = tuple(None if _COMPUTED in part else part for part in bare.split("/") if part)
    uses = tuple(own_uses_of(names))
    return RoutePath(via, written, segments, router, names.module, uses, span, content)
