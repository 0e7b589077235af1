"""liveview/presence-callbacks"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.modules import Function, Module, functions
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

PRESENCE = "Phoenix.Presence"
_SKELETON = ("@impl true", "def fetch(_topic, presences) do", "  presences", "end")


class PresenceCallbacks(ProjectRule):
    """
    A presence without `fetch/2`, so that each page loads what it shows of the people.

    `fetch/2` is called once for all joins of a topic: one query gives every presence its name and
    picture. Without it each LiveView that shows the list asks for each of them, or what is shown
    travels with the presence and grows old.

    ## Bad

    ```elixir
    defmodule ShopWeb.Presence do
      use Phoenix.Presence, otp_app: :shop, pubsub_server: Shop.PubSub
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Presence do
      use Phoenix.Presence, otp_app: :shop, pubsub_server: Shop.PubSub

      @impl true
      def fetch(_topic, presences) do
        presences
      end
    end
    ```

    ## When it stays silent

    - The module has `fetch/2`, of its own or from another `use`.
    - `handle_metas/4` is not asked for: whether a page needs the changes one by one is not known.

    ## What the fix changes

    It adds a `fetch/2` at the end of the module that returns what it is given.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix"
    reads = (Module, Function, functions)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every module that uses `Phoenix.Presence`."""
        known = functions(snapshot.index)
        for path, module in snapshot.index.of(Module):
            if role_of(path) is not Role.LIB or not module.uses_any(PRESENCE):
                continue
            if (module.name, "fetch", 2) in known or len(module.uses) > 1:
                continue
            use = next(one for one in module.uses if one.module == PRESENCE)
            span = Span(use.span.start, use.span.start + len("use"))
            message = f"`{module.name}` has no `fetch/2`: every page loads what it shows of people"
            yield self.finding(span, message, path=path, fix=_fix(path, module.name))


def _fix(path: str, name: str) -> Fix:
    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        module = None
        if document is not None:
            module = next((one for one in document.modules if one.name == name), None)
        if document is None or module is None or not module.forms:
            return []
        last = max(form.span.end for form in module.forms)
        newline = line_ending(document.source)
        indent = document.lines.indentation(module.forms[-1].span.start).decode()
        text = newline.join(f"{indent}{line}" for line in _SKELETON)
        return [Edit(Span(last, last), f"{newline}{newline}{text}", path)]

    return Fix.review("Add fetch/2", build)
