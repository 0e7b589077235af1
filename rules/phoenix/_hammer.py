"""A rate limit that counts with Hammer: the plug, and what Hammer needs where it is missing.

States Hammer 7, whose counter is a module of the application (`use Hammer`) and one of its
children, and Hammer 6, which has `Hammer.check_rate/3` and is configured.
"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.modules import Module, modules
from lsp_server.facts.processes.supervision_edits import NewChild, child_insertion
from lsp_server.facts.processes.supervision_tree import application_of, applications
from lsp_server.facts.project.mix import MixProject, mix_projects
from lsp_server.lint.finding import CreateFile, Edit, Operation
from lsp_server.role import app_of
from lsp_server.snapshot import Snapshot
from lsp_server.text import Span, line_ending

READS = (Module, MixProject, applications)
_PACKAGE = "hammer"
_PLUG = '''defmodule {module} do
  @moduledoc """
  Answers 429 to whoever asks too often from one address.

  Options: `:limit` of requests in a `:window` of milliseconds.
  """

  @behaviour Plug

  import Plug.Conn

  @impl true
  def init(opts), do: opts

  @impl true
  def call(conn, opts) do
    limit = Keyword.get(opts, :limit, 10)
    window = Keyword.get(opts, :window, :timer.minutes(1))
    address = conn.remote_ip |> :inet.ntoa() |> to_string()

    case {counts}("#{{conn.request_path}}:#{{address}}", window, limit) do
      {{:allow, _count}} -> conn
      {{:deny, _wait}} -> conn |> send_resp(429, "Too many requests") |> halt()
    end
  end
end
'''
_LIMITER = '''defmodule {module} do
  @moduledoc """
  Counts how often somebody asks.
  """

  use Hammer, backend: :ets
end
'''


def rate_limit(snapshot: Snapshot, router: str, web: str, plug: str) -> Iterator[Operation]:
    """The operations that bring a plug which limits, if the project has none of that name.

    `router` is the router's path, `web` the module that the plug's name begins with.
    """
    folder = router.rpartition("/")[0] or f"{app_of(router)}lib"
    path = f"{folder}/plugs/rate_limit.ex"
    if path in snapshot.index or plug in modules(snapshot.index):
        return
    has_hammer = _version_known(snapshot, router)
    if has_hammer and not snapshot.context.fits(router, f"{_PACKAGE} >= 7.0"):
        yield CreateFile(path, _PLUG.format(module=plug, counts="Hammer.check_rate"))
        return
    known = modules(snapshot.index)
    limiter = next((name for name, (_, one) in known.items() if one.uses_any("Hammer")), "")
    if not limiter:
        limiter, file = _new_limiter(snapshot, router, web)
        yield CreateFile(file, _LIMITER.format(module=limiter))
        yield from _child(snapshot, router, limiter)
    if not has_hammer:
        yield from _dependency(snapshot, router)
    yield CreateFile(path, _PLUG.format(module=plug, counts=f"{limiter}.hit"))


def _version_known(snapshot: Snapshot, path: str) -> bool:
    """Whether mix.exs names Hammer."""
    project = _project(snapshot, path)
    return project is not None and any(it.package == _PACKAGE for it in project[1].dependencies)


def _project(snapshot: Snapshot, path: str) -> tuple[str, MixProject] | None:
    found = mix_projects(snapshot.index)
    folder = next((one for one in (app_of(path), "") if one in found), None)
    return None if folder is None else (folder, found[folder])


def _new_limiter(snapshot: Snapshot, router: str, web: str) -> tuple[str, str]:
    """Module and file of a counter that no module of the project is called."""
    folder = router.rpartition("/")[0]
    base = web
    if web.endswith("Web") and folder.endswith("_web") and not app_of(router):
        base, folder = web.removesuffix("Web"), folder.removesuffix("_web")
    folder = folder or f"{app_of(router)}lib"
    for name, file in (("RateLimiter", "rate_limiter"), ("RequestLimiter", "request_limiter")):
        path = f"{folder}/{file}.ex"
        if f"{base}.{name}" not in modules(snapshot.index) and path not in snapshot.index:
            return f"{base}.{name}", path
    return f"{base}.HammerLimiter", f"{folder}/hammer_limiter.ex"


def _child(snapshot: Snapshot, router: str, limiter: str) -> Iterator[Operation]:
    application = application_of(snapshot.index, router)
    if application is None or application.top is None:
        return
    document = snapshot.document(application.top_path)
    if document is None:
        return
    child = NewChild(limiter, "clean_period: :timer.minutes(10)", early=True)
    for one in child_insertion(document, application.top, [child]) or ():
        yield Edit(one.span, one.text.decode(), application.top_path)


def _dependency(snapshot: Snapshot, router: str) -> Iterator[Operation]:
    project = _project(snapshot, router)
    if project is None or not project[1].dependencies:
        return
    path = f"{project[0]}mix.exs"
    document = snapshot.document(path)
    if document is None:
        return
    last = max(project[1].dependencies, key=lambda one: one.span.end).span
    indent = document.lines.indentation(last.start).decode()
    line = document.lines.line_span(document.lines.line_at(last.start)).start
    alone = not document.source[line : last.start].strip()
    blank = f"{line_ending(document.source)}{indent}" if alone else " "
    yield Edit(Span(last.end, last.end), f',{blank}{{:{_PACKAGE}, "~> 7.0"}}', path)
