"""liveview/for-comprehension"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import BinaryOperator, Call, Match
from lsp_server.syntax.literals import Bitstring, Keywords, List
from lsp_server.syntax.node import Node
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
    - Several generators, several filters, or options: `:for` takes one generator, `:if` beside it
      is its filter.
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
        added = _attributes(call)
        if added is None or (len(added) > 1 and root.attribute(":if") is not None):
            return
        kept = keeps_space(block, root, layer, loop=True)
        if not kept and any(blanks_beside(block, root, layer)):
            return
        edits = taken_over(block, root, added, file)
        message = f"this `for` repeats `<{root.name}>` alone: write `:for` on the tag"
        if isinstance(edits, Unsure):
            yield self.finding(call.name_span, f"{message}; not rewritten: {edits.reason}")
            return
        make = Fix.safe if kept else Fix.review
        yield self.finding(call.name_span, message, fix=make("Write :for", lambda _: edits))


def _attributes(call: Call) -> list[HeexAttribute] | None:
    """`:for` of a `for` with one generator, and `:if` of its filter."""
    match call.arguments:
        case [BinaryOperator(operator="<-") as generator]:
            given: list[Node] = [generator]
        case [BinaryOperator(operator="<-") as generator, filtered] if _is_filter(filtered):
            given = [generator, filtered]
        case _:
            return None
    codes = [brace_safe(one) for one in given]
    written = zip((":for", ":if"), codes, strict=False)
    if any(isinstance(code, Unsure) for code in codes):
        return None
    return [HeexAttribute(name, f"{{{code}}}") for name, code in written]


def _is_filter(node: Node) -> bool:
    if isinstance(node, (Keywords, List, Bitstring)):
        return False
    is_generator = isinstance(node, BinaryOperator) and node.operator == "<-"
    return not is_generator and not any(node.find(Match))
