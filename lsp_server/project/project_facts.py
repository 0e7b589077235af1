"""The facts of a project while files change, and the context that a few of the files decide."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, FileFacts, Found, collect, collecting, file_facts
from lsp_server.facts.index import Index
from lsp_server.facts.project.context import ProjectContext, context_relevant, project_context
from lsp_server.project.files import read_file
from lsp_server.project.result import FileResult

Kinds = set[type[Fact]]
CONTEXT = frozenset(project_context.reads)


def context_facts(root: Path, path: str) -> FileFacts | None:
    """What a file as it is on disk says about the context; the scan will tell the rest. None for
    one that cannot say anything, or is gone."""
    source = read_file(root, path)
    if source is None or not context_relevant(path, source):
        return None
    return collect(Document(path, source), CONTEXT)


class ProjectFacts:
    """The index of a project and its context. Changes answer with the types of fact that are no
    longer what rules have seen; `context_is_new` is set when the context has changed."""

    def __init__(self) -> None:
        self.index = Index()
        self.context_is_new = True
        self._deciding: set[str] = set()  # the files that decide the context
        self._context: ProjectContext | None = None

    def copy(self) -> ProjectFacts:
        """Facts that can be changed without this one."""
        twin = ProjectFacts()
        twin.index = self.index.copy()
        twin.context_is_new = self.context_is_new
        twin._deciding = set(self._deciding)
        twin._context = self._context
        return twin

    @property
    def context(self) -> ProjectContext:
        """What document rules may know of the project."""
        if self._context is None:
            files = {path: self.index.file(path) for path in self._deciding}
            self._context = project_context(Index(files))
        return self._context

    def reading(self, document: Document) -> Generator[None, None, Kinds]:
        """Take in an open document, whose facts have moved with the findings about them: a step for
        each fact, and all at once when the last is found."""
        found: Found = {}
        yield from collecting(document, found)
        changed = self.index.put(document.path, file_facts(found))
        self._note(document.path, context_relevant(document.path, document.source), changed)
        return changed

    def take(self, result: FileResult) -> Kinds:
        """Take in a file as it is on disk; facts that have only moved count as changed too, since
        nobody has told where they went."""
        facts, before = FileFacts(encoded=result.facts), self.index.file(result.path)
        changed = facts.differing_types(before) if before.types else facts.types
        if changed or result.path not in self.index:
            self.index.put(result.path, facts)
        self._note(result.path, result.decides_context, changed)
        return changed

    def remove(self, path: str) -> Kinds:
        """Forget a file."""
        gone = self.index.remove(path)
        self._note(path, False, gone)
        return gone

    def learn(
        self,
        changed: Iterable[tuple[str, FileFacts | None]],
        unchanged: Iterable[FileResult],
        open_files: Mapping[str, Document],
    ) -> Iterator[Kinds]:
        """Take in the files that decide the context, which document rules need before all others:
        of `changed` ones the `context_facts`.

        Open files count as the editor has them. Each step looks at one file.
        """
        deciding = set[str]()
        for result in unchanged:
            if result.decides_context and result.path not in open_files:
                deciding.add(result.path)
                yield self.index.put(result.path, FileFacts(encoded=result.facts))
        for path, document in open_files.items():
            if context_relevant(path, document.source):
                deciding.add(path)
                yield self.index.put(path, collect(document))
        for path, facts in changed:
            if facts is not None:
                deciding.add(path)
            yield set() if facts is None else self.index.put(path, facts)
        self._deciding = deciding
        self._renew()

    def _note(self, path: str, decides: bool, changed: Kinds) -> None:
        decided = path in self._deciding
        (self._deciding.add if decides else self._deciding.discard)(path)
        if decides != decided or (decides and not CONTEXT.isdisjoint(changed)):
            self._renew()

    def _renew(self) -> None:
        """Find the context again, now that its files have changed."""
        before, self._context = self._context, None
        if before is None or self.context.digest != before.digest:
            self.context_is_new = True
