"""errors/sync-external-call"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import Clause, call_graph
from lsp_server.facts.calls.places import CACHED, ELSEWHERE, LATER, UNUSED
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.calls.request_path import Turn, entries
from lsp_server.facts.modules import modules
from lsp_server.facts.processes.supervision_tree import applications
from lsp_server.lint.finding import Finding, Fix, Operation, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot

from ._handed_over import call_at, has_oban
from ._limited import connection_of, limited
from ._request_job import in_request_job

FARTHEST = 5  # steps below the entry; further down too many conditions stand in between
_PROXY = re.compile(r"proxy|forward|relay|mirror|tunnel", re.I)
_WEBHOOK = re.compile(r"hook", re.I)
# Visitors are let through only once the other side has said yes.
_CHECK = re.compile(
    r"captcha|turnstile|oauth|openid|oidc|sso|saml|introspect|(?:access|auth|refresh|id)_?tokens?\b",
    re.I,
)
_AUTH = re.compile(r"auth|session|sso|login", re.I)


class SyncExternalCall(ProjectRule):
    """
    An HTTP request to another server that a visitor waits for.

    While the action waits, its process and connection are taken. When the other server becomes
    slow, so does every page that asks it, and in the end all connections of the application wait
    for a server that is not yours.

    ## Bad

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          {Task.Supervisor, name: Shop.TaskSupervisor},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop_web/controllers/parcel_controller.ex`:

    ```elixir
    defmodule ShopWeb.ParcelController do
      use ShopWeb, :controller

      def show(conn, %{"code" => code}) do
        response = Req.get!("https://parcels.example.com/" <> code)
        render(conn, :show, parcel: response.body)
      end
    end
    ```

    ## Good

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          {Task.Supervisor, name: Shop.TaskSupervisor},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop_web/controllers/parcel_controller.ex`:

    ```elixir
    defmodule ShopWeb.ParcelController do
      use ShopWeb, :controller

      def show(conn, %{"code" => code}) do
        task =
          Task.Supervisor.async_nolink(Shop.TaskSupervisor, fn ->
            Req.get!("https://parcels.example.com/" <> code)
          end)

        case Task.yield(task, 5_000) || Task.shutdown(task) do
          {:ok, response} ->
            render(conn, :show, parcel: response.body)

          _ ->
            send_resp(conn, :gateway_timeout, "Gateway Timeout")
        end
      end
    end
    ```

    ## When it stays silent

    - The request runs in a `Task`, a job or a process of its own, or only to fill a cache.
    - Modules, actions and functions that are named as a proxy, and webhooks that answer with what
      they have asked for.
    - Captchas and logins at another provider, which have to be asked before anything else.
    - It is more than five calls below the action or plug, or behind a variable or a behaviour.
      LiveViews have a rule of their own.

    ## What the fix changes

    The call runs in a task under the application's Task.Supervisor, which is added to its children
    if there is none, and the action waits five seconds for it. Code that takes errors is then given
    `{:error, :timeout}`; elsewhere the rest of the action moves into a `case`, whose other branch
    answers with status 504, also where the task fails. What an action does not use the result of
    it does not wait for at all. Where the project has Oban such a request becomes a job, with a
    worker in a new file that makes it, and again where that fails; there it needs nothing but the
    parameters of the action, which are kept as JSON.
    """

    reads = (call_graph, entries, modules, applications)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every call in an action or plug that comes to another server."""
        graph, turns = call_graph(snapshot.index), entries(snapshot.index)
        for clause in graph.clauses:
            turn = turns.get(clause.key)
            if turn not in (Turn.ACTION, Turn.PLUG) or _is_meant(clause):
                continue
            for call in clause.calls:
                if call.place & (ELSEWHERE | LATER | CACHED):
                    continue
                if graph.callee(clause.module, call) == clause.key:
                    continue
                if Effect.HTTP not in graph.effects(clause.module, call, CACHED):
                    continue
                way = graph.way(clause.module, call, Effect.HTTP, CACHED)
                if len(way) > FARTHEST or any(_is_check(one.text) for one in way):
                    continue
                name = graph.name_of(clause.module, call)
                if _is_check(name) or (_WEBHOOK.search(clause.module) and not call.place & UNUSED):
                    continue
                yield self.finding(
                    call.span,
                    f"`{name}` makes an HTTP request while the visitor waits: limit the wait",
                    path=clause.path,
                    related=[Related(step.span, step.text, step.path) for step in way],
                    fix=_fix(snapshot, clause, call, turn),
                )


def _is_meant(clause: Clause) -> bool:
    """Whether an entry is there to ask another server, by its names."""
    if _PROXY.search(clause.module) or _PROXY.search(clause.name):
        return True
    return clause.name == "callback" and _AUTH.search(clause.module) is not None


def _is_check(text: str) -> bool:
    return _CHECK.search(text) is not None or _PROXY.search(text) is not None


def _fix(snapshot: Snapshot, clause: Clause, call: CallSite, turn: Turn) -> Fix | None:
    in_task = offered(_task(clause, call, turn), snapshot)
    if not call.place & UNUSED or turn is not Turn.ACTION or not has_oban(snapshot, clause.path):
        return in_task
    return offered(_job(clause, call), snapshot) or in_task


def _job(clause: Clause, call: CallSite) -> Fix:
    def build(snapshot: Snapshot) -> Sequence[Operation]:
        document = snapshot.document(clause.path)
        found = None if document is None else call_at(document, call.span)
        form = None if document is None else document.outline.form_at(call.span.start)
        if document is None or found is None or form is None:
            return []
        return in_request_job(snapshot, document, form, found)

    return Fix.review("Make the request in a job", build, needs_files=True)


def _task(clause: Clause, call: CallSite, turn: Turn) -> Fix:
    def build(snapshot: Snapshot) -> Sequence[Operation]:
        document = snapshot.document(clause.path)
        found = None if document is None else call_at(document, call.span)
        form = None if document is None else document.outline.form_at(call.span.start)
        if document is None or found is None or form is None or form.function is None:
            return []
        connection = connection_of(form.function) if turn is Turn.ACTION else ""
        return limited(snapshot, document, form, found, connection)

    return Fix.review("Wait for it in a task, five seconds at most", build)
