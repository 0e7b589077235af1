"""liveview/eex-in-attribute"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import Unsure, ends_sigil
from lsp_server.text import Span

from ._attributes import has_eex, item_of, value_of


class EexInAttribute(Rule):
    """
    EEx inside of a tag of a HEEx template.

    HEEx knows tags and attributes, which is why it can check components and send only what has
    changed. So `<%= … %>` has no place inside of a tag: the template does not compile. It is what
    remains when a `.leex` or `.eex` template was renamed, or a line was copied from one.

    ## Bad

    ```heex
    <a href="<%= @path %>" id="link-<%= @id %>" class="nav <%= if @open, do: "open" %>">Home</a>
    <input type="checkbox" <%= if @done, do: "checked" %> />
    ```

    ## Good

    ```heex
    <a href={@path} id={"link-#{@id}"} class={["nav", if(@open, do: "open")]}>Home</a>
    <input type="checkbox" checked={@done} />
    ```

    ## When it stays silent

    - In `.eex` and `~E`, which know no tags, and in `.leex` and `~L`, which are to become HEEx.
    - Inside of `<script>` and `<style>` and between tags, where EEx is allowed.

    ## What the fix changes

    An expression that is the whole value goes into braces; text around it becomes a string with an
    interpolation; a class of several parts becomes a list. `if` inside of a value becomes
    `if …, do: …`, and an `if` that writes a whole attribute the attribute with the condition.
    A comment is taken out, to be looked at. Other blocks, several expressions in one tag of EEx and
    results of `raw` inside of text are reported without a fix.
    """

    severity = Severity.ERROR
    requires = "phoenix_live_view >= 0.16"

    @on(heex.Template)
    def check(self, template: heex.Template, file: File) -> Iterator[Finding]:
        """Attributes whose value holds EEx, and EEx between the attributes."""
        layer = file.layer
        if layer is None or layer.dialect is not heex.Dialect.HEEX:
            return
        if any(one.kind is heex.ErrorKind.EEX_IN_TAG for one in template.errors):
            for tag in layer.nodes(heex.Tag):
                yield from self._tag(tag, layer, file)

    def _tag(self, tag: heex.Tag, layer: TemplateLayer, file: File) -> Iterator[Finding]:
        for item in tag.items:
            if isinstance(item, heex.Attribute) and item.value is not None and has_eex(item):
                text = value_of(item, layer)
                where = item.value.span
                message = f"`{item.name}` holds EEx, which HEEx refuses inside of a tag"
            elif isinstance(item, heex.EexComment):
                yield self._comment(item, tag, file)
                continue
            elif isinstance(item, (heex.Interpolation, heex.EexBlock)):
                text = item_of(item, layer)
                where = item.span
                message = f"EEx inside of the tag `<{tag.name}>`, which HEEx refuses"
            else:
                continue
            yield self._finding(where, message, text, file)

    def _comment(self, item: heex.EexComment, tag: heex.Tag, file: File) -> Finding:
        message = f"a comment of EEx inside of the tag `<{tag.name}>`, which HEEx refuses"
        before = file.document.source[: item.span.start]
        start = len(before.rstrip(b" \t\r\n"))
        edit = Edit(Span(start, item.span.end), "")
        return self.finding(
            item.span, message, fix=Fix.review("Take the comment out", lambda _: [edit])
        )

    def _finding(self, where: Span, message: str, text: str | Unsure, file: File) -> Finding:
        if not isinstance(text, Unsure) and file.layer and ends_sigil(file.layer.sigil, text):
            text = Unsure("the new text holds the delimiter of the sigil")
        if isinstance(text, Unsure):
            return self.finding(where, f"{message}; write `name={{…}}` by hand: {text.reason}")
        edit = Edit(where, text)
        return self.finding(where, message, fix=Fix.safe("Write it in braces", lambda _: [edit]))
