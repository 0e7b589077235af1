"""liveview/sigil-l"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Operation, RenameFile, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import Unsure
from lsp_server.text import Span

from ._heex import heex_edits


class SigilL(Rule):
    """
    A LEEx template: `~L`, or a file that ends in `.leex`.

    LEEx takes the page for text. HEEx, which LiveView has had since 0.16, knows its tags: it
    refuses a page that is not balanced, escapes attributes as attributes, sends less over the wire,
    and has components, without which none of the newer parts of LiveView can be used. `~L` is
    deprecated since LiveView 0.20.

    ## Bad

    ```elixir
    defmodule ShopWeb.CartLive do
      use ShopWeb, :live_view

      def render(assigns) do
        ~L\"\"\"
        <ul id="cart-<%= @cart.id %>" class="cart <%= if @open, do: "open" %>">
          <%= for line <- @cart.lines do %>
            <li><%= line.name %></li>
          <% end %>
        </ul>
        \"\"\"
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.CartLive do
      use ShopWeb, :live_view

      def render(assigns) do
        ~H\"\"\"
        <ul id={"cart-#{@cart.id}"} class={["cart", if(@open, do: "open")]}>
          <%= for line <- @cart.lines do %>
            <li><%= line.name %></li>
          <% end %>
        </ul>
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - Where lines begin with the signs of Slime, which has a `~L` of its own.
    - With a LiveView before 0.18, which has no `<.link>` and no `:let` for what the template holds.

    ## What the fix changes

    The sigil becomes `~H`, a file ends in `.heex`. Inside, EEx in tags becomes attributes with
    braces, unquoted values get quotes, braces in text become `&lbrace;` and `&rbrace;`, and
    `f = form_for …` with its `</form>` becomes `<.form>`. All else that is old is then found by the
    other rules of this pack. An attribute whose value is nil is written empty by LEEx and left out
    by HEEx, which is why the fix asks to be looked at. It is not offered where the page is not
    balanced or an attribute cannot be rewritten; the message says which.
    """

    requires = "phoenix_live_view >= 0.18"
    tags = (Tag.DEPRECATED,)

    @on(heex.Template)
    def check(self, template: heex.Template, file: File) -> Iterator[Finding]:
        """Templates of LEEx, whole files and sigils."""
        layer = file.layer
        if layer is None or template.dialect is not heex.Dialect.LEEX:
            return
        if _is_slime(layer, file):
            return
        edits = heex_edits(layer, file)
        if layer.sigil is not None:
            start = layer.sigil.start
            where, message = Span(start, start + 2), "`~L` is deprecated: write `~H`"
            if not isinstance(edits, Unsure):
                edits = [Edit(Span(start + 1, start + 2), "H"), *edits]
        else:
            line = file.document.lines.line_span(0)
            where = Span(line.start, line.start + len(line.slice(layer.source).rstrip()))
            name = file.path.rpartition("/")[2]
            message = f"`{name}` is a LEEx template, which is deprecated: HEEx takes its place"
        if isinstance(edits, Unsure):
            yield self.finding(where, f"{message}; not rewritten: {edits.reason}")
            return
        found, path, is_file = edits, file.path, layer.sigil is None

        def build(snapshot: Snapshot) -> list[Operation]:
            if not is_file:
                return [*found]
            target = path.removesuffix(".leex") + ".heex"
            if snapshot.document(target) is not None:
                return []
            return [*found, RenameFile(path, target)]

        title = "Make a HEEx template of it"
        yield self.finding(where, message, fix=Fix.review(title, build, needs_files=is_file))


_SLIME = re.compile(rb"^[ \t]*(?:==?|=<|-|\|) \S", re.M)


def _is_slime(layer: TemplateLayer, file: File) -> bool:
    if layer.sigil is None:
        return False
    imports = file.context.imports(file.names(layer.sigil))
    return any("Slime" in module for module in imports) or any(
        isinstance(node, heex.Text) and _SLIME.search(node.span.slice(layer.source))
        for node in layer.template.children
    )
