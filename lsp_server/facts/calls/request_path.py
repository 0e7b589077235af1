"""The functions in which the answer to a visitor is made, and all that they run before it is sent.

Entries are actions of controllers, plugs, and the callbacks of LiveViews and live components.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.calls.places import ELSEWHERE, LATER
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import FunctionKey, functions, modules
from lsp_server.facts.pages.live_modules import Kind, live_modules
from lsp_server.facts.routes.controller_plugs import ControllerPlug
from lsp_server.facts.routes.controllers import Controller, Entry


class Turn(StrEnum):
    """What an entry is."""

    ACTION = "action"
    PLUG = "plug"
    LIVE = "live"


_LIVE = frozenset(
    {
        *(("mount", 3), ("handle_params", 3), ("handle_event", 3), ("handle_info", 2)),
        *(("render", 1), ("update", 2), ("on_mount", 4), ("mount", 1)),
    }
)
_KINDS = frozenset({Kind.LIVE_VIEW, Kind.LIVE_COMPONENT})


@join(Controller, Entry, ControllerPlug, functions, modules, live_modules)
def entries(index: Index) -> Mapping[FunctionKey, Turn]:
    """Every entry of the project."""
    found: dict[FunctionKey, Turn] = {}
    controllers = {one.module for _, one in index.of(Controller)}
    for _, entry in index.of(Entry):
        if entry.module in controllers:
            found[entry.module, entry.name, entry.arity] = Turn.ACTION
    known = functions(index)
    for module, (_, one) in modules(index).items():
        if "Plug" in one.behaviours or one.uses_any("Plug.Builder", "Plug.Router"):
            if (module, "call", 2) in known:
                found[module, "call", 2] = Turn.PLUG
        elif (module, "init", 1) in known and (module, "call", 2) in known:
            if any(brought.module == "Plug.Conn" for brought in one.imports):
                found[module, "call", 2] = Turn.PLUG
    for _, plug in index.of(ControllerPlug):
        key = (plug.module, plug.name, 2)
        if key in known:
            found[key] = Turn.PLUG
    for module, live in live_modules(index).items():
        if live.kind in _KINDS:
            found.update(((module, *key), Turn.LIVE) for key in _LIVE if (module, *key) in known)
    return found


@join(entries, call_graph)
def request_path(index: Index) -> frozenset[FunctionKey]:
    """The entries and every function that they come to in the same process."""
    graph = call_graph(index)
    below: dict[FunctionKey, list[FunctionKey]] = {}
    for callee, callers in graph.callers.items():
        for caller, _, call in callers:
            if not call.place & (ELSEWHERE | LATER):
                below.setdefault(caller, []).append(callee)
    pending = list(entries(index))
    found = set(pending)
    for one in pending:  # grows while it is read
        for callee in below.get(one, ()):
            if callee not in found:
                found.add(callee)
                pending.append(callee)
    return frozenset(found)
