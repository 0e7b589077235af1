"""Which LiveViews have functions that others attach to them, and so take more than they show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsp_server.facts.calls.effects import call_graph
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import functions
from lsp_server.facts.pages.live_callbacks import LiveHook
from lsp_server.facts.pages.live_modules import Kind, live_modules
from lsp_server.facts.processes.mentions import Mentions
from lsp_server.facts.routes.router import routing
from lsp_server.role import Role, role_of

_KINDS = frozenset({Kind.LIVE_VIEW, Kind.LIVE_COMPONENT})
ALL = "*"


@dataclass(frozen=True)
class Hooked:
    """The modules with a hook, by its stage; `*` where any LiveView may have it."""

    by_stage: Mapping[str, frozenset[str]]

    def has(self, module: str, stage: str) -> bool:
        """Whether a function may be attached to a LiveView at a stage (`handle_event`)."""
        modules = self.by_stage.get(stage, frozenset())
        return ALL in modules or module in modules


@join(LiveHook, Mentions, functions, live_modules, routing, call_graph)
def hooked(index: Index) -> Hooked:
    """The hooks of all LiveViews: their own, and those of modules that they or their `live_session`
    name. A hook of a module that anybody else names, or nobody, may be any LiveView's."""
    found: dict[str, set[str]] = {}
    attaching: dict[str, set[str]] = {}
    known = live_modules(index)
    for _, hook in index.of(LiveHook):
        if hook.stage == "mount":
            continue
        live = known.get(hook.module)
        if live is not None and live.kind in _KINDS:
            found.setdefault(hook.stage, set()).add(hook.module)
        else:
            attaching.setdefault(hook.module, set()).add(hook.stage)
    for module, stages in attaching.items():
        modules = set(_having(index, module)) or {ALL}
        for stage in stages:
            found.setdefault(stage, set()).update(modules)
    return Hooked({stage: frozenset(modules) for stage, modules in found.items()})


def _having(index: Index, module: str) -> Iterator[str]:
    """The LiveViews to which a module attaches what it attaches."""
    known = live_modules(index)
    if (module, "__using__", 1) in functions(index):
        yield ALL
        return
    named = {
        one.by
        for path, one in index.of(Mentions)
        if module in one.modules and role_of(path) is Role.LIB
    }
    for function, callers in call_graph(index).callers.items():
        if function[0] == module:
            named.update(caller[0] for caller, _, _ in callers)
    for name, table in routing(index).routers.items():
        if name not in named:
            continue
        sessions = {
            key
            for key, one in table.sessions.items()
            if not one.complete or any(it.module == module for it in one.on_mount)
        }
        if sessions:
            named.discard(name)
            yield from (route.plug for route in table.routes if route.session in sessions)
    for name in named - {module}:
        live = known.get(name)
        yield name if live is not None and live.kind in _KINDS else ALL
