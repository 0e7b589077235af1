"""liveview/if-block"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Match
from lsp_server.syntax.template_edits import HeexAttribute, Unsure, brace_safe

from ._body import blanks_beside, keeps_space, only_root, taken_over


class IfBlock(Rule):
    """
    An `if` block around one tag, which is the attribute `:if` since LiveView 0.18.

    The attribute says when the tag is there on the tag itself, and two lines and one level of
    indentation are gone.

    ## Bad

    ```heex
    <div>
      <%= if @error do %>
        <p class="error">{@error}</p>
      <% end %>
    </div>
    ```

    ## Good

    ```heex
    <div>
      <p :if={@error} class="error">{@error}</p>
    </div>
    ```

    ## When it stays silent

    - An `else`, more than one tag in the block, text beside it, or a comment.
    - A tag that has an `:if` already, or a `:for`, whose elements an `:if` would be asked for.
    - A condition that binds a variable.
    - Blanks in the block that `<pre>` or `<textarea>` would show.
    - With a LiveView before 0.18, and in templates that are no HEEx.

    ## What the fix changes

    The attribute is written first on the tag, the lines of the block go, and the tag moves to the
    left with what is in it; the contents of `<pre>` stay. Where blanks between the block and an
    inline tag part it from text, the fix asks to be looked at; those on its line stay beside it.
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
        if root is None or root.attribute(":if") or root.attribute(":for"):
            return
        call = layer.block_call(block)
        if call is None or call.name != "if" or call.receiver is not None:
            return
        match call.arguments:
            case [condition] if not any(condition.find(Match)):
                code = brace_safe(condition)
            case _:
                return
        if isinstance(code, Unsure):
            return
        kept = keeps_space(block, root, layer, loop=False)
        edits = taken_over(block, root, [HeexAttribute(":if", "{" + code + "}")], file)
        message = f"this `if` decides about `<{root.name}>` alone: write `:if` on the tag"
        if isinstance(edits, Unsure):
            yield self.finding(call.name_span, f"{message}; not rewritten: {edits.reason}")
            return
        if not kept:
            before, after = blanks_beside(block, root, layer)
            edits = [Edit(one.span, f"{before}{one.text}{after}") for one in edits]
        make = Fix.safe if kept else Fix.review
        yield self.finding(call.name_span, message, fix=make("Write :if", lambda _: edits))
