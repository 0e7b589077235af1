"""What LiveView's parser refuses, in words."""

from __future__ import annotations

from lsp_server.syntax import heex
from lsp_server.syntax.heex import ErrorKind, TemplateError

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
