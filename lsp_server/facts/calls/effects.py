"""The call graph of a project, and what running a function does to the world in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from lsp_server.facts.calls.calls import CallSite, FunctionCalls
from lsp_server.facts.calls.chosen import Literal, Taken, possible
from lsp_server.facts.calls.places import ELSEWHERE, LATER
from lsp_server.facts.calls.primitives import GENERATED, LIBRARY, MAILER, NOTHING, REPO, Effect
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import Function, FunctionKey, Module, functions, modules
from lsp_server.facts.pages.template_owners import template_owners
from lsp_server.facts.project.context import ProjectContext, project_context
from lsp_server.text import Span

__all__ = ["CallGraph", "Clause", "Effect", "Step", "call_graph"]


class Clause(NamedTuple):
    """One clause of a function, or a template, that calls something, in the file `path`.

    A template file is given to the function that it becomes; `module` is empty where that is not
    known."""

    path: str
    module: str
    name: str
    arity: int
    span: Span  # of the name
    calls: tuple[CallSite, ...]
    taken: Taken = ((), False)

    @property
    def key(self) -> FunctionKey:
        """The function that the clause is one of."""
        return self.module, self.name, self.arity


class Step(NamedTuple):
    """One call on the way to an effect: where it stands, and a sentence about it."""

    path: str
    span: Span
    text: str


class _Link(NamedTuple):
    """How a clause comes to an effect: the call that leads there, and the clause that this runs;
    None where the call itself is of a library and has the effect. `steps` calls lie below."""

    clause: Clause
    call: CallSite
    following: _Link | None
    steps: int


@dataclass(frozen=True)
class _Reaching:
    """What comes to an effect: functions by their nearest clause, and clauses by their numbers."""

    functions: dict[FunctionKey, _Link] = field(default_factory=dict)
    clauses: dict[int, _Link] = field(default_factory=dict)


# A call, with the number of the clause in which it stands.
_Site = tuple[int, CallSite]


@dataclass(frozen=True)
class CallGraph:
    """Who calls whom, and the effects that flow from callee to caller, through any modules.

    They do not flow out of code that runs in another process or later, nor through calls whose
    callee only running the program would tell (variables, behaviours, protocols).
    """

    clauses: Sequence[Clause]
    callers: Mapping[FunctionKey, Sequence[tuple[FunctionKey, str, CallSite]]]
    _leaves: Mapping[Effect, Sequence[_Site]] = field(repr=False)
    _above: Mapping[FunctionKey, Sequence[_Site]] = field(repr=False)
    _callees: _Callees = field(repr=False)
    _choices: _Choices = field(repr=False)
    _links: dict[tuple[Effect, int], _Reaching] = field(
        default_factory=dict, repr=False, compare=False
    )
    _effects: dict[tuple[FunctionKey, frozenset[int] | None, int], Effect] = field(
        default_factory=dict, repr=False, compare=False
    )

    def callee(self, caller: str, call: CallSite) -> FunctionKey | None:
        """The project's function that a call in the module `caller` is of, with the number of
        arguments that it is defined with; None for a library's and for what is not known."""
        return self._callees.function(caller, call)

    def direct(self, caller: str, call: CallSite) -> Effect:
        """What a call of a library's function does; nothing for the project's own."""
        if self._callees.function(caller, call) is not None:
            return NOTHING
        return self._callees.primitive(caller, call)

    def effects(self, caller: str, call: CallSite, avoiding: int = 0) -> Effect:
        """All that a call in the module `caller` does, itself or through the functions it reaches.

        Calls in places that have one of the bits of `avoiding` count for nothing; that of `call`
        itself is not looked at.
        """
        function = self._callees.function(caller, call)
        if function is None:
            return self._callees.primitive(caller, call)
        key = function, self._choices.of(function, call), avoiding
        found = self._effects.get(key)
        if found is None:
            found = NOTHING
            for effect in Effect:
                if self._link(function, call, effect, avoiding) is not None:
                    found |= effect
            self._effects[key] = found
        return found

    def effects_of(self, function: FunctionKey, avoiding: int = 0) -> Effect:
        """All that running a function does, itself or through the functions it reaches."""
        found = NOTHING
        for effect in Effect:
            if function in self._reaching(effect, avoiding).functions:
                found |= effect
        return found

    def way(
        self, caller: str, call: CallSite, effect: Effect, avoiding: int = 0
    ) -> tuple[Step, ...]:
        """The shortest way from the function that is called down to a single effect, step by step;
        empty where the call has the effect itself, or does not have it."""
        function = self._callees.function(caller, call)
        link = None if function is None else self._link(function, call, effect, avoiding)
        steps: list[Step] = []
        while link is not None:
            clause, below = link.clause, link.call
            text = f"`{written(clause.key)}` calls `{self.name_of(clause.module, below)}`"
            steps.append(Step(clause.path, below.span, text))
            link = link.following
        return tuple(steps)

    def leaf(
        self, caller: str, call: CallSite, effect: Effect, avoiding: int = 0
    ) -> tuple[str, CallSite] | None:
        """The library's function in which a call ends that has a single effect: the module in which
        it is called, and that call."""
        function = self._callees.function(caller, call)
        if function is None:
            return (caller, call) if effect in self._callees.primitive(caller, call) else None
        link = self._link(function, call, effect, avoiding)
        while link is not None:
            if link.following is None:
                return link.clause.module, link.call
            link = link.following
        return None

    def name_of(self, caller: str, call: CallSite) -> str:
        """`Repo.get!/2` for a repo's or a library's function, `Shop.Orders.total/1` for the own."""
        function = self._callees.function(caller, call)
        if function is not None:
            return f"{function[0]}.{call.name}/{call.arity}"
        module = call.module or caller
        if self._callees.is_repo(module):
            module = module.rpartition(".")[2]
        return f"{module}.{call.name}/{call.arity}"

    def _link(
        self, function: FunctionKey, call: CallSite, effect: Effect, avoiding: int
    ) -> _Link | None:
        """The nearest clause with an effect among those of a function that a call can run."""
        reaching = self._reaching(effect, avoiding)
        nearest = reaching.functions.get(function)
        chosen = None if nearest is None else self._choices.of(function, call)
        if chosen is None:
            return nearest
        links = (reaching.clauses[one] for one in chosen if one in reaching.clauses)
        return min(links, key=lambda link: link.steps, default=None)

    def _reaching(self, effect: Effect, avoiding: int) -> _Reaching:
        """What comes to an effect, each with its next step: a search from the leaves upwards, so
        that the step is one on a shortest way."""
        known = self._links.get((effect, avoiding))
        if known is not None:
            return known
        found = self._links[effect, avoiding] = _Reaching()
        pending: list[int] = []

        def add(number: int, call: CallSite, following: _Link | None) -> None:
            if number not in found.clauses and not call.place & avoiding:
                steps = 0 if following is None else following.steps + 1
                link = _Link(self.clauses[number], call, following, steps)
                found.clauses[number] = link
                pending.append(number)

        for number, call in self._leaves.get(effect, ()):
            add(number, call, None)
        for one in pending:  # grows while it is read
            link, function = found.clauses[one], self.clauses[one].key
            is_first = found.functions.setdefault(function, link) is link
            for number, call in self._above.get(function, ()):
                chosen = self._choices.of(function, call)
                if is_first if chosen is None else one in chosen:
                    add(number, call, link)
        return found


class _Choices:
    """Which clauses of a function a call can run, where its literals tell."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        telling = {one.key for one in clauses if one.taken[0]}
        self._clauses: dict[FunctionKey, list[int]] = {}
        for number, one in enumerate(clauses if telling else ()):
            if one.key in telling:
                self._clauses.setdefault(one.key, []).append(number)
        self._taken = [one.taken for one in clauses]
        self._known: dict[tuple[FunctionKey, tuple[Literal, ...]], frozenset[int]] = {}

    def of(self, function: FunctionKey, call: CallSite) -> frozenset[int] | None:
        """The numbers of the clauses; None for any. A call that leaves out defaults is not told,
        as its arguments stand at other places."""
        if not call.given or call.arity != function[2]:
            return None
        numbers = self._clauses.get(function)
        if numbers is None:
            return None
        key = function, call.given
        known = self._known.get(key)
        if known is None:
            chosen = possible([self._taken[one] for one in numbers], call.given)
            known = self._known[key] = frozenset(numbers[one] for one in chosen)
        return known


def written(function: FunctionKey) -> str:
    """`Shop.Orders.total/1`."""
    module, name, arity = function
    return f"{module}.{name}/{arity}"


class _Callees:
    """Finds what a call is of."""

    def __init__(
        self,
        known: Mapping[FunctionKey, tuple[str, Function]],
        defined: Mapping[str, tuple[str, Module]],
        context: ProjectContext,
    ) -> None:
        self._modules = defined
        self._context = context
        self._functions: dict[FunctionKey, FunctionKey] = {
            key: (key[0], key[1], one.arity) for key, (_, one) in known.items() if not one.is_macro
        }
        self._tables: dict[str, Mapping[str, Effect]] = {}

    def is_repo(self, module: str) -> bool:
        """Whether a module is a repo."""
        return self._context.is_repo(module)

    def function(self, caller: str, call: CallSite) -> FunctionKey | None:
        """The function of the project."""
        own = self._functions.get((call.module or caller, call.name, call.arity))
        if call.module or own is not None:  # a template file's calls do not know their module
            return own
        found = self._modules.get(caller)
        for one in () if found is None else found[1].imports:
            if one.offers(call.name, call.arity):
                function = self._functions.get((one.module, call.name, call.arity))
                if function is not None:
                    return function
        return None

    def primitive(self, caller: str, call: CallSite) -> Effect:
        """What a library's function does."""
        module = call.module or caller
        found = self._effects(module).get(call.name, NOTHING)
        importing = None if call.module or found else self._modules.get(caller)
        for one in () if importing is None else importing[1].imports:
            if one.offers(call.name, call.arity):
                found |= self._effects(one.module).get(call.name, NOTHING)
        return found

    def _effects(self, module: str) -> Mapping[str, Effect]:
        table = self._tables.get(module)
        if table is None:
            table = self._tables[module] = self._table(module)
        return table

    def _table(self, module: str) -> Mapping[str, Effect]:
        if module in LIBRARY:
            return LIBRARY[module]
        if self._context.is_repo(module):
            return REPO
        found = self._modules.get(module)
        if found is not None:
            uses = ((use.module, use.selector) for use in found[1].uses)
            for used in sorted(self._context.expansion(uses).used):
                if used in GENERATED:
                    return GENERATED[used]
        return MAILER if module.endswith("Mailer") else {}


def _clauses(index: Index, callees: _Callees, context: ProjectContext) -> Iterator[Clause]:
    owners = template_owners(index)
    defined = modules(index)
    brought: dict[str, Mapping[str, str]] = {}
    for path, one in index.of(FunctionCalls):
        module, name, calls = one.module, one.name, one.calls
        if not module and path in owners:
            owner, name = owners[path]
            module = owner.name
            calls = tuple(_expanded(call, dict(owner.aliases)) for call in calls)
        aliases = brought.get(module)
        if aliases is None:
            found = defined.get(module)
            uses = () if found is None else found[1].uses
            expansion = context.expansion((use.module, use.selector) for use in uses)
            aliases = brought[module] = expansion.aliases
        if aliases:
            calls = tuple(_expanded(call, aliases) for call in calls)
        yield Clause(path, module, name, one.arity, one.span, calls, (one.taken, one.whole))


def _expanded(call: CallSite, aliases: Mapping[str, str]) -> CallSite:
    module, subject = _full(call.module, aliases), _full(call.subject, aliases)
    if module == call.module and subject == call.subject:
        return call
    return msgspec.structs.replace(call, module=module, subject=subject)


def _full(module: str, aliases: Mapping[str, str]) -> str:
    first, dot, rest = module.partition(".")
    return f"{aliases[first]}{dot}{rest}" if first in aliases else module


@join(FunctionCalls, Function, Module, project_context)
def call_graph(index: Index) -> CallGraph:
    """The call graph of all functions and templates in `lib`."""
    context = project_context(index)
    callees = _Callees(functions(index), modules(index), context)
    clauses = list(_clauses(index, callees, context))
    callers: dict[FunctionKey, list[tuple[FunctionKey, str, CallSite]]] = {}
    above: dict[FunctionKey, list[_Site]] = {}
    leaves: dict[Effect, list[_Site]] = {}
    for number, clause in enumerate(clauses):
        key = clause.key
        for call in clause.calls:
            if call.place & (ELSEWHERE | LATER):
                continue
            callee = callees.function(clause.module, call)
            if callee is not None:
                callers.setdefault(callee, []).append((key, clause.path, call))
                above.setdefault(callee, []).append((number, call))
                continue
            effect = callees.primitive(clause.module, call)
            if effect:
                leaves.setdefault(effect, []).append((number, call))
    return CallGraph(clauses, callers, leaves, above, callees, _Choices(clauses))
