"""liveview/live-patch"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call

from ._links import live_link


class LivePatch(Rule):
    """
    A link that the deprecated `live_patch` makes.

    Since LiveView 0.18 `<.link patch={…}>` makes the links that change the parameters of the
    page one is on. Its options are attributes, so the compiler checks them and the formatter
    lays them out; `live_patch` lives on in a module that exists for old templates only, which
    new projects do not import, and each call of it is a warning of the compiler.

    ## Bad

    ```heex
    <%= live_patch "Edit", to: ~p"/orders/#{@order}/edit", class: "button" %>
    <%= live_patch to: ~p"/orders?page=2", "data-role": "next" do %>
      <span>Next</span>
    <% end %>
    ```

    ## Good

    ```heex
    <.link patch={~p"/orders/#{@order}/edit"} class="button">Edit</.link>
    <.link patch={~p"/orders?page=2"} data-role="next">
      <span>Next</span>
    </.link>
    ```

    ## When it stays silent

    - The module has a `live_patch` of its own, or imports it from elsewhere.
    - Inside `~L` and `.leex`, which must become HEEx first, and inside `~E` and `.eex`, which have
      no components.
    - With a LiveView before 0.18.

    ## What the fix changes

    The call becomes `<.link patch={…}>`. Literal text becomes the text of the link, anything
    else is interpolated as the project's LiveView version does it; options become attributes in
    their order, `data: [confirm: …]` one for each key. Options that are not written out are
    spread, `{@options}`, and the fix then asks to be looked at. Nothing is rewritten where that
    could change what is shown: options that a function gives, with `to:` among them, a comment
    between them, a call that is only a part of an expression. The message then says so.
    """

    requires = "phoenix_live_view >= 0.18"
    tags = (Tag.DEPRECATED,)

    @on(Call, name="live_patch")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Calls in templates, and those in code that cannot be anything else."""
        yield from live_link(self, call, file, "patch")
