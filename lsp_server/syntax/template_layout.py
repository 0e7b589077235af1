"""How LiveView's formatter lays out a tag, and text that moves with it.

States what `Phoenix.LiveView.HTMLFormatter` of LiveView 0.18 to 1.2 does with one tag: attributes
stand on the tag's line while all fits into 98 columns, else one on a line, two columns deeper; a
tag with one attribute never breaks before it; the contents of `<pre>` and `<textarea>` stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Charlist, Sigil, String
from lsp_server.syntax.template_edits import HeexAttribute
from lsp_server.text import LineIndex, Span, line_ending

LINE_LENGTH = 98
STEP = "  "
_VERBATIM = frozenset({"pre", "textarea"})
_CLOSES = (")", "]", "}", "end", '"""', "'''")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tag is written.

    `indent` are the blanks at the start of its line. `column` is where the tag begins and `margin`
    how wide `indent` is, both in characters as the formatter counts them: in a heredoc from the
    column of its closing quotes.
    """

    indent: str = ""
    column: int = 0
    margin: int = 0
    newline: str = "\n"


def place_of(layer: TemplateLayer, lines: LineIndex, offset: int) -> Place:
    """The place of a tag that begins at a byte offset of a template."""
    indent = lines.indentation(offset).decode()
    start = lines.line_span(lines.line_at(offset)).start
    edge = 0
    if layer.sigil is not None and layer.sigil.is_heredoc:
        edge = len(lines.indentation(layer.sigil.content.end))
    elif layer.sigil is not None:  # the formatter sees what stands between the delimiters
        start = max(start, layer.span.start)
    column = len(lines.source[start:offset].decode("utf-8", "replace")) - edge
    return Place(indent, max(column, 0), max(len(indent) - edge, 0), line_ending(lines.source))


def following(lines: LineIndex, offset: int) -> int:
    """How many characters follow a byte offset before a place where its line may be broken.

    Such a place are the blanks between a tag or expression and what is next to it, not those
    between words.
    """
    end = lines.line_span(lines.line_at(offset)).end
    rest = lines.source[offset:end].decode("utf-8", "replace").rstrip()
    depth = 0
    for at, char in enumerate(rest):
        if char in "<{":
            depth += 1
        elif char in ">}":
            depth -= 1
        elif char in " \t" and depth == 0:
            if at == 0 or rest[at - 1] in ">}" or rest[at + 1 : at + 2] in ("<", "{"):
                return at
    return len(rest)


def opening_tag(
    name: str,
    attributes: Sequence[HeexAttribute],
    place: Place,
    *,
    follows: int = 0,
    self_closing: bool = False,
) -> str:
    """An opening tag; `follows` is the number of characters after it on its line.

    Code in attributes is not formatted, only moved to where its line begins.
    """
    end = " />" if self_closing else ">"
    line = " ".join([f"<{name}", *map(str, attributes)])
    # What follows counts only where the line could end before the `>`.
    room = LINE_LENGTH - place.column - (len(end) + follows if len(attributes) > 1 else 0)
    whole = not any(_is_broken(one) for one in attributes)
    if not attributes or (whole and _width(line) <= room):
        return line + end
    if len(attributes) == 1:
        return f"<{name} {_broken(attributes[0], place.indent, place.newline)}{end}"
    inner = place.indent + STEP
    room = LINE_LENGTH - place.margin - len(STEP)
    rows = [f"<{name}"]
    for one in attributes:
        fits = not _is_broken(one) and _width(str(one)) <= room
        rows.append(inner + (str(one) if fits else _broken(one, inner, place.newline)))
    rows.append(place.indent + end.lstrip())
    return place.newline.join(rows)


def element(
    name: str,
    attributes: Sequence[HeexAttribute],
    body: str,
    place: Place,
    *,
    follows: int = 0,
) -> str:
    """A tag with its contents and its closing tag, for contents that begin right behind it."""
    closing = f"</{name}>"
    first, broken, _ = body.partition("\n")
    behind = len(first.rstrip()) if broken else len(body + closing) + follows
    return opening_tag(name, attributes, place, follows=behind) + body + closing


def moved(code: str, indent: str, newline: str = "\n") -> str:
    """Code of several lines as it stands where its first line begins behind `indent`."""
    lines = code.replace("\r\n", "\n").split("\n")
    if len(lines) == 1:
        return code
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    least = min(margins, default=0)
    deeper = "" if lines[-1].lstrip().startswith(_CLOSES) and margins[-1] == least else STEP
    rest = [indent + deeper + line[least:] if line.strip() else "" for line in lines[1:]]
    return newline.join([lines[0], *rest])


def shifted(source: bytes, span: Span, by: int, verbatim: Iterable[Span] = ()) -> str:
    """The text of a span with `by` columns more (or fewer) before each line but its first.

    Lines that begin in a `verbatim` span stay, lines of blanks too.
    """
    fixed = sorted(verbatim)
    parts: list[str] = []
    at = span.start
    for line in re.split(r"(?<=\n)", span.slice(source).decode("utf-8", "replace")):
        if at == span.start or not line.strip() or any(one.start < at <= one.end for one in fixed):
            parts.append(line)
        elif by >= 0:
            parts.append(" " * by + line)
        else:
            blanks = len(line) - len(line.lstrip(" \t"))
            parts.append(line[min(-by, blanks) :])
        at += len(line.encode())
    return "".join(parts)


def verbatim_spans(layer: TemplateLayer, span: Span) -> list[Span]:
    """What must not be indented anew inside `span`: `<pre>`, quoted values, strings of Elixir."""
    found: list[Span] = []
    for node in heex.walk(layer.template):
        if isinstance(node, heex.Quoted):
            found.append(node.span)
        elif isinstance(node, heex.Tag) and (
            node.name in _VERBATIM or node.attribute("phx-no-format") is not None
        ):
            found.append(node.inner)
    for view in (String, Charlist, Sigil):
        found += [quoted.content for quoted in layer.index.nodes(view) if not quoted.is_heredoc]
    return [one for one in found if span.touches(one) and b"\n" in one.slice(layer.source)]


def _width(text: str) -> int:
    return len(text.encode())  # as the formatter counts what stands in a tag


def _is_code(attribute: HeexAttribute) -> bool:
    return attribute.value is not None and attribute.value.startswith("{")


def _is_broken(attribute: HeexAttribute) -> bool:
    """Whether code of the attribute runs over several lines."""
    return _is_code(attribute) and "\n" in str(attribute)


def _broken(attribute: HeexAttribute, indent: str, newline: str) -> str:
    """An attribute that begins behind `indent`, as it stands when its line is too short for it."""
    if not _is_code(attribute) or attribute.value is None:
        return str(attribute)
    name, code = attribute.name, attribute.value[1:-1]
    if attribute.elements and "\n" not in code:
        rows = f",{newline}{indent}{STEP}".join(attribute.elements)
        return f"{name}={{[{newline}{indent}{STEP}{rows}{newline}{indent}]}}"
    if attribute.stays:
        return f"{name}={{{moved(code, indent, newline)}}}"
    inner = indent + STEP
    return f"{name}={{{newline}{inner}{moved(code, inner, newline)}{newline}{indent}}}"
