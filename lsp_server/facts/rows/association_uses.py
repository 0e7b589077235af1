"""Associations that are read although nobody has loaded them, with the queries of their rows.

A read in a function of its parameters, or in a template of its assigns, is followed to those who
call the function or set the assigns, until what it reads comes from a query in sight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Step, call_graph
from lsp_server.facts.database.schemas import schemas
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import FunctionKey, functions
from lsp_server.facts.pages.live_modules import Kind, live_modules, rendering
from lsp_server.facts.pages.template_owners import Owner, template_owners
from lsp_server.facts.project.context import project_context
from lsp_server.facts.rows.expressions import (
    UNKNOWN,
    Expression,
    field,
    free,
    holds,
    is_within,
    replaced,
)
from lsp_server.facts.rows.kinds import NotLoaded, Rows, Site
from lsp_server.facts.rows.reads import LoadedAsked, RowRead, RowsGiven
from lsp_server.facts.rows.returns import RowsReturned
from lsp_server.facts.rows.slots import slots
from lsp_server.facts.rows.values import Evaluator
from lsp_server.text import Span


@dataclass(frozen=True)
class Use:
    """One read of an association that is not loaded, marked at `span`.

    `needs` are the ways from the rows that `sites` fetch to what must be loaded. `each`: it is read
    of every element of a list. `steps` lead from the marked place to the read.
    """

    path: str
    span: Span
    text: str
    association: str
    schema: str
    each: bool
    sites: tuple[Site, ...]
    needs: tuple[tuple[str, ...], ...]
    steps: tuple[Step, ...] = ()
    function: FunctionKey = ("", "", 0)  # that the marked place stands in


@dataclass(frozen=True)
class _Given:
    """Arguments of one call of a function, or the value of an assign, in the function `key`."""

    key: FunctionKey
    path: str
    args: tuple[Expression, ...]
    span: Span
    renders: bool  # a template


@dataclass(frozen=True)
class _Demand:
    """A read on the way up to the query: `root` is in terms of the function `key`."""

    read: RowRead
    path: str
    root: Expression
    key: FunctionKey
    marked: tuple[str, Span]
    function: FunctionKey  # that the marked place stands in
    steps: tuple[Step, ...] = ()


_FARTHEST = 7  # functions between a read and the loop or query
_MOST = 300  # demands of one read
_LARGEST = 200  # parts of what a demand is about; in one project some grew to 360,000 of 195 kinds


@join(RowsReturned, project_context)
def preloading(index: Index) -> frozenset[FunctionKey]:
    """The functions that return what they are given with associations preloaded."""
    context = project_context(index)
    return frozenset(
        (one.module, one.name, one.arity)
        for _, one in index.of(RowsReturned)
        if one.result.kind == "call"
        and one.result.name == "preload"
        and context.is_repo(one.result.module)
        and one.result.args[:1]
        and one.result.args[0].kind == "param"
    )


@join(RowsReturned, call_graph, schemas, project_context)
def row_evaluator(index: Index) -> Evaluator:
    """What evaluates the expressions of rows in the project."""
    graph = call_graph(index)
    returned: dict[FunctionKey, list[RowsReturned]] = {}
    for _, one in index.of(RowsReturned):
        returned.setdefault((one.module, one.name, one.arity), []).append(one)
    return Evaluator(
        schemas(index),
        project_context(index),
        returned,
        lambda caller, call: _callee(graph, caller, call),
    )


@join(
    RowRead,
    LoadedAsked,
    RowsGiven,
    RowsReturned,
    call_graph,
    schemas,
    live_modules,
    rendering,
    template_owners,
    functions,
    row_evaluator,
    slots,
)
def association_uses(index: Index) -> tuple[Use, ...]:
    """All of them in the project, in the order of files and text."""
    reads = list(index.of(RowRead))
    if not reads or not schemas(index).by_module:
        return ()
    return tuple(_Resolver(index).uses(reads))


class _Resolver:
    def __init__(self, index: Index) -> None:
        self.owners: Mapping[str, Owner] = template_owners(index)
        self.functions = functions(index)
        self.kinds = {name: one.kind for name, one in live_modules(index).items()}
        known = schemas(index)
        self.names = {association.name for it in known for association in it.schema.associations}
        self.asking = {one.module for _, one in index.of(LoadedAsked)}
        self.evaluator = row_evaluator(index)
        self.slots = slots(index)
        self.callers: dict[FunctionKey, list[_Given]] = {}
        self.assigns: dict[tuple[str, str, str], list[_Given]] = {}  # module, kind, key
        self._note(index)

    def _key(self, path: str, fact: RowRead | RowsGiven) -> FunctionKey:
        if not fact.module and path in self.owners:
            owner, name = self.owners[path]
            return owner.name, name, 1
        return fact.module, fact.function, fact.arity

    def _note(self, index: Index) -> None:
        """Who hands what on to which function."""
        tags: dict[tuple[str, Span], FunctionKey] = {}
        for target, callers in rendering(index).callers.items():
            for caller in callers:
                tags[caller.path, caller.span] = (target[0], target[1], 1)
        for path, one in index.of(RowsGiven):
            args = tuple(map(self.slots.resolved, one.args))
            given = _Given(self._key(path, one), path, args, one.span, one.kind == "render")
            targets: list[FunctionKey] = []
            match one.kind:
                case "assign" | "stream":
                    where = (one.module, one.kind, one.name)
                    self.assigns.setdefault(where, []).append(given)
                case "component" if (path, one.span) in tags:
                    targets.append(tags[path, one.span])
                case "render":
                    targets += _templates(one.target, one.name)
                case "call":
                    arity = len(one.args)
                    found = self.functions.get((one.target, one.name, arity))
                    arity = arity if found is None else found[1].arity
                    targets.append((one.target, one.name, arity))
            for callee in targets:
                self.callers.setdefault(callee, []).append(given)

    # ---- from reads to queries

    def uses(self, reads: list[tuple[str, RowRead]]) -> Iterator[Use]:
        """What is read without being loaded; each place once."""
        found: dict[tuple[str, Span], list[Use]] = {}
        for path, read in reads:
            if read.name in self.names and read.shown not in self.asking:
                for use in self._of_read(path, read):
                    found.setdefault((use.path, use.span), []).append(use)
        needs: dict[Site, dict[tuple[str, ...], None]] = {}
        for uses in found.values():
            for use in uses:
                for site in use.sites:
                    needs.setdefault(site, {}).update(dict.fromkeys(use.needs))
        seen: set[tuple[object, ...]] = set()
        for place in sorted(found):
            own = [use for use in found[place] if use.association]
            if not own:
                continue
            use = own[0]
            sites = tuple(dict.fromkeys(site for one in own for site in one.sites))
            same = (use.path, use.function, use.text, sites, use.needs)
            if same not in seen:
                seen.add(same)
                every = tuple(dict.fromkeys(way for site in sites for way in needs[site]))
                yield replace(use, sites=sites, needs=(*use.needs, *every))

    def _of_read(self, path: str, read: RowRead) -> Iterator[Use]:
        key = self._key(path, read)
        root = self.slots.resolved(read.root)
        start = _Demand(read, path, root, key, (path, read.span), key)
        pending, seen = [start], {(key, root)}
        missing: list[Use] = []
        loaded = False
        for demand in pending:  # grows while it is read
            judged = self._judged(demand)
            loaded = loaded or None in judged
            missing += [use for use in judged if use is not None]
            part = free(demand.root)
            if judged or part is None:
                continue
            if len(demand.steps) >= _FARTHEST or len(pending) > _MOST:
                continue
            for one in self._above(demand, part):
                again = (one.key, one.root)
                if again not in seen and is_within(one.root, _LARGEST):
                    seen.add(again)
                    pending.append(one)
        if not (loaded and read.conditional):
            yield from missing

    def _above(self, demand: _Demand, part: Expression) -> Iterator[_Demand]:
        """The demand in terms of each function that hands something on to its function."""
        key = demand.key
        callers = self.callers.get(key, ())
        if part.kind in ("assign", "stream"):
            own = self.assigns.get((key[0], part.kind, part.name), ())
            kind = self.kinds.get(key[0])
            if own and kind in (Kind.LIVE_VIEW, Kind.LIVE_COMPONENT):
                if not callers or key[1] == "render":
                    for given in own:
                        yield self._assigned(demand, part, given)
        for given in callers:
            yield _handed(demand, given)

    def _assigned(self, demand: _Demand, part: Expression, given: _Given) -> _Demand:
        def value(one: Expression) -> Expression | None:
            if one.kind not in ("assign", "stream", "assigns", "param"):
                return None
            if (one.kind, one.name) != (part.kind, part.name):
                return UNKNOWN
            return _pairs_of(given.args[0]) if part.kind == "stream" else given.args[0]

        step = Step(given.path, given.span, f"`{part.name}` is assigned here")
        return replace(
            demand,
            root=replaced(demand.root, value),
            key=given.key,
            steps=(*demand.steps, step),
        )

    def _judged(self, demand: _Demand) -> list[Use | None]:
        """What is missing for a read whose query is in sight, or None where nothing is; empty where
        the query is not in sight."""
        values = self.evaluator.values(demand.root, demand.key)
        if not values or any(one is None for one in values):
            return []
        found = [self.evaluator.read(one, demand.read.name) for one in values]
        flat = [one for several in found for one in several]
        missing = [one for one in flat if isinstance(one, NotLoaded)]
        if len(missing) < len(flat) or not flat:
            known = flat and all(isinstance(one, Rows) for one in flat)
            return [None] if known else []
        first = missing[0]
        sites = tuple(dict.fromkeys(site for one in missing for site in one.rows.sites))
        needs = tuple(dict.fromkeys((*one.rows.way, *one.names) for one in missing))
        nested = len(first.names) > 1
        use = Use(
            *demand.marked,
            demand.read.text,
            "" if nested else demand.read.name,
            first.rows.schema,
            first.rows.each,
            sites,
            needs,
            demand.steps,
            demand.function,
        )
        return [use]


def _pairs_of(rows: Expression) -> Expression:
    """What a template goes over for a stream: pairs of an id and a row."""
    pair = Expression("tuple", args=(UNKNOWN, Expression("one", args=(rows,))))
    return Expression("rows", args=(pair,))


def _callee(graph: CallGraph, caller: str, call: Expression) -> FunctionKey | None:
    return graph.callee(caller, CallSite(call.module, call.name, len(call.args), call.span))


def _handed(demand: _Demand, given: _Given) -> _Demand:
    """The demand in terms of a caller. It is marked there as long as no loop was met: the loop is
    where the element of a list is handed on. What a template reads is marked in the template."""

    def value(one: Expression) -> Expression | None:
        if one.kind == "param":
            at = int(one.name)
            return given.args[at] if 0 <= at < len(given.args) else UNKNOWN
        if one.kind in ("assign", "stream", "assigns"):
            whole = given.args[0] if given.args else UNKNOWN
            if one.kind == "assigns":
                return whole
            if one.kind == "stream":
                return one if whole.kind == "assigns" else UNKNOWN
            return field(whole, one.name)
        return None

    root = replaced(demand.root, value)
    marked, function = demand.marked, demand.function
    steps = demand.steps
    if given.renders:
        steps = (*steps, Step(given.path, given.span, "it is handed to the template here"))
    elif not holds(demand.root, "each"):
        if not steps:
            steps = (Step(demand.path, demand.read.span, f"`{demand.read.text}` is read here"),)
        else:
            steps = (Step(*demand.marked, "it is handed on here"), *steps)
        marked, function = (given.path, given.span), given.key
    else:
        steps = (*steps, Step(given.path, given.span, "the list is handed on here"))
    return replace(demand, root=root, key=given.key, marked=marked, function=function, steps=steps)


def _templates(controller: str, template: str) -> Iterator[FunctionKey]:
    """The functions that `render(conn, template)` of a controller may call: a function of its HTML
    or JSON module (Phoenix 1.7), a template of its view, or a clause of the view's `render/2`."""
    base = controller.removesuffix("Controller")
    name, _, kind = template.partition(".")
    for view in (f"{base}HTML", f"{base}JSON", f"{base}View"):
        yield view, name, 1
    for ending in (kind,) if kind else ("html", "json"):
        yield f"{base}View", f"{name}.{ending}", 1
