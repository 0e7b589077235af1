"""The state of one connection: what the client can do, and a workspace for each project it has
open."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsp_server.document import Document
from lsp_server.lint.finding import Finding
from lsp_server.project.files import find_root, find_roots
from lsp_server.project.workspace import Workspace
from lsp_server.server.convert import Plain, to_diagnostic, to_path, to_uri
from lsp_server.server.features import Features

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A file in its project."""

    workspace: Workspace
    path: str

    @property
    def uri(self) -> str:
        """The file's URI."""
        return to_uri(self.workspace.root / self.path)

    @property
    def document(self) -> Document | None:
        """The file as it is now."""
        return self.workspace.document(self.path)

    @property
    def findings(self) -> list[Finding]:
        """What is said of the file now."""
        return self.workspace.findings(self.path)


@dataclass
class Session:
    """One client. `uris` keeps each open file's URI as the client wrote it."""

    features: Features = field(default_factory=Features)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    workspaces: dict[Path, Workspace] = field(default_factory=dict)
    uris: dict[Path, str] = field(default_factory=dict)

    def add_folder(self, folder: Path) -> list[Workspace]:
        """Open the projects in or around a folder; the answer is those that are new."""
        added = []
        for root in find_roots(folder):
            if root not in self.workspaces:
                self.workspaces[root] = Workspace(root, self.overrides)
                added.append(self.workspaces[root])
        return added

    def remove_folder(self, folder: Path) -> list[Workspace]:
        """Close the projects that belong to a folder, unless a file of theirs is open."""
        gone = [
            workspace
            for root, workspace in self.workspaces.items()
            if root.is_relative_to(folder) and not workspace.open
        ]
        for workspace in gone:
            del self.workspaces[workspace.root]
        return gone

    def locate(self, uri: str, *, create: bool = False) -> Place | None:
        """The file behind a URI in the project that it belongs to; None for no file of a project.

        With `create` a project is opened for a file that belongs to none.
        """
        file = to_path(uri)
        if file is None:
            return None
        roots = [root for root in self.workspaces if file.is_relative_to(root)]
        if not roots and create:
            root = find_root(file)
            self.workspaces[root] = Workspace(root, self.overrides)
            roots = [root]
        if not roots:
            return None
        workspace = self.workspaces[max(roots, key=lambda root: len(root.parts))]
        return Place(workspace, file.relative_to(workspace.root).as_posix())

    def uri(self, place: Place) -> str:
        """The URI of a file: as the client wrote it where the file is open."""
        return self.uris.get(place.workspace.root / place.path, place.uri)

    def diagnostics(self, place: Place) -> list[Plain]:
        """The protocol's diagnostics of a file."""
        document = place.document
        if document is None:
            return []
        workspace = place.workspace
        return [
            to_diagnostic(one, document, workspace.root, workspace.document, self.features)
            for one in place.findings
        ]

    def open_places(self) -> Iterator[Place]:
        """Every open file."""
        for workspace in self.workspaces.values():
            for path in workspace.open:
                yield Place(workspace, path)
