"""liveview/link-helper"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.heex import Dialect
from lsp_server.syntax.literals import Atom, Keywords, List, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_edits import HeexAttribute, Unsure

from ._links import is_own, link_edits

MODULES = frozenset({"Phoenix.HTML.Link", "PhoenixHTMLHelpers.Link"})
RENAMED = {"to": "href", "method": "method", "csrf_token": "csrf-token"}


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

    The call becomes `<.link href={…}>`; its options become attributes in their order. The fix asks
    to be looked at where the method is computed (`<.link>` compares it with text, so atoms must
    become strings), and for `button`, whose `<button>` becomes an `<a>` that may want a style.
    Nothing is rewritten where options are not written out, or the target is a scheme in a tuple.
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
        added: tuple[HeexAttribute, ...] = ()
        options = _options(call)
        if call.name == "button" and "method" not in options:
            added = (HeexAttribute("method", '"post"'),)
        edits = link_edits(call, file, RENAMED, added)
        if isinstance(options.get("to"), Tuple):
            edits = Unsure("its target is a tuple")
        if isinstance(edits, Unsure):
            yield self.finding(call.name_span, f"{message} by hand, because {edits.reason}")
            return
        found, title = edits, "Write <.link href>"
        computed = not isinstance(options.get("method"), (Atom, String, NoneType))
        if call.name == "button" or computed:
            fix = Fix.review(title, lambda _: found)
        else:
            fix = Fix.safe(title, lambda _: found)
        yield self.finding(call.name_span, message, fix=fix)


def _options(call: Call) -> dict[str, Node]:
    """The values of the options, in brackets or not, also where a `do:` follows them."""
    found: dict[str, Node] = {}
    for argument in call.arguments:
        keywords = argument.keywords if isinstance(argument, List) else argument
        if isinstance(keywords, Keywords):
            found.update(keywords.values)
    return found


def _is_helper(call: Call, file: File) -> bool:
    if call.receiver is None and is_own(call, file):
        return False
    module = file.module_of(call)
    if call.receiver is not None or module is not None:
        return module in MODULES
    return bool(call.arguments) and (call.name == "link" or "to" in _options(call))
