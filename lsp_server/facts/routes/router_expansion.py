"""Expands a router as its macros do: scope by scope, in the order of the text.

The macros are those of Phoenix 1.8 (`scope`, `pipe_through`, `resources`, …), LiveView 1.1 (`live`,
`live_session`) and AshAuthentication 2 (`ash_authentication_live_session`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.project.production import holds_in_production
from lsp_server.facts.routes.router_entries import MOUNTS, VERBS, Resource, entries
from lsp_server.facts.routes.router_pipelines import live_session, pipeline
from lsp_server.facts.routes.router_place import Place, is_options
from lsp_server.facts.routes.routes import LiveSession, Opaque, Pipeline, Route, Router
from lsp_server.facts.values import Name, Scope, bindings
from lsp_server.role import Role
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, Match, Pipe
from lsp_server.syntax.literals import Boolean
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

DEPTH = 30  # of nested blocks
LIMIT = 5000  # facts of one router: comprehensions can multiply

# What can stand in a router without being a route.
_SILENT = frozenset(
    {"alias", "import", "require", "def", "defp", "defmacro", "defmacrop", "defdelegate"}
    | {"defguard", "defguardp", "defoverridable", "raise", "defmodule", "defstruct", "defimpl"}
)
# `use` of these defines no routes.
_HARMLESS = frozenset(
    {"Appsignal.Plug", "Plug.ErrorHandler", "Sentry.PlugCapture", "Sentry.Plug", "Honeybadger.Plug"}
    | {"Pow.Phoenix.Router", "Pow.Extension.Phoenix.Router", "AshAuthentication.Phoenix.Router"}
    | {"Phoenix.VerifiedRoutes", "Plug.Debugger", "NewRelic.Tracer", "Phoenix.Router"}
)


@collects(Router, Pipeline, Route, LiveSession, Opaque)
def collect_routers(document: Document) -> Iterator[Fact]:
    """The facts of every router in a document."""
    if document.role is not Role.LIB or b"outer" not in document.source:
        return
    for module in document.modules:
        if module.name and is_router(module):
            yield from expand(module)


def is_router(module: Module) -> bool:
    """Whether a module is a Phoenix router: by `use Phoenix.Router`, by `use ShopWeb, :router`, or
    by the pipelines that stand in it."""
    uses = module.names.uses
    if any(use.module == "Plug.Router" for use in uses):
        return False
    if any(use.module == "Phoenix.Router" or use.selector.endswith("router") for use in uses):
        return True
    return bool(uses) and any(form.callee == b"pipeline" for form in module.forms)


def expand(module: Module) -> list[Fact]:
    """The facts of one router, routes in the order in which Phoenix tries them."""
    options = [use.call.keyword("helpers") for use in module.names.uses]
    helpers = not any(isinstance(one, Boolean) and not one.value for one in options)
    expansion = _Expansion(module)
    place: Place | None = None
    for form in module.forms:
        if not form.is_function:
            start = Place(module.name, form, Scope(module))
            place = start if place is None else replace(place, form=form)
            place = expansion.statement(form.node, place)
    return [Router(module.name, helpers, module.name_span), *expansion.facts]


class _Expansion:
    """The facts found so far."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.facts: list[Fact] = []
        self._macros: Mapping[str, Callable[[Call, Place], Place]] = {
            "scope": self._scope,
            "pipeline": self._pipeline,
            "pipe_through": lambda call, place: place.piped(call),
            "resources": self._resources,
            "live_session": self._live_session,
            "ash_authentication_live_session": self._live_session,
            "if": self._if,
            "unless": self._if,
            "for": self._for,
            "use": self._use,
            **dict.fromkeys((*VERBS, *MOUNTS, "match", "live", "forward"), self._entries),
        }

    def block(self, nodes: Iterable[Node], place: Place) -> Place:
        """Expand statements in order; the answer is the place after them."""
        for node in nodes:
            place = self.statement(node, place)
        return place

    def statement(self, node: Node, place: Place) -> Place:
        """Expand one statement; the answer is the place after it."""
        match node:
            case Match():
                bound = bindings(node.left, place.value(node.right))
                return replace(place, values=place.values.bind(bound))
            case Call() if node.receiver is None:
                macro = self._macros.get(node.name)
                if node.name in _SILENT:
                    return place
                if macro is None or place.depth > DEPTH or len(self.facts) > LIMIT:
                    return self._unknown(node, place)
                return macro(node, place)
            case Call() if node.module not in ("Logger", "IO"):
                return self._unknown(node, place)
            case Identifier() | Pipe():
                return self._unknown(node, place)
        return place

    def _unknown(self, node: Node, place: Place) -> Place:
        """A macro that may define routes here, and may add to what those after it pass through."""
        name, argument = node.text, ""
        if isinstance(node, Call):
            name = node.dotted
            first = place.value(node.written_arguments[0]) if node.written_arguments else None
            if isinstance(first, str) and not isinstance(first, Name):
                argument = first
        elif isinstance(node, Pipe):
            name = "|>"
        self._hide(node, "call", name, argument, place)
        return replace(place, certain=False) if place.depth else place

    def _hide(self, node: Node, kind: str, name: str, argument: str, place: Place) -> None:
        hidden = Opaque(
            place.router,
            kind,
            name,
            place.join_path(),
            argument,
            place.pipes,
            place.session,
            place.dev,
            node.span,
        )
        self.facts.append(hidden)

    def _use(self, call: Call, place: Place) -> Place:
        written = call.written_arguments
        selector = written[1].text if len(written) > 1 else ""
        name = place.name(written[0]) if written else ""
        if name not in _HARMLESS and not selector.endswith("router"):
            self._hide(call, "use", name, "", place)
        return place

    def _scope(self, call: Call, place: Place) -> Place:
        inner = place.inside(call)
        if inner is None:
            self._unknown(call, place)
        else:
            self.block(call.body, inner)
        return place

    def _pipeline(self, call: Call, place: Place) -> Place:
        found = pipeline(call, place)
        if found is None:
            return self._unknown(call, place)
        self.facts.append(found)
        return place

    def _entries(self, call: Call, place: Place) -> Place:
        found = entries(call, place)
        if found is None:
            return self._unknown(call, place)
        self.facts += found
        return place

    def _resources(self, call: Call, place: Place) -> Place:
        resource = Resource.of(call, place)
        if resource is None:
            return self._unknown(call, place)
        self.facts += resource.routes(place)
        self.block(call.body, resource.member(place))
        return place

    def _live_session(self, call: Call, place: Place) -> Place:
        found = live_session(call, place)
        if found is None:
            return self._unknown(call, place)
        self.facts.append(found)
        inner = replace(place, session=found.name, depth=place.depth + 1)
        after = self.block(call.body, inner)  # no scope of its own: `pipe_through` goes on after it
        return replace(after, session=place.session, depth=place.depth)

    def _if(self, call: Call, place: Place) -> Place:
        written = call.written_arguments
        holds = holds_in_production(written[0] if written else None, place.values)
        then, otherwise = call.section("do"), call.section("else")
        inner = replace(place, depth=place.depth + 1)
        if holds is None:
            maybe = replace(inner, conditional=True)
            after = [self.block(branch, maybe) for branch in (then, otherwise)]
            same = all((one.pipes, one.certain) == (place.pipes, place.certain) for one in after)
            return place if same else replace(place, certain=False)
        if call.name == "unless":
            holds = not holds
        live, dead = (then, otherwise) if holds else (otherwise, then)
        self.block(dead, replace(inner, dev=True))
        return replace(self.block(live, inner), depth=place.depth)

    def _for(self, call: Call, place: Place) -> Place:
        """A comprehension over a literal list is expanded, any other hides its routes."""
        rounds = [place.values]
        for node in call.written_arguments:
            if is_options(node):
                continue
            if not isinstance(node, BinaryOperator) or node.operator != "<-":
                return self._unknown(call, place)
            values = place.value(node.right)
            if not isinstance(values, list) or len(values) * len(rounds) > LIMIT:
                return self._unknown(call, place)
            rounds = [one.bind(bindings(node.left, value)) for one in rounds for value in values]
        for values in rounds:
            self.block(call.body, replace(place, values=values, depth=place.depth + 1))
        return place
