"""errors/sync-email"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsp_server.facts.calls.effects import Clause, call_graph
from lsp_server.facts.calls.places import CACHED, ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import Effect
from lsp_server.facts.calls.request_path import entries
from lsp_server.facts.modules import modules
from lsp_server.facts.processes.supervision_tree import applications
from lsp_server.facts.project.config import configuration
from lsp_server.lint.finding import Finding, Fix, Operation, Related
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span

from ._handed_over import call_at, has_oban, in_job, in_task, later

FARTHEST = 5  # steps below the entry; further down too many conditions stand in between


class SyncEmail(ProjectRule):
    """
    A mail that is sent while the visitor waits for the page.

    A mail server takes a second, or thirty when it is busy, and sometimes it is away. The visitor
    waits for all of it, and where the delivery fails sees an error page for what has long been
    saved.

    ## Bad

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      alias Shop.Mailer

      def create(conn, %{"order" => params}) do
        order = Shop.Orders.create!(params)
        order |> Shop.Emails.confirmation() |> Mailer.deliver()
        redirect(conn, to: ~p"/orders/#{order}")
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
          Shop.Repo,
          {Task.Supervisor, name: Shop.TaskSupervisor},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      alias Shop.Mailer

      def create(conn, %{"order" => params}) do
        order = Shop.Orders.create!(params)

        Task.Supervisor.start_child(Shop.TaskSupervisor, fn ->
          order |> Shop.Emails.confirmation() |> Mailer.deliver!()
        end)

        redirect(conn, to: ~p"/orders/#{order}")
      end
    end
    ```

    ## When it stays silent

    - The mail is handed on: `deliver_later`, an Oban worker, a `Task`, `start_async`.
    - The mailer is called where no visitor waits: in workers, processes and mix tasks.
    - It is more than five calls below the action or callback, or behind a variable or a behaviour.

    ## What the fix changes

    Where the mailer is called, perhaps in another file than the finding:

    - Bamboo: `deliver_now` becomes `deliver_later`.
    - Swoosh with Oban: a worker, as a new file, that sends mails from its queue and tries again
      where that fails; the call puts the mail into the queue. Mails rest in the table of jobs
      until they are pruned: think twice before that holds the links of password resets.
      Attachments and a provider's own options are not carried over.
    - Swoosh: a task under the application's Task.Supervisor, which is added to its children if
      there is none. The task uses `deliver!`, so that a failure is logged as a crash.

    The call then returns `{:ok, …}` with a job or a pid in the place of the provider's receipt, and
    no longer tells whether the mail went out. Where the code looks at the receipt there is no fix.
    """

    reads = (call_graph, entries, modules, configuration, applications)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every call in an entry that comes to a mailer."""
        graph, turns = call_graph(snapshot.index), entries(snapshot.index)
        for clause in graph.clauses:
            if clause.key not in turns:
                continue
            for call in clause.calls:
                if call.place & (ELSEWHERE | LATER | CACHED):
                    continue
                if graph.callee(clause.module, call) == clause.key:
                    continue
                if Effect.MAIL not in graph.effects(clause.module, call, CACHED):
                    continue
                way = graph.way(clause.module, call, Effect.MAIL, CACHED)
                if len(way) > FARTHEST:
                    continue
                name = graph.name_of(clause.module, call)
                path, span = (way[-1].path, way[-1].span) if way else (clause.path, call.span)
                yield self.finding(
                    call.span,
                    f"`{name}` sends a mail while the visitor waits: hand it to a job or a task",
                    path=clause.path,
                    related=[Related(step.span, step.text, step.path) for step in way],
                    fix=offered(_fix(snapshot, clause, path, span), snapshot),
                )


def _fix(snapshot: Snapshot, clause: Clause, path: str, span: Span) -> Fix:
    with_oban = has_oban(snapshot, path)

    def build(newest: Snapshot) -> Sequence[Operation]:
        document = newest.document(path)
        call = None if document is None else call_at(document, span)
        if document is None or call is None:
            return []
        if call.name.startswith("deliver_now"):
            return later(document, call)
        if call.name not in ("deliver", "deliver!"):
            return []
        job = in_job(newest, document, call) if with_oban else []
        return job or in_task(newest, document, call)

    return Fix.review("Send the mail in the background", build, needs_files=with_oban)
