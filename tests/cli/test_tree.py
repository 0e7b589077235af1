"""`retort tree`: the supervision tree in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.conftest import Shell, process

MIX = """defmodule P.MixProject do
  use Mix.Project
  def project, do: [app: :p]
  def application, do: [mod: {P.Application, []}]
end
"""
APPLICATION = """defmodule P.Application do
  use Application

  def start(_type, _args) do
    children =
      [
        P.Repo,
        {Task.Supervisor, name: P.Tasks},
        {DynamicSupervisor, name: P.Rooms, strategy: :one_for_one},
        P.Clocks
      ] ++ extra() ++ Application.get_env(:p, :children, [])

    Supervisor.start_link(children, strategy: :rest_for_one, name: P.Supervisor)
  end

  defp extra, do: if(Application.get_env(:p, :web), do: [P.Web], else: [])
end
"""
ROOM = """defmodule P.Room do
  use GenServer
  def open(id), do: DynamicSupervisor.start_child(P.Rooms, {__MODULE__, id})
  def start_link(id), do: GenServer.start_link(__MODULE__, id)
  def init(id), do: {:ok, id}
end
"""
CLOCKS = """defmodule P.Clocks do
  use Supervisor
  def start_link(opts), do: Supervisor.start_link(__MODULE__, opts, name: __MODULE__)
  def init(_opts), do: Supervisor.init([{P.Clock, []}], strategy: :one_for_all)
end

defmodule P.Clock do
  use Agent
  def start_link(_opts), do: Agent.start_link(fn -> 0 end)
end
"""
FILES = {
    "mix.exs": MIX,
    "lib/application.ex": APPLICATION,
    "lib/room.ex": ROOM,
    "lib/clocks.ex": CLOCKS,
}
DRAWN = """\
P.Application (P.Supervisor, rest_for_one)
├── P.Repo
├── Task.Supervisor (P.Tasks)
├── DynamicSupervisor (P.Rooms)
│   └── P.Room (on demand)
├── P.Clocks (one_for_all)
│   └── P.Clock
├── P.Web (conditional)
└── … others that are computed
"""


def test_a_drawing(shell: Shell) -> None:
    shell.write(FILES)
    assert shell("tree", status=0) == DRAWN
    assert shell("tree", "lib/room.ex", status=0) == DRAWN, "of the project around a file"


def test_a_chart(shell: Shell) -> None:
    shell.write(FILES)
    lines = shell("tree", "--format", "mermaid", status=0).splitlines()
    assert lines[0] == "graph TD"
    assert '  n0("P.Application<br/>P.Supervisor<br/>rest_for_one")' in lines
    nodes = dict(re.findall(r'(n\d+)[(\[]"([^"]*)"', "\n".join(lines)))
    assert len(nodes) == 9
    arrows = re.findall(r"(n\d+) (-->|-\.->) (n\d+)", "\n".join(lines))
    shown = {(nodes[above], arrow, nodes[below]) for above, arrow, below in arrows}
    assert ("P.Clocks<br/>one_for_all", "-->", "P.Clock") in shown
    assert ("DynamicSupervisor<br/>P.Rooms", "-.->", "P.Room<br/>on demand") in shown
    assert any(below == "…" for _, _, below in shown)


def test_json_has_the_place_of_every_process(shell: Shell) -> None:
    shell.write(FILES)
    said = json.loads(shell("tree", "--format", "json", status=0))
    assert said["version"] == 1
    (tree,) = said["trees"]
    assert tree["complete"] is False and tree["strategy"] == "rest_for_one"
    rooms = tree["children"][2]
    assert rooms["name"] == "P.Rooms" and rooms["supervisor"] is True
    (room,) = rooms["children"]
    assert room["dynamic"] is True and room["location"]["path"] == "lib/room.ex"
    assert room["location"]["range"]["start"] == {"line": 3, "column": 21}
    web = tree["children"][4]
    assert web["module"] == "P.Web" and web["conditional"] is True


def test_two_applications(shell: Shell) -> None:
    app = "defmodule {0}.MixProject do\n  use Mix.Project\n  def project, do: [app: :{1}]\n"
    app += "  def application, do: [mod: {{{0}.Application, []}}]\nend\n"
    code = APPLICATION.split("      ] ++")[0] + "      ]\n\n"
    code += "    Supervisor.start_link(children, strategy: :one_for_one)\n  end\nend\n"
    root = "defmodule R.MixProject do\n  use Mix.Project\n  def project, do: [{}]\nend\n"
    files = {"mix.exs": root.format('apps_path: "apps"')}
    for name, folder in (("One", "one"), ("Two", "two")):
        files[f"apps/{folder}/mix.exs"] = app.format(name, folder)
        files[f"apps/{folder}/lib/application.ex"] = code.replace("P.", f"{name}.")
    shell.write(files)
    first, second = shell("tree", status=0).split("\n\n")
    assert first.startswith("One.Application (one_for_one)\n├── One.Repo")
    assert second.startswith("Two.Application")


def test_no_tree(shell: Shell) -> None:
    assert shell("tree", status=0).startswith("No supervision tree: ")
    assert json.loads(shell("tree", "--format", "json", status=0)) == {"version": 1, "trees": []}
    assert "No supervision tree" in shell("tree", "--format", "mermaid", status=0)


def test_help_says_what_is_shown(shell: Shell) -> None:
    said = shell("tree", "--help", status=0)
    assert "supervision tree" in said and "mermaid" in said and "PATH" in said


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    done = process("tree", cwd=tmp_path, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0 and done.stdout == DRAWN and not done.stderr
