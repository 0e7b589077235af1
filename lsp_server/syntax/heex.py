"""The tree of one template: HEEx, or HTML with EEx in it, as frozen nodes over a document's bytes.

Every `Span` is in bytes of the document that holds the template; nothing is mapped. The Elixir
inside a template is held as spans only and parsed elsewhere. Nodes compare by identity: a template
may be nested 50,000 deep, which comparing by value would have to descend.

The nodes are structs because one is made for every tag, attribute and run of text: a frozen
dataclass takes ten times as long to make, which is a third of the time to parse a template. They
never form a cycle, so the garbage collector need not know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from operator import attrgetter
from typing import Any

import msgspec

from lsp_server.text import Span


class Dialect(StrEnum):
    """What a template is written in; only HEEx is held to the rules of LiveView's own parser."""

    HEEX = "heex"
    LEEX = "leex"
    EEX = "eex"


class TagKind(StrEnum):
    """What a tag's name says it is: `div`, `.button`, `Card.header` or `:item`."""

    HTML = "html"
    COMPONENT = "component"
    REMOTE = "remote"
    SLOT = "slot"


class Style(StrEnum):
    """How an interpolation is written: `<%= x %>` or `{x}`."""

    EEX = "eex"
    CURLY = "curly"


class ErrorKind(StrEnum):
    """What LiveView 1.2's parser, or EEx of Elixir 1.18, refuses."""

    # EEx, in every dialect.
    UNCLOSED_EEX = "unclosed-eex"
    UNCLOSED_BLOCK = "unclosed-block"
    STRAY_CLAUSE = "stray-clause"
    STRAY_END = "stray-end"
    # HEEx only.
    EEX_IN_TAG = "eex-in-tag"
    MISSING_TAG_NAME = "missing-tag-name"
    MISSING_COMPONENT_NAME = "missing-component-name"
    RESERVED_SLOT = "reserved-slot"
    MISPLACED_SLOT = "misplaced-slot"
    UNFINISHED_TAG = "unfinished-tag"
    UNCLOSED_TAG = "unclosed-tag"
    MISMATCHED_CLOSING_TAG = "mismatched-closing-tag"
    STRAY_CLOSING_TAG = "stray-closing-tag"
    MALFORMED_CLOSING_TAG = "malformed-closing-tag"
    STRAY_BRACE = "stray-brace"
    STRAY_QUOTE = "stray-quote"
    MISSING_ATTRIBUTE_NAME = "missing-attribute-name"
    MISSING_ATTRIBUTE_VALUE = "missing-attribute-value"
    UNCLOSED_QUOTE = "unclosed-quote"
    UNCLOSED_BRACE = "unclosed-brace"
    UNCLOSED_COMMENT = "unclosed-comment"
    UNCLOSED_DOCTYPE = "unclosed-doctype"


class PieceKind(StrEnum):
    """Where a piece of Elixir stands in a template; the start of a block is a clause of it too."""

    INTERPOLATION = "interpolation"
    CLAUSE = "clause"
    BLOCK_END = "block-end"
    ATTRIBUTE = "attribute"
    ROOT_ATTRIBUTE = "root-attribute"


class Piece(msgspec.Struct, frozen=True, gc=False):
    """One piece of Elixir in a template: its span, without the blanks around it and never empty."""

    kind: PieceKind
    span: Span


class TemplateError(msgspec.Struct, frozen=True, gc=False):
    """Something that the real parser refuses, at the smallest place that is wrong.

    `name` is the tag, attribute or character in question as written; `expected` is the tag that
    should have been closed; `related` is the other place that explains it, such as the opening tag.
    """

    kind: ErrorKind
    span: Span
    name: str = ""
    expected: str = ""
    related: Span | None = None


class Node(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Anything in a template."""

    span: Span


class Text(Node, frozen=True, eq=False, gc=False):
    """Text, also the body of a script, a doctype and what could not be understood."""


class EexComment(Node, frozen=True, eq=False, gc=False):
    """`<%!-- … --%>` or `<%# … %>`."""


class HtmlComment(Node, frozen=True, eq=False, gc=False):
    """`<!-- … -->`; EEx in it runs, so its children are text and EEx; braces in it mean nothing."""

    children: tuple[Node, ...]


class Interpolation(Node, frozen=True, eq=False, gc=False):
    """`<%= expression %>`, with the markers `=`, `/`, `|` or none, or `{expression}`.

    `expression` is without blanks around it and without a comment at its end; empty if there is
    nothing else. The marker of a curly one is `=`.
    """

    expression: Span
    marker: str
    style: Style


class Clause(Node, frozen=True, eq=False, gc=False):
    """One clause of an EEx block: `<%= if x do %>` or `<% else %>`, and what follows it.

    `head` is the EEx tag, `expression` the Elixir in it (`if x do`, `else`, `{:ok, x} ->`).
    """

    head: Span
    expression: Span
    children: tuple[Node, ...]


class EexEnd(Node, frozen=True, eq=False, gc=False):
    """`<% end %>`, `<% end) %>`: the end of an EEx block."""

    expression: Span


class EexBlock(Node, frozen=True, eq=False, gc=False):
    """An EEx block from `<%= … do %>` or `<%= … fn x -> %>` to its `<% end %>`.

    The first clause is the start itself; in a `case` it holds only the blanks before the first
    pattern. `end` is missing in broken text.
    """

    marker: str
    clauses: tuple[Clause, ...]
    end: EexEnd | None


class Quoted(Node, frozen=True, eq=False, gc=False):
    """An attribute's value as text: `"…"`, `'…'` or, outside HEEx, a bare word.

    `parts` are text and EEx, which is legal outside HEEx only. `delimiter` is the quote or "".
    """

    content: Span
    parts: tuple[Node, ...]
    delimiter: str

    @property
    def literal(self) -> bool:
        """Whether the value holds no EEx."""
        return all(type(part) is Text for part in self.parts)


class Braces(Node, frozen=True, eq=False, gc=False):
    """An attribute's value as Elixir: `{expression}`."""

    expression: Span


Value = Quoted | Braces


class Attribute(Node, frozen=True, eq=False, gc=False):
    """`name`, `name="…"` or `name={…}`; `:if`, `:for`, `:let`, `:key`, `:type` are attributes."""

    name: str
    name_span: Span
    value: Value | None


class RootAttribute(Node, frozen=True, eq=False, gc=False):
    """`{@rest}` among the attributes of a tag."""

    expression: Span


AnyAttribute = Attribute | RootAttribute


class Tag(Node, frozen=True, eq=False, gc=False):
    """A tag, component or slot with its children, or only an opening tag if it was never closed.

    `name` is as written, with the `.` or `:` of a component or slot. `opening` is the opening tag
    up to its `>`, `closing` the whole `</name>`. `items` are the attributes and any EEx between
    them; `attributes` are all attributes, also those inside such EEx.
    """

    name: str
    name_span: Span
    kind: TagKind
    opening: Span
    closing: Span | None
    self_closing: bool
    void: bool
    items: tuple[Node, ...]
    attributes: tuple[AnyAttribute, ...]
    children: tuple[Node, ...]

    @property
    def inner(self) -> Span:
        """What stands between the opening and the closing tag."""
        return Span(self.opening.end, self.closing.start if self.closing else self.span.end)

    @property
    def local_name(self) -> str:
        """The name without the `.` or `:` of a component or slot."""
        return self.name[1:] if self.kind in (TagKind.COMPONENT, TagKind.SLOT) else self.name

    @property
    def is_component(self) -> bool:
        """Whether the tag calls a function component."""
        return self.kind in (TagKind.COMPONENT, TagKind.REMOTE)

    @property
    def has_root_attribute(self) -> bool:
        """Whether attributes may come from an expression such as `{@rest}`."""
        return any(type(attribute) is RootAttribute for attribute in self.attributes)

    def attribute(self, name: str) -> Attribute | None:
        """The first attribute of that name."""
        for attribute in self.attributes:
            if isinstance(attribute, Attribute) and attribute.name == name:
                return attribute
        return None

    def literal(self, name: str, source: bytes) -> str | None:
        """The text of an attribute that is written out; None for any other."""
        attribute = self.attribute(name)
        if attribute is None or not isinstance(attribute.value, Quoted):
            return None
        value = attribute.value
        return value.content.slice(source).decode("utf-8", "replace") if value.literal else None


class Template(Node, frozen=True, eq=False, gc=False):
    """A whole template: a file, or the contents of one sigil."""

    dialect: Dialect
    children: tuple[Node, ...]
    errors: tuple[TemplateError, ...]


def children_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside `node`, in the order of the text."""
    get = _CHILDREN.get(type(node))
    return () if get is None else get(node)


# A look-up by class, because trees are walked more often than they are made.
_CHILDREN: dict[type[Node], Callable[[Any], tuple[Node, ...]]] = {
    Template: attrgetter("children"),
    Tag: lambda tag: tag.items + tag.children,
    Attribute: lambda attribute: () if attribute.value is None else (attribute.value,),
    Quoted: attrgetter("parts"),
    HtmlComment: attrgetter("children"),
    EexBlock: lambda block: block.clauses if block.end is None else (*block.clauses, block.end),
    Clause: attrgetter("children"),
}


def walk(node: Node) -> Iterator[Node]:
    """`node` and every node below it, in the order of the text."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        get = _CHILDREN.get(type(node))
        if get is not None:
            stack.extend(get(node)[::-1])


def path_to(node: Node, offset: int) -> tuple[Node, ...]:
    """The nodes around the byte at `offset`, outermost first; empty if it lies outside `node`."""
    path: list[Node] = []
    inside: Node | None = node if node.span.start <= offset < node.span.end else None
    while inside is not None:
        path.append(inside)
        inside = next(
            (it for it in children_of(inside) if it.span.start <= offset < it.span.end), None
        )
    return tuple(path)


def elixir_pieces(template: Node) -> tuple[Piece, ...]:
    """Every piece of Elixir below `template`, in the order of the text."""
    found: list[Piece] = []
    for node in walk(template):
        kind = _PIECE_KINDS.get(type(node))
        if kind is not None:
            expression: Span = node.expression  # type: ignore[attr-defined]
            if expression.start < expression.end:
                found.append(Piece(kind, expression))
    return tuple(found)


_PIECE_KINDS: dict[type[Node], PieceKind] = {
    Interpolation: PieceKind.INTERPOLATION,
    Clause: PieceKind.CLAUSE,
    EexEnd: PieceKind.BLOCK_END,
    Braces: PieceKind.ATTRIBUTE,
    RootAttribute: PieceKind.ROOT_ATTRIBUTE,
}
