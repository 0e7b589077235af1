"""Helper calls rewritten as HEEx: options as attributes, labels as text or interpolation.

What Phoenix.HTML 3.1 to 4.3 render for a keyword list of attributes, and how LiveView 0.18 to 1.2
read the same attributes on a tag, decides here. Where the two could differ, or the text could not
be read back, the answer is `Unsure` with the reason, and the caller offers no fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lsp_server.syntax.elixir import BinaryOperator
from lsp_server.syntax.literals import (
    QUOTED_CONTENT,
    Atom,
    Boolean,
    Comment,
    Keywords,
    List,
    Nil,
    Quoted,
    QuotedAtom,
    Sigil,
    String,
)
from lsp_server.syntax.node import Node
from lsp_server.text import Span

# Keys whose keyword list Phoenix.HTML spreads over several attributes, joining names with a dash.
SPREAD = frozenset({"aria", "data", "phx"})

_NAME = re.compile(r"[^\s\"'<>/={}:.][^\s\"'<>/={}]*")
_BRACE = re.compile(r"\\[{}]|[{}]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ENTITY = re.compile(r"&(?=#?\w)")
_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">"}


@dataclass(frozen=True, slots=True)
class Unsure:
    """Why something is not rewritten, as the end of a sentence that begins with "because"."""

    reason: str


@dataclass(frozen=True, slots=True)
class HeexAttribute:
    """An attribute to be written; `value` has its quotes or braces, None means the name alone.

    `elements` are those of a value that is a literal list, `stays` says that the formatter breaks
    no line between the braces and the code: literal lists, strings and their concatenation.
    """

    name: str
    value: str | None = None
    elements: tuple[str, ...] = ()
    stays: bool = False

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True)
class AttributeRules:
    """What options mean on the tag that they are written on.

    `renamed` has the attribute that an option becomes, `dropped` the options that become none,
    `reserved` the names that mean something else there. With `keeps_values` the tag is a component
    to which false, nil and atoms must arrive as they are; without it they mean HTML, but for the
    attributes in `kept`.
    With `is_html` the tag is no component: quoted text is HTML there, and `&` must be escaped.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    reserved: frozenset[str] = frozenset()
    keeps_values: bool = False
    kept: frozenset[str] = frozenset()
    is_html: bool = False


def attributes(
    options: Keywords | None, rules: AttributeRules
) -> tuple[HeexAttribute, ...] | Unsure:
    """The attributes that literal options say, in their order."""
    if options is None:
        return ()
    if _has_loose_comment(options):
        return Unsure("a comment stands between the options")
    found: dict[str, HeexAttribute] = {}
    for name, value in _flattened(options, rules):
        if isinstance(value, Unsure):
            return value
        if not _NAME.fullmatch(name):
            return Unsure(f"`{name}` cannot be the name of an attribute")
        written = attribute(name, value, rules)
        if isinstance(written, Unsure):
            return written
        if name in found:
            return Unsure(f"`{name}` is given twice")
        if written is not None:
            found[name] = written
    return tuple(found.values())


def attribute(name: str, value: Node, rules: AttributeRules) -> HeexAttribute | Unsure | None:
    """One attribute; None where the value says that there is none."""
    keeps_values = rules.keeps_values or name in rules.kept
    match value:
        case Boolean(True):
            return HeexAttribute(name)
        case Boolean(False) | Nil() if not keeps_values:
            return None
        case Atom(text) | QuotedAtom(str(text)) if not keeps_values:
            quoted = _in_quotes(text, rules.is_html)
        case String(str(text)) if not value.is_heredoc:
            quoted = _in_quotes(text, rules.is_html, written="\\" not in value.text)
        case _:
            quoted = None
    if quoted is not None:
        return HeexAttribute(name, quoted)
    code = brace_safe(value)
    if isinstance(code, Unsure):
        return code
    if any("\n" in one.text and not one.is_heredoc for one in value.find(Quoted)):
        return Unsure("a string in it runs over several lines")
    return HeexAttribute(name, f"{{{code}}}", _elements(value), _stays(value))


def attribute_name(key: str) -> str:
    """How Phoenix.HTML writes a key: with dashes, `phx_click` as `phx-click`."""
    return key.replace("_", "-")


def body(label: Node, *, curly: bool) -> str | Unsure:
    """A label as what stands between tags: plain text as text, all else as an interpolation.

    `curly`: braces interpolate there (LiveView 1.0 and no `phx-no-curly-interpolation` around).
    """
    match label:
        case Nil():
            return ""
        case String(str(text)) if not text or (text.strip() and not _CONTROL.search(text)):
            if "<%" not in text:
                return escaped(text, curly=curly)
    return interpolation(label, curly=curly)


def escaped(text: str, *, curly: bool) -> str:
    """Text as it must be written between tags to be shown as it is."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if curly:
        text = text.replace("{", "&lbrace;").replace("}", "&rbrace;")
    return text


def interpolation(expression: Node, *, curly: bool) -> str | Unsure:
    """An expression between tags, `{x}` where braces interpolate, else `<%= x %>`."""
    if curly:
        code = brace_safe(expression)
        if not isinstance(code, Unsure):
            return f"{{{code}}}"
    code = expression.text
    if expression.has_error:
        return Unsure("its code is not complete")
    if "%>" in code or "<%" in code:
        return Unsure("its code holds an EEx tag")
    return f"<%= {code} %>"


def brace_safe(expression: Node) -> str | Unsure:
    """Code that can stand in braces: LiveView counts them blindly, also those in strings.

    Braces in strings that do not pair up are written `\\{`, which Elixir reads as a brace.
    """
    if expression.has_error:
        return Unsure("its code is not complete")
    code = expression.text
    if "<%" in code:  # EEx is split off first, also inside strings
        return Unsure("its code holds an EEx tag")
    if balanced(code):
        return code
    code = _with_escaped_braces(expression)
    if balanced(code):
        return code
    return Unsure("its braces do not pair up")


def balanced(code: str) -> bool:
    """Whether braces pair up as LiveView counts them."""
    depth = 0
    for match in _BRACE.finditer(code):
        if len(match[0]) == 1:
            depth += 1 if match[0] == "{" else -1
            if depth < 0:
                return False
    return depth == 0


def ends_sigil(sigil: Sigil | None, text: str) -> bool:
    """Whether text written into a template sigil would end it."""
    if sigil is None:
        return False
    delimiter = sigil.delimiter
    return _CLOSERS.get(delimiter, delimiter) in text


def _flattened(options: Keywords, rules: AttributeRules) -> Iterator[tuple[str, Node | Unsure]]:
    """Names and values, those of `data: [confirm: …]` as `data-confirm`."""
    pending = [("", pair) for pair in reversed(options.pairs)]
    while pending:
        prefix, pair = pending.pop()
        key, value = pair.key, pair.value
        if not prefix and key in rules.dropped:
            continue
        name = prefix + attribute_name(key)
        if not prefix:
            name = rules.renamed.get(key, name)
            if key not in rules.renamed and name in rules.reserved:
                yield name, Unsure(f"`{name}` means something else there")
                continue
        if value is None or pair.has_error:
            yield name, Unsure("its options are not complete")
        elif isinstance(value, List) and (prefix or key in SPREAD):
            if value.is_keyword_list and value.keywords:
                pending += [(f"{name}-", one) for one in reversed(value.keywords.pairs)]
            elif value.elements:
                yield name, Unsure(f"`{key}:` is not a literal list of options")
        elif key in SPREAD and not prefix and not isinstance(value, String):
            yield name, Unsure(f"`{key}:` is not a literal list of options")
        else:
            yield name, value


def _has_loose_comment(options: Keywords) -> bool:
    """Whether a comment stands outside of the values, where it would be lost."""
    comments = [node.span for node in options.find(Comment)]
    if not comments:
        return False
    values = [value.span for pair in options.pairs if (value := pair.value) is not None]
    return not all(any(value.covers(comment) for value in values) for comment in comments)


def _elements(value: Node) -> tuple[str, ...]:
    """The elements of a literal list as they are written."""
    if not isinstance(value, List):
        return ()
    nested = (one.pairs if isinstance(one, Keywords) else [one] for one in value.elements)
    return tuple(one.text for group in nested for one in group)


def _stays(value: Node) -> bool:
    if isinstance(value, BinaryOperator):
        return value.operator == "<>"
    return isinstance(value, (List, String))


def _in_quotes(text: str, is_html: bool, *, written: bool = False) -> str | None:
    """The text as a quoted value if it can be one; line breaks only where they are `written`."""
    if (_CONTROL.search(text) and not written) or '"' in text or "<%" in text:
        return None
    return f'"{_ENTITY.sub("&amp;", text) if is_html else text}"'


def _with_escaped_braces(expression: Node) -> str:
    """The code with a backslash before each brace in the text of strings and charlists."""
    holes: list[Span] = []
    for quoted in expression.find(Quoted):
        if isinstance(quoted, Sigil):  # each reads a backslash in its own way
            continue
        holes += [
            Span(raw.start_byte, raw.end_byte)
            for raw in quoted.raw.named_children
            if raw.kind_id == QUOTED_CONTENT
        ]
    source, parts, at = expression.tree.source, [], expression.start
    for hole in sorted(holes):
        content = hole.slice(source).replace(b"{", rb"\{").replace(b"}", rb"\}")
        parts += [source[at : hole.start], content]
        at = hole.end
    return b"".join([*parts, source[at : expression.end]]).decode("utf-8", "replace")
