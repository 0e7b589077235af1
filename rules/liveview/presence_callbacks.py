"""liveview/presence-callbacks"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.index import Index
from lsp_server.facts.modules import Function, Module, functions
from lsp_server.facts.pages.live_callbacks import LiveCallback
from lsp_server.facts.pages.live_modules import Kind, live_modules
from lsp_server.facts.pages.pubsub import Subscription
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

PRESENCE = "Phoenix.Presence"
_FETCH = ("@impl true", "def fetch(_topic, presences) do", "  presences", "end")
_INIT = ("@impl true", "def init(_opts) do", "  {:ok, %{}}", "end")
_METAS = (
    "@impl true",
    "def handle_metas(_topic, _diff, _presences, state) do",
    "  {:ok, state}",
    "end",
)
_DIFF = 'event: "presence_diff"'


class PresenceCallbacks(ProjectRule):
    """
    A presence without `fetch/2`, or without `handle_metas/4` though LiveViews subscribe to it.

    `fetch/2` is called once for all joins of a topic: one query gives every presence its name and
    picture. Without it each LiveView that shows the list asks for each of them, or what is shown
    travels with the presence and grows old. `handle_metas/4` (Phoenix 1.7) is told who came and
    went once on each node; without it every LiveView works that out of each `presence_diff` anew.

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
    - `handle_metas/4` is asked for only where a LiveView that subscribes to a topic calls the
      presence, or where one takes `presence_diff` and the project has one presence.

    ## What the fix changes

    It adds the callbacks at the end of the module: `fetch/2` returns what it is given,
    `handle_metas/4` with the `init/1` that it needs keeps its state.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    requires = "phoenix"
    reads = (Module, Function, functions, LiveCallback, Subscription, live_modules, call_graph)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every module that uses `Phoenix.Presence`."""
        index = snapshot.index
        presences = [
            (path, module)
            for path, module in index.of(Module)
            if role_of(path) is Role.LIB and module.uses_any(PRESENCE)
        ]
        if not presences:
            return
        taken = len(presences) == 1 and any(
            one.name == "handle_info" and _DIFF in one.pattern for _, one in index.of(LiveCallback)
        )
        listened = _listened(index)
        known = functions(index)
        for path, module in presences:
            if len(module.uses) > 1:
                continue
            missing: list[tuple[str, ...]] = []
            said: list[str] = []
            if (module.name, "fetch", 2) not in known:
                missing.append(_FETCH)
                said.append("no `fetch/2`: every page loads what it shows of people")
            heard = taken or module.name in listened
            if heard and (module.name, "handle_metas", 4) not in known:
                if snapshot.context.fits(path, "phoenix >= 1.7"):
                    started = (module.name, "init", 1) in known
                    missing += [_METAS] if started else [_INIT, _METAS]
                    said.append("no `handle_metas/4`: LiveViews work out who came and went")
            if missing:
                use = next(one for one in module.uses if one.module == PRESENCE)
                span = Span(use.span.start, use.span.start + len("use"))
                message = f"`{module.name}` has {'; '.join(said)}"
                yield self.finding(span, message, path=path, fix=_fix(path, module.name, missing))


def _listened(index: Index) -> set[str]:
    """The modules that LiveViews call which subscribe to a topic: presences among them."""
    live = {name for name, one in live_modules(index).items() if one.kind is Kind.LIVE_VIEW}
    subscribing = {one.module for _, one in index.of(Subscription)} & live
    return {
        call.module
        for clause in call_graph(index).clauses
        if clause.module in subscribing
        for call in clause.calls
    }


def _fix(path: str, name: str, missing: list[tuple[str, ...]]) -> Fix:
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
        texts = (newline.join(f"{indent}{line}" for line in one) for one in missing)
        text = "".join(f"{newline}{newline}{one}" for one in texts)
        return [Edit(Span(last, last), text, path)]

    names = ", ".join(line[4:].split("(")[0] for one in missing for line in one if "def " in line)
    return Fix.review(f"Add {names}", build)
