"""What stands in an opening tag: attributes with their values, and EEx where it does not belong."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.syntax.code_span import code_span
from lsp_server.syntax.eex import EexTag
from lsp_server.syntax.eex_nesting import Nesting
from lsp_server.syntax.heex import (
    AnyAttribute,
    Attribute,
    Braces,
    Node,
    Quoted,
    RootAttribute,
    Text,
    Value,
    walk,
)
from lsp_server.syntax.heex_tokenizer import (
    BRACES,
    EEX,
    FLAG,
    NAME,
    QUOTED,
    ROOT,
    TAG_BROKEN_OFF,
    TEXT,
    VALUE,
    VALUE_END,
    Kind,
    Token,
)
from lsp_server.text import Span

# Half the time of calling `Span`, of which there are three for every attribute.
_new = tuple.__new__


class ItemReader:
    """Reads from the tokens that the parser reads: each takes up where the other stopped."""

    def __init__(self, source: bytes, found: Iterator[Token], eex_tags: Iterator[EexTag]) -> None:
        self.source = source
        self.tokens = found
        self.eex_tags = eex_tags
        # The attributes and the end of the tag that was read last.
        self.items: tuple[Node, ...] = ()
        self.attributes: tuple[AnyAttribute, ...] = ()
        self.end = 0

    def read(self) -> Kind:
        """Read one tag's items up to the token that ends the tag, and give its kind."""
        source = self.source
        nesting: Nesting | None = None
        items: list[Node] = []
        name_start = name_end = 0
        last = TAG_BROKEN_OFF
        for kind, start, end in self.tokens:
            if kind is NAME:
                name_start, name_end = start, end
                continue
            value: Value | None = None
            if kind is QUOTED:
                value = self.quoted(start, end)
            elif kind is BRACES:
                value = Braces(_new(Span, (start, end)), self.code_in_braces(start, end))
            elif kind is VALUE:
                value = self.value_with_eex(start, end)
                end = value.span.end
            elif kind is FLAG:
                name_start, name_end = start, end
            elif kind is ROOT:
                expression = self.code_in_braces(start, end)
                items.append(RootAttribute(_new(Span, (start, end)), expression))
                continue
            elif kind is EEX:
                if nesting is None:
                    nesting = Nesting()
                    nesting.children = items
                nesting.eex(next(self.eex_tags))
                items = nesting.children
                continue
            else:
                last, self.end = kind, end
                break
            name = source[name_start:name_end].decode("utf-8", "replace")
            name_span = _new(Span, (name_start, name_end))
            items.append(Attribute(_new(Span, (name_start, end)), name, name_span, value))
        self.items = tuple(items if nesting is None else nesting.finish())
        if nesting is None:
            self.attributes = self.items  # type: ignore[assignment]
        else:
            self.attributes = tuple(_attributes(self.items))
        return last

    def code_in_braces(self, start: int, end: int) -> Span:
        """The Elixir in braces, of which the closing one may be missing."""
        return code_span(self.source, start + 1, end - (self.source[end - 1] == 0x7D))

    def quoted(self, start: int, end: int) -> Quoted:
        """A value without EEx."""
        delimiter = _QUOTES.get(self.source[start], "")
        inner = _new(Span, (start + 1, end - 1)) if delimiter else _new(Span, (start, end))
        parts = (Text(inner),) if inner.start < inner.end else ()
        return Quoted(_new(Span, (start, end)), inner, parts, delimiter)

    def value_with_eex(self, start: int, inner_start: int) -> Quoted:
        """A value with EEx in it, or one whose end is missing; its tokens follow."""
        parts, inner_end, end = self.content_until(VALUE_END)
        delimiter = _QUOTES.get(self.source[start], "") if start < inner_start else ""
        return Quoted(
            _new(Span, (start, end)), _new(Span, (inner_start, inner_end)), parts, delimiter
        )

    def content_until(self, closer: Kind) -> tuple[tuple[Node, ...], int, int]:
        """Text and EEx up to a token, and that token's start and end."""
        nesting = Nesting()
        start = end = 0
        for kind, start, end in self.tokens:
            if kind is TEXT:
                nesting.children.append(Text(_new(Span, (start, end))))
            elif kind is EEX:
                nesting.eex(next(self.eex_tags))
            elif kind is closer:
                break
        return tuple(nesting.finish()), start, end


_QUOTES = {0x22: '"', 0x27: "'"}


def _attributes(items: tuple[Node, ...]) -> Iterator[AnyAttribute]:
    for item in items:
        for node in walk(item):
            if isinstance(node, Attribute | RootAttribute):
                yield node
