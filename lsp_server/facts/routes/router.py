"""The routers of a project joined: routes by helper and by path, pipelines, and who serves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lsp_server.facts.fact import FactType
from lsp_server.facts.index import Index, join
from lsp_server.facts.routes.endpoints import Endpoint, StaticPaths, Statics, VerifiedRoutes
from lsp_server.facts.routes.route_matching import Segments, matches, nearest
from lsp_server.facts.routes.routes import LiveSession, Opaque, Pipeline, PlugCall, Route, Router
from lsp_server.role import Role, app_of, role_of


@dataclass(frozen=True)
class RouterTable:
    """One router with all that is in it; `path` is its file. Routes are in the order of trying."""

    path: str
    router: Router
    routes: tuple[Route, ...] = ()
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    sessions: Mapping[str, LiveSession] = field(default_factory=dict)
    opaque: tuple[Opaque, ...] = ()
    helpers: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The router's full name."""
        return self.router.module

    def matching(self, segments: Segments) -> list[Route]:
        """The routes that can match a path, whose dynamic segments are None and match anything."""
        key = len(segments), segments[0] if segments else None
        some = self._starting.get(key)
        if some is None:
            found = self._by_size.get(len(segments), self._globs)
            begin = [*segments[:1], *[None] * (len(segments) - 1)]
            some = self._starting[key] = [one for one in found if matches(one, begin)]
        return [route for route in some if matches(route, segments)]

    @cached_property
    def _starting(self) -> dict[tuple[int, str | None], list[Route]]:
        """The routes for paths of a length that begin with a segment, as they were asked for."""
        return {}

    @cached_property
    def _globs(self) -> list[Route]:
        """The routes that take paths of any length from theirs on."""
        return [one for one in self.routes if one.is_prefix or "*" in one.path]

    @cached_property
    def _by_size(self) -> Mapping[int, list[Route]]:
        """The routes that may match paths with a number of segments, for the numbers in routes."""
        globs = set(map(id, self._globs))
        sizes = [(len(one.segments), id(one) in globs, one) for one in self.routes]
        return {
            size: [one for its, is_glob, one in sizes if is_glob or its == size]
            for size in {its for its, _, _ in sizes}
        }

    def hides(self, segments: Segments) -> bool:
        """Whether a macro that cannot be seen may define a route for a path."""
        for one in self.opaque:
            prefix = [part for part in one.path.split("/") if part]
            if all(
                mine[0] in "*:" or theirs is None or mine == theirs
                for mine, theirs in zip(prefix, segments, strict=False)
            ):
                return True
        return False

    def nearest(self, segments: Segments) -> str | None:
        """The path of a page most like a path that no route matches; None where none is near."""
        pages = (route for route in self.routes if route.verb == "get" and not route.is_prefix)
        return nearest(pages, segments)

    def plugs(self, route: Route) -> Iterator[PlugCall | str]:
        """Everything that a request for a route passes through, pipelines by their plugs; a plug
        that `pipe_through` names itself is given by its name."""
        for name in route.pipes:
            pipeline = self.pipelines.get(name)
            if pipeline is None:
                yield name
            else:
                yield from pipeline.plugs

    def is_certain(self, route: Route) -> bool:
        """Whether `plugs` tells all that a route passes through."""
        return route.certain and all(
            self.pipelines[name].complete for name in route.pipes if name in self.pipelines
        )


@dataclass(frozen=True)
class Routing:
    """All routers of a project by module, the endpoints by module, and verified routes by file."""

    routers: Mapping[str, RouterTable] = field(default_factory=dict)
    endpoints: Mapping[str, tuple[str, Endpoint]] = field(default_factory=dict)
    verified: Sequence[tuple[str, VerifiedRoutes]] = ()
    static_paths: Mapping[str, StaticPaths] = field(default_factory=dict)

    def of_app(self, path: str) -> list[RouterTable]:
        """The routers of the umbrella application that holds a file; of a plain project all."""
        folder = app_of(path)
        return [one for one in self.routers.values() if app_of(one.path) == folder]

    def served(self, router: str) -> list[Endpoint]:
        """The endpoints that plug a router."""
        return [
            endpoint
            for _, endpoint in self.endpoints.values()
            if any(plug.name == router for plug in endpoint.plugs)
        ]

    def forwarded(self, router: str) -> bool:
        """Whether another router forwards to a router, which puts a prefix before its paths."""
        return router in self._forwarded

    @cached_property
    def _forwarded(self) -> frozenset[str]:
        return frozenset(
            route.plug
            for table in self.routers.values()
            for route in table.routes
            if route.kind == "forward"
        )

    def verified_in(self, path: str) -> list[VerifiedRoutes]:
        """How `~p` is set up in the application of a file: one of each kind of settings, those in
        a web module before those that modules have for themselves. Statics make no kind."""
        folder = app_of(path)
        found = [one for where, one in self.verified if app_of(where) == folder]
        kinds: dict[tuple[str, str, bool], VerifiedRoutes] = {}
        for one in sorted(found, key=lambda it: not it.function):
            kinds.setdefault((one.router, one.endpoint, one.prefixed), one)
        return list(kinds.values())

    def statics(self, statics: Statics) -> tuple[str, ...]:
        """The first parts of the paths that are files."""
        if statics.module:
            named = self.static_paths.get(statics.module)
            return () if named is None else named.paths
        return statics.paths


@join(Router, Pipeline, Route, LiveSession, Opaque, Endpoint, StaticPaths, VerifiedRoutes)
def routing(index: Index) -> Routing:
    """The routing of all files but tests."""
    tables: dict[str, RouterTable] = {}
    for path in sorted(index.paths):
        if role_of(path) not in (Role.TEST, Role.DEPENDENCY):
            for table in _tables(index, path):
                tables.setdefault(table.module, table)
    return Routing(
        tables,
        {one.module: (path, one) for path, one in _of_code(index, Endpoint)},
        tuple(_of_code(index, VerifiedRoutes)),
        {one.module: one for _, one in _of_code(index, StaticPaths)},
    )


def _of_code(index: Index, kind: type[FactType]) -> list[tuple[str, FactType]]:
    return [
        (path, one)
        for path, one in index.of(kind)
        if role_of(path) not in (Role.TEST, Role.DEPENDENCY)
    ]


def _tables(index: Index, path: str) -> Iterator[RouterTable]:
    facts = index.file(path)
    for router in facts.of(Router):
        name = router.module
        routes = tuple(one for one in facts.of(Route) if one.router == name)
        helpers: dict[str, list[Route]] = {}
        for route in routes:
            if route.helper and not route.is_prefix:
                helpers.setdefault(route.helper, []).append(route)
        yield RouterTable(
            path,
            router,
            routes,
            {one.name: one for one in facts.of(Pipeline) if one.router == name},
            {one.name: one for one in facts.of(LiveSession) if one.router == name},
            tuple(one for one in facts.of(Opaque) if one.router == name),
            {helper: tuple(found) for helper, found in helpers.items()},
        )
