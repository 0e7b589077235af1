"""liveview/for-comprehension"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import BinaryOperator
from lsp_server.syntax.template_edits import HeexAttribute, Unsure, brace_safe

from ._body import blanks_beside, keeps_space, only_root, taken_over


class ForComprehension(Rule):
    """
    A `for` block around one tag, which is the attribute `:for` since LiveView 0.18.

    The attribute says what is repeated where it is repeated, and two lines and one level of
    indentation are gone. LiveView 1.1 also tracks the elements one by one.

    ## Bad

    ```heex
    <ul>
      <%= for item <- @items do %>
        <li class="item">
          {item.name}
        </li>
      <% end %>
    </ul>
    ```

    ## Good

    ```heex
    <ul>
      <li :for={item <- @items} class="item">
        {item.name}
      </li>
    </ul>
    ```

    ## When it stays silent

    - More than one tag in the block, text beside it, or a comment.
    - Several generators, filters or options: `:for` takes one generator.
    - A tag that has a `:for` already.
    - Blanks in the block that `<pre>` or `<textarea>` would show, or that part an inline tag from
      its neighbours on the same line.
    - With a LiveView before 0.18, and in templates that are no HEEx.

    ## What the fix changes

    The attribute is written first on the tag, the lines of the block go, and the tag moves to the
    left with what is in it; the contents of `<pre>` stay. Blanks between repeated inline tags are
    seen on the page and go too, so that the fix asks to be looked at there.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view >= 0.18"

    @on(heex.EexBlock)
    def check(self, block: heex.EexBlock, file: File) -> Iterator[Finding]:
        """Blocks of one clause with one tag."""
        layer = file.layer
        if layer is None or layer.dialect is not heex.Dialect.HEEX:
            return
        root = only_root(block, layer)
        if root is None or root.attribute(":for") is not None:
            return
        call = layer.block_call(block)
        if call is None or call.name != "for" or call.receiver is not None:
            return
        match call.arguments:
            case [BinaryOperator(operator="<-") as generator]:
                code = brace_safe(generator)
            case _:
                return
        if isinstance(code, Unsure):
            return
        kept = keeps_space(block, root, layer, loop=True)
        if not kept and any(blanks_beside(block, root, layer)):
            return
        edits = taken_over(block, root, HeexAttribute(":for", "{" + code + "}"), file)
        message = f"this `for` repeats `<{root.name}>` alone: write `:for` on the tag"
        if isinstance(edits, Unsure):
            yield self.finding(call.name_span, f"{message}; not rewritten: {edits.reason}")
            return
        make = Fix.safe if kept else Fix.review
        yield self.finding(call.name_span, message, fix=make("Write :for", lambda _: edits))
