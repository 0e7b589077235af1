"""Who may reach a route: plugs and hooks that authenticate, and those that limit how often."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lsp_server.facts.index import Index, join
from lsp_server.facts.pages.live_callbacks import LiveHook
from lsp_server.facts.routes.controller_plugs import ControllerPlug
from lsp_server.facts.routes.controllers import Controller, Entry
from lsp_server.facts.routes.open_plugs import OpenPlug, open_plugs
from lsp_server.facts.routes.router import RouterTable, Routing, routing
from lsp_server.facts.routes.routes import PlugCall, Route

_AUTHENTICATES = re.compile(
    r"auth|require|ensure|protected|logged_?in|signed_?in|login|admins?_?only|restrict|permission|"
    r"polic|guard|verif|signature|sudo|ip_?filter|allow_?list|whitelist|token|api_?key|pow\.|"
    r"bearer|must_?be|only_",
    re.I,
)
# They look at who visits and let everybody through.
_LETS_THROUGH = re.compile(
    r"^(?:fetch_|mount_current|assign_|load_|maybe_|put_|redirect_if)|not_?authenticated|guest|"
    r"forgery|csrf|^default$|anonym|optional",
    re.I,
)
_LIMITS = re.compile(r"rate|limit|throttl|attack|hammer|captcha|slow", re.I)


def authenticates(name: str, options: str = "") -> bool:
    """Whether a plug or hook turns strangers away, by its name and the atom it is given.

    A module's last part counts; of `plug UserAuth, :fetch_user` the atom does. How the application
    is called (`AuthorsWeb.Locale`) says nothing.
    """
    given = options.strip().removeprefix(":") if options.strip().startswith(":") else ""
    last = given or name.rpartition(".")[2]
    if _LETS_THROUGH.search(last):
        return False
    return _AUTHENTICATES.search(given or _own_name(name)) is not None


def _own_name(module: str) -> str:
    first, _, rest = module.partition(".")
    return rest if rest and first.endswith("Web") else module


def limits(name: str) -> bool:
    """Whether a plug limits how often somebody may ask, by its name."""
    return _LIMITS.search(_own_name(name)) is not None


@dataclass(frozen=True)
class Access:
    """The controllers and the first functions of all that is routed to, by module."""

    routing: Routing
    controllers: Mapping[str, Controller] = field(default_factory=dict)
    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    hooks: Mapping[str, tuple[LiveHook, ...]] = field(default_factory=dict)
    own_plugs: Mapping[str, tuple[ControllerPlug, ...]] = field(default_factory=dict)
    open: frozenset[str] = frozenset()  # plugs that let everybody through, whatever their names say

    def clauses(self, route: Route) -> list[Entry]:
        """The clauses of a route's action, or of the callbacks that a LiveView begins with."""
        found = self.entries.get(route.plug, ())
        if route.kind == "live":
            return list(found)
        return [one for one in found if one.name in (route.action, "action")]

    def plugs(self, table: RouterTable, route: Route) -> Iterator[tuple[str, str]]:
        """Names and options of all plugs around a route: those of its endpoints, pipelines and
        controller, and the pipelines' own names."""
        for endpoint in self.routing.served(table.module):
            for plug in endpoint.plugs:
                if not plug.conditional and plug.name != table.module:
                    yield plug.name, plug.options
        for name in route.pipes:
            yield name, ""
        for one in table.plugs(route):
            if isinstance(one, PlugCall):
                yield one.name, one.options
        for own in self.own_plugs.get(route.plug, ()):
            if own.runs_for(route.action):
                yield own.name, own.options

    def asks_who(self, table: RouterTable, route: Route) -> bool:
        """Whether something on the way to a route, or what is routed to, asks who the visitor
        is."""
        if self.is_behind(table, route):
            return True
        session = table.sessions.get(route.session)
        if session is not None:
            if not session.complete:
                return True
            for hook in session.on_mount:
                given = "" if hook.argument == "default" else f":{hook.argument}"
                if authenticates(hook.module, given):
                    return True
        if any(authenticates(hook.target) for hook in self.hooks.get(route.plug, ())):
            return True
        return any(clause.asks for clause in self.clauses(route))

    def is_behind(self, table: RouterTable, route: Route) -> bool:
        """Whether a plug around a route authenticates; what its action says does not count."""
        return any(
            authenticates(name, options) and name not in self.open
            for name, options in self.plugs(table, route)
        )

    def forwarded_behind(self, table: RouterTable) -> bool:
        """Whether another router forwards to this one: what that router asks is asked before."""
        return self.routing.forwarded(table.module)


@join(routing, Controller, ControllerPlug, Entry, LiveHook, OpenPlug)
def access(index: Index) -> Access:
    """The access of all routes."""
    entries: dict[str, list[Entry]] = {}
    for _, entry in index.of(Entry):
        entries.setdefault(entry.module, []).append(entry)
    hooks: dict[str, list[LiveHook]] = {}
    for _, hook in index.of(LiveHook):
        if hook.stage == "mount":
            hooks.setdefault(hook.module, []).append(hook)
    plugs: dict[str, list[ControllerPlug]] = {}
    for _, plug in index.of(ControllerPlug):
        plugs.setdefault(plug.module, []).append(plug)
    return Access(
        routing(index),
        {one.module: one for _, one in index.of(Controller)},
        {module: tuple(found) for module, found in entries.items()},
        {module: tuple(found) for module, found in hooks.items()},
        {module: tuple(found) for module, found in plugs.items()},
        open_plugs(index),
    )
