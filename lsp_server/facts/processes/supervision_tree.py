"""Joins over processes: which modules are processes, what can start them, the supervision trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from lsp_server.facts.calls.calls import FunctionCalls
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.processes.child_specs import Child, Elsewhere
from lsp_server.facts.processes.mentions import Mentions
from lsp_server.facts.processes.offered_children import offered_children
from lsp_server.facts.processes.supervision import (
    PROCESSES,
    SUPERVISORS,
    WITHOUT_CHILD_SPEC,
    Children,
    ProcessUse,
    Start,
)
from lsp_server.facts.project.expansion import Expander
from lsp_server.facts.project.mix import MixProject, mix_projects
from lsp_server.facts.project.using import USING, own_uses
from lsp_server.role import Role, app_of, role_of
from lsp_server.text import Span

DEPTH = 20  # levels of supervisors in a tree
# Modules of which a child is given functions to run, that may name processes.
_WITH_FUNCTIONS = frozenset({"Agent", "Task"})


@dataclass(frozen=True, slots=True)
class Process:
    """A module of the project that is a process. `behaviour` is one of `PROCESSES`."""

    module: str
    path: str
    behaviour: str
    use: ProcessUse
    start_arities: tuple[int, ...]  # of `start_link`, also one that a base module gives
    child_spec: bool  # whether it has `child_spec/1` from anywhere
    is_base: bool  # whether it is itself the base of others: it has a `__using__`

    @property
    def is_supervisor(self) -> bool:
        """Whether it supervises others."""
        return self.behaviour in SUPERVISORS


@join(ProcessUse, own_uses)
def processes(index: Index) -> Mapping[str, Process]:
    """The process modules of the project by name; `use` of a base module of the project counts."""
    own = own_uses(index)
    expander = Expander(own)
    found: dict[str, Process] = {}
    for path, use in index.of(ProcessUse):
        if use.module in found:
            continue
        brought = expander.expand([(use.used, use.selector)])
        behaviour = next((one for one in sorted(brought.used) if one in PROCESSES), None)
        if behaviour is None:
            continue
        arities = {arity for name, arity in brought.functions if name == "start_link"}
        has_spec = use.child_spec or ("child_spec", 1) in brought.functions
        found[use.module] = Process(
            use.module,
            path,
            behaviour,
            use,
            tuple(sorted(arities.union(use.start_arities))),
            has_spec or behaviour not in WITHOUT_CHILD_SPEC,
            any(one.function == USING for one in own.get(use.module, ())),
        )
    return found


@join(ProcessUse, Children, Start, Mentions, MixProject)
def startable(index: Index) -> frozenset[str]:
    """Every module that something may start: as a child, by a call, or in a way that is not seen.

    The module's own `start_link` and `child_spec` do not count, another public function of its own
    that starts it does. What a test starts does not count (see `started_in_tests`).
    """
    found: set[str] = set()
    for _, project in index.of(MixProject):
        found.add(project.application)
    for path, mentions in index.of(Mentions):
        if role_of(path) is not Role.TEST:
            found.update(mentions.modules)
    for path, children in index.of(Children):
        if role_of(path) is not Role.TEST:
            for child in children.children:
                if child.module != children.module:
                    found.add(child.module)
                found.update(child.modules)
    for path, start in index.of(Start):
        if role_of(path) is not Role.TEST and (start.module != start.by or _starts_itself(start)):
            found.add(start.module)
    return frozenset(found)


@join(FunctionCalls)
def called_modules(index: Index) -> frozenset[str]:
    """The modules of which other modules of the application call a function."""
    return frozenset(
        call.module
        for _, calls in index.of(FunctionCalls)
        for call in calls.calls
        if call.module != calls.module
    )


@join(Start, Mentions, called_modules)
def started_in_tests(index: Index) -> frozenset[str]:
    """The modules that a test may start and that no code of the application calls."""
    found: set[str] = set()
    for path, start in index.of(Start):
        if role_of(path) is Role.TEST:
            found.add(start.module)
    for path, mentions in index.of(Mentions):
        if role_of(path) is Role.TEST:
            found.update(mentions.modules)
    return frozenset(found - called_modules(index))


def _starts_itself(start: Start) -> bool:
    if start.through.startswith("start_child"):
        return True
    name = start.function.partition("/")[0]
    return bool(name) and not name.startswith(("start_link", "child_spec", "init"))


@dataclass(frozen=True, slots=True)
class Application:
    """An OTP application of the project. `folder` is that of its mix.exs, with a slash at its end.

    `path` is the file that defines `module`; it and `top` are empty where they were not found.
    `top` is the list of children that a new child belongs to.
    """

    folder: str
    module: str
    path: str = ""
    top: Children | None = None
    top_path: str = ""


@join(ProcessUse, Children, Start, MixProject)
def applications(index: Index) -> Mapping[str, Application | None]:
    """The application of each folder with a mix.exs, None for a library.

    Without any mix.exs the folders are those of `role.app_of`, for files with `use Application`.
    """
    callbacks = {
        use.module: path for path, use in index.of(ProcessUse) if use.used == "Application"
    }
    projects = mix_projects(index)
    found: dict[str, Application | None] = {}
    if not projects:
        for module, path in callbacks.items():
            found.setdefault(app_of(path), _application(index, app_of(path), module, path))
    for folder, project in projects.items():
        module = project.application
        path = callbacks.get(module, "")
        found[folder] = _application(index, folder, module, path) if module else None
    return found


def application_of(index: Index, path: str) -> Application | None:
    """The application that starts the processes of a file; None in a library and outside."""
    found = applications(index)
    folders = [folder for folder in found if path.startswith(folder)]
    return found[max(folders, key=len)] if folders else None


def _application(index: Index, folder: str, module: str, path: str) -> Application:
    top = _given(index, module)
    return Application(folder, module, path, *(reversed(top) if top else (None, "")))


def _given(index: Index, module: str) -> tuple[str, Children] | None:
    """The children that a module gives a supervisor, or a supervisor that it starts for that."""
    given = _children_by_module(index)
    started = _started_by(index)
    for _ in range(DEPTH):
        own = given.get(module, ())
        for wanted in ("start/2", "init/1", ""):
            for path, children in own:
                if wanted in ("", children.function) and children.lists:
                    return path, children
        following = [one for one in started.get(module, ()) if one in given and one != module]
        if not following:
            return own[0] if own else None
        module = following[0]
    return None


@join(Children)
def _children_by_module(index: Index) -> Mapping[str, list[tuple[str, Children]]]:
    found: dict[str, list[tuple[str, Children]]] = {}
    for path, children in index.of(Children):
        found.setdefault(children.module, []).append((path, children))
    return found


@join(Start)
def _started_by(index: Index) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, start in index.of(Start):
        if start.through in ("start_link", "start"):
            found.setdefault(start.by, []).append(start.module)
    return found


@dataclass(frozen=True, slots=True)
class Member:
    """A process in a supervision tree, at the place that names it.

    `name` is what it is registered as (see `ProcessUse.registers`). `strategy` and `members` are a
    supervisor's; `complete` says whether all its members are known. `dynamic` ones are started by
    `start_child`, `conditional` ones not in every configuration.
    """

    module: str
    name: str
    path: str
    span: Span
    is_supervisor: bool = False
    strategy: str = ""
    dynamic: bool = False
    conditional: bool = False
    complete: bool = True
    members: tuple[Member, ...] = ()

    @property
    def depth(self) -> int:
        """The levels of supervisors, this one counted; 0 for a worker."""
        below = max((one.depth for one in self.members), default=0)
        return below + 1 if self.is_supervisor else 0


@join(processes, applications, Children, Start, offered_children)
def supervision_trees(index: Index) -> tuple[Member, ...]:
    """The supervision tree of every application whose top supervisor is found."""
    roots: list[Member] = []
    for application in applications(index).values():
        if application is not None and application.top is not None:
            builder = _Builder(index)
            roots.append(builder.root(application.top, application.top_path))
    return tuple(roots)


@dataclass
class _Builder:
    index: Index
    placed: set[str] = field(default_factory=set)  # own supervisors, against cycles

    def root(self, children: Children, path: str) -> Member:
        self.placed.add(children.module)
        members, complete = self._members(children, path, 1)
        return Member(
            children.module,
            children.name,
            path,
            children.span,
            True,
            children.strategy,
            complete=complete,
            members=members,
        )

    def _members(
        self, children: Children, path: str, depth: int
    ) -> tuple[tuple[Member, ...], bool]:
        """The members of a supervisor, and whether these are all."""
        listed, known = self._listed(children.children, children.elsewhere, path, set())
        found: dict[tuple[str, str], tuple[Child, str]] = {}  # conditional ones once
        for number, (child, where) in enumerate(listed):
            key = (child.module, child.name if child.conditional else f"{child.name} {number}")
            found.setdefault(key, (child, where))
        always = {(one.module, one.name) for one, _ in listed if not one.conditional}
        members = tuple(
            self._member(child, where, depth)
            for child, where in found.values()
            if not child.conditional or (child.module, child.name) not in always
        )
        return members, known and children.complete

    def _listed(
        self,
        own: Sequence[Child],
        elsewhere: Sequence[Elsewhere],
        path: str,
        asked_before: set[FunctionKey],
    ) -> tuple[list[tuple[Child, str]], bool]:
        """Children with their files, those that other modules offer in between, and whether all
        of these are known."""
        found: list[tuple[Child, str]] = []
        complete = True
        for at in range(len(own) + 1):
            for asked in elsewhere:
                if asked.at != at:
                    continue
                key = (asked.module, asked.name, asked.arity)
                clauses = offered_children(self.index).get(key, [])
                complete = complete and bool(clauses)
                if key in asked_before:
                    continue
                asked_before.add(key)
                for where, one in clauses:
                    below, known = self._listed(one.children, one.elsewhere, where, asked_before)
                    complete = complete and known and one.complete
                    sometimes = asked.conditional or len(clauses) > 1
                    for child, place in below:
                        conditional = sometimes or child.conditional
                        found.append((replace(child, conditional=conditional), place))
            if at < len(own):
                found.append((own[at], path))
        return found, complete

    def _member(self, child: Child, path: str, depth: int, dynamic: bool = False) -> Member:
        process = processes(self.index).get(child.module)
        name = child.name
        if process is not None and not name:
            name = process.use.registers
        given = _children_by_module(self.index).get(child.module, [])
        below = next(((where, one) for where, one in given if one.function == "init/1"), None)
        is_supervisor = child.module in SUPERVISORS
        if process is not None:
            is_supervisor = is_supervisor or process.is_supervisor
            if below is None and process.is_supervisor and given:
                below = given[0]
        elif below is None:  # no `use`, but `start_link` starts a supervisor of its own
            starts = (it for it in given if it[1].function.startswith("start_link/"))
            below = next(starts, None)
            is_supervisor = is_supervisor or below is not None
            name = name or ("" if below is None else below[1].name)
        members: tuple[Member, ...] = ()
        complete = below is None or below[1].complete
        if depth < DEPTH and child.module not in self.placed:
            if process is not None:
                self.placed.add(child.module)
            if below is not None:
                members, complete = self._members(below[1], below[0], depth + 1)
            if process is None and child.module not in _WITH_FUNCTIONS:
                members += self._handed_on(child, path, depth + 1)
            members += self._dynamic(name, depth + 1)
        return Member(
            child.module,
            name,
            path,
            child.span,
            is_supervisor,
            "" if below is None else below[1].strategy,
            dynamic,
            child.conditional,
            complete,
            members,
        )

    def _handed_on(self, child: Child, path: str, depth: int) -> tuple[Member, ...]:
        """The processes of the project that a child of a library is given to start."""
        own = processes(self.index)
        return tuple(
            self._member(Child(module, child.span), path, depth)
            for module in child.modules
            if module in own and module not in self.placed
        )

    def _dynamic(self, supervisor: str, depth: int) -> tuple[Member, ...]:
        """What `start_child` adds to a supervisor that is known by name."""
        if not supervisor or supervisor == "*":
            return ()
        own = processes(self.index)
        found: dict[str, Member] = {}
        for path, start in self.index.of(Start):
            asked = start.supervisor.removeprefix("via PartitionSupervisor ")
            if asked == supervisor and start.module in own:
                if start.module not in found:
                    child = Child(start.module, start.span)
                    found[start.module] = self._member(child, path, depth, dynamic=True)
        return tuple(found.values())
