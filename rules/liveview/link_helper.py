"""liveview/link-helper"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.heex import Dialect
from lsp_server.syntax.literals import Atom, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_edits import Unsure

from ._links import is_own, label_and_options, link_of

MODULES = frozenset({"Phoenix.HTML.Link", "PhoenixHTMLHelpers.Link"})
RENAMED = {"to": "href", "method": "method", "csrf_token": "csrf_token"}


class LinkHelper(Rule):
    """
    A link that `link/2` or `button/2` of Phoenix.HTML makes in a HEEx template.

    `<.link href={…}>` does the same since LiveView 0.18 and reads as the markup around it: the
    compiler checks its attributes and the formatter lays them out. Phoenix.HTML 4.0 has moved the
    helpers to a library for old applications; new ones do not have them.

    ## Bad

    ```heex
    <%= link "Log out", to: ~p"/users/log-out", method: :delete, class: "nav" %>
    <%= link to: "https://example.com", target: "_blank" do %>
      <span>Help</span>
    <% end %>
    ```

    ## Good

    ```heex
    <.link href={~p"/users/log-out"} method="delete" class="nav">Log out</.link>
    <.link href="https://example.com" target="_blank">
      <span>Help</span>
    </.link>
    ```

    ## When it stays silent

    - The module has a `link` of its own, or imports it from elsewhere.
    - In code outside of templates, inside `~L` and `.leex`, which must become HEEx first, and
      inside `~E` and `.eex`, which have no components.
    - `button` without a `to:`.
    - With a LiveView before 0.18.

    ## What the fix changes

    The call becomes `<.link href={…}>`; its options become attributes in their order, and options
    that are not written out are spread: `[to: p] ++ opts` becomes `href={p} {opts}`, of `@opts`
    alone `to:` is taken out. The fix asks to be looked at where it spreads options, where the
    method is computed (`<.link>` compares it with text, so atoms must become strings), where the
    target is a scheme in a tuple, and for `button`, whose `<button>` becomes an `<a>` that may want
    a style. Nothing is rewritten where a function gives the options and `to:` is among them.
    """

    requires = "phoenix_live_view >= 0.18"

    @on(Call, name=("link", "button"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Calls in HEEx."""
        if file.layer is None or file.layer.dialect is not Dialect.HEEX:
            return
        if not _is_helper(call, file):
            return
        message = f"`{call.name}` of Phoenix.HTML: write `<.link href={{…}}>`"
        link = link_of(call, file, RENAMED, posts=call.name == "button")
        if isinstance(link, Unsure):
            yield self.finding(call.name_span, f"{message} by hand, because {link.reason}")
            return
        title, edits = "Write <.link href>", link.edits
        plain = isinstance(_option(call, "method"), (Atom, String, NoneType))
        plain = plain and not isinstance(_option(call, "to"), Tuple)
        if link.exact and plain and call.name == "link":
            fix = Fix.safe(title, lambda _: edits)
        else:
            fix = Fix.review(title, lambda _: edits)
        yield self.finding(call.name_span, message, fix=fix)


def _option(call: Call, key: str) -> Node | None:
    """The value of an option that is written out."""
    parts = label_and_options(call)
    return None if isinstance(parts, Unsure) else parts[1].get(key)


def _is_helper(call: Call, file: File) -> bool:
    if call.receiver is None and is_own(call, file):
        return False
    module = file.module_of(call)
    if call.receiver is not None or module is not None:
        return module in MODULES
    return bool(call.arguments) and (call.name == "link" or _option(call, "to") is not None)
