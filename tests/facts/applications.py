"""Applications and their processes, as tests write them."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.processes.supervision import Children

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
