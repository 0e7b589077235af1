"""Template bytes to tokens, by the rules of LiveView 1.2's own tokenizer.

EEx has been split off before (`eex.split`). Everything runs in linear time: what is searched for
and not found is not searched for again, and nested braces are matched once for a whole template.

Outside HEEx the same scanner reads plain HTML: no braces, bare attribute values, no errors, and a
`<` that no letter follows is text. In HEEx it departs from LiveView in one thing: a `<` does not
belong to a name, so that a tag whose `>` has not been typed yet ends before the next one.
"""

from __future__ import annotations

import re
from enum import IntEnum

from lsp_server.syntax import heex_patterns as patterns
from lsp_server.syntax.braces import matching_braces
from lsp_server.syntax.eex import EexTag, Role
from lsp_server.syntax.heex import Dialect, ErrorKind, TemplateError
from lsp_server.text import Span


class Kind(IntEnum):
    """What a token is."""

    TEXT = 0
    EEX = 1  # stands for the next of the EEx tags
    CURLY = 2
    OPEN = 3  # `<name`; then FLAG, NAME, ROOT or EEX any number of times, then one of TAG_*
    FLAG = 4  # an attribute without a value
    NAME = 5  # an attribute's name; then QUOTED, BRACES or VALUE
    QUOTED = 6  # a value with its quotes, or a bare one, without EEx
    BRACES = 7
    VALUE = 8  # the quote that opens a value, or nothing; then TEXT and EEX, then VALUE_END
    VALUE_END = 9
    ROOT = 10
    TAG_END = 11
    TAG_SELF_CLOSE = 12
    TAG_BROKEN_OFF = 13
    CLOSE = 14
    COMMENT = 15  # `<!--`; then TEXT and EEX, then COMMENT_END
    COMMENT_END = 16


Token = tuple[Kind, int, int]
"""Kind, start and end in bytes of the document."""

# Looking a member up in the class takes as long as the rest of a step.
TEXT, EEX, CURLY, OPEN, FLAG, NAME, QUOTED, BRACES, VALUE, VALUE_END = tuple(Kind)[:10]
ROOT, TAG_END, TAG_SELF_CLOSE, TAG_BROKEN_OFF, CLOSE, COMMENT, COMMENT_END = tuple(Kind)[10:]


def tokenize(
    source: bytes, span: Span, eex: list[EexTag], dialect: Dialect, curly: bool = True
) -> tuple[list[Token], list[TemplateError]]:
    """The tokens of `span` in `source`, and what LiveView's tokenizer refuses there.

    `eex` are the EEx tags in `span`. Without `curly`, braces outside of tags are text.
    """
    scanner = _Scanner(source, span, eex, dialect is Dialect.HEEX, curly)
    scanner.scan()
    return scanner.tokens, scanner.errors


class _Scanner:
    """The state of one scan. Methods that read something return the offset behind it."""

    def __init__(
        self, source: bytes, span: Span, eex: list[EexTag], strict: bool, curly: bool
    ) -> None:
        self.source = source
        self.span = span
        self.end = span.end
        self.eex = eex
        self.strict = strict
        self.curly = curly and strict
        self.patterns = patterns.HEEX if strict else patterns.HTML
        self.tokens: list[Token] = []
        self.errors: list[TemplateError] = []
        # The next EEx tag: its index and its start.
        self.index = 0
        self.next_eex = eex[0].start if eex else self.end
        # How many EEx blocks began in this opening tag: their clauses and ends are no new errors.
        self.blocks_in_tag = 0
        # Where the text that has not become a token yet begins.
        self.pending = span.start
        # What ends a text, and how many tags are open from the one on that switched braces off.
        self.stop = patterns.TEXT_STOP if self.curly else patterns.PLAIN_STOP
        self.plain_depth = 0
        self.may_be_plain = self.curly and patterns.NO_CURLY in source
        # What is not in the rest of the text, and what comes next or not until where.
        self.absent: set[bytes] = set()
        self.nearest: dict[bytes, tuple[int, bool]] = {}
        self.braces: dict[int, int] | None = None

    def scan(self) -> None:
        source, at, end = self.source, self.span.start, self.end
        while at < end:
            match = self.stop.search(source, at, end)
            if match is None:
                break
            here = match.start()
            if here == self.next_eex:
                self.flush(here)
                at = self.pending = self.take_eex()
            elif source[here] == 0x7B:
                at = self.interpolation(here)
            else:
                follower = source[here + 1] if here + 1 < end else 0
                if follower == 0x2F:
                    at = self.closing_tag(here)
                elif follower == 0x21:
                    at = self.declaration(here)
                elif follower == 0x25:
                    at = here + 2
                else:
                    at = self.opening_tag(here)
        self.flush(end)

    def flush(self, until: int) -> None:
        """Make a token of the text before `until`."""
        if self.pending < until:
            self.tokens.append((TEXT, self.pending, until))

    def error(self, kind: ErrorKind, start: int, end: int) -> None:
        if self.strict:
            name = self.source[start:end].decode("utf-8", "replace")
            self.errors.append(TemplateError(kind, Span(start, end), name))

    # EEx and text

    def take_eex(self) -> int:
        tag = self.eex[self.index]
        self.tokens.append((EEX, tag.start, tag.end))
        self.index += 1
        self.next_eex = self.eex[self.index].start if self.index < len(self.eex) else self.end
        return tag.end

    def take_eex_in_tag(self) -> int:
        tag = self.eex[self.index]
        if tag.role is Role.START:
            self.blocks_in_tag += 1
        if tag.role not in (Role.MIDDLE, Role.END) or not self.blocks_in_tag:
            self.error(ErrorKind.EEX_IN_TAG, tag.start, tag.end)
        return self.take_eex()

    def content(self, at: int, until: int, in_tag: bool = False) -> None:
        """Make tokens of text and EEx only."""
        while self.next_eex < until:
            if at < self.next_eex:
                self.tokens.append((TEXT, at, self.next_eex))
            at = self.take_eex_in_tag() if in_tag else self.take_eex()
        if at < until:
            self.tokens.append((TEXT, at, until))

    def find_outside_eex(self, needle: bytes, at: int) -> int:
        """The next place of `needle` that is not in an EEx tag, or -1."""
        if needle in self.absent:
            return -1
        tags, index = self.eex, self.index
        while (found := self.source.find(needle, at, self.end)) >= 0:
            while index < len(tags) and tags[index].end <= found:
                index += 1
            if index == len(tags) or found < tags[index].start:
                return found
            at = tags[index].end
        self.absent.add(needle)
        return -1

    def find_before_eex(self, pattern: re.Pattern[bytes], at: int) -> int:
        """The next place of `pattern` before the next EEx tag, or -1."""
        place, found = self.nearest.get(pattern.pattern, (-1, False))
        if at > place or (not found and at == place):
            match = pattern.search(self.source, at, self.next_eex)
            place, found = (self.next_eex, False) if match is None else (match.start(), True)
            self.nearest[pattern.pattern] = place, found
        return place if found else -1

    def closing_brace(self, here: int) -> int:
        """The offset behind the brace that closes the one at `here`, or -1."""
        simple = patterns.SIMPLE_BRACES.match(self.source, here, self.end)
        if simple is not None:
            return simple.end()
        if self.braces is None:
            borders = [self.span.start, *(at for tag in self.eex for at in tag[:2]), self.end]
            segments = map(Span, borders[::2], borders[1::2])
            self.braces = matching_braces(self.source, segments)
        return self.braces.get(here, -2) + 1

    # Between tags

    def interpolation(self, here: int) -> int:
        close = self.closing_brace(here)
        if close < 0:
            self.error(ErrorKind.UNCLOSED_BRACE, here, here + 1)
            return here + 1
        self.flush(here)
        self.tokens.append((CURLY, here, close))
        self.pending = close
        return close

    def declaration(self, here: int) -> int:
        """`<!--`, `<!doctype` or anything else that begins with `<!`."""
        if self.source.startswith(b"<!--", here, self.end):
            close = self.find_outside_eex(b"-->", here + 4)
            if close < 0:
                self.error(ErrorKind.UNCLOSED_COMMENT, here, here + 4)
                return here + 4
            self.flush(here)
            self.tokens.append((COMMENT, here, here + 4))
            self.content(here + 4, close)
            self.tokens.append((COMMENT_END, close, close + 3))
            self.pending = close + 3
            return close + 3
        if self.source.startswith((b"<!doctype", b"<!DOCTYPE"), here, self.end):
            close = self.find_before_eex(patterns.ANGLE, here + 9)
            if close < 0:
                self.error(ErrorKind.UNCLOSED_DOCTYPE, here, here + 9)
                return here + 9
            return close + 1
        return self.opening_tag(here) if self.strict else here + 2

    def closing_tag(self, here: int) -> int:
        match = self.patterns.closing.match(self.source, here, self.end)
        if match is None:
            self.error(ErrorKind.MISSING_TAG_NAME, here, min(here + 2, self.end))
            return here + 1
        if match.lastindex != 2:
            self.error(ErrorKind.MALFORMED_CLOSING_TAG, here, match.end())
        self.flush(here)
        self.tokens.append((CLOSE, here, match.end()))
        if self.plain_depth:
            self.plain_depth -= 1
            self.stop = patterns.PLAIN_STOP if self.plain_depth else patterns.TEXT_STOP
        self.pending = match.end()
        return match.end()

    # Opening tags

    def opening_tag(self, here: int) -> int:
        source, end, tokens = self.source, self.end, self.tokens
        opening = self.patterns.opening.match(source, here, end)
        if opening is None:
            self.error(ErrorKind.MISSING_TAG_NAME, here, here + 1)
            return here + 1
        self.flush(here)
        self.blocks_in_tag = 0
        name, at = opening[1], opening.end()
        tokens.append((OPEN, here, at))
        match_item = self.patterns.item.match
        plain = False
        while True:
            item = match_item(source, at, end)
            if item is None:
                after = self.odd_item(at)
                if after < 0:
                    break
                at = after
                continue
            group, at = item.lastindex, item.end()
            if group == 5:
                break
            if self.may_be_plain and item[1] == patterns.NO_CURLY:
                plain = name not in patterns.RAW_TAGS
            if group == 3 and (source[at - 2] != 0x3D or b"\n" not in item[3]):
                tokens.append((NAME, *item.span(1)))
                tokens.append((QUOTED, item.start(3), at))
            elif group == 4:
                tokens.append((NAME, *item.span(1)))
                tokens.append((BRACES if self.strict else QUOTED, item.start(4), at))
            elif group == 1:
                tokens.append((FLAG, *item.span(1)))
            else:
                at = self.value(item)
        self.pending = at
        if item is None:
            self.error(ErrorKind.UNFINISHED_TAG, here + 1, opening.end())
            tokens.append((TAG_BROKEN_OFF, at, at))
        elif item.start(5) < at - 1:
            tokens.append((TAG_SELF_CLOSE, at - 2, at))
        else:
            tokens.append((TAG_END, at - 1, at))
            self.enter(name, at, plain)
        return self.pending

    def enter(self, name: bytes, at: int, plain: bool) -> None:
        """Take note of what the contents of a tag are, and read them if they are text only."""
        if name in self.patterns.void:
            return
        if self.plain_depth or plain:
            self.plain_depth += 1
            self.stop = patterns.PLAIN_STOP
        if name in patterns.RAW_TAGS:
            close = self.find_outside_eex(patterns.RAW_TAGS[name], at)
            self.pending = close if close >= 0 else self.end
            self.content(at, self.pending)

    def odd_item(self, at: int) -> int:
        """Something that is no attribute, or -1 if the tag breaks off."""
        here = patterns.BLANKS.match(self.source, at, self.end).end()  # type: ignore[union-attr]
        if here == self.end:
            return -1
        if here == self.next_eex:
            return self.take_eex_in_tag()
        match self.source[here : here + 1]:
            case b"{":
                return self.braces_in_tag(here, ROOT)
            case b"}":
                self.error(ErrorKind.STRAY_BRACE, here, here + 1)
            case b'"' | b"'":
                self.error(ErrorKind.STRAY_QUOTE, here, here + 1)
            case b"/":
                self.error(ErrorKind.MISSING_ATTRIBUTE_NAME, here, here + 1)
            case b"=":
                self.error(ErrorKind.MISSING_ATTRIBUTE_NAME, here, here + 1)
                value = patterns.STRAY_VALUE.match(self.source, here, self.end)
                return value.end() if value else here + 1
            case _:
                return -1
        return here + 1

    def value(self, item: re.Match[bytes]) -> int:
        """The value behind a name and `=`: one with EEx, nested braces or an error in it."""
        at = item.end(2)
        at = patterns.BLANKS.match(self.source, at, self.end).end()  # type: ignore[union-attr]
        first = self.source[at : at + 1] if at < self.end else b""
        if first == b'"' or first == b"'":
            self.tokens.append((NAME, *item.span(1)))
            return self.quoted_value(at, first)
        if first == b"{" and self.strict:
            self.tokens.append((NAME, *item.span(1)))
            return self.braces_in_tag(at, BRACES)
        bare = self.patterns.bare.match(self.source, at, self.end)
        if at != self.next_eex or at == self.end:
            self.error(ErrorKind.MISSING_ATTRIBUTE_VALUE, *item.span(2))
            if bare is None:
                self.tokens.append((FLAG, *item.span(1)))
                return item.end(2)
        self.tokens.append((NAME, *item.span(1)))
        self.tokens.append((VALUE, at, at))
        while bare is not None or at == self.next_eex < self.end:
            if bare is None:
                at = self.take_eex_in_tag()
            else:
                at = bare.end()
                self.tokens.append((TEXT, *bare.span()))
            bare = self.patterns.bare.match(self.source, at, self.end)
        self.tokens.append((VALUE_END, at, at))
        return at

    def quoted_value(self, at: int, quote: bytes) -> int:
        close = self.find_outside_eex(quote, at + 1)
        self.tokens.append((VALUE, at, at + 1))
        if close < 0 or self.runs_into_next_attribute(at, close):
            self.error(ErrorKind.UNCLOSED_QUOTE, at, at + 1)
            close = self.likely_end(at + 1)
            self.content(at + 1, close)
            self.tokens.append((VALUE_END, close, close))
            return close
        self.content(at + 1, close, in_tag=True)
        self.tokens.append((VALUE_END, close, close + 1))
        return close + 1

    def runs_into_next_attribute(self, at: int, close: int) -> bool:
        """Whether a quote rather opens the value of a later line's attribute than to close ours.

        LiveView refuses such a text too, but where the next value ends.
        """
        source = self.source
        return (
            source[close - 1] == 0x3D
            and source[close + 1 : close + 2] not in (b" ", b"\t", b"\n", b"\r", b">", b"/", b"")
            and source.find(b"\n", at, close) >= 0
        )

    def braces_in_tag(self, here: int, kind: Kind) -> int:
        close = self.closing_brace(here)
        if close < 0:
            self.error(ErrorKind.UNCLOSED_BRACE, here, here + 1)
            close = self.likely_braces_end(here + 1)
        self.tokens.append((kind, here, close))
        return close

    def likely_braces_end(self, at: int) -> int:
        """Where braces that never close should have: at a `}` before a blank on the same line."""
        close = self.find_before_eex(patterns.BRACES_END, at)
        limit = self.find_before_eex(patterns.LINE_END_OR_TAG, at)
        return close + 1 if 0 <= close < limit or limit < 0 <= close else self.likely_end(at)

    def likely_end(self, at: int) -> int:
        """Where something in a tag that never closes gives way to what follows."""
        places = [
            self.find_before_eex(patterns.ANGLE, at),
            self.find_before_eex(patterns.LINE_END_OR_TAG, at),
        ]
        return min((place for place in places if place >= 0), default=self.next_eex)
