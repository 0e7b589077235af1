"""Task supervisors, registries and dynamic supervisors that fixes rely on: found, or added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lsp_server.facts.index import Index
from lsp_server.facts.processes.child_specs import Child
from lsp_server.facts.processes.offered_children import OfferedChildren
from lsp_server.facts.processes.supervision import Children, Start
from lsp_server.facts.processes.supervision_edits import NewChild, child_insertion
from lsp_server.facts.processes.supervision_tree import Application, application_of
from lsp_server.lint.finding import Edit
from lsp_server.role import Role, role_of
from lsp_server.snapshot import Snapshot

_ARGUMENTS = {
    "DynamicSupervisor": "name: {name}, strategy: :one_for_one",
    "Registry": "keys: :unique, name: {name}",
    "Task.Supervisor": "name: {name}",
}


@dataclass(frozen=True)
class Provided:
    """A named process that the application starts, after these edits of its children."""

    name: str  # the full name of a module, or an atom with its colon
    edits: list[Edit] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Whether the application does not start it yet."""
        return bool(self.edits)


def can_provide(index: Index, path: str) -> bool:
    """Whether the application around a file has a list that children can be added to."""
    application = application_of(index, path)
    return application is not None and application.top is not None and bool(application.top.lists)


def provided(snapshot: Snapshot, path: str, module: str, suffix: str) -> Provided | None:
    """The process of a module of OTP (`Task.Supervisor` …) that code in `path` can rely on.

    One that the application starts already, else a new one that is named by `suffix` below the
    namespace of the application. None in a library, where the children are computed, and where
    the name is that of something else.
    """
    application = application_of(snapshot.index, path)
    if application is None:
        return None
    wanted = f"{_namespace(application)}.{suffix}"
    names = [one.name for one in started(snapshot, application, module)]
    if names:
        return Provided(wanted if wanted in names else names[0])
    return _added(snapshot, application, module, wanted)


def provided_for(snapshot: Snapshot, path: str, module: str) -> Provided | None:
    """The DynamicSupervisor of the processes of a module: the one that starts them elsewhere, one
    that is named for them, or a new one."""
    application = application_of(snapshot.index, path)
    if application is None:
        return None
    for _, start in snapshot.index.of(Start):
        if start.module == module and _is_plain(start.supervisor):
            return Provided(start.supervisor)
    wanted = f"{module}Supervisor"
    if any(one.name == wanted for one in started(snapshot, application, "DynamicSupervisor")):
        return Provided(wanted)
    return _added(snapshot, application, "DynamicSupervisor", wanted)


def _added(
    snapshot: Snapshot, application: Application, module: str, wanted: str
) -> Provided | None:
    document = snapshot.document(application.top_path)
    if document is None or application.top is None or _is_taken(snapshot, wanted):
        return None
    child = NewChild(module, _ARGUMENTS[module].format(name=wanted), wanted, early=True)
    changes = child_insertion(document, application.top, [child])
    if not changes:
        return None
    where = application.top_path
    return Provided(wanted, [Edit(one.span, one.text.decode(), where) for one in changes])


def started(snapshot: Snapshot, application: Application, module: str) -> Iterator[Child]:
    """The children of a module that an application starts under a name that is written out, those
    that it always starts first."""
    found = list(_named(snapshot, application, module))
    yield from sorted(found, key=lambda child: child.conditional)


def _named(snapshot: Snapshot, application: Application, module: str) -> Iterator[Child]:
    for path, children in _lists(snapshot):
        if not path.startswith(application.folder) or role_of(path) is not Role.LIB:
            continue
        for child in children.children:
            if child.module == module and _is_plain(child.name):
                if module != "Registry" or _says(snapshot, path, child, b":unique"):
                    yield child


def _lists(snapshot: Snapshot) -> Iterator[tuple[str, Children | OfferedChildren]]:
    yield from snapshot.index.of(Children)
    yield from snapshot.index.of(OfferedChildren)


def _says(snapshot: Snapshot, path: str, child: Child, word: bytes) -> bool:
    document = snapshot.document(path)
    return document is not None and word in child.span.slice(document.source)


def _is_plain(name: str) -> bool:
    return bool(name) and " " not in name and name not in ("*", "via", "global")


def _is_taken(snapshot: Snapshot, name: str) -> bool:
    return any(
        child.name == name or child.module == name
        for _, children in _lists(snapshot)
        for child in children.children
    )


def _namespace(application: Application) -> str:
    """`Shop` of `Shop.Application`."""
    outer, _, last = application.module.rpartition(".")
    return outer or last
