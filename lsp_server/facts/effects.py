"""The call graph of a project, and what running a function does to the world in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from lsp_server.facts.calls import CallSite, FunctionCalls
from lsp_server.facts.context import ProjectContext, project_context
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import Function, FunctionKey, Module, functions, modules
from lsp_server.facts.places import ELSEWHERE, LATER
from lsp_server.facts.primitives import GENERATED, LIBRARY, MAILER, NOTHING, REPO, Effect
from lsp_server.facts.template_owners import template_owners
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

    @property
    def key(self) -> FunctionKey:
        """The function that the clause is one of."""
        return self.module, self.name, self.arity


class Step(NamedTuple):
    """One call on the way to an effect: where it stands, and a sentence about it."""

    path: str
    span: Span
    text: str


# How a function comes to an effect: the call that leads there, with its file, and the function that
# it calls; None where the call itself is of a library and has the effect.
_Link = tuple[str, CallSite, "FunctionKey | None"]


@dataclass(frozen=True)
class CallGraph:
    """Who calls whom, and the effects that flow from callee to caller, through any modules.

    They do not flow out of code that runs in another process or later, nor through calls whose
    callee only running the program would tell (variables, behaviours, protocols).
    """

    clauses: Sequence[Clause]
    callers: Mapping[FunctionKey, Sequence[tuple[FunctionKey, str, CallSite]]]
    leaves: Mapping[Effect, Sequence[tuple[FunctionKey, str, CallSite]]]
    _callees: _Callees = field(repr=False)
    _links: dict[tuple[Effect, int], dict[FunctionKey, _Link]] = field(
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
        return self.effects_of(function, avoiding)

    def effects_of(self, function: FunctionKey, avoiding: int = 0) -> Effect:
        """All that running a function does, itself or through the functions it reaches."""
        found = NOTHING
        for effect in Effect:
            if function in self._reaching(effect, avoiding):
                found |= effect
        return found

    def way(
        self, caller: str, call: CallSite, effect: Effect, avoiding: int = 0
    ) -> tuple[Step, ...]:
        """The shortest way from the function that is called down to a single effect, step by step;
        empty where the call has the effect itself, or does not have it."""
        function = self._callees.function(caller, call)
        links = self._reaching(effect, avoiding)
        steps: list[Step] = []
        while function is not None and function in links:
            path, below, following = links[function]
            text = f"`{written(function)}` calls `{self.name_of(function[0], below)}`"
            steps.append(Step(path, below.span, text))
            function = following
        return tuple(steps)

    def leaf(
        self, caller: str, call: CallSite, effect: Effect, avoiding: int = 0
    ) -> tuple[str, CallSite] | None:
        """The library's function in which a call ends that has a single effect: the module in which
        it is called, and that call."""
        function = self._callees.function(caller, call)
        if function is None:
            return (caller, call) if effect in self._callees.primitive(caller, call) else None
        links = self._reaching(effect, avoiding)
        while function in links:
            _, below, following = links[function]
            if following is None:
                return function[0], below
            function = following
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

    def _reaching(self, effect: Effect, avoiding: int) -> Mapping[FunctionKey, _Link]:
        """The functions that come to an effect, each with its next step: a search from the leaves
        upwards, so that the step is one on a shortest way."""
        known = self._links.get((effect, avoiding))
        if known is not None:
            return known
        links: dict[FunctionKey, _Link] = {}
        pending: list[FunctionKey] = []
        for caller, path, call in self.leaves.get(effect, ()):
            if not call.place & avoiding and caller not in links:
                links[caller] = (path, call, None)
                pending.append(caller)
        for function in pending:  # grows while it is read
            for caller, path, call in self.callers.get(function, ()):
                if caller not in links and not call.place & avoiding:
                    links[caller] = (path, call, function)
                    pending.append(caller)
        self._links[effect, avoiding] = links
        return links


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
        self._imports: dict[str, tuple[str, ...]] = {}

    def is_repo(self, module: str) -> bool:
        """Whether a module is a repo."""
        return self._context.is_repo(module)

    def function(self, caller: str, call: CallSite) -> FunctionKey | None:
        """The function of the project."""
        if call.module:
            return self._functions.get((call.module, call.name, call.arity))
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
        table = self._tables.get(module)
        if table is None:
            table = self._tables[module] = self._table(module)
        return table.get(call.name, NOTHING)

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
        yield Clause(path, module, name, one.arity, one.span, calls)


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
    leaves: dict[Effect, list[tuple[FunctionKey, str, CallSite]]] = {}
    for clause in clauses:
        key = clause.key
        for call in clause.calls:
            if call.place & (ELSEWHERE | LATER):
                continue
            callee = callees.function(clause.module, call)
            if callee is not None:
                callers.setdefault(callee, []).append((key, clause.path, call))
                continue
            effect = callees.primitive(clause.module, call)
            if effect:
                leaves.setdefault(effect, []).append((key, clause.path, call))
    return CallGraph(clauses, callers, leaves, callees)
