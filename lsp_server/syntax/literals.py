"""Views of literals: strings, sigils, atoms, numbers, lists, tuples, keywords and maps."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lsp_server.syntax.node import Node, RawNode, Tree, cast, caster, field_id, kind_id, view
from lsp_server.text import Span

KEY = field_id("key")
VALUE = field_id("value")
QUOTED_START = field_id("quoted_start")
QUOTED_END = field_id("quoted_end")
QUOTED_CONTENT = kind_id("quoted_content")
ESCAPE = kind_id("escape_sequence")
INTERPOLATION = kind_id("interpolation")
KEYWORDS = kind_id("keywords")
PAIR = kind_id("pair")

_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "s": " ",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "d": "\x7f",
    "e": "\x1b",
    "f": "\f",
    "v": "\v",
}
_HEX = re.compile(r"\\[xu](?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2,4}))")


def unescape(written: str) -> str:
    """The character that an escape sequence stands for; an escaped line break stands for none."""
    numbered = _HEX.fullmatch(written)
    if numbered:
        code = int(numbered[1] or numbered[2], 16)
        return chr(code) if code < 0x110000 else ""
    if written in ("\\\n", "\\\r\n"):
        return ""
    return _ESCAPES.get(written[1:], written[1:])


@view("interpolation")
class StringInterpolation(Node):
    """`#{expression}` inside a quoted literal."""

    __slots__ = ()

    @property
    def expression(self) -> Node | None:
        """The first expression between the braces; None for `#{}`."""
        return next(iter(self.children), None)


class Quoted(Node):
    """Anything between quotes: parts are text or interpolations."""

    __slots__ = ()

    @property
    def content(self) -> Span:
        """The bytes between the quotes."""
        first = self.raw.child_by_field_id(QUOTED_START)
        last = self.raw.child_by_field_id(QUOTED_END)
        start = first.end_byte if first is not None else self.raw.start_byte
        return Span(start, max(start, last.start_byte if last is not None else self.raw.end_byte))

    @property
    def delimiter(self) -> str:
        """The opening quote as written."""
        first = self.raw.child_by_field_id(QUOTED_START)
        if first is None:
            return ""
        return self.tree.source[first.start_byte : first.end_byte].decode("utf-8", "replace")

    @property
    def is_heredoc(self) -> bool:
        """Whether the literal is written over several lines between triple quotes."""
        return len(self.delimiter) == 3

    @property
    def parts(self) -> list[str | StringInterpolation]:
        """The value in order: text with its escapes resolved, and interpolations."""
        parts: list[str | StringInterpolation] = []
        for raw in self.raw.named_children:
            if raw.kind_id == INTERPOLATION:
                parts.append(StringInterpolation(raw, self.tree))
                continue
            if raw.kind_id not in (QUOTED_CONTENT, ESCAPE):
                continue
            text = self.tree.source[raw.start_byte : raw.end_byte].decode("utf-8", "replace")
            if raw.kind_id == ESCAPE:
                text = unescape(text)
            if parts and isinstance(parts[-1], str):
                parts[-1] += text
            else:
                parts.append(text)
        return parts

    @property
    def interpolations(self) -> list[StringInterpolation]:
        """The interpolations in order."""
        return [part for part in self.parts if isinstance(part, StringInterpolation)]

    @property
    def value(self) -> str | None:
        """The text, or None where it is interpolated. A heredoc keeps its indentation."""
        parts = self.parts
        if not parts:
            return ""
        first = parts[0]
        return first if len(parts) == 1 and isinstance(first, str) else None


@view("string")
class String(Quoted):
    """`"…"` or a heredoc."""

    __slots__ = ()
    __match_args__ = ("value",)


@view("charlist")
class Charlist(Quoted):
    """`'…'`."""

    __slots__ = ()
    __match_args__ = ("value",)


@view("sigil")
class Sigil(Quoted):
    """`~p"…"`, `~H\"\"\"…\"\"\"`, `~w(…)a`."""

    __slots__ = ()
    __match_args__ = ("name", "value")

    @property
    def name(self) -> str:
        """The letters after the tilde."""
        for raw in self.raw.named_children:
            if raw.type == "sigil_name":
                return self.tree.source[raw.start_byte : raw.end_byte].decode()
        return ""

    @property
    def modifiers(self) -> str:
        """The letters after the closing delimiter."""
        for raw in self.raw.named_children:
            if raw.type == "sigil_modifiers":
                return self.tree.source[raw.start_byte : raw.end_byte].decode()
        return ""


@view("atom")
class Atom(Node):
    """`:name`."""

    __slots__ = ()
    __match_args__ = ("name",)

    @property
    def name(self) -> str:
        """The atom without its colon."""
        return self.text[1:]


@view("quoted_atom")
class QuotedAtom(Quoted):
    """`:"…"`."""

    __slots__ = ()
    __match_args__ = ("name",)

    @property
    def name(self) -> str | None:
        """The atom's name, or None where it is interpolated."""
        return self.value


@view("boolean")
class Boolean(Node):
    """`true` or `false`."""

    __slots__ = ()
    __match_args__ = ("value",)

    @property
    def value(self) -> bool:
        """Which of the two."""
        return self.bytes == b"true"


@view("nil")
class Nil(Node):
    """`nil`."""

    __slots__ = ()


@view("integer")
class Integer(Node):
    """An integer in any base."""

    __slots__ = ()
    __match_args__ = ("value",)

    @property
    def value(self) -> int | None:
        """The number, None where the text is none."""
        try:
            return int(self.text.replace("_", ""), 0)
        except ValueError:
            digits = self.text.replace("_", "")
            return int(digits) if digits.isdecimal() else None


@view("float")
class Float(Node):
    """A floating-point number."""

    __slots__ = ()


@view("char")
class Char(Node):
    """`?a`."""

    __slots__ = ()


@view("comment")
class Comment(Node):
    """`# …` to the end of the line."""

    __slots__ = ()


@view("list")
class List(Node):
    """`[…]`; keyword pairs at the end are in `elements` as one `Keywords`."""

    __slots__ = ()
    __match_args__ = ("elements",)

    @property
    def elements(self) -> list[Node]:
        """The elements."""
        return self.children

    @property
    def keywords(self) -> Keywords | None:
        """The pairs that the list ends in."""
        children = self.children
        last = children[-1] if children else None
        return last if isinstance(last, Keywords) else None

    @property
    def is_keyword_list(self) -> bool:
        """Whether the list holds nothing but keyword pairs."""
        children = self.children
        return len(children) == 1 and isinstance(children[0], Keywords)


@view("tuple")
class Tuple(Node):
    """`{…}`."""

    __slots__ = ()
    __match_args__ = ("elements",)

    @property
    def elements(self) -> list[Node]:
        """The elements."""
        return self.children


@view("bitstring")
class Bitstring(Node):
    """`<<…>>`."""

    __slots__ = ()


@view("pair")
class Pair(Node):
    """`key: value`."""

    __slots__ = ()
    __match_args__ = ("key", "value")

    @property
    def key(self) -> str:
        """The key without its colon; of a quoted key what is between the quotes."""
        raw = self.raw.child_by_field_id(KEY)
        if raw is None:
            return ""
        written = self.tree.source[raw.start_byte : raw.end_byte].decode("utf-8", "replace")
        return written.rstrip().removesuffix(":").strip('"')

    @property
    def key_span(self) -> Span:
        """The key with its colon, without the blank after it."""
        raw = self.raw.child_by_field_id(KEY)
        if raw is None:
            return Span(self.raw.start_byte, self.raw.start_byte)
        written = self.tree.source[raw.start_byte : raw.end_byte]
        return Span(raw.start_byte, raw.start_byte + len(written.rstrip()))

    @property
    def value(self) -> Node | None:
        """The value; None in broken code."""
        raw = self.raw.child_by_field_id(VALUE)
        return None if raw is None else cast(raw, self.tree)


@view("keywords")
class Keywords(Node):
    """`a: 1, b: 2`, in brackets or at the end of arguments."""

    __slots__ = ()
    __match_args__ = ("values",)

    @property
    def pairs(self) -> list[Pair]:
        """The pairs in order."""
        return [Pair(raw, self.tree) for raw in self.raw.named_children if raw.kind_id == PAIR]

    @property
    def values(self) -> Mapping[str, Node]:
        """Values by key; the first of a doubled key counts, as in `Keyword.get/2`."""
        found: dict[str, Node] = {}
        for pair in self.pairs:
            value = pair.value
            if value is not None:
                found.setdefault(pair.key, value)
        return found

    def pair(self, key: str) -> Pair | None:
        """The first pair of a key."""
        return next((pair for pair in self.pairs if pair.key == key), None)

    def get(self, key: str) -> Node | None:
        """The value of a key."""
        pair = self.pair(key)
        return None if pair is None else pair.value


MAP_CONTENT = kind_id("map_content")
STRUCT = kind_id("struct")


@view("map")
class Map(Node):
    """`%{…}`, `%{x | …}` and `%Name{…}`."""

    __slots__ = ()

    @property
    def struct(self) -> Node | None:
        """What stands between `%` and `{`."""
        for raw in self.raw.named_children:
            if raw.kind_id == STRUCT:
                below = raw.named_children
                return cast(below[0], self.tree) if below else None
        return None

    @property
    def elements(self) -> list[Node]:
        """The entries: `Keywords`, `BinaryOperator` of `=>`, or one of `|`."""
        for raw in self.raw.named_children:
            if raw.kind_id == MAP_CONTENT:
                return [cast(one, self.tree) for one in raw.named_children if not one.is_extra]
        return []

    @property
    def keywords(self) -> Keywords | None:
        """The `key: value` entries, also those after `|`."""
        for element in self.elements:
            if isinstance(element, Keywords):
                return element
            for below in element.children:
                if isinstance(below, Keywords):
                    return below
        return None


@caster("quoted_keyword")
def _quoted_keyword(raw: RawNode, tree: Tree) -> Node:
    return Quoted(raw, tree)
