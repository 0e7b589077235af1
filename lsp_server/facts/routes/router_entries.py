"""The routes that one line of a router gives: a verb, `resources`, `live`, `forward`, a dashboard.

As Phoenix 1.8's `Phoenix.Router` and `Phoenix.Router.Resource` and LiveView 1.1's
`Phoenix.LiveView.Router` do it; helpers have had the same names since Phoenix 1.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from lsp_server.facts.routes.router_naming import live_name, resource_name
from lsp_server.facts.routes.router_place import Place, is_options
from lsp_server.facts.routes.routes import Route
from lsp_server.facts.values import UNKNOWN, Name, options_of
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.node import Node

VERBS = frozenset({"get", "post", "put", "patch", "delete", "options", "connect", "trace", "head"})
# Macros of libraries that take a path and everything below it.
MOUNTS: Mapping[str, str] = {
    "live_dashboard": "Phoenix.LiveDashboard",
    "oban_dashboard": "Oban.Web",
    "ash_admin": "AshAdmin",
    "error_tracker_dashboard": "ErrorTracker.Web",
    "live_storybook": "PhoenixStorybook",
}
_ACTIONS = ("index", "edit", "new", "show", "create", "update", "delete")


def entries(call: Call, place: Place) -> list[Route] | None:
    """The routes of a line that is none of `scope`'s kind; None where they cannot be told."""
    name = call.name
    written = call.written_arguments
    if name in VERBS:
        return _plain(call, place, name, written)
    if name == "match":
        verb = place.value(written[0]) if written else UNKNOWN
        return _plain(call, place, str(verb), written[1:]) if isinstance(verb, Name) else None
    if name == "live":
        return _live(call, place, written)
    if name == "forward":
        return _forward(call, place, written)
    if name in MOUNTS:
        return _mount(call, place, written)
    return None


def _options(written: list[Node], at: int) -> dict[str, Node]:
    return dict(options_of(written[at])) if len(written) > at else {}


def _path(place: Place, written: list[Node]) -> str | None:
    value = place.value(written[0]) if written else UNKNOWN
    return value if isinstance(value, str) and not isinstance(value, Name) else None


def _helper(place: Place, options: Mapping[str, Node], default: str) -> str:
    """The helper's full name with the scopes' `as:`; empty for `as: nil` and what is computed."""
    value = place.value(options["as"]) if "as" in options else default
    return place.join_helper(str(value)) if isinstance(value, str) else ""


def _plug(place: Place, node: Node | None, options: Mapping[str, Node]) -> str:
    """The full name of the module that is routed to."""
    name = place.name(node)
    if "alias" in options and place.value(options["alias"]) is False:
        return name
    return place.join_alias(name)


def _action(place: Place, node: Node | None) -> str:
    value = place.value(node)
    return str(value) if isinstance(value, Name) else ""


def _route(call: Call, place: Place, kind: str, verb: str, path: str, plug: str) -> Route:
    return Route(
        router=place.router,
        kind=kind,
        verb=verb,
        path=place.join_path(path),
        plug=plug,
        action="",
        helper="",
        pipes=place.pipes,
        session=place.session,
        hosts=place.hosts,
        dev=place.dev,
        conditional=place.conditional,
        certain=place.certain,
        trailing_slash=place.trailing_slash,
        span=call.span,
        name_span=call.name_span,
        scope_span=place.scope_span,
    )


def _with(route: Route, action: str, helper: str, slash: bool | None = None) -> Route:
    trailing = route.trailing_slash if slash is None else slash
    return msgspec.structs.replace(route, action=action, helper=helper, trailing_slash=trailing)


def _plain(call: Call, place: Place, verb: str, written: list[Node]) -> list[Route] | None:
    path = _path(place, written)
    if path is None or len(written) < 2:
        return None
    options = _options(written, 3)
    plug = _plug(place, written[1], options)
    route = _route(call, place, "plug", verb, path, plug)
    action = _action(place, written[2] if len(written) > 2 else None)
    slash = place.value(options["trailing_slash"]) is True if "trailing_slash" in options else None
    default = resource_name(place.name(written[1]))
    return [_with(route, action, _helper(place, options, default), slash)]


def _live(call: Call, place: Place, written: list[Node]) -> list[Route] | None:
    path = _path(place, written)
    if path is None or len(written) < 2:
        return None
    third = written[2] if len(written) > 2 else None
    action = "" if third is None or is_options(third) else _action(place, third)
    options = _options(written, 2) | _options(written, 3)
    view = place.join_alias(place.name(written[1]))
    route = _route(call, place, "live", "get", path, view)
    default = live_name(view) if action else "live"
    return [_with(route, action, _helper(place, options, default))]


def _forward(call: Call, place: Place, written: list[Node]) -> list[Route] | None:
    path = _path(place, written)
    if path is None or len(written) < 2:
        return None
    plug = _plug(place, written[1], _options(written, 3))
    return [_route(call, place, "forward", "*", path, plug)]


def _mount(call: Call, place: Place, written: list[Node]) -> list[Route] | None:
    path = _path(place, written)
    if path is None:
        return None
    return [_route(call, place, "mount", "get", path, MOUNTS[call.name])]


@dataclass(frozen=True)
class Resource:
    """One `resources` line. `helper` is None where it is computed, empty for `as: nil`."""

    call: Call
    path: str
    controller: str  # by the aliases, without those of the scopes
    name: str
    helper: str | None
    parameter: str
    actions: tuple[str, ...]
    singleton: bool
    alias: str

    @staticmethod
    def of(call: Call, place: Place) -> Resource | None:
        """The resource that a call describes; None where a part of it is computed."""
        written = call.written_arguments
        path = _path(place, written)
        if path is None or len(written) < 2 or is_options(written[1]):
            return None
        options = _options(written, 2)
        controller = place.name(written[1])
        name = place.value(options["name"]) if "name" in options else resource_name(controller)
        helper = place.value(options["as"]) if "as" in options else name
        parameter = place.value(options["param"]) if "param" in options else "id"
        singleton = "singleton" in options and place.value(options["singleton"]) is True
        actions = _actions(options, place, singleton)
        if actions is None or not isinstance(name, str) or not isinstance(parameter, str):
            return None
        return Resource(
            call,
            path,
            controller,
            str(name),
            "" if helper is None else str(helper) if isinstance(helper, str) else None,
            str(parameter),
            actions,
            singleton,
            place.name(options.get("alias")),
        )

    def routes(self, place: Place) -> Iterator[Route]:
        """Its routes in the order in which Phoenix defines them."""
        plug = place.join_alias(self.controller)
        helper = place.join_helper(self.helper or "")
        one = self.path if self.singleton else f"{self.path}/:{self.parameter}"
        places: Mapping[str, tuple[tuple[str, str], ...]] = {
            "index": (("get", self.path),),
            "edit": (("get", f"{one}/edit"),),
            "new": (("get", f"{self.path}/new"),),
            "show": (("get", one),),
            "create": (("post", self.path),),
            "update": (("patch", one), ("put", one)),
            "delete": (("delete", one),),
        }
        for action in self.actions:
            for verb, path in places[action]:
                route = _route(self.call, place, "plug", verb, path, plug)
                yield _with(route, action, "" if verb == "put" else helper)

    def member(self, place: Place) -> Place:
        """The place of what is nested in it."""
        path = self.path if self.singleton else f"{self.path}/:{self.name}_{self.parameter}"
        return place.member(path, self.helper, self.alias, self.call.span)


def _actions(options: Mapping[str, Node], place: Place, singleton: bool) -> tuple[str, ...] | None:
    """The actions that `only:` or `except:` leave; None where they are computed."""
    default = tuple(one for one in _ACTIONS if not (singleton and one == "index"))
    for key, keep in (("only", True), ("except", False)):
        if key in options:
            named = place.value(options[key])
            if not isinstance(named, list) or UNKNOWN in named:
                return None
            return tuple(one for one in default if (one in named) is keep)
    return default
