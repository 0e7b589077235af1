"""Processes, children in every notation, what can start what, and the trees."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.processes.mentions import Mentions
from lsp_server.facts.processes.supervision import Children, ProcessUse, Start
from lsp_server.facts.processes.supervision_tree import (
    Member,
    application_of,
    processes,
    startable,
    started_in_tests,
    supervision_trees,
)

list(load_collectors())

MIX = """
defmodule Shop.MixProject do
  use Mix.Project
  def project, do: [app: :shop, version: "1.0.0"]
  def application, do: [mod: {Shop.Application, []}]
end
"""


def application(children: str, more: str = "") -> str:
    return f"""
defmodule Shop.Application do
  use Application
  alias Shop.{{Cache, Worker}}
  @pool Shop.Pool
  @always [Shop.Always]

  def start(_type, args) do
    {children}
    Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
  end
  {more}
end
"""


def index_of(**files: str) -> Index:
    """Files by path; a `/` is written `__`."""
    found = {}
    for written, source in files.items():
        path = written.replace("__", "/") + (".exs" if "test" in written else ".ex")
        path = {"mix.ex": "mix.exs"}.get(path, path)
        found[path] = collect(Document(path, source.encode()))
    return Index(found)


def children_of(source: str) -> Children:
    facts = collect(Document("lib/shop/application.ex", source.encode()))
    return facts.of(Children)[0]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("children = [Cache, {Worker, 1}]", ["Shop.Cache", "Shop.Worker"]),
        ("children = [Cache] ++ [Worker]", ["Shop.Cache", "Shop.Worker"]),
        ("children = [Cache | [Worker]]", ["Shop.Cache", "Shop.Worker"]),
        ("children = @always", ["Shop.Always"]),
        ("children = [@pool]", ["Shop.Pool"]),
        ("base = [Cache]\n    children = base ++ [Worker]", ["Shop.Cache", "Shop.Worker"]),
        (
            "children = [Cache]\n    children = [Worker | children]",
            ["Shop.Worker", "Shop.Cache"],
        ),
        ("children = [%{id: :a, start: {Worker, :start_link, [1]}}]", ["Shop.Worker"]),
        ("children = [Supervisor.child_spec({Worker, 1}, id: :a)]", ["Shop.Worker"]),
        ("children = [{Worker, 1} |> Supervisor.child_spec(id: :a)]", ["Shop.Worker"]),
        ("children = [Worker.child_spec([])]", ["Shop.Worker"]),
        ("children = [worker(Worker, []), supervisor(Cache, [])]", ["Shop.Worker", "Shop.Cache"]),
        ("children = [Cache, {__MODULE__.Own, []}]", ["Shop.Cache", "Shop.Application.Own"]),
        ("children = [:poolboy.child_spec(:a, worker_module: Worker)]", [":poolboy"]),
        ("children = [Cache] |> Enum.reject(&is_nil/1)", ["Shop.Cache"]),
        ("children = Enum.concat([Cache], [Worker])", ["Shop.Cache", "Shop.Worker"]),
        ("children = List.flatten([Cache, [Worker]])", ["Shop.Cache", "Shop.Worker"]),
    ],
)
def test_notations(code: str, expected: list[str]) -> None:
    children = children_of(application(code))
    assert [one.module for one in children.children] == expected
    assert children.complete
    assert (children.function, children.name) == ("start/2", "Shop.Supervisor")
    assert children.strategy == "one_for_one"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("children = if args, do: [Cache], else: [Worker]", ["Shop.Cache", "Shop.Worker"]),
        (
            "children = [Cache | if(args == [], do: [Worker], else: [])]",
            ["Shop.Cache", "Shop.Worker"],
        ),
        (
            "children = case args do\n  [] -> [Cache]\n  _ -> [Worker]\nend",
            ["Shop.Cache", "Shop.Worker"],
        ),
        ("children = [args && {Worker, 1}, Cache]", ["Shop.Worker", "Shop.Cache"]),
        ("children = [Cache] ++ for n <- 1..3, do: {Worker, n}", ["Shop.Cache", "Shop.Worker"]),
        ("children = [Cache] |> Enum.filter(&on?/1)", ["Shop.Cache"]),
        ("children = [Cache] ++ Application.get_env(:shop, :more)", ["Shop.Cache"]),
        ("children = [Cache] |> append_if(args, {Worker, 1})", ["Shop.Cache", "Shop.Worker"]),
    ],
)
def test_what_is_not_certain(code: str, expected: list[str]) -> None:
    children = children_of(application(code))
    assert [one.module for one in children.children] == expected
    assert not children.complete or any(one.conditional for one in children.children)


def test_functions_that_return_children() -> None:
    more = """
  defp base, do: [Cache, extra()]
  defp extra, do: %{id: :extra, start: {Worker, :start_link, []}}
  defp workers(:test), do: []
  defp workers(_), do: [{Worker, 1}]
"""
    children = children_of(application("children = base() ++ workers(args)", more))
    assert [(one.module, one.conditional) for one in children.children] == [
        ("Shop.Cache", False),
        ("Shop.Worker", False),
        ("Shop.Worker", True),
    ]


def test_functions_in_circles_end() -> None:
    more = "defp a, do: [Cache | b()]\n  defp b, do: a()"
    assert [one.module for one in children_of(application("children = a()", more)).children] == [
        "Shop.Cache"
    ]


def test_what_a_child_says() -> None:
    code = """children = [
      {Registry, keys: :unique, name: Shop.Registry},
      {DynamicSupervisor, name: {:local, :pool}},
      Supervisor.child_spec({Worker, handler: Shop.Handler}, id: :first, restart: :transient)
    ]"""
    registry, pool, worker = children_of(application(code)).children
    assert (registry.name, pool.name) == ("Shop.Registry", ":pool")
    assert (worker.id, worker.restart, worker.modules[-1]) == (
        ":first",
        "transient",
        "Shop.Handler",
    )


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


def test_a_library_has_no_application() -> None:
    library = MIX.replace("mod: {Shop.Application, []}", "")
    assert application_of(index_of(mix=library), "lib/shop.ex") is None
    found = application_of(
        index_of(mix=MIX, lib__application=application("children = [Cache]")), "lib/shop/room.ex"
    )
    assert found is not None and found.module == "Shop.Application" and found.top is not None
    assert found.top_path == "lib/application.ex"


def test_an_application_that_starts_a_supervisor_module() -> None:
    index = index_of(
        mix=MIX,
        lib__application="""
defmodule Shop.Application do
  use Application
  def start(_type, _args), do: Shop.Top.start_link([])
end
""",
        lib__top="""
defmodule Shop.Top do
  use Supervisor
  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)
  def init(_arg), do: Supervisor.init([Shop.Cache], strategy: :rest_for_one)
end
""",
    )
    found = application_of(index, "lib/x.ex")
    assert found is not None and found.top is not None
    assert found.top_path == "lib/top.ex" and found.top.strategy == "rest_for_one"


def outline(member: Member, depth: int = 0) -> list[str]:
    lines = ["  " * depth + (member.name or member.module) + ("*" if member.dynamic else "")]
    for one in member.members:
        lines += outline(one, depth + 1)
    return lines


def test_the_tree() -> None:
    index = index_of(
        mix=MIX,
        lib__application=application(
            "children = [Shop.Rooms, {DynamicSupervisor, name: Shop.RoomSupervisor}, Cache]"
        ),
        lib__rooms="""
defmodule Shop.Rooms do
  use Supervisor
  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)
  def init(_arg), do: Supervisor.init([{Registry, name: Shop.Registry}], strategy: :one_for_all)
  def open(id), do: DynamicSupervisor.start_child(Shop.RoomSupervisor, {Shop.Room, id})
end
""",
        lib__room="""
defmodule Shop.Room do
  use GenServer
  def start_link(id), do: GenServer.start_link(__MODULE__, id)
end
""",
    )
    (root,) = supervision_trees(index)
    assert outline(root) == [
        "Shop.Supervisor",
        "  Shop.Rooms",
        "    Shop.Registry",
        "  Shop.RoomSupervisor",
        "    Shop.Room*",
        "  Shop.Cache",
    ]
    assert root.depth == 2 and root.members[0].strategy == "one_for_all"


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


@pytest.mark.parametrize(
    ("code", "sometimes"),
    [
        ("children = [Cache]\n    children = if(args, do: [Worker | children], else: children)", 1),
        ("base = [Cache]\n    children = if args, do: base", 1),
        ("children = case args do\n :a -> [Cache, Worker]\n _ -> [Cache]\n end", 3),
        ("children = [Cache]\n    children = more(children)", 0),
        ("children = [Cache] |> more()", 0),
        ("children = List.wrap(Cache)", 0),
    ],
)
def test_what_is_in_every_branch_is_always_there(code: str, sometimes: int) -> None:
    found = children_of(application(code, "defp more(list), do: list ++ [Shop.Other]")).children
    assert sum(one.conditional for one in found) == sometimes
    assert "Shop.Cache" in [one.module for one in found]


def test_many_branches_after_one_another_end() -> None:
    lines = "\n".join(
        f"    children = if(args[:a{n}], do: children ++ [M{n}], else: children)" for n in range(30)
    )
    found = children_of(application(f"children = [Cache]\n{lines}"))
    assert len(found.children) == 31 and not found.children[0].conditional


def test_options_are_no_children() -> None:
    code = "children = [Cache] ++ web(port: 1)"
    more = "defp web(opts), do: if(opts[:port], do: [{Web, ssl(a: 1)}], else: [])\n"
    found = children_of(application(code, f"{more}  defp ssl(opts), do: [cert: opts]"))
    assert [one.module for one in found.children] == ["Shop.Cache", "Web"]


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


def test_clauses_for_an_environment() -> None:
    more = "defp all(:test), do: [Cache]\n  defp all(_env), do: [Cache, Worker]"
    source = application("children = all(Mix.env())", more)
    found = children_of(source)
    assert len(found.lists) == 1, "the list that counts"
    assert [one.conditional for one in found.children] == [True, True, True]
    (tree,) = supervision_trees(index_of(mix=MIX, lib__a=source))
    assert [one.module for one in tree.members] == ["Shop.Cache", "Shop.Worker"]


def test_functions_that_branch_to_one_another_end() -> None:
    functions = "\n".join(
        f"defp f{n}, do: if(x(), do: f{n + 1}() ++ [A{n}], else: f{n + 1}() ++ f{n + 1}())"
        for n in range(25)
    )
    found = children_of(application("children = f0()", f"{functions}\ndefp f25, do: [Cache]"))
    assert len(found.children) == 26 and not found.children[0].conditional


def test_children_that_other_modules_give() -> None:
    offers = """defmodule Shop.Jobs do
  alias Shop.{Cache, Worker}

  def children(opts \\\\ []) do
    first = [{Cache, opts}]
    first ++ Shop.Mails.workers(:all)
  end

  def helper, do: [Worker]
end
"""
    mails = """defmodule Shop.Mails do
  def workers(:none), do: []
  def workers(_), do: [Shop.Sender] ++ Shop.Jobs.children([])
end
"""
    top = "children = [Always] ++ Shop.Jobs.children([]) ++ [Shop.Last]"
    files = {
        "lib/shop/application.ex": application(top),
        "lib/shop/jobs.ex": offers,
        "lib/shop/mails.ex": mails,
    }
    index = Index({path: collect(Document(path, text.encode())) for path, text in files.items()})
    (tree,) = supervision_trees(index)
    told = [(one.module, one.path, one.conditional) for one in tree.members]
    assert told == [
        ("Always", "lib/shop/application.ex", False),
        ("Shop.Cache", "lib/shop/jobs.ex", False),
        ("Shop.Sender", "lib/shop/mails.ex", False),
        ("Shop.Last", "lib/shop/application.ex", False),
    ]
    assert tree.complete
    del files["lib/shop/mails.ex"]
    index = Index({path: collect(Document(path, text.encode())) for path, text in files.items()})
    (tree,) = supervision_trees(index)
    assert [one.module for one in tree.members][1:] == ["Shop.Cache", "Shop.Last"]
    assert not tree.complete
