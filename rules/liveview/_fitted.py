"""Lines that a shorter expression lets the formatter join."""

from __future__ import annotations

import re

from lsp_server.document import Document, Language
from lsp_server.lint.finding import Edit
from lsp_server.syntax.elixir import BinaryOperator, Match
from lsp_server.syntax.node import Node, cast
from lsp_server.text import Span

WIDTH = 98  # of a line, as `mix format` has it
# What the formatter writes on one line as soon as it fits.
_GROUPS = frozenset({"tuple", "list", "arguments", "pair", "binary_operator"})
_PARTS = frozenset({"keywords", "call"})  # which break as what is around or in them does
_BREAK = re.compile(r"\s*\n\s*")
# A comment, a text of several lines, a block, a function or an operator that keeps its line.
_KEPT = re.compile(r'#(?!\{)|"""|\bdo\b|\bfn\b|->|\|>')
_OPENED = re.compile(r"[(\[{]\s*\n")


def fitted(document: Document, span: Span, text: str, path: str) -> Edit:
    """The edit that puts `text` in the place of an expression, and joins the lines around it that
    were broken only because the old one was too long."""
    edit = Edit(span, text, path)
    if document.language is not Language.ELIXIR:
        return edit
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(*span)
    if raw is None:
        return edit
    node: Node | None = cast(raw, document.tree)
    while node is not None and (node.kind in _GROUPS or node.kind in _PARTS or node.span == span):
        if node.span != span and node.kind in _GROUPS:
            joined = _joined(document, node, edit)
            if joined is None:
                return edit
            edit = joined
        node = node.parent
    return edit


def _joined(document: Document, node: Node, edit: Edit) -> Edit | None:
    """The edit grown to a node around it; None where the node keeps its lines."""
    if isinstance(node, BinaryOperator) and not isinstance(node, Match):
        return None
    source = document.source
    old = node.text
    before = source[node.start : edit.span.start].decode("utf-8", "replace")
    after = source[edit.span.end : node.end].decode("utf-8", "replace")
    new = f"{before}{edit.text}{after}"
    if "\n" not in new:
        return edit
    if _KEPT.search(before + after) or _OPENED.search(new) or _length(document, node, old) <= WIDTH:
        return None
    joined = _flat(new)
    if _length(document, node, joined) > WIDTH:
        return None
    return Edit(node.span, joined, edit.path)


def _flat(text: str) -> str:
    return re.sub(r" ([)\]}])", r"\1", _BREAK.sub(" ", text))


def _length(document: Document, node: Node, text: str) -> int:
    """The columns of the line that a node would have as `text` on one line."""
    lines = document.lines
    first, last = (
        lines.line_span(lines.line_at(node.start)),
        lines.line_span(lines.line_at(node.end)),
    )
    around = document.source[first.start : node.start] + document.source[node.end : last.end]
    return len(around.decode("utf-8", "replace")) + len(_flat(text))
