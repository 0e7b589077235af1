"""The trees that applications start."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.index import Index
from lsp_server.facts.processes.supervision_tree import Member, application_of, supervision_trees
from tests.facts.applications import MIX, application, children_of, index_of


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


def test_options_are_no_children() -> None:
    code = "children = [Cache] ++ web(port: 1)"
    more = "defp web(opts), do: if(opts[:port], do: [{Web, ssl(a: 1)}], else: [])\n"
    found = children_of(application(code, f"{more}  defp ssl(opts), do: [cert: opts]"))
    assert [one.module for one in found.children] == ["Shop.Cache", "Web"]


def test_a_supervisor_without_use() -> None:
    index = index_of(
        mix=MIX,
        lib__application=application("children = [Shop.RoomSupervisor]"),
        lib__rooms="""
defmodule Shop.RoomSupervisor do
  def child_spec(arg), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [arg]}}

  def start_link(_arg) do
    DynamicSupervisor.start_link(name: __MODULE__, strategy: :one_for_one)
  end

  def open(id), do: DynamicSupervisor.start_child(__MODULE__, {Shop.Room, id})
end
""",
        lib__room="""
defmodule Shop.Room do
  use GenServer
  def start_link(id), do: GenServer.start_link(__MODULE__, id)
  def init(id), do: {:ok, id}
end
""",
    )
    (tree,) = supervision_trees(index)
    assert outline(tree)[1:] == ["  Shop.RoomSupervisor", "    Shop.Room*"]
    assert tree.members[0].is_supervisor and tree.members[0].strategy == "one_for_one"
