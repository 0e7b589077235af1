"""Plugs that a controller runs before its actions: `plug :auth when action in [:new]`."""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.routes.router_place import Place
from lsp_server.facts.sightings import forms_calling
from lsp_server.facts.values import Name, Scope, value_of
from lsp_server.role import Role
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier
from lsp_server.syntax.node import Node
from lsp_server.text import Span


class ControllerPlug(Fact):
    """One `plug` line of a module: `name` is a function's or a module's full name.

    `actions` are those that its guard names, without the plug where it is `negated`. A plug without
    a guard has none, and is `negated`: it runs for every action. It is not `known` where the guard
    says more than that.
    """

    module: str
    name: str
    options: str  # as written
    actions: tuple[str, ...]
    negated: bool
    known: bool
    span: Span

    def runs_for(self, action: str) -> bool:
        """Whether the plug runs before an action; True where it is not known."""
        return not self.known or (action in self.actions) is not self.negated


_PLUG = frozenset({b"plug"})


@collects(ControllerPlug)
def collect_controller_plugs(document: Document) -> Iterator[ControllerPlug]:
    """The plugs directly inside modules, those of pipelines left out."""
    if document.role is not Role.LIB:
        return
    for form in forms_calling(document, _PLUG):
        if form.callee == b"plug":
            place = Place(form.module.name, form, Scope(form.module))
            found = _plug(Call(form.raw, form.tree), place)
            if found is not None:
                yield found


def _plug(call: Call, place: Place) -> ControllerPlug | None:
    written = list(call.written_arguments)
    guard: Node | None = None
    if written and isinstance(written[-1], BinaryOperator) and written[-1].operator == "when":
        guard = written[-1].right
        written[-1] = written[-1].left
    name = place.plug_name(written[0]) if written else ""
    if not name:
        return None
    options = written[1].text if len(written) > 1 else ""
    actions, negated, known = _guarded(guard, place)
    return ControllerPlug(place.router, name, options, actions, negated, known, call.span)


def _guarded(guard: Node | None, place: Place) -> tuple[tuple[str, ...], bool, bool]:
    """The actions of a guard, whether they are left out, and whether that is all it says."""
    if guard is None:
        return (), True, True
    if isinstance(guard, BinaryOperator) and isinstance(guard.left, Identifier):
        value = value_of(guard.right, place.values)
        named = value if isinstance(value, list) else [value]
        if guard.left.name == "action" and all(isinstance(one, Name) for one in named):
            actions = tuple(str(one) for one in named)
            if guard.operator in ("in", "=="):
                return actions, False, True
            if guard.operator in ("not in", "!="):
                return actions, True, True
    return (), True, False
