"""A template that shows what `assign_async` loads: `<.async_result>` around what reads it.

States `async_result/1` of phoenix_live_view 0.20 to 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lsp_server.document import Document
from lsp_server.facts.pages.live_modules import LiveModule
from lsp_server.lint.finding import Edit
from lsp_server.syntax import heex
from lsp_server.syntax.heex import TagKind
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import ends_sigil
from lsp_server.syntax.template_layout import verbatim_spans
from lsp_server.text import Span, line_ending


def reads_of(live: LiveModule, key: str) -> list[Span] | None:
    """Where the LiveView's one template reads an assign; None where that is not all, or where
    nothing can be put around it."""
    found: list[Span] = []
    markups = live.markup()
    for markup in markups:
        reads = [it.span for it in markup.template.reads if it.name == key]
        if markup.template.whole:
            return None
        if reads and (
            len(markups) > 1 or markup.template.dialect != "heex" or not markup.template.plain
        ):
            return None
        found += reads
    return found


def awaited(document: Document, reads: Sequence[Span], key: str) -> list[Edit] | None:
    """The edits that wait for an assign in a template; None where no place for them is found."""
    layer = next((it for it in document.templates if it.span.covers(reads[0])), None)
    if layer is None or layer.template.errors:
        return None
    node = _around(layer, document, reads)
    if node is None or _is_bound(node, key, layer):
        return None
    lines, newline = document.lines, line_ending(document.source)
    indent = lines.indentation(node.span.start).decode()
    opening = (
        f"<.async_result :let={{{key}}} assign={{@{key}}}>{newline}"
        f"{indent}  <:loading>Loading…</:loading>{newline}{indent}  "
    )
    if ends_sigil(layer.sigil, opening):
        return None
    start, end, path = node.span.start, node.span.end, document.path
    edits = [Edit(Span(start, start), opening, path)]
    fixed = verbatim_spans(layer, node.span)
    for number in range(lines.line_at(start) + 1, lines.line_at(end - 1) + 1):
        at = lines.starts[number]
        if lines.line_bytes(number).strip() and not any(it.start < at <= it.end for it in fixed):
            edits.append(Edit(Span(at, at), "  ", path))
    edits += [Edit(it, key, path) for it in reads]
    edits.append(Edit(Span(end, end), f"{newline}{indent}</.async_result>", path))
    return edits


def _around(layer: TemplateLayer, document: Document, reads: Sequence[Span]) -> heex.Node | None:
    """The innermost node on lines of its own that holds all reads."""
    found: heex.Node | None = None
    for node in heex.path_to(layer.template, reads[0].start):
        if not isinstance(node, (heex.Tag, heex.EexBlock)):
            continue
        if not all(node.span.covers(it) for it in reads):
            break
        if isinstance(node, heex.Tag) and node.kind is TagKind.SLOT:
            continue
        if _is_apart(node, document):
            found = node
    return found


def _is_apart(node: heex.Node, document: Document) -> bool:
    lines, source = document.lines, document.source
    before = source[lines.line_span(lines.line_at(node.span.start)).start : node.span.start]
    after = source[node.span.end : lines.line_span(lines.line_at(node.span.end)).end]
    return not before.strip() and not after.strip()


def _is_bound(node: heex.Node, key: str, layer: TemplateLayer) -> bool:
    """Whether code inside has a variable of that name."""
    bare = re.compile(rf"(?<![\w.:@]){re.escape(key)}(?![\w:?!(])".encode())
    return any(bare.search(it.span.slice(layer.source)) for it in heex.elixir_pieces(node))
