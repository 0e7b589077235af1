"""liveview/unhandled-message"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.pages.hooked import hooked
from lsp_server.facts.pages.live_callbacks import LiveCallback
from lsp_server.facts.pages.live_modules import Kind, LiveModule, live_modules
from lsp_server.facts.pages.pubsub import Subscription, broadcasts, subscriptions
from lsp_server.lint.finding import Finding, Fix, Operation, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._clauses import new_clause

CALLBACK = "handle_info"


class UnhandledMessage(ProjectRule):
    """
    A LiveView that subscribes to a topic and can take none of the messages sent there.

    The first message ends the LiveView with a `FunctionClauseError`, for everybody who has the page
    open, or it is dropped, and the page shows what it showed before.

    ## Bad

    ```elixir
    defmodule Shop.Orders do
      def saved(order), do: Phoenix.PubSub.broadcast(Shop.PubSub, "orders", {:saved, order})
    end

    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView

      def mount(_params, _session, socket) do
        if connected?(socket), do: Phoenix.PubSub.subscribe(Shop.PubSub, "orders")
        {:ok, socket}
      end

      def handle_info({:updated, order}, socket) do
        {:noreply, assign(socket, :order, order)}
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Orders do
      def saved(order), do: Phoenix.PubSub.broadcast(Shop.PubSub, "orders", {:saved, order})
    end

    defmodule ShopWeb.OrderLive do
      use Phoenix.LiveView

      def mount(_params, _session, socket) do
        if connected?(socket), do: Phoenix.PubSub.subscribe(Shop.PubSub, "orders")
        {:ok, socket}
      end

      def handle_info({:updated, order}, socket) do
        {:noreply, assign(socket, :order, order)}
      end

      def handle_info({:saved, _}, socket) do
        {:noreply, socket}
      end
    end
    ```

    ## When it stays silent

    - Nothing in the project is known to be sent to the topic, or the topic is computed.
    - A clause may take one of the messages, or one that is sent to a topic that is not known.
    - A `use` brings clauses; or a macro, a loop around `def` or a library's `use` may.
    - An `attach_hook` for messages stands in the LiveView itself, in a module that it or its
      `live_session` names, or in one that might be anybody's.
    - A subscription more than one call away.

    ## What the fix changes

    It adds a clause for the first of the messages, which does nothing yet.
    """

    requires = "phoenix_live_view"
    reads = (subscriptions, broadcasts, LiveCallback, hooked, live_modules, call_graph)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every subscription of a LiveView to a topic that is known."""
        index = snapshot.index
        known = live_modules(index)
        sent = broadcasts(index)
        attached = hooked(index)
        for live, topic, path, span in _subscriptions(snapshot, known):
            if attached.has(live.name, CALLBACK) or live.is_given(CALLBACK):
                continue
            messages = [one for one in sent if _may_be(one[1].topic, one[1].exact, topic)]
            certain = [one for one in messages if one[1].topic]
            clauses = live.clauses(CALLBACK)
            if not certain or any(_takes(it, one.message) for it in clauses for _, one in messages):
                continue
            shapes = list(dict.fromkeys(one.message for _, one in certain))
            listed = ", ".join(f"`{one}`" for one in shapes[:3])
            yield self.finding(
                span,
                f"`{live.name}` subscribes to `{topic.text}` and takes none of its messages:"
                f" {listed}",
                path=path,
                fix=_fix(live, shapes[0]),
                related=[Related(one.span, "sent here", where) for where, one in certain[:3]],
            )


class _Topic(NamedTuple):
    text: str
    exact: bool


_Found = tuple[LiveModule, _Topic, str, Span]


def _subscriptions(snapshot: Snapshot, known: Mapping[str, LiveModule]) -> Iterator[_Found]:
    """The subscriptions that LiveViews make themselves or by a function that they call."""
    functions: dict[FunctionKey, list[Subscription]] = {}
    for path, one in subscriptions(snapshot.index):
        live = known.get(one.module)
        if live is None or live.kind is not Kind.LIVE_VIEW:
            functions.setdefault((one.module, one.function, one.arity), []).append(one)
        elif one.topic:
            yield live, _Topic(one.topic, one.exact), path, one.span
    graph = call_graph(snapshot.index)
    for clause in graph.clauses if functions else ():
        live = known.get(clause.module)
        if live is None or live.kind is not Kind.LIVE_VIEW:
            continue
        for call in clause.calls:
            callee = graph.callee(clause.module, call)
            found: Sequence[Subscription] = functions.get(callee, ()) if callee else ()
            if len(found) == 1 and found[0].topic:
                yield live, _Topic(found[0].topic, found[0].exact), clause.path, call.span


def _may_be(topic: str, exact: bool, other: _Topic) -> bool:
    """Whether two topics can be the same, as far as their beginnings tell."""
    if exact and other.exact:
        return topic == other.text
    if exact:
        return topic.startswith(other.text)
    return other.text.startswith(topic) or (not other.exact and topic.startswith(other.text))


def _takes(clause: LiveCallback, message: str) -> bool:
    return clause.any or _fits(clause.pattern, message)


def _fits(pattern: str, message: str) -> bool:
    """Whether a pattern can match a message, both as `shape` writes them."""
    if "_" in (pattern, message):
        return True
    if pattern[0] == "{" and message[0] == "{":
        mine, theirs = _elements(pattern), _elements(message)
        return len(mine) == len(theirs) and all(map(_fits, mine, theirs))
    if pattern[0] == "%" and message[0] == "%":
        mine_, theirs_ = pattern[1:].partition("{")[0], message[1:].partition("{")[0]
        if mine_ and theirs_ and mine_ != theirs_:
            return False
        events = [_event(one) for one in (pattern, message)]
        return None in events or events[0] == events[1]
    return pattern == message


def _event(shape: str) -> str | None:
    """The literal event of a broadcast."""
    _, found, rest = shape.partition('event: "')
    return rest.partition('"')[0] if found else None


def _elements(shape: str) -> list[str]:
    """The elements of a tuple."""
    found, depth, start, quoted = list[str](), 0, 1, False
    for at, char in enumerate(shape):
        if char == '"' and shape[at - 1] != "\\":
            quoted = not quoted
        if quoted:
            continue
        if char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
        if (char == "," and depth == 1) or depth == 0:
            found.append(shape[start:at].strip())
            start = at + 1
    return [one for one in found if one]


def _fix(live: LiveModule, message: str) -> Fix:
    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(live.path)
        if document is None:
            return []
        head = f"{CALLBACK}({message}, socket)"
        edit = new_clause(document, live.name, head, ("{:noreply, socket}",))
        return [] if edit is None else [edit]

    return Fix.review("Add a handle_info clause", build)
