"""An immutable view of a project at one moment: what rules and fixes may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lsp_server.config import Settings
from lsp_server.document import Document
from lsp_server.facts.index import Index
from lsp_server.facts.project.context import ProjectContext, project_context


@dataclass(frozen=True)
class Snapshot:
    """Documents, facts and settings of one project. `read` gives a file's newest text,
    `now` the time in UTC for names of new migrations."""

    index: Index
    settings: Settings
    read: Callable[[str], Document | None] = field(repr=False)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    known: ProjectContext | None = field(default=None, repr=False)

    @property
    def context(self) -> ProjectContext:
        """Dependencies, repos and what `use` of the project's own modules brings."""
        return project_context(self.index) if self.known is None else self.known

    def document(self, path: str) -> Document | None:
        """A file of the project, open in the editor or on disk; None where there is none."""
        return self.read(path)
