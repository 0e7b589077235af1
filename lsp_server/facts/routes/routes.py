"""What routers say: routes as they expand, pipelines, live sessions, and where macros hide routes.

The facts of one router are found by `router_expansion`, those of a project are joined in `router`.
"""

from __future__ import annotations

from lsp_server.facts.fact import Fact
from lsp_server.text import Span


class Router(Fact):
    """A Phoenix router; without `helpers` for `use Phoenix.Router, helpers: false`."""

    module: str
    helpers: bool
    name_span: Span


class PlugCall(Fact):
    """One `plug` line: `name` is `accepts` for a function, the full name for a module.

    `options` is the text of the options as written. `conditional` tells that it stands in an `if`.
    """

    name: str
    options: str
    conditional: bool
    span: Span
    name_span: Span


class Pipeline(Fact):
    """A `pipeline`. It is not `complete` where a macro may add plugs that cannot be seen."""

    router: str
    name: str
    plugs: tuple[PlugCall, ...]
    complete: bool
    span: Span
    name_span: Span

    def has(self, *names: str) -> bool:
        """Whether one of these plugs is in the pipeline, perhaps under a condition."""
        return any(plug.name in names for plug in self.plugs)


class Route(Fact):
    """One route as the router expands it; `resources` gives several with the same span.

    `kind` is `plug`, `live`, `forward` or `mount` (`live_dashboard` and its like); the last two
    take every path that begins with theirs. `verb` is in lower case, `*` for any. `plug` is the
    controller, plug or LiveView by its full name, `action` the atom's name, empty where there is
    none. `helper` is what stands before `_path` in the helper's name, empty where there is none.
    `pipes` are pipelines, function plugs and module plugs in order. `session` is the name of the
    `live_session`. `dev` tells that production does not have the route, `conditional` that it
    stands under a condition that cannot be decided here. It is not `certain` where a macro may add
    to what the route passes through.
    """

    router: str
    kind: str
    verb: str
    path: str
    plug: str
    action: str
    helper: str
    pipes: tuple[str, ...]
    session: str
    hosts: tuple[str, ...]
    dev: bool
    conditional: bool
    certain: bool
    trailing_slash: bool
    span: Span
    name_span: Span
    scope_span: Span  # the innermost `scope`; empty where there is none

    @property
    def segments(self) -> list[str]:
        """The parts of the path: `users`, `:id`, `*rest`."""
        return [part for part in self.path.split("/") if part]

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters in order, that of a glob last."""
        return [part.lstrip("*:") for part in self.segments if part[0] in "*:"]

    @property
    def helper_action(self) -> str:
        """What a helper takes as its second argument: the action, or a LiveView without action."""
        return self.plug if self.kind == "live" and not self.action else self.action

    @property
    def is_prefix(self) -> bool:
        """Whether everything below the path is taken as well."""
        return self.kind in ("forward", "mount")


class OnMount(Fact):
    """A hook of a `live_session`; `argument` is the atom's name, `default` where none is given."""

    module: str
    argument: str
    span: Span


class LiveSession(Fact):
    """A `live_session`; `session` and `layout` are the options' values as written.

    It is not `complete` where its options or its hooks are computed.
    """

    router: str
    name: str
    on_mount: tuple[OnMount, ...]
    session: str
    layout: str
    complete: bool
    span: Span
    name_span: Span


class Opaque(Fact):
    """A macro that may define routes below `path`; `argument` is its first argument if it is text.

    `kind` is `call` or `use`.
    """

    router: str
    kind: str
    name: str
    path: str
    argument: str
    pipes: tuple[str, ...]
    session: str
    dev: bool
    span: Span
