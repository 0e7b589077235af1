"""Functions of a LiveView that run as a part of its callbacks."""

from __future__ import annotations

from collections.abc import Collection

from lsp_server.facts.calls.effects import CallGraph
from lsp_server.facts.modules import FunctionKey


def runs_in(
    graph: CallGraph,
    function: FunctionKey,
    callbacks: Collection[tuple[str, int]],
    avoiding: int = 0,
) -> bool:
    """Whether a function is one of the callbacks, or only these of its own module call it, from
    places without the bits of `avoiding`."""
    if function[1:] in callbacks:
        return True
    callers = graph.callers.get(function, ())
    return bool(callers) and all(
        one[0] == function[0] and one[1:] in callbacks and not call.place & avoiding
        for one, _, call in callers
    )
