"""What functions return, as far as it is a result: `:ok`, `{:ok, _}`, `:error`, `{:error, _}`.

Each clause of a function says what its last expressions are; calls among them are followed through
the project. Only what is seen is stated: a function may return anything else besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from typing import NamedTuple

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Clause, Step, call_graph, written
from lsp_server.facts.calls.primitives import Effect, words
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.results.outcomes import CALL, REST, Outcome, outcomes_of
from lsp_server.role import Role
from lsp_server.text import Span


class Shape(IntFlag):
    """The results that a function can return; the bits are stored nowhere."""

    OK = 1  # `:ok`
    OK_VALUE = 2  # `{:ok, _}`
    OK_VALUES = 4  # `{:ok, _, _}` and longer
    ERROR = 8  # `:error`
    CHANGESET = 16  # `{:error, changeset}`
    REASON = 32  # `{:error, _}` of anything else
    DETAILS = 64  # `{:error, _, _}` and longer


UNKNOWN = Shape(0)
SUCCESS = Shape.OK | Shape.OK_VALUE | Shape.OK_VALUES
FAILURE = Shape.ERROR | Shape.CHANGESET | Shape.REASON | Shape.DETAILS
_SHAPES = {shape.name: shape for shape in Shape}


class FunctionOutcomes(Fact):
    """What one clause of a function can return; clauses of which nothing is known are left out."""

    module: str
    name: str
    arity: int
    span: Span  # of the name
    outcomes: tuple[Outcome, ...]


_FUNCTIONS = frozenset({b"def", b"defp", b"defdelegate"})
# Names of functions that are asked for something else than a result, and files of views.
_OTHER = re.compile(
    r".*[?!]|render|init|mount|handle_(?:call|cast|info|event|params|continue)|changeset|terminate|start_link"
)
_MARKUP = re.compile(r"_(?:html|json|view|components)\.ex$|/(?:components|views)/")


@collects(FunctionOutcomes)
def collect_outcomes(document: Document) -> Iterator[FunctionOutcomes]:
    """The outcomes of the functions in `lib`."""
    if document.role is not Role.LIB or _MARKUP.search(document.path) is not None:
        return
    for form in document.forms:
        if form.callee not in _FUNCTIONS or not form.module.name:
            continue
        function = form.function
        if function is None or _OTHER.fullmatch(function.name) is not None:
            continue
        found = tuple(outcomes_of(form, function))
        if found:
            yield FunctionOutcomes(
                form.module.name, function.name, function.arity, function.name_span, found
            )


# Results of libraries' functions. `File` is that of Elixir 1.18.
_DONE = Shape.OK | Shape.REASON
_GIVEN = Shape.OK_VALUE | Shape.REASON
_FILE: Mapping[str, Shape] = {
    **dict.fromkeys(("write", "rm", "cp", "mkdir", "mkdir_p", "rename", "touch"), _DONE),
    **dict.fromkeys(("read", "open", "ls", "copy"), _GIVEN),
    **dict.fromkeys(("cp_r", "rm_rf"), Shape.OK_VALUE | Shape.DETAILS),
}
_WRITES = words("insert update delete insert_or_update")
_DELIVERIES = words("deliver deliver_many deliver_now")
_VERBS = words("get post put patch delete head options request")
# Clients whose functions without a bang return `{:ok, _}` or `{:error, _}`.
_CLIENTS = words("Req Finch HTTPoison Tesla ExAws Mojito Neuron :httpc")


class _Link(NamedTuple):
    """How a function comes to an error: where, and the function of the project whose it is."""

    path: str
    span: Span
    following: FunctionKey | None
    text: str
    fails_only: bool = False


@dataclass(frozen=True)
class Results:
    """What the project's functions and the libraries' known ones return."""

    shapes: Mapping[FunctionKey, Shape]
    graph: CallGraph = field(repr=False)
    _sites: Mapping[tuple[str, int], tuple[Clause, CallSite]] = field(repr=False)
    _links: Mapping[FunctionKey, _Link] = field(repr=False)

    def site(self, path: str, callee: Span) -> tuple[Clause, CallSite] | None:
        """The call whose callee begins there, and the clause in which it stands."""
        return self._sites.get((path, callee.start))

    def of(self, caller: str, call: CallSite) -> Shape:
        """What a call in the module `caller` can return, as far as it is known."""
        function = self.graph.callee(caller, call)
        if function is None:
            return _of_library(self.graph, caller, call)
        return self.shapes.get(function, UNKNOWN)

    def told(self, path: str, outcomes: Iterable[Outcome]) -> Shape:
        """What an expression of these outcomes can return."""
        found = UNKNOWN
        for one in outcomes:
            if one.kind not in (CALL, REST):
                found |= _SHAPES[one.kind]
                continue
            site = self.site(path, one.span)
            if site is not None:
                shape = self.of(site[0].module, site[1])
                found |= shape & FAILURE if one.kind == REST else shape
        return found

    def way(self, caller: str, call: CallSite) -> tuple[Step, ...]:
        """The shortest way from the function that is called down to where an error is returned."""
        links = ((one, self._links[one]) for one in self.through(caller, call))
        return tuple(
            Step(link.path, link.span, f"`{written(function)}` {link.text}")
            for function, link in links
        )

    def decides(self, caller: str, call: CallSite) -> bool:
        """Whether the function that is called says itself where it fails: it writes the error out,
        or gives up in a `with`."""
        function = self.graph.callee(caller, call)
        link = None if function is None else self._links.get(function)
        return link is not None and (link.following is None or link.fails_only)

    def through(self, caller: str, call: CallSite) -> Iterator[FunctionKey]:
        """The project's functions on that way, the one that is called first."""
        function = self.graph.callee(caller, call)
        while function is not None and function in self._links:
            yield function
            function = self._links[function].following


def _of_library(graph: CallGraph, caller: str, call: CallSite) -> Shape:
    if call.module == "File":
        return _FILE.get(call.name, UNKNOWN)
    effect = graph.direct(caller, call)
    if effect & Effect.DB_WRITE and call.name == "delete":
        # Ecto 3.13: what is no changeset has no constraints, so that it is deleted, or it raises.
        # `facts.outcomes` tells where a changeset is deleted.
        return Shape.OK_VALUE
    if effect & Effect.DB_WRITE and call.name in _WRITES:
        # A job is only refused if its module builds it wrongly; of Ash nothing is followed.
        known = call.module not in ("Oban", "Ash")
        return Shape.OK_VALUE | Shape.CHANGESET if known else UNKNOWN
    if effect & Effect.MAIL and call.name in _DELIVERIES:
        return _GIVEN
    if effect & Effect.HTTP and call.name in _VERBS and call.module in _CLIENTS:
        return _GIVEN
    return UNKNOWN


class _Return(NamedTuple):
    """What one function returns of another's."""

    caller: FunctionKey
    path: str
    span: Span
    text: str
    fails_only: bool


@join(FunctionOutcomes, call_graph)
def results(index: Index) -> Results:
    """The results of all functions: what each says, and what those it returns from return."""
    graph = call_graph(index)
    sites = {
        (clause.path, call.span.start): (clause, call)
        for clause in graph.clauses
        for call in clause.calls
    }
    shapes: dict[FunctionKey, Shape] = {}
    links: dict[FunctionKey, _Link] = {}
    returns: dict[FunctionKey, list[_Return]] = {}
    pending: list[FunctionKey] = []

    def add(function: FunctionKey, found: Shape, link: _Link) -> None:
        known = shapes.get(function, UNKNOWN)
        both = known | found
        if both == known:
            return
        if function not in links and found & FAILURE:
            links[function] = link
        shapes[function] = both
        pending.append(function)

    for path, one in index.of(FunctionOutcomes):
        key = (one.module, one.name, one.arity)
        for outcome in one.outcomes:
            kind = outcome.kind
            if kind not in (CALL, REST):
                add(key, _SHAPES[kind], _Link(path, outcome.span, None, "returns this error"))
                continue
            site = sites.get((path, outcome.span.start))
            if site is None:
                continue
            clause, call = site
            callee = graph.callee(clause.module, call)
            name = graph.name_of(clause.module, call)
            text = f"returns what `{name}` returns"
            if callee is not None:
                returns.setdefault(callee, []).append(
                    _Return(key, path, call.span, text, kind == REST)
                )
                continue
            shape = _of_library(graph, clause.module, call)
            shape = shape & FAILURE if kind == REST else shape
            add(key, shape, _Link(path, call.span, None, text, kind == REST))
    for function in pending:  # grows while it is read
        for back in returns.get(function, ()):
            shape = shapes[function] & FAILURE if back.fails_only else shapes[function]
            link = _Link(back.path, back.span, function, back.text, back.fails_only)
            add(back.caller, shape, link)
    return Results(shapes, graph, sites, links)
