"""The modules to which a framework brings requests, events and messages, and their callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import Module
from lsp_server.facts.project.context import ProjectContext, project_context


class Layer(StrEnum):
    """What calls the functions of a module."""

    CONTROLLER = "controller"
    LIVE_VIEW = "LiveView"
    LIVE_COMPONENT = "live component"
    GEN_SERVER = "GenServer"


# What is used, also behind the project's own `use MyAppWeb, :controller`; and the selectors that
# say the same where the web module cannot be read.
_USED = {
    "Phoenix.Controller": Layer.CONTROLLER,
    "Phoenix.LiveView": Layer.LIVE_VIEW,
    "Phoenix.LiveComponent": Layer.LIVE_COMPONENT,
    "GenServer": Layer.GEN_SERVER,
}
_SELECTORS = {
    "controller": Layer.CONTROLLER,
    "live_view": Layer.LIVE_VIEW,
    "live_component": Layer.LIVE_COMPONENT,
}
CALLBACKS = frozenset(
    {
        ("init", 1),
        ("handle_call", 3),
        ("handle_cast", 2),
        ("handle_info", 2),
        ("handle_continue", 2),
        ("terminate", 2),
    }
)


@join(Module, project_context)
def layers(index: Index) -> Mapping[str, Layer]:
    """The layer of every module that is in one, by its full name."""
    context = project_context(index)
    found: dict[str, Layer] = {}
    for _, module in index.of(Module):
        layer = _layer(module, context) if module.uses else None
        if layer is not None:
            found.setdefault(module.name, layer)
    return found


def _layer(module: Module, context: ProjectContext) -> Layer | None:
    used = context.expansion((use.module, use.selector) for use in module.uses).used
    for name, layer in _USED.items():
        if name in used:
            return layer
    for use in module.uses:
        if use.selector in _SELECTORS:
            return _SELECTORS[use.selector]
    return None
