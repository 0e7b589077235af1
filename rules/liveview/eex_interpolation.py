"""liveview/eex-interpolation"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.syntax import heex
from lsp_server.syntax.template_edits import Unsure, brace_safe, ends_sigil

from ._body import body_nodes


class EexInterpolation(Rule):
    """
    `<%= … %>` between the tags of a HEEx template, which is `{…}` since LiveView 1.0.

    Braces are how attributes have always been written; with one way for both a template reads as
    one language, and it is what the formatter and the generators of Phoenix write.

    ## Bad

    ```heex
    <h1 id={@id}><%= @title %></h1>
    <p><%= gettext("Hello, %{name}", name: @name) %></p>
    ```

    ## Good

    ```heex
    <h1 id={@id}>{@title}</h1>
    <p>{gettext("Hello, %{name}", name: @name)}</p>
    ```

    ## When it stays silent

    - On blocks (`<%= if … do %>`), which braces cannot hold.
    - Inside of `<script>`, `<style>` and HTML comments, and below `phx-no-curly-interpolation`:
      braces are text there.
    - On code that braces cannot hold: several expressions, comments, braces that do not pair up.
    - With a LiveView before 1.0.

    ## What the fix changes

    The delimiters. Braces inside of strings that do not pair up are escaped, as LiveView counts
    them there too.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view >= 1.0"

    @on(heex.Template)
    def check(self, template: heex.Template, file: File) -> Iterator[Finding]:
        """Interpolations between tags."""
        layer = file.layer
        if layer is None or template.dialect is not heex.Dialect.HEEX:
            return
        for node, is_own in body_nodes(template):
            if not is_own or not isinstance(node, heex.Interpolation):
                continue
            if node.style is not heex.Style.EEX or node.marker != "=":
                continue
            written = node.span.slice(layer.source)[3:-2].strip()
            found = layer.expression(node.expression)
            if found is None or written != found.bytes:
                continue
            code = brace_safe(found)
            if isinstance(code, Unsure) or ends_sigil(layer.sigil, "{" + code + "}"):
                continue
            edit = Edit(node.span, "{" + code + "}")
            yield self.finding(
                node,
                "`<%= … %>` between tags is `{…}` since LiveView 1.0",
                fix=_fix(edit),
            )


def _fix(edit: Edit) -> Fix:
    return Fix.safe("Write {…}", lambda _: [edit])
