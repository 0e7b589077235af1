"""Children are added once, in the line endings of the file, or not at all."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.processes.supervision import Children
from lsp_server.facts.processes.supervision_edits import NewChild, child_insertion
from tests.elixir_oracle import ElixirOracle

list(load_collectors())

APPLICATION = """defmodule Shop.Application do
  def start(_type, _args) do
    children = [
      Shop.Repo, # first
      {DynamicSupervisor, name: Shop.Rooms},
      Shop.Clock # last
    ]

    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""


def added(source: str, *new: NewChild) -> str | None:
    document = Document("lib/shop/application.ex", source.encode())
    (children,) = collect(document).of(Children)
    changes = child_insertion(document, children, new)
    return None if changes is None else document.edit(reversed(changes)).source.decode()


def test_a_comment_stays_on_its_line() -> None:
    assert added(APPLICATION, NewChild("Shop.Bell"), NewChild("Shop.Lamp")) == APPLICATION.replace(
        "Shop.Clock # last\n",
        "Shop.Clock, # last\n      {Shop.Bell, []},\n      {Shop.Lamp, []}\n",
    )


def test_windows_line_endings_are_kept() -> None:
    source = APPLICATION.replace("\n", "\r\n")
    text = added(source, NewChild("Shop.Bell"))
    assert text is not None and "last\r\n      {Shop.Bell, []}\r\n    ]" in text
    assert "\n" not in text.replace("\r\n", "")


def test_nothing_is_doubled() -> None:
    rooms = NewChild("DynamicSupervisor", "name: Shop.Rooms", "Shop.Rooms")
    assert added(APPLICATION, NewChild("Shop.Clock"), rooms) == APPLICATION
    halls = NewChild("DynamicSupervisor", "name: Shop.Halls", "Shop.Halls")
    text = added(APPLICATION, rooms, halls)
    assert text is not None and text.count("Shop.Rooms") == 1 and text.count("Shop.Halls") == 1


def test_a_computed_list_is_not_guessed() -> None:
    assert added(APPLICATION.replace("children = [", "children = Other.all [")) is None
    keywords = APPLICATION.replace("Shop.Clock # last", "some_erlang_module: 1")
    assert added(keywords, NewChild("Shop.Bell")) is None


def test_a_long_child_is_broken_like_mix_format_does() -> None:
    long = "Shop.Very.Long.Name.That.Goes.On.And.On.And.On.RoomSupervisor"
    new = NewChild("DynamicSupervisor", f"name: {long}, strategy: :one_for_one", long)
    text = added(APPLICATION, new)
    assert text is not None
    assert f"      {{DynamicSupervisor,\n       name: {long}, strategy: :one_for_one}}\n" in text


def test_what_others_need_comes_before_them() -> None:
    tasks = NewChild("Task.Supervisor", "name: Shop.Tasks", "Shop.Tasks", early=True)
    text = added(APPLICATION, tasks)
    assert text == APPLICATION.replace(
        "# first\n", "# first\n      {Task.Supervisor, name: Shop.Tasks},\n"
    )
    alone = APPLICATION.replace("      Shop.Repo, # first\n", "")
    text = added(alone, tasks)
    assert text is not None and text.index("Shop.Tasks") < text.index("Shop.Rooms")


def test_a_list_that_gets_several_lines_stands_apart() -> None:
    source = """defmodule Shop.Application do
  def start(_type, _args) do
    children = [Shop.Repo, Shop.Presence, Shop.Clock, Shop.Prices, Shop.Endpoint]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""
    text = added(source, NewChild("Task.Supervisor", "name: Shop.Tasks", "Shop.Tasks"))
    assert text is not None
    assert "      Shop.Endpoint\n    ]\n\n    Supervisor.start_link" in text


def test_children_are_known_in_every_notation() -> None:
    source = """defmodule Shop.Application do
  use Application

  def start(_type, _args) do
    children = [
      Supervisor.child_spec(Shop.Repo, id: :repo),
      %{id: :web, start: {Shop.Endpoint, :start_link, []}},
      worker(Shop.Clock, [])
    ]

    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""
    text = added(source, NewChild("Task.Supervisor", "name: Shop.Tasks", "Shop.Tasks"))
    assert text == source.replace(
        "      %{id", "      {Task.Supervisor, name: Shop.Tasks},\n      %{id"
    )


def test_a_list_that_a_function_returns_gets_several_lines() -> None:
    line = "    [Shop.Repo, Shop.Presence, Shop.Clock, Shop.Prices, Shop.Stock, Shop.Endpoint]\n"
    source = f"""defmodule Shop.Application do
  use Application

  def start(_type, _args), do: Supervisor.start_link(children(), strategy: :one_for_one)

  defp children do
{line}  end
end
"""
    text = added(source, NewChild("Task.Supervisor", "name: Shop.Tasks", "Shop.Tasks"))
    names = (
        line.strip().strip("[]").replace("Shop.E", "{Task.Supervisor, name: Shop.Tasks}, Shop.E")
    )
    lines = names.replace(", Shop", ",\n      Shop").replace(", {", ",\n      {")
    assert text == source.replace(line, f"    [\n      {lines}\n    ]\n")


def test_a_list_in_a_call_of_several_lines() -> None:
    source = """defmodule Shop.Application do
  use Application

  def start(_type, _args) do
    Supervisor.start_link(
      [Shop.Repo, Shop.Presence, Shop.Clock, Shop.Prices, Shop.Stock, Shop.Endpoint],
      strategy: :one_for_one,
      name: Shop.Supervisor
    )
  end
end
"""
    text = added(source, NewChild("Task.Supervisor", "name: Shop.Tasks", "Shop.Tasks"))
    assert text is not None
    assert "(\n      [\n        Shop.Repo,\n" in text
    assert "        {Task.Supervisor, name: Shop.Tasks},\n        Shop.Endpoint\n      ],\n" in text


SHORT = "[Shop.Repo, Shop.Endpoint]"
LONG = "[Shop.Repo, Shop.Presence, Shop.Clock, Shop.Prices, Shop.Endpoint]"


@pytest.mark.parametrize(
    "children",
    [
        LONG,
        f"{LONG} ++ workers()",
        f"workers() ++ {LONG}",
        f"base() ++ workers(Application.get_env(:shop, :role)) ++ {SHORT}",
        f"base() ++ workers(:some) ++ {SHORT} ++ rest(:of_them)",
        f"a() ++ {LONG} ++ rest()",
    ],
)
def test_a_long_sum_is_broken_like_mix_format_does(children: str, elixir: ElixirOracle) -> None:
    source = f"""defmodule Shop.Application do
  def start(_type, _args) do
    children = {children}

    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""
    text = added(source, NewChild("Task.Supervisor", "name: Shop.Tasks", "Shop.Tasks"))
    assert text is not None and "Shop.Tasks" in text
    assert elixir.format(source) == source
    assert elixir.format(text) == text
