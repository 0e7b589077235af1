"""Tokens of a template to its tree; errors stay where they are.

A tag that is never closed ends where what is around it ends, as if it had been closed there. An
EEx block is never left by a closing tag, while its `<% end %>` closes every tag in it: that is how
LiveView 1.2 reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from lsp_server.syntax import heex_patterns as patterns
from lsp_server.syntax.code_span import code_span
from lsp_server.syntax.eex import EexTag, Role, split
from lsp_server.syntax.eex_nesting import Nesting
from lsp_server.syntax.heex import (
    AnyAttribute,
    Dialect,
    EexEnd,
    ErrorKind,
    HtmlComment,
    Interpolation,
    Node,
    Style,
    Tag,
    TagKind,
    Template,
    TemplateError,
    Text,
)
from lsp_server.syntax.heex_items import ItemReader
from lsp_server.syntax.heex_tokenizer import (
    CLOSE,
    COMMENT,
    COMMENT_END,
    CURLY,
    EEX,
    OPEN,
    TAG_BROKEN_OFF,
    TAG_END,
    TAG_SELF_CLOSE,
    TEXT,
    Token,
    tokenize,
)
from lsp_server.text import Span


def parse(
    source: bytes, ranges: Sequence[Span], dialect: Dialect, *, curly: bool = True
) -> Template:
    """The tree of the template that stands in `ranges` of a document. Total, in linear time.

    Several ranges are one template whose text has gaps, as the escapes in a sigil leave them; a gap
    counts as blanks. Without `curly`, braces in the text of HEEx mean nothing, as before LiveView
    1.0.
    """
    span = Span(ranges[0].start, ranges[-1].end) if ranges else Span(0, 0)
    source = without_gaps(source, ranges)
    eex, errors = split(source, span.start, span.end)
    found, more = tokenize(source, span, eex, dialect, curly)
    builder = _Builder(source, found, eex, dialect is Dialect.HEEX)
    children = builder.build()
    errors = sorted([*errors, *more, *builder.errors], key=lambda error: error.span)
    return Template(span, dialect, tuple(children), tuple(errors))


def without_gaps(source: bytes, ranges: Sequence[Span]) -> bytes:
    """`source` with blanks between the ranges, so that they read as one text in place."""
    if len(ranges) < 2:
        return source
    copy = bytearray(source)
    for before, after in pairwise(ranges):
        copy[before.end : after.start] = b" " * (after.start - before.end)
    return bytes(copy)


# Half the time of calling `Span`.
_new = tuple.__new__


class _OpenTag:
    """A tag whose contents are being read."""

    __slots__ = (
        "attributes",
        "items",
        "key",
        "kind",
        "name",
        "name_span",
        "opening",
        "outer",
        "unfinished",
    )

    def __init__(self, name: str, key: str, name_span: Span, kind: TagKind) -> None:
        self.name = name
        # What the name of a closing tag is compared with.
        self.key = key
        self.name_span = name_span
        self.kind = kind
        self.opening = name_span
        self.items: tuple[Node, ...] = ()
        self.attributes: tuple[AnyAttribute, ...] = ()
        # Whether the opening tag broke off, which is error enough.
        self.unfinished = False
        # What the finished tag is added to.
        self.outer: list[Node] = []

    def finish(
        self,
        children: list[Node],
        closing: Span | None = None,
        self_closing: bool = False,
        void: bool = False,
    ) -> Tag:
        """The whole tag."""
        end = self.opening.end
        if closing is not None:
            end = closing.end
        elif children:
            end = children[-1].span.end
        return Tag(
            _new(Span, (self.opening.start, end)),
            self.name,
            self.name_span,
            self.kind,
            self.opening,
            closing,
            self_closing,
            void,
            self.items,
            self.attributes,
            tuple(children),
        )


class _Builder(Nesting):
    """The tags and blocks that are open at one point of the text."""

    def __init__(self, source: bytes, found: list[Token], eex: list[EexTag], strict: bool) -> None:
        super().__init__()
        self.source = source
        self.strict = strict
        self.void = (patterns.HEEX if strict else patterns.HTML).void
        self.all_tokens = found
        self.tokens = iter(found)
        self.eex_tags = iter(eex)
        self.reader = ItemReader(source, self.tokens, self.eex_tags)
        self.errors: list[TemplateError] = []
        self.tags: list[_OpenTag] = []
        # By block around this point: how many tags were open before it, and those in it by name.
        self.floors = [0]
        self.open_names: list[dict[str, int]] = [{}]
        # By name, how many more tags open than close in the whole template; counted when needed.
        self.unclosed: Counter[str] | None = None

    def build(self) -> list[Node]:
        source = self.source
        for kind, start, end in self.tokens:
            if kind is TEXT:
                self.children.append(Text(_new(Span, (start, end))))
            elif kind is OPEN:
                self.open_tag(start, end)
            elif kind is CLOSE:
                self.close_tag(start, end)
            elif kind is CURLY:
                expression = code_span(source, start + 1, end - 1)
                node = Interpolation(_new(Span, (start, end)), expression, "=", Style.CURLY)
                self.children.append(node)
            elif kind is EEX:
                self.eex(next(self.eex_tags))
            elif kind is COMMENT:
                children, _, end = self.reader.content_until(COMMENT_END)
                self.children.append(HtmlComment(_new(Span, (start, end)), children))
        return self.finish()

    # Blocks

    def eex(self, tag: EexTag) -> None:
        if tag.role in (Role.MIDDLE, Role.END) and self.blocks:
            self.abandon_tags(self.floors[-1], tag.span)
        super().eex(tag)

    def start(self, tag: EexTag) -> None:
        super().start(tag)
        self.floors.append(len(self.tags))
        self.open_names.append({})

    def end(self, end: EexEnd | None, inner_end: int, at: int) -> None:
        super().end(end, inner_end, at)
        self.floors.pop()
        self.open_names.pop()

    def finish(self) -> list[Node]:
        self.abandon_tags(self.floors[-1], None)
        while self.blocks:
            at = self.children[-1].span.end if self.children else self.blocks[-1].head.end
            self.end(None, at, at)
            self.abandon_tags(self.floors[-1], None)
        return self.children

    # Tags

    def open_tag(self, start: int, name_end: int) -> None:
        written = self.source[start + 1 : name_end]
        name = written.decode("utf-8", "replace")
        kind = _KINDS.get(name[0], TagKind.HTML) if self.strict else TagKind.HTML
        tag = _OpenTag(name, self.key(name), _new(Span, (start + 1, name_end)), kind)
        if kind is not TagKind.HTML:
            self.check_name(tag)
        reader = self.reader
        last = reader.read()
        tag.opening = _new(Span, (start, reader.end))
        tag.items = reader.items
        tag.attributes = reader.attributes
        void = written in self.void
        if void or last is TAG_SELF_CLOSE:
            self.children.append(tag.finish([], None, last is TAG_SELF_CLOSE, void))
            return
        tag.unfinished = last is TAG_BROKEN_OFF
        tag.outer = self.children
        self.children = []
        self.tags.append(tag)
        names = self.open_names[-1]
        names[tag.key] = names.get(tag.key, 0) + 1

    def check_name(self, tag: _OpenTag) -> None:
        """Refuse a component without a name, and a slot where there can be none."""
        if tag.name == ".":
            self.error(ErrorKind.MISSING_COMPONENT_NAME, tag.name_span, tag.name)
        elif tag.name == ":inner_block":
            self.error(ErrorKind.RESERVED_SLOT, tag.name_span, tag.name)
        elif tag.kind is TagKind.SLOT:
            parent = self.tags[-1] if len(self.tags) > self.floors[-1] else None
            if parent is None or parent.kind not in (TagKind.COMPONENT, TagKind.REMOTE):
                self.error(ErrorKind.MISPLACED_SLOT, tag.name_span, tag.name)

    def close_tag(self, start: int, end: int) -> None:
        closing = _new(Span, (start, end))
        name = self.source[start + 2 : end].rstrip(b"> \t\f\r\n").decode("utf-8", "replace")
        key = self.key(name)
        if self.open_names[-1].get(key, 0):
            at = len(self.tags) - 1
            while self.tags[at].key != key:
                at -= 1
            self.abandon_tags(at + 1, closing)
            self.complete_tag(closing)
        elif len(self.tags) > self.floors[-1] and self.is_misspelt(name):
            # LiveView 1.2 lets any slot's name close a slot; that is as wrong as any other.
            tag = self.tags[-1]
            span = Span(start + 2, start + 2 + len(name.encode()))
            self.error(ErrorKind.MISMATCHED_CLOSING_TAG, span, name, tag.name, tag.name_span)
            self.complete_tag(closing)
        else:
            self.error(ErrorKind.STRAY_CLOSING_TAG, closing, name)
            self.children.append(Text(closing))

    def complete_tag(self, closing: Span | None) -> None:
        tag = self.tags.pop()
        self.open_names[-1][tag.key] -= 1
        tag.outer.append(tag.finish(self.children, closing))
        self.children = tag.outer

    def abandon_tags(self, floor: int, cause: Span | None) -> None:
        """End the innermost tags that were never closed, down to `floor` of them."""
        while len(self.tags) > floor:
            tag = self.tags[-1]
            if not tag.unfinished:
                self.error(ErrorKind.UNCLOSED_TAG, tag.name_span, tag.name, related=cause)
            self.complete_tag(None)

    def is_misspelt(self, name: str) -> bool:
        """Whether a closing tag that closes nothing is meant for the innermost open tag.

        So it is if, in the whole template, tags of the one name are closed too often and tags of
        the other too seldom.
        """
        if not self.strict:
            return False
        if self.unclosed is None:
            self.unclosed = self.count_unclosed()
        innermost = self.tags[-1].name
        if self.unclosed[innermost] <= 0 or self.unclosed[name] >= 0:
            return False
        self.unclosed[innermost] -= 1
        self.unclosed[name] += 1
        return True

    def count_unclosed(self) -> Counter[str]:
        unclosed: Counter[str] = Counter()
        name = b""
        for kind, start, end in self.all_tokens:
            if kind is OPEN:
                name = self.source[start + 1 : end]
            elif (kind is TAG_END and name not in self.void) or kind is TAG_BROKEN_OFF:
                unclosed[name.decode("utf-8", "replace")] += 1
            elif kind is CLOSE:
                name = self.source[start + 2 : end].rstrip(b"> \t\f\r\n")
                unclosed[name.decode("utf-8", "replace")] -= 1
        return unclosed

    def key(self, name: str) -> str:
        """What a closing tag's name is compared by."""
        return name if self.strict else name.lower()

    def error(
        self,
        kind: ErrorKind,
        span: Span,
        name: str,
        expected: str = "",
        related: Span | None = None,
    ) -> None:
        if self.strict:
            self.errors.append(TemplateError(kind, span, name, expected, related))


_KINDS = {".": TagKind.COMPONENT, ":": TagKind.SLOT}
_KINDS |= {chr(letter): TagKind.REMOTE for letter in range(ord("A"), ord("Z") + 1)}
