"""liveview/malformed-template"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax import heex
from lsp_server.syntax.heex import ErrorKind, TemplateError
from lsp_server.syntax.heex_parser import parse
from lsp_server.syntax.template_edits import ends_sigil
from lsp_server.text import Span

from ._template_errors import closing_of, refused_attributes, said, spelled_out


class MalformedTemplate(Rule):
    """
    A HEEx template that LiveView's parser refuses.

    The compiler says so too, but only after a save, for the first mistake alone, and often far from
    it: a tag that was not closed is reported where its parent ends. Here all are shown while
    typing, each where it was made.

    ## Bad

    ```heex
    <p class={@class}}>
      {@text}
    </p>
    ```

    ## Good

    ```heex
    <p class={@class}>
      {@text}
    </p>
    ```

    ## When it stays silent

    - In `.eex`, `~E`, `.leex` and `~L`: no parser looks at their tags.
    - Where EEx stands inside of a tag: `liveview/eex-in-attribute` speaks of it.
    - Braces between tags mean nothing before LiveView 1.0.

    ## What the fix changes

    A stray brace is taken out. A missing closing tag is written where the tag's contents end as far
    as the text tells (of `<li>` and its like where the next one begins), which asks to be looked
    at; a closing tag with another name gets the name of the tag that it closes, which does too.
    `:class` of Alpine or Vue is spelled out where other attributes tell which of them it is.
    """

    severity = Severity.ERROR
    requires = "phoenix_live_view >= 0.16"

    @on(heex.Template)
    def check(self, template: heex.Template, file: File) -> Iterator[Finding]:
        """The errors that the parser has noted."""
        if template.dialect is not heex.Dialect.HEEX or not template.errors:
            return
        if not file.depends("phoenix_live_view >= 1.0"):
            template = parse(file.document.source, [template.span], template.dialect, curly=False)
        for error in template.errors:
            if error.kind is not ErrorKind.EEX_IN_TAG:
                yield self._finding(template, error, file)

    @on(heex.Template)
    def attributes(self, template: heex.Template, file: File) -> Iterator[Finding]:
        """Attributes that begin with a colon."""
        layer = file.layer
        if layer is None or layer.dialect is not heex.Dialect.HEEX:
            return
        for tag in layer.nodes(heex.Tag):
            for one in refused_attributes(tag):
                if file.depends("phoenix_live_view >= 0.18"):
                    yield self._attribute(one, tag, template)

    def _attribute(
        self, attribute: heex.Attribute, tag: heex.Tag, template: heex.Template
    ) -> Finding:
        is_html = tag.kind is heex.TagKind.HTML
        name = spelled_out(attribute, template) if is_html else None
        message = f"`{attribute.name}` is no attribute of HEEx"
        if name is None:
            return self.finding(attribute.name_span, message)
        edit = Edit(attribute.name_span, name)
        fix = Fix.review(f"Write {name}", lambda _: [edit])
        return self.finding(attribute.name_span, f"{message}: write `{name}`", fix=fix)

    def _finding(self, template: heex.Template, error: TemplateError, file: File) -> Finding:
        related = [] if error.related is None else [Related(error.related, _reason(error))]
        return self.finding(
            error.span, said(error), fix=_fix(template, error, file), related=related
        )


def _reason(error: TemplateError) -> str:
    """What the place that explains an error does there."""
    if error.kind is ErrorKind.UNCLOSED_TAG:
        return f"what is around `<{error.name}>` ends here"
    return f"`<{error.expected}>` is opened here"


def _fix(template: heex.Template, error: TemplateError, file: File) -> Fix | None:
    sigil = None if file.layer is None else file.layer.sigil
    if error.kind is ErrorKind.STRAY_BRACE:
        brace = Edit(_with_blanks(error.span, file.document.source), "")
        return Fix.safe("Take the brace out", lambda _: [brace])
    if error.kind is ErrorKind.MISMATCHED_CLOSING_TAG:
        renamed = Edit(error.span, error.expected)
        return Fix.review(f"Write </{error.expected}>", lambda _: [renamed])
    if error.kind is ErrorKind.UNCLOSED_TAG:
        closing = _closing(template, error, file)
        if closing is not None and not ends_sigil(sigil, closing.text):
            return Fix.review(f"Write </{error.name}>", lambda _: [closing])
    return None


def _with_blanks(brace: Span, source: bytes) -> Span:
    """A brace with the blanks before it that would be left over."""
    before = source[: brace.start].rstrip(b" \t")
    if source[brace.end : brace.end + 1] in (b" ", b"\t", b"\r", b"\n", b">"):
        return Span(len(before), brace.end)
    return brace


def _closing(template: heex.Template, error: TemplateError, file: File) -> Edit | None:
    for node in heex.walk(template):
        if isinstance(node, heex.Tag) and node.name_span == error.span:
            return closing_of(node, file.document.lines)
    return None
