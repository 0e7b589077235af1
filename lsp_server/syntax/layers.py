"""Template layers: the template of a file or a sigil, and the Elixir inside it as one tree.

Both layers lie over the document's own bytes; no offset is ever mapped between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

import tree_sitter

from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.heex import Dialect, EexBlock, Template, elixir_pieces
from lsp_server.syntax.heex_parser import parse
from lsp_server.syntax.lazy import lazy
from lsp_server.syntax.literals import Sigil
from lsp_server.syntax.node import LANGUAGE, Node, Tree, cast
from lsp_server.syntax.template_elixir import prepare
from lsp_server.syntax.walk import SIGIL, NodeIndex
from lsp_server.text import Span

SIGILS = {"H": Dialect.HEEX, "L": Dialect.LEEX, "E": Dialect.EEX}

Markup = TypeVar("Markup", bound=heex.Node)

_empty_parser = tree_sitter.Parser(LANGUAGE)
_parser = tree_sitter.Parser(LANGUAGE)  # its ranges are set before each use


class TemplateLayer:
    """One template and the Elixir inside it. `sigil` is None for a file that is a template."""

    def __init__(self, source: bytes, template: Template, sigil: Sigil | None = None) -> None:
        self.source = source
        self.template = template
        self.sigil = sigil

    @property
    def dialect(self) -> Dialect:
        """What the template is written in."""
        return self.template.dialect

    @property
    def span(self) -> Span:
        """The bytes of the template."""
        return self.template.span

    @lazy
    def _nodes(self) -> dict[type[heex.Node], list[heex.Node]]:
        found: dict[type[heex.Node], list[heex.Node]] = defaultdict(list)
        for node in heex.walk(self.template):
            found[type(node)].append(node)
        return found

    def nodes(self, view: type[Markup]) -> Sequence[Markup]:
        """The nodes of a class in the order of the text; the template is walked once for all who
        ask, which five do of every one."""
        return self._nodes.get(view, ())  # type: ignore[return-value]

    @lazy
    def tree(self) -> Tree:
        """The Elixir of all pieces as one tree; a block spans the markup inside it."""
        pieces = elixir_pieces(self.template)
        if not pieces:
            return Tree(_empty_parser.parse(b""), self.source)
        prepared, ranges = prepare(self.source, pieces)
        _parser.included_ranges = ranges
        return Tree(_parser.parse(prepared), self.source)

    @lazy
    def index(self) -> NodeIndex:
        """The nodes of the Elixir tree."""
        return NodeIndex(self.tree, self.tree.raw.root_node)

    def expression(self, span: Span) -> Node | None:
        """The Elixir node that a piece is: the one with exactly these bytes.

        None for a piece that is only part of an expression (`if x do`) or several of them.
        """
        raw = self.tree.raw.root_node.named_descendant_for_byte_range(span.start, span.end)
        if raw is None or raw.start_byte != span.start or raw.end_byte != span.end:
            return None
        return cast(raw, self.tree)

    def block_call(self, block: EexBlock) -> Call | None:
        """The call whose do-block or function an EEx block holds: `if`, `for`, `form_for` …"""
        start = block.clauses[0].expression.start
        raw = self.tree.raw.root_node.named_descendant_for_byte_range(start, start + 1)
        last = None if block.end is None else block.end.expression.end
        while raw is not None and raw.start_byte == start:
            node = cast(raw, self.tree)
            if isinstance(node, Call) and (last is None or raw.end_byte == last):
                return node
            raw = self.tree.parent(raw)
        return None


def template_layer(source: bytes, span: Span, dialect: Dialect) -> TemplateLayer:
    """The layer of a template that fills `span` of a document."""
    return TemplateLayer(source, parse(source, [span], dialect))


def sigil_layers(index: NodeIndex) -> list[TemplateLayer]:
    """The layers of the template sigils below some nodes, in the order of the text."""
    layers: list[TemplateLayer] = []
    for node in index.of_kind(SIGIL):
        if isinstance(node, Sigil):
            dialect = SIGILS.get(node.name)
            if dialect is not None:
                source = index.tree.source
                template = parse(source, [node.content], dialect)
                layers.append(TemplateLayer(source, template, node))
    return layers
