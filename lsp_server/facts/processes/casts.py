"""Messages that nobody waits for, and whether they are sent once for each of many things."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document, Language
from lsp_server.facts.calls.loops import recursion
from lsp_server.facts.calls.places import (
    CONCURRENT,
    ELSEWHERE,
    LATER,
    LOOP,
    SMALL,
    in_order,
    place_at,
)
from lsp_server.facts.calls.regions import regions_of
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.local_flow import module_of
from lsp_server.facts.modules import full_name
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Identifier,
    ModuleAttribute,
)
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

_NAMES = ("cast", "send")
MANY = 100
_RANGE = re.compile(r"(\d[\d_]*)\s*\.\.\s*(\d[\d_]*)")
_WANTED = frozenset({b"cast", b"send"})
_CASTERS = frozenset({"Agent", "GenServer", "GenStage", ":gen_server", ":gen_statem"})
# What waits in between: whoever sends is held up by it.
_WAITING = frozenset(
    {b"call", b"receive", b"sleep", b"await", b"yield", b"chunk_every", b"sync_notify"}
)
_LOOPS = (b"Enum.", b"Stream.", b"Map.", b"MapSet.", b"Keyword.", b"List.", b"for ", b"for(")


class Cast(Fact):
    """One `GenServer.cast` or `send` in a function.

    `fixed` says that its receiver is written out, and the same for every caller; `looped` that it
    is sent to the same receiver in a loop of the function itself; `waits` that the function waits
    for something too.
    """

    module: str
    name: str
    arity: int
    through: str  # `GenServer.cast`
    fixed: bool
    looped: bool
    waits: bool
    span: Span  # of receiver and name of the call


@collects(Cast)
def collect_casts(document: Document) -> Iterator[Cast]:
    """The casts of functions in `lib`."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    for form in forms_calling(document, _WANTED):
        function = form.function
        if function is None:
            continue
        found = [call for call in form.index.calls(*_NAMES) if _is_cast(call, form)]
        if not found:
            continue
        loops = any(sign in form.bytes for sign in _LOOPS)
        own = form.index.raw_calls.get(function.name.encode(), ())
        found_regions = regions_of(form.index, sorted(one.start for one in found)) if loops else []
        if len(own) > 1:
            found_regions += recursion(function.head, own, form.raw.end_byte)
        regions = in_order(found_regions, template=False)
        waits = not _WAITING.isdisjoint(form.index.callee_names)
        for call in found:
            target = call.arguments[0]
            place, over = place_at(regions, call.start, call.end)
            if is_long(over):
                place &= ~SMALL
            names = {one.name for one in target.find(Identifier)}
            placed = b"&" in target.bytes
            varies = placed or (bool(place & LOOP) and _varies(call, names))
            named = isinstance(target, ModuleAttribute) or names <= {"__MODULE__"}
            yield Cast(
                full_name(form.module),
                function.name,
                function.arity,
                call.dotted,
                not varies and named,
                bool(place & LOOP)
                and not place & (SMALL | ELSEWHERE | LATER | CONCURRENT)
                and not varies,
                waits,
                call.callee_span,
            )


def is_long(collection: str) -> bool:
    """Whether a collection that is written out has many elements: `1..10_000`."""
    found = _RANGE.fullmatch(collection)
    return found is not None and int(found[2]) - int(found[1]) >= MANY


def _is_cast(call: Call, form: Form) -> bool:
    arguments = call.arguments
    if len(arguments) < 2 or call.capture_arity is not None:
        return False
    if any(one.name == "self" for one in arguments[0].find(Call)):
        return False
    if call.name == "send":
        return call.receiver is None or module_of(call.receiver, form) in ("Kernel", "Process")
    return module_of(call.receiver, form) in _CASTERS


def _varies(call: Call, names: set[str]) -> bool:
    """Whether the receiver is another one each time around."""
    for outer in call.ancestors():
        bound: list[Node] = []
        if isinstance(outer, AnonymousFunction):
            bound = [pattern for clause in outer.clauses for pattern in clause.patterns]
            bound += [one.left for one in outer.find(BinaryOperator) if one.operator == "="]
        elif isinstance(outer, Call) and outer.receiver is None and outer.name == "for":
            arguments = outer.written_arguments
            steps = [one for one in arguments if isinstance(one, BinaryOperator)]
            bound = [one.left for one in steps if one.operator in ("<-", "=")]
            bound += [one.left for one in outer.find(BinaryOperator) if one.operator == "="]
        for pattern in bound:
            if any(one.name in names for one in pattern.find(Identifier)):
                return True
    return False
