"""otp/unsupervised-genserver"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsp_server.facts.calls.primitives import STANDARD
from lsp_server.facts.processes.supervision_edits import NewChild, child_insertion
from lsp_server.facts.processes.supervision_tree import (
    Application,
    Process,
    application_of,
    applications,
    processes,
    startable,
    started_in_tests,
)
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import ProjectRule
from lsp_server.role import Role, role_of
from lsp_server.snapshot import Snapshot

from ._processes import can_be_started, has_many_instances, instances, singleton_edits
from ._start_child import is_elixirs


class UnsupervisedGenserver(ProjectRule):
    """
    A process module that nothing in the project starts.

    A GenServer, Agent or Task that is no child of a supervisor is not there when the first caller
    asks for it: `GenServer.call/3` exits with `:noproc`, in the request that happened to come
    first. If some code starts it by hand after all, it dies with that code, and nobody starts it
    again.

    ## Bad

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          {Phoenix.PubSub, name: Shop.PubSub},
          # Start to serve requests, typically the last entry
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/stock.ex`:

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      def start_link(opts) do
        GenServer.start_link(__MODULE__, opts, name: __MODULE__)
      end

      def count(product), do: GenServer.call(__MODULE__, {:count, product})

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
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
          {Phoenix.PubSub, name: Shop.PubSub},
          {Shop.Stock, []},
          # Start to serve requests, typically the last entry
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/stock.ex`:

    ```elixir
    defmodule Shop.Stock do
      use GenServer

      def start_link(opts) do
        GenServer.start_link(__MODULE__, opts, name: __MODULE__)
      end

      def count(product), do: GenServer.call(__MODULE__, {:count, product})

      @impl true
      def init(_opts), do: {:ok, %{}}

      @impl true
      def handle_call({:count, product}, _from, stock) do
        {:reply, Map.get(stock, product, 0), stock}
      end
    end
    ```

    ## When it stays silent

    - Anything may start the module: a list of children in any notation, `start_child`, a call of
      its `start_link` elsewhere, a library that is given the module as an option, or code that
      hands the module around as a value, where nobody can read what becomes of it.
    - The module starts itself in a function other than `start_link`.
    - It is a base for others (it has a `__using__`), or only tests start it and nothing else
      knows it.
    - The project is a library, without `mod:` in its mix.exs, or its application is not found.

    ## What the fix changes

    `{Shop.Stock, []}` joins the children of the application, after repos and PubSub and before the
    endpoint. A `start_link/1` is written if there is none, a `start_link/0` takes an argument that
    it ignores, and `child_spec/1` is written for behaviours that do not bring one. The process
    then runs from the start of the application on, which is why the fix is to be reviewed.

    A process of which there are many, each started with a key, gets a DynamicSupervisor among the
    children instead, the Registry that its name is in, and a function that starts one. Where the
    list of children is computed there is no fix; the message says so.
    """

    reads = (processes, startable, started_in_tests, applications)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        index = snapshot.index
        started = _names(startable(index)) | started_in_tests(index)
        for process in processes(index).values():
            if process.is_base or role_of(process.path) is not Role.LIB:
                continue
            if is_elixirs(process.module):
                continue
            if process.module in started or not started.isdisjoint(_tails(process.module)):
                continue
            application = application_of(index, process.path)
            if application is not None and application.module != process.module:
                yield self._finding(process, application)

    def _finding(self, process: Process, application: Application) -> Finding:
        behaviour = process.behaviour.removeprefix(":")
        message = f"nothing starts `{process.module}`: this {behaviour} is no supervisor's child"
        fix: Fix | None = None
        if application.top is None or not application.top.lists:
            message += f"; the children of `{application.module}` are computed, so add it by hand"
        elif can_be_started(process):
            title = f"Start {process.module} with {application.module}"
            if has_many_instances(process):
                title = f"Start instances of {process.module} under a DynamicSupervisor"
            fix = Fix.review(title, lambda snapshot: _supervise(snapshot, process, application))
        return self.finding(process.use.span, message, path=process.path, fix=fix)


def _names(started: frozenset[str]) -> frozenset[str]:
    """What may be started, without modules of the standard library."""
    return started - STANDARD


def _tails(module: str) -> Iterator[str]:
    """The shorter names that a module may have by an alias that is not in the file."""
    parts = module.split(".")
    for start in range(1, len(parts)):
        yield ".".join(parts[start:])


def _supervise(
    snapshot: Snapshot, process: Process, application: Application
) -> Iterable[Operation]:
    document = snapshot.document(process.path)
    top_document = snapshot.document(application.top_path)
    if document is None or top_document is None or application.top is None:
        return []
    if has_many_instances(process):
        children, edits = instances(document, process, f"{process.module}Supervisor")
    else:
        children = [NewChild(process.module)]
        edits = list(singleton_edits(document, process))
    if not children:
        return []
    changes = child_insertion(top_document, application.top, children)
    if changes is None:
        return []
    path = application.top_path
    return [*(Edit(one.span, one.text.decode(), path) for one in changes), *edits]
