"""liveview/live-redirect"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call

from ._links import live_link


class LiveRedirect(Rule):
    """
    A link that the deprecated `live_redirect` makes.

    Since LiveView 0.18 `<.link navigate={…}>` makes the links that lead to another LiveView. Its
    options are attributes, so the compiler checks them, the formatter lays them out and a
    misspelt one is found; `live_redirect` lives on in a module that exists for old templates
    only, which new projects do not import, and each call of it is a warning of the compiler.

    ## Bad

    ```heex
    <%= live_redirect "Home", to: ~p"/", class: "nav" %>
    <%= live_redirect to: ~p"/orders/#{@order}", data: [confirm: "Leave?"], replace: true do %>
      <span>Order</span>
    <% end %>
    ```

    ## Good

    ```heex
    <.link navigate={~p"/"} class="nav">Home</.link>
    <.link navigate={~p"/orders/#{@order}"} data-confirm="Leave?" replace>
      <span>Order</span>
    </.link>
    ```

    ## When it stays silent

    - The module has a `live_redirect` of its own, or imports it from elsewhere.
    - Inside `~L` and `.leex`, which must become HEEx first, and inside `~E` and `.eex`, which have
      no components.
    - With a LiveView before 0.18.

    ## What the fix changes

    The call becomes `<.link navigate={…}>`. Literal text becomes the text of the link, anything
    else is interpolated as the project's LiveView version does it; options become attributes in
    their order, `data: [confirm: …]` one for each key. Options that are not written out are
    spread, `{@options}`, and the fix then asks to be looked at. Nothing is rewritten where that
    could change what is shown: options that a function gives, with `to:` among them, a comment
    between them, a call that is only a part of an expression. The message then says so.
    """

    requires = "phoenix_live_view >= 0.18"
    tags = (Tag.DEPRECATED,)

    @on(Call, name="live_redirect")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Calls in templates, and those in code that cannot be anything else."""
        yield from live_link(self, call, file, "navigate")
