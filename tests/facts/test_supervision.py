"""How processes start, and what may start them."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.processes.mentions import Mentions
from lsp_server.facts.processes.supervision import Children, ProcessUse, Start
from lsp_server.facts.processes.supervision_tree import (
    processes,
    startable,
    started_in_tests,
    supervision_trees,
)
from tests.facts.applications import MIX, application, index_of


@pytest.mark.parametrize(
    ("start", "registers", "per_key", "arities"),
    [
        ("def start_link(opts), do: GenServer.start_link(__MODULE__, opts)", "", False, (1,)),
        (
            "def start_link(o \\\\ []), do: GenServer.start_link(__MODULE__, o, name: __MODULE__)",
            "Shop.Room",
            False,
            (0, 1),
        ),
        ("def start_link(id), do: GenServer.start_link(__MODULE__, id)", "", True, (1,)),
        (
            "def start_link(n), do: GenServer.start_link(__MODULE__, n,"
            " name: {:via, Registry, {Shop.Registry, n}})",
            "via Registry Shop.Registry",
            True,
            (1,),
        ),
        (
            "def start_link(o), do: GenServer.start_link(__MODULE__, o, name: via(o[:id]))",
            "*",
            True,
            (1,),
        ),
        (
            "def start_link(o), do: GenServer.start_link(__MODULE__, o, name: o[:name])",
            "*",
            False,
            (1,),
        ),
        (
            "def start_link(_), do: GenServer.start_link(__MODULE__, 1,"
            " name: {:global, __MODULE__})",
            "global",
            False,
            (1,),
        ),
        ("def start_link(%{id: id}), do: GenServer.start_link(__MODULE__, id)", "", True, (1,)),
        ("def start_link(a, b), do: GenServer.start_link(__MODULE__, {a, b})", "", True, (2,)),
    ],
)
def test_how_a_process_starts(
    start: str, registers: str, per_key: bool, arities: tuple[int, ...]
) -> None:
    source = f"defmodule Shop.Room do\n  use GenServer\n  {start}\nend\n"
    use = collect(Document("lib/shop/room.ex", source.encode())).of(ProcessUse)[0]
    assert (use.registers, use.per_key, use.start_arities) == (registers, per_key, arities)
    assert source.encode()[use.span.start : use.span.end] == b"use GenServer"


def test_processes_behind_a_base_module() -> None:
    index = index_of(
        lib__base="""
defmodule Shop.Process do
  defmacro __using__(_opts) do
    quote do
      use GenServer
      def start_link(opts), do: GenServer.start_link(__MODULE__, opts)
    end
  end
end
""",
        lib__ticker="defmodule Shop.Ticker do\n  use Shop.Process\nend\n",
        lib__machine="defmodule Shop.Machine do\n  @behaviour :gen_statem\nend\n",
        lib__user="defmodule Shop.User do\n  use Ecto.Schema\nend\n",
    )
    found = processes(index)
    assert {name: one.behaviour for name, one in found.items()} == {
        "Shop.Ticker": "GenServer",
        "Shop.Machine": ":gen_statem",
    }
    assert found["Shop.Ticker"].start_arities == (1,)
    assert found["Shop.Ticker"].child_spec and not found["Shop.Machine"].child_spec


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("DynamicSupervisor.start_child(Shop.Rooms, {Shop.Room, id})", True),
        ("spec = {Shop.Room, id}\n    DynamicSupervisor.start_child(Shop.Rooms, spec)", True),
        ("Shop.Room.start_link(id)", True),
        ("GenServer.start(Shop.Room, id)", True),
        ("[{PartitionSupervisor, child_spec: Shop.Room, name: Shop.Rooms}]", True),
        ("Horde.DynamicSupervisor.start_child(Shop.Rooms, {Shop.Room, id})", True),
        ("Broadway.start_link(Shop.Pipe, producer: [module: {Shop.Room, []}])", True),
        ("pool(worker: Shop.Room)", True),
        ("room = Shop.Room\n    start(room)", True),
        ("run(Shop.Room, id)", True),
        ("Shop.Room.join(id)", False),
        ("GenServer.call(Shop.Room, :join)", False),
        ("Process.whereis(Shop.Room)", False),
        ("send(Shop.Room, :join)", False),
        ("Supervisor.which_children(Shop.Room)", False),
        ("DynamicSupervisor.start_child(Shop.Room, {Shop.Desk, id})", False),
        ("Application.get_env(:shop, Shop.Room)", False),
        ("Application.get_env(:shop, :worker, Shop.Room)", True),
        ("%Shop.Room{id: id}", False),
        ("Registry.lookup(Shop.Registry, id, name: Shop.Room)", False),
    ],
)
def test_what_may_start_a_module(code: str, expected: bool) -> None:
    source = f"defmodule Shop.Rooms do\n  def open(id) do\n    {code}\n  end\nend\n"
    assert ("Shop.Room" in startable(index_of(lib__rooms=source))) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def start_link(o), do: GenServer.start_link(__MODULE__, o)", False),
        ("def start_link(o), do: go(o)\n  defp go(o), do: GenServer.start(__MODULE__, o)", True),
        ("def open(o), do: DynamicSupervisor.start_child(Shop.Rooms, {__MODULE__, o})", True),
        (
            "def child_spec(o), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [o]}}",
            False,
        ),
        ("def peek, do: GenServer.call(__MODULE__, :peek)", False),
    ],
)
def test_what_a_module_does_for_itself(code: str, expected: bool) -> None:
    source = f"defmodule Shop.Room do\n  use GenServer\n  {code}\nend\n"
    assert ("Shop.Room" in startable(index_of(lib__room=source))) is expected


def test_tests_start_only_what_nothing_else_uses() -> None:
    test = """
defmodule Shop.RoomTest do
  use ExUnit.Case
  test "starts" do
    start_supervised!({Shop.Room, 1})
    start_supervised!(Shop.Clock)
  end
end
"""
    user = "defmodule Shop.Desk do\n  alias Shop.Clock\n  def now, do: Clock.now()\nend\n"
    index = index_of(test__room_test=test, lib__desk=user)
    assert "Shop.Room" not in startable(index)
    assert started_in_tests(index) & {"Shop.Room", "Shop.Clock"} == {"Shop.Room"}


def test_what_a_library_is_given_to_start() -> None:
    children = """children = [
      {PartitionSupervisor, child_spec: DynamicSupervisor, name: Shop.Parts},
      {Highlander, {Worker, 1}},
      {Task, fn -> Cache.warm() end}
    ]"""
    process = "defmodule Shop.{} do\\n  use GenServer\\nend\\n".replace("\\n", "\n")
    room = """
defmodule Shop.Room do
  use GenServer
  def open(id) do
    where = {:via, PartitionSupervisor, {Shop.Parts, id}}
    DynamicSupervisor.start_child(where, {__MODULE__, id})
  end
end
"""
    index = index_of(
        mix=MIX,
        lib__a=application(children),
        lib__b=process.format("Worker") + process.format("Cache"),
        lib__c=room,
    )
    (tree,) = supervision_trees(index)
    parts, once, task = tree.members
    assert [one.module for one in parts.members] == ["Shop.Room"] and parts.members[0].dynamic
    assert [one.module for one in once.members] == ["Shop.Worker"]
    assert task.members == ()


def test_broken_code_raises_nothing() -> None:
    for source in (
        "defmodule A do use GenServer def start_link(",
        "Supervisor.start_link([",
        "defmodule A do\n def init(_), do: Supervisor.init([{}, %{start: }, [|]], strategy: )\nend",
        "start_child(\n" + "[" * 2000,
        "x |> start_child() |> Supervisor.init()",
    ):
        facts = collect(Document("lib/a.ex", source.encode()))
        for kind in (ProcessUse, Children, Start, Mentions):
            facts.of(kind)
