"""What LiveView's parser refuses, in words."""

from __future__ import annotations

from lsp_server.lint.finding import Edit
from lsp_server.syntax import heex
from lsp_server.syntax.heex import ErrorKind, TemplateError
from lsp_server.text import LineIndex, Span, line_ending

_SAID = {
    ErrorKind.UNCLOSED_EEX: "`<%` is never closed by `%>`",
    ErrorKind.UNCLOSED_BLOCK: "the block `{name}` has no `<% end %>`",
    ErrorKind.STRAY_CLAUSE: "`{name}` stands outside of any block",
    ErrorKind.STRAY_END: "`{name}` ends no block",
    ErrorKind.MISSING_TAG_NAME: "no tag name follows `<`; text is written `&lt;`",
    ErrorKind.MISSING_COMPONENT_NAME: "no component name follows `<.`",
    ErrorKind.RESERVED_SLOT: "`<:inner_block>` is what stands between the tags, no slot",
    ErrorKind.MISPLACED_SLOT: "the slot `<{name}>` does not stand directly inside of a component",
    ErrorKind.UNFINISHED_TAG: "the tag `<{name}` has no `>`",
    ErrorKind.EEX_IN_TAG: "EEx stands inside of a tag",
    ErrorKind.UNCLOSED_TAG: "`<{name}>` is never closed",
    ErrorKind.MISMATCHED_CLOSING_TAG: "`</{name}>` closes `<{expected}>`",
    ErrorKind.STRAY_CLOSING_TAG: "`</{name}>` closes nothing",
    ErrorKind.MALFORMED_CLOSING_TAG: "a closing tag holds a name and nothing else",
    ErrorKind.STRAY_BRACE: "`}}` closes nothing in this tag",
    ErrorKind.STRAY_QUOTE: "a quote without an attribute before it",
    ErrorKind.MISSING_ATTRIBUTE_NAME: "`{name}` has no attribute name before it",
    ErrorKind.MISSING_ATTRIBUTE_VALUE: "no quoted value and no braces follow the `=`",
    ErrorKind.UNCLOSED_QUOTE: "the quote of this value is never closed",
    ErrorKind.UNCLOSED_BRACE: "`{{` is never closed; as text it is written `&lbrace;`",
    ErrorKind.UNCLOSED_COMMENT: "`<!--` is never closed by `-->`",
    ErrorKind.UNCLOSED_DOCTYPE: "the doctype has no `>`",
}

# Tags that HTML lets end where one of these begins (HTML standard, optional tags).
_ENDED_BY = {
    "li": ("li",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "p": ("p", "div", "ul", "ol", "dl", "table", "form", "h1", "h2", "h3", "h4", "pre", "section"),
    "option": ("option", "optgroup"),
    "tr": ("tr", "tbody", "tfoot"),
    "td": ("td", "th", "tr"),
    "th": ("td", "th", "tr"),
    "thead": ("tbody", "tfoot"),
    "tbody": ("tbody", "tfoot"),
}


def may_stay_open(tag: heex.Tag) -> bool:
    """Whether HTML ends the tag by itself, as `<li>` where the next one begins."""
    return tag.name in _ENDED_BY and not tag.self_closing and tag.closing is None


def closing_of(tag: heex.Tag, lines: LineIndex) -> Edit:
    """The closing tag behind the contents of a tag, on a line of its own if they have lines."""
    inner = tag.inner.slice(lines.source)
    following = (it for it in tag.children if isinstance(it, heex.Tag))
    ended = next((it for it in following if it.name in _ENDED_BY.get(tag.name, ())), None)
    if ended is not None:
        inner = inner[: ended.span.start - tag.inner.start]
    end = tag.inner.start + len(inner.rstrip())
    text = f"</{tag.name}>"
    if b"\n" in inner.rstrip():
        indent = lines.indentation(tag.opening.start).decode()
        text = f"{line_ending(lines.source)}{indent}{text}"
    return Edit(Span(end, end), text)


def said(error: TemplateError) -> str:
    """One clause that names the thing that is wrong."""
    name = " ".join(error.name.split())[:60]
    return _SAID[error.kind].format(name=name, expected=error.expected)


# What HEEx of LiveView 0.18 to 1.2 knows; it refuses any other name that begins with a colon.
_SPECIAL = frozenset({":let", ":if", ":for", ":key", ":type"})
_BINDS = {"x-": "x-bind", "v-": "v-bind"}


def refused_attributes(tag: heex.Tag) -> list[heex.Attribute]:
    """The attributes that begin with a colon and are none of HEEx's own: `:class` of Alpine."""
    return [
        one
        for one in tag.attributes
        if isinstance(one, heex.Attribute) and one.name[:1] == ":" and one.name not in _SPECIAL
    ]


def spelled_out(attribute: heex.Attribute, template: heex.Template) -> str | None:
    """`:class` as the script library of the template writes it in full, `x-bind:class`; None where
    the other attributes do not tell Alpine from Vue."""
    found = {
        bind
        for tag in heex.walk(template)
        if isinstance(tag, heex.Tag)
        for one in tag.attributes
        if isinstance(one, heex.Attribute)
        for start, bind in _BINDS.items()
        if one.name.startswith(start)
    }
    return f"{found.pop()}{attribute.name}" if len(found) == 1 else None
