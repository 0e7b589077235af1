"""LiveViews, components and views joined with their templates, and who renders a component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import Function, FunctionKey, Module, functions, modules
from lsp_server.facts.pages.live_callbacks import LiveCallback, LiveHook
from lsp_server.facts.pages.template_owners import Owner, template_owners
from lsp_server.facts.pages.templates import ComponentCall, Template
from lsp_server.facts.project.context import ProjectContext, project_context
from lsp_server.text import Span


class Kind(StrEnum):
    """What a module of the web layer is, by what it uses in the end."""

    LIVE_VIEW = "live_view"
    LIVE_COMPONENT = "live_component"
    COMPONENT = "component"  # function components, also those beside a controller
    VIEW = "view"  # of Phoenix.View


# In this order: `use Phoenix.LiveView` brings Phoenix.Component too.
_USED = {
    "Phoenix.LiveView": Kind.LIVE_VIEW,
    "Phoenix.LiveComponent": Kind.LIVE_COMPONENT,
    "Phoenix.View": Kind.VIEW,
    "Phoenix.Component": Kind.COMPONENT,
}


# Whose modules define no callbacks that `expansion` does not tell of.
_LIBRARIES = frozenset({"Ash", "AshPhoenix", "Ecto", "Gettext", "Phoenix", "Plug", "Timex"})


class Markup(NamedTuple):
    """One template of a module: its file, and the function that it is in or becomes."""

    path: str
    function: str
    template: Template


@dataclass(frozen=True)
class LiveModule:
    """A module with templates or callbacks. `injected` are functions that a `use` gives it; one
    named `*` stands for those of a library that is not known."""

    name: str
    path: str
    kind: Kind
    module: Module
    markups: tuple[Markup, ...] = ()
    callbacks: tuple[LiveCallback, ...] = ()
    hooks: tuple[LiveHook, ...] = ()
    injected: frozenset[tuple[str, int]] = frozenset()

    def clauses(self, callback: str) -> list[LiveCallback]:
        """The clauses of a callback in the order of the text, and what macros may define."""
        return [one for one in self.callbacks if one.name in (callback, "*")]

    def is_given(self, callback: str) -> bool:
        """Whether a `use` may give it clauses of a callback."""
        return any(name in (callback, "*") for name, _ in self.injected)

    def markup(self, function: str = "render") -> list[Markup]:
        """The templates that a function shows."""
        return [one for one in self.markups if one.function == function]


@join(Module, Function, Template, LiveCallback, LiveHook, project_context, template_owners)
def live_modules(index: Index) -> Mapping[str, LiveModule]:
    """Every LiveView, component module and view of the project by its full name."""
    context, owners = project_context(index), template_owners(index)
    markups: dict[str, list[Markup]] = {}
    for path, template in index.of(Template):
        module, function = template.module, template.function
        if not module and path in owners:
            module, function = owners[path][0].name, owners[path][1]
        if module:
            markups.setdefault(module, []).append(Markup(path, function, template))
    callbacks: dict[str, list[LiveCallback]] = {}
    for _, callback in index.of(LiveCallback):
        callbacks.setdefault(callback.module, []).append(callback)
    hooks: dict[str, list[LiveHook]] = {}
    for _, hook in index.of(LiveHook):
        hooks.setdefault(hook.module, []).append(hook)
    found: dict[str, LiveModule] = {}
    defined = modules(index)
    roots = _LIBRARIES | {name.partition(".")[0] for name in defined}
    for name, (path, module_) in defined.items():
        expansion = context.expansion((use.module, use.selector) for use in module_.uses)
        kind = next((kind for used, kind in _USED.items() if used in expansion.used), None)
        if kind is not None:
            foreign = any(one.partition(".")[0] not in roots for one in expansion.used)
            found[name] = LiveModule(
                name,
                path,
                kind,
                module_,
                tuple(markups.get(name, ())),
                tuple(callbacks.get(name, ())),
                tuple(hooks.get(name, ())),
                expansion.functions | ({("*", 0)} if foreign else set()),
            )
    return found


Component = tuple[str, str]  # module and function; `render` of a live component


class Caller(NamedTuple):
    """One place that renders a component. `module` is empty for a file that nobody owns."""

    module: str
    function: str
    path: str
    kind: str  # as in ComponentCall
    span: Span


class Roots(NamedTuple):
    """The LiveViews in which something is rendered. Not `certain` where it may be in others too."""

    live_views: frozenset[str]
    certain: bool


@dataclass(frozen=True)
class Rendering:
    """Who renders which component, by tags, as a function of `assigns`, by `live_component`.

    `computed` are the places where the module of a live component is computed.
    """

    callers: Mapping[Component, tuple[Caller, ...]]
    computed: tuple[Caller, ...]
    _kinds: Mapping[str, Kind] = field(repr=False)

    def live_views(self, module: str, function: str = "render") -> Roots:
        """The LiveViews whose page can show what a function renders, and that events without a
        target reach.

        A function that nobody renders, that a layout or a page without LiveView renders, or that a
        template renders whose module is not known, may be shown by LiveViews that are not seen.
        """
        start = (module, function)
        seen, pending = {start}, [start]
        found: set[str] = set()
        certain = True
        for one in pending:  # grows while it is read
            kind = self._kinds.get(one[0])
            if kind is Kind.LIVE_VIEW:
                found.add(one[0])
            callers = self.callers.get(one, ())
            if kind is Kind.LIVE_COMPONENT and one[1] != "render" and not callers:
                above = (one[0], "render")  # a callback that shows something of the component
                if above not in seen:
                    seen.add(above)
                    pending.append(above)
            elif kind is not Kind.LIVE_VIEW and (not callers or kind is Kind.VIEW or _layout(one)):
                certain = False
            if kind is Kind.LIVE_COMPONENT and self.computed:
                certain = False
            for caller in callers:
                above = (caller.module, caller.function)
                if not caller.module:
                    certain = False
                elif caller.kind != "live_render" and above not in seen:
                    seen.add(above)
                    pending.append(above)
        return Roots(frozenset(found), certain)


def _layout(component: Component) -> bool:
    return component[0].rpartition(".")[2] in ("Layouts", "LayoutView")


@join(ComponentCall, Module, Function, live_modules, template_owners)
def rendering(index: Index) -> Rendering:
    """The callers of every component of the project."""
    kinds = {name: one.kind for name, one in live_modules(index).items()}
    resolve = _Resolver(index)
    callers: dict[Component, list[Caller]] = {}
    computed: list[Caller] = []
    for path, call in index.of(ComponentCall):
        caller = resolve.caller(path, call)
        target = resolve.target(caller, call)
        if target is not None:
            callers.setdefault(target, []).append(caller)
        elif call.kind == "live_component":
            computed.append(caller)
    by_target = {one: tuple(found) for one, found in callers.items()}
    return Rendering(by_target, tuple(computed), kinds)


class _Resolver:
    """Finds the component that a tag is of."""

    def __init__(self, index: Index) -> None:
        self._owners: Mapping[str, Owner] = template_owners(index)
        self._modules = modules(index)
        self._functions: Mapping[FunctionKey, object] = functions(index)
        self._context: ProjectContext = project_context(index)
        self._aliases: dict[str, Mapping[str, str]] = {}

    def caller(self, path: str, call: ComponentCall) -> Caller:
        """The function that a call stands in, of a file the one that it becomes."""
        module, function = call.module, call.function
        if not module and path in self._owners:
            owner, function = self._owners[path]
            module = owner.name
        return Caller(module, function, path, call.kind, call.span)

    def target(self, caller: Caller, call: ComponentCall) -> Component | None:
        """The component; None for a library's and for what cannot be known."""
        if call.target:
            if call.module:
                return self._brought(call.module, call.target), call.name
            return self._expanded(caller, call.target), call.name
        if call.kind not in ("component", "function"):
            return None
        if (caller.module, call.name, 1) in self._functions:
            return caller.module, call.name
        for module in self._imports(caller.module, call.name):
            if (module, call.name, 1) in self._functions:
                return module, call.name
        return None

    def _expanded(self, caller: Caller, written: str) -> str:
        """A module as a template file has written it."""
        first, dot, rest = written.partition(".")
        owner = self._owners.get(caller.path)
        if owner is None:
            return written
        uses = ((use.module, use.selector) for use in owner[0].uses)
        brought = self._context.expansion(uses).aliases
        target = dict(owner[0].aliases).get(first) or brought.get(first)
        return written if target is None else f"{target}{dot}{rest}"

    def _brought(self, module: str, target: str) -> str:
        """A module as code names it, under an alias that a `use` may bring."""
        first, dot, rest = target.partition(".")
        if target in self._modules:
            return target
        aliases = self._aliases.get(module)
        if aliases is None:
            found = self._modules.get(module)
            uses = () if found is None else found[1].uses
            expansion = self._context.expansion((use.module, use.selector) for use in uses)
            aliases = self._aliases[module] = expansion.aliases
        full = aliases.get(first)
        return target if full is None else f"{full}{dot}{rest}"

    def _imports(self, module: str, name: str) -> Iterator[str]:
        """The modules from which an import can bring a component, also one behind a `use`."""
        found = self._modules.get(module)
        if found is None:
            return
        for one in found[1].imports:
            if one.offers(name, 1):
                yield one.module
        uses = ((use.module, use.selector) for use in found[1].uses)
        for imported, brought in self._context.expansion(uses).imports.items():
            if brought.offers(name, 1) is not False:
                yield imported
