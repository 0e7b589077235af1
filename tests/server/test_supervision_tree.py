"""The command that shows the supervision tree."""

from __future__ import annotations

import json
from pathlib import Path

from tests.server.conftest import NEOVIM, VSCODE, session, write

TREE = "retort.supervisionTree"
PATH = "lib/shop/application.ex"
APPLICATION = """defmodule Shop.Application do
  use Application

  def start(_type, _args) do
    children = [{Registry, keys: :unique, name: Shop.Names}, Shop.Clock]
    Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
  end
end
"""
CLOCK = "defmodule Shop.Clock do\n  use GenServer\n  def init(opts), do: {:ok, opts}\nend\n"
MIX = """defmodule Shop.MixProject do
  use Mix.Project
  def project, do: [app: :shop]
  def application, do: [mod: {Shop.Application, []}]
end
"""
FILES = {"mix.exs": MIX, PATH: APPLICATION, "lib/shop/clock.ex": CLOCK}
DRAWN = """Shop.Application (Shop.Supervisor, one_for_one)
├── Registry (Shop.Names)
└── Shop.Clock"""


async def test_the_tree_in_every_format(project: Path) -> None:
    write(project, FILES)
    async with session(VSCODE, project) as editor:
        drawn = await editor.command(TREE)
        assert drawn["format"] == "text" and drawn["text"] == DRAWN
        chart = await editor.command(TREE, "mermaid", editor.uri(PATH))
        assert chart["text"].startswith("graph TD\n") and "n0 --> n2" in chart["text"]
        told = await editor.command(TREE, "json")
        assert json.loads(told["text"]) == {"version": 1, "trees": told["trees"]}
        assert drawn["trees"] == chart["trees"] == told["trees"]
        (tree,) = told["trees"]
        assert [one["module"] for one in tree["children"]] == ["Registry", "Shop.Clock"]
        location = tree["children"][1]["location"]
        assert location["uri"] == editor.uri(PATH)
        wanted = editor.range(APPLICATION, "Shop.Clock")
        assert location["range"]["start"]["line"] == wanted.start.line
        assert location["range"]["start"]["character"] == wanted.start.character
        assert location["range"]["end"]["character"] == wanted.end.character


async def test_the_tree_follows_the_editor(project: Path) -> None:
    write(project, FILES)
    async with session(NEOVIM, project) as editor:
        assert (await editor.command(TREE))["text"] == DRAWN
        text = APPLICATION.replace(", Shop.Clock]", "]")
        editor.open(PATH, text)
        told = await editor.command(TREE)
        assert told["text"].endswith("└── Registry (Shop.Names)")


async def test_no_tree_and_no_such_format(project: Path) -> None:
    async with session(VSCODE, project) as editor:
        told = await editor.command(TREE, "svg")
        assert told["trees"] == [] and told["text"].startswith("No supervision tree: ")
        assert told["format"] == "text"
        assert "no tree as `svg`" in editor.client.messages[-1].message
