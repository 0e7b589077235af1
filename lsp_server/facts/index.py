"""All facts of a project, by file and by type, and the joins over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from lsp_server.facts.fact import EMPTY, Fact, FactType, FileFacts

Value = TypeVar("Value")


class Join(Generic[Value]):
    """A pure function of the index that is computed again only when a fact type it reads
    changed."""

    def __init__(self, function: Callable[[Index], Value], reads: tuple[type[Fact], ...]) -> None:
        self.function = function
        self.reads = reads
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def __call__(self, index: Index) -> Value:
        return index.ask(self)


def fact_types(reads: Iterable[type[Fact] | Join[Any]]) -> tuple[type[Fact], ...]:
    """The fact types behind fact types and joins."""
    found: dict[type[Fact], None] = {}
    for one in reads:
        for kind in one.reads if isinstance(one, Join) else (one,):
            found[kind] = None
    return tuple(found)


def join(*reads: type[Fact] | Join[Any]) -> Callable[[Callable[[Index], Value]], Join[Value]]:
    """Function decorator: a join over facts of these types and over the results of these joins."""

    def make(function: Callable[[Index], Value]) -> Join[Value]:
        return Join(function, fact_types(reads))

    return make


class Index:
    """The facts of all files of one project. Only the workspace changes it."""

    def __init__(self, files: Mapping[str, FileFacts] | None = None) -> None:
        self._files: dict[str, FileFacts] = {}
        # Most types are stated by few files: the paths of those, also in order once asked for.
        self._stating: dict[type[Fact], set[str]] = {}
        self._in_order: dict[type[Fact], list[str]] = {}
        self._revisions: dict[type[Fact], int] = {}
        self._joined: dict[Join[Any], tuple[tuple[int, ...], Any]] = {}
        for path, facts in (files or {}).items():
            self._store(path, facts)

    def copy(self) -> Index:
        """An index that can be changed without this one; joins that are made are kept."""
        twin = Index()
        twin._files = dict(self._files)
        twin._stating = {kind: set(paths) for kind, paths in self._stating.items()}
        twin._in_order = dict(self._in_order)
        twin._revisions = dict(self._revisions)
        twin._joined = dict(self._joined)
        return twin

    @property
    def paths(self) -> Iterable[str]:
        """The paths of all files that were read."""
        return self._files.keys()

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def file(self, path: str) -> FileFacts:
        """The facts of one file; none for a file that is not in the project."""
        return self._files.get(path, EMPTY)

    def of(self, kind: type[FactType]) -> Iterator[tuple[str, FactType]]:
        """Every fact of a type with the path of its file, files in the order of their paths."""
        paths = self._in_order.get(kind)
        if paths is None:
            paths = self._in_order[kind] = sorted(self._stating.get(kind, ()))
        for path in paths:
            for fact in self._files[path].of(kind):
                yield path, fact

    def ask(self, join: Join[Value]) -> Value:
        """The result of a join."""
        state = self.revision(join.reads)
        known = self._joined.get(join)
        if known is not None and known[0] == state:
            return known[1]  # type: ignore[no-any-return]
        value = join.function(self)
        self._joined[join] = (state, value)
        return value

    def revision(self, kinds: Iterable[type[Fact]]) -> tuple[int, ...]:
        """Numbers that differ as soon as a fact of one of the types has changed."""
        return tuple(self._revisions.get(kind, 0) for kind in kinds)

    def put(self, path: str, facts: FileFacts) -> set[type[Fact]]:
        """Replace the facts of a file; the answer is the types that changed in more than spans.

        Joins hold the facts they were made of, so they are made again also when only spans moved.
        """
        before = self.file(path)
        for kind in facts.differing_types(before) if before.types else facts.types:
            self._revisions[kind] = self._revisions.get(kind, 0) + 1
        self._store(path, facts)
        return facts.changed_types(before)

    def remove(self, path: str) -> set[type[Fact]]:
        """Forget a file; the answer is the types of which it had facts."""
        gone = self.file(path).types
        for kind in gone:
            self._revisions[kind] = self._revisions.get(kind, 0) + 1
        self._store(path, EMPTY)
        self._files.pop(path, None)
        return gone

    def _store(self, path: str, facts: FileFacts) -> None:
        before, after = self.file(path).types, facts.types
        self._files[path] = facts
        for kind in before ^ after:
            paths = self._stating.setdefault(kind, set())
            if kind in after:
                paths.add(path)
            else:
                paths.discard(path)
            self._in_order.pop(kind, None)
