"""What is read of mix.exs and mix.lock."""

from __future__ import annotations

from textwrap import dedent

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.index import Index
from lsp_server.facts.project.mix import (
    Dependency,
    Lock,
    MixProject,
    dependencies,
    locks,
    mix_projects,
)
from lsp_server.facts.project.versions import NEWEST

MIX = """\
defmodule Shop.MixProject do
  use Mix.Project

  @version "0.4.0"
  @plug "~> 1.16"

  def project do
    [
      app: :shop,
      version: @version,
      elixir: "~> 1.17",
      elixirc_paths: elixirc_paths(Mix.env()),
      deps: deps() ++ tools(),
      package: package(),
      docs: [extras: ["README.md"]]
    ]
  end

  alias Shop.Application, as: Start

  def application do
    [mod: {Start, []}, extra_applications: [:logger]]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_), do: ["lib", "generated"]

  defp deps do
    [
      {:phoenix, "~> 1.8"},
      {:plug, @plug},
      {:ecto_sql, ">= 3.10.0 and < 4.0.0", override: true},
      # {:ash, "~> 3.0"},
      {:heroicons, github: "tailwindlabs/heroicons", tag: "v2.2.0", app: false},
      {:stock, in_umbrella: true},
      {:engine, "~> 0.2", engine_options()},
      {:money, money_version()}
    ]
  end

  defp tools do
    [credo: "~> 1.7", floki: [path: "../floki"]] ++ [{:ex_doc, "~> 0.38", only: [:dev, :test]}]
  end

  defp engine_options, do: [organization: "acme"]
  defp package, do: [licenses: ["MIT"], links: %{"Site" => "1.0.0"}]
end
"""

LOCK = """\
%{
  "engine": {:hex, :engine_core, "0.2.7", "0a", [:mix], [{:plug, "~> 1.0", [hex: :plug]}], "hexpm"},
  "heroicons": {:git, "https://example.com/heroicons.git", "88ab3a0d79", [tag: "v2.2.0", depth: 1]},
  "oauth": {:git, "https://example.com/oauth.git", "bd19896e31", []},
<<<<<<< HEAD
  "phoenix": {:hex, :phoenix, "1.8.1", "0b", [:mix], [], "hexpm"},
}
"""


def index_of(files: dict[str, str]) -> Index:
    documents = (Document(path, text.encode()) for path, text in files.items())
    return Index({one.path: collect(one) for one in documents})


def project_of(text: str) -> MixProject:
    return mix_projects(index_of({"mix.exs": text}))[""]


def test_the_project() -> None:
    project = project_of(MIX)
    assert (project.app, project.version, project.elixir) == ("shop", "0.4.0", "~> 1.17")
    assert project.application == "Shop.Application"
    assert project.package
    assert project.paths == ("lib", "generated")
    assert not project.apps_path


def test_the_dependencies_and_where_they_stand() -> None:
    found = {one.package: one for one in project_of(MIX).dependencies}
    assert {name: one.requirement for name, one in found.items()} == {
        "phoenix": "~> 1.8",
        "plug": "~> 1.16",
        "ecto_sql": ">= 3.10.0 and < 4.0.0",
        "heroicons": None,
        "stock": None,
        "engine": "~> 0.2",
        "money": None,
        "credo": "~> 1.7",
        "floki": None,
        "ex_doc": "~> 0.38",
    }
    source = MIX.encode()
    phoenix = found["phoenix"]
    assert phoenix.requirement_span is not None
    assert phoenix.requirement_span.slice(source) == b'"~> 1.8"'
    assert phoenix.span.slice(source) == b'{:phoenix, "~> 1.8"}'
    assert found["stock"].in_umbrella
    assert found["ex_doc"].environments == ("dev", "test")
    assert found["floki"].option("path") == '"../floki"'


def test_the_root_of_an_umbrella() -> None:
    text = """
        defmodule Shop.Umbrella.MixProject do
          use Mix.Project
          def project, do: [apps_path: "apps", deps: [{:credo, "~> 1.7"}]]
        end
    """
    project = project_of(dedent(text))
    assert project.apps_path == "apps"
    assert [one.package for one in project.dependencies] == ["credo"]


def test_a_broken_mix_exs_is_still_a_project() -> None:
    assert project_of("defmodule Shop.MixProject do\n  use Mix.Proj") == MixProject()
    assert project_of("") == MixProject()


def test_the_lock() -> None:
    entries = locks(index_of({"mix.lock": LOCK}))[""]
    source = LOCK.encode()
    assert {one.package: (one.source, one.name, one.version) for one in entries.values()} == {
        "engine": ("hex", "engine_core", "0.2.7"),
        "heroicons": ("git", "https://example.com/heroicons.git", "2.2.0"),
        "oauth": ("git", "https://example.com/oauth.git", ""),
        "phoenix": ("hex", "phoenix", "1.8.1"),
    }
    assert entries["phoenix"].version_span.slice(source) == b"1.8.1"
    assert entries["phoenix"].span.slice(source) == b'"phoenix"'
    assert entries["heroicons"].version_span.slice(source) == b"2.2.0"


def test_a_lock_of_another_age() -> None:
    text = '%{"cowboy": {:hex, :cowboy, "1.0.4"},\n  "ecto" => {:hex, :ecto, "2.0.1"}}\n'
    entries = locks(index_of({"mix.lock": text}))[""]
    assert {one.package: one.version for one in entries.values()} == {
        "cowboy": "1.0.4",
        "ecto": "2.0.1",
    }


def test_an_empty_lock_is_known() -> None:
    assert list(index_of({"mix.lock": "%{}\n"}).of(Lock)) == [("mix.lock", Lock(()))]


def test_versions_are_locked_or_the_lowest_allowed() -> None:
    versions = dependencies(index_of({"mix.exs": MIX, "mix.lock": LOCK}))[""]
    known = {name: str(version) for name, version in versions.items() if version != NEWEST}
    assert known == {
        "shop": "0.4.0",
        "elixir": "1.17.0",
        "phoenix": "1.8.1",
        "plug": "1.16.0",
        "ecto_sql": "3.10.0",
        "ecto": "3.10.0",
        "heroicons": "2.2.0",
        "engine": "0.2.7",
        "credo": "1.7.0",
        "ex_doc": "0.38.0",
    }
    assert {"stock", "money", "floki", "oauth"} == versions.keys() - known.keys()


def test_an_application_sees_its_umbrella_and_nothing_beside_it() -> None:
    def mix(app: str, deps: str) -> str:
        project = f"use Mix.Project\n  def project, do: [app: :{app}, deps: [{deps}]]"
        return f"defmodule M do\n  {project}\nend\n"

    root = 'defmodule M do\n  use Mix.Project\n  def project, do: [apps_path: "apps"]\nend\n'
    lock = '%{\n  "ecto": {:hex, :ecto, "3.13.1", []},\n}\n'
    found = dependencies(
        index_of(
            {
                "mix.exs": root,
                "mix.lock": lock,
                "apps/shop/mix.exs": mix("shop", '{:ecto, "~> 3.0"}'),
                "apps/web/mix.exs": mix("web", '{:phoenix, "~> 1.8"}, {:shop, in_umbrella: true}'),
                "tools/mix.exs": mix("tools", ""),
            }
        )
    )
    assert str(found["apps/shop/"]["ecto"]) == str(found["apps/web/"]["ecto"]) == "3.13.1"
    assert str(found["apps/web/"]["phoenix"]) == "1.8.0"
    assert "phoenix" not in found["apps/shop/"]
    assert found["tools/"].keys() == {"tools", "elixir"}


def test_a_dependency_without_options_has_none() -> None:
    dependency = project_of(MIX).dependencies[0]
    assert isinstance(dependency, Dependency)
    assert dependency.option("only") is None
    assert dependency.environments == ()


def test_ecto_comes_with_ecto_sql() -> None:
    mix = 'defmodule A do\n  use Mix.Project\n  defp deps, do: [{:ecto_sql, "~> 3.10"}]\nend\n'
    assert str(dependencies(index_of({"mix.exs": mix}))[""]["ecto"]) == "3.10.0"
    lock = '%{\n  "ecto": {:hex, :ecto, "3.12.5", "4a3", [:mix], [], "hexpm", "6eb"},\n}\n'
    found = dependencies(index_of({"mix.exs": mix, "mix.lock": lock}))[""]
    assert str(found["ecto"]) == "3.12.5"
