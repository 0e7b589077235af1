"""The state of one connection: what the client can do, and a workspace for each project it has
open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsp_server.document import Document
from lsp_server.lint.finding import Finding
from lsp_server.project.files import find_root, find_roots, is_project_root
from lsp_server.project.workspace import Workspace
from lsp_server.server.convert import Plain, to_diagnostic, to_path, to_uri
from lsp_server.server.features import Features


@dataclass(frozen=True, slots=True)
class Place:
    """A file in its project."""

    workspace: Workspace
    path: str

    @property
    def file(self) -> Path:
        """The file itself."""
        return self.workspace.root / self.path

    @property
    def is_open(self) -> bool:
        """Whether the editor has the file open."""
        return self.path in self.workspace.open

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
    """One client. `options` are those it was started with, `overrides` the settings that hold now,
    `own` those of single projects where the client has them, `folders` the projects that each of
    its folders has opened, `uris` each open file's URI as the client wrote it, `unsaved` the paths
    of open texts that are in no file yet."""

    features: Features = field(default_factory=Features)
    options: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[Path, Mapping[str, Any]] = field(default_factory=dict)
    workspaces: dict[Path, Workspace] = field(default_factory=dict)
    folders: dict[Path, list[Path]] = field(default_factory=dict)
    uris: dict[Path, str] = field(default_factory=dict)
    unsaved: dict[str, Path] = field(default_factory=dict)
    loose: set[Path] = field(default_factory=set)  # folders of lone files, which are not read

    def add_folder(self, folder: Path) -> list[Workspace]:
        """Open the projects in or around a folder; the answer is those that are new."""
        roots = self.folders[folder] = find_roots(folder)
        self.loose.difference_update(roots)
        new = [root for root in roots if root not in self.workspaces]
        return [self._open(root) for root in new]

    def remove_folder(self, folder: Path) -> list[Workspace]:
        """Close the projects that a folder has opened and nothing else needs."""
        roots = self.folders.pop(folder, [])
        return [gone for root in roots if (gone := self.close_idle(root)) is not None]

    def close_idle(self, root: Path) -> Workspace | None:
        """Close a project that belongs to no folder and has no open file; None where it stays."""
        workspace = self.workspaces.get(root)
        if workspace is None or self._is_wanted(root) or workspace.open:
            return None
        self.loose.discard(root)
        return self.workspaces.pop(root)

    def is_guest(self, workspace: Workspace) -> bool:
        """Whether a project is open only for the sake of single files, beside the folders that the
        user works in."""
        return bool(self.folders) and not self._is_wanted(workspace.root)

    def paths_to_show(self, workspace: Workspace) -> list[str]:
        """The files that a check of everything speaks of: of a guest only those that are open."""
        guest = self.is_guest(workspace)
        return sorted(workspace.open if guest else workspace.paths_with_findings())

    def settings_of(self, root: Path) -> Mapping[str, Any]:
        """The client's settings for a project."""
        return self.own.get(root, self.overrides)

    def _is_wanted(self, root: Path) -> bool:
        return any(root in roots for roots in self.folders.values())

    def _open(self, root: Path) -> Workspace:
        workspace = self.workspaces[root] = Workspace(root, self.settings_of(root))
        return workspace

    def file(self, uri: str) -> Path | None:
        """The file behind a URI, or the path that a text without a file has meanwhile."""
        return self.unsaved.get(uri) or to_path(uri)

    def locate(self, uri: str) -> Place | None:
        """The file behind a URI in the project that it belongs to; None where there is none."""
        file = self.file(uri)
        if file is None:
            return None
        roots = [root for root in self.workspaces if file.is_relative_to(root)]
        if not roots:
            return None
        workspace = self.workspaces[max(roots, key=lambda root: len(root.parts))]
        return Place(workspace, file.relative_to(workspace.root).as_posix())

    def locate_or_open(self, uri: str) -> tuple[Place, bool] | None:
        """As `locate`, but a project is opened for a file that belongs to none; also whether that
        project is to be read. A folder in which a file merely lies is not."""
        place, file = self.locate(uri), self.file(uri)
        if place is not None or file is None:
            return None if place is None else (place, False)
        root = file.parent if uri in self.unsaved else find_root(file)
        workspace = self._open(root)
        readable = is_project_root(root)
        if not readable:
            self.loose.add(root)
            workspace.ready = True
        return Place(workspace, file.relative_to(root).as_posix()), readable

    def uri(self, workspace: Workspace, path: str) -> str:
        """The URI of a file: as the client wrote it where the file is open."""
        file = workspace.root / path
        return self.uris.get(file) or to_uri(file)

    def diagnostics(self, place: Place) -> list[Plain]:
        """The protocol's diagnostics of a file."""
        document = place.document
        if document is None:
            return []
        return [self.diagnostic(place, one, document) for one in place.findings]

    def diagnostic(self, place: Place, finding: Finding, document: Document) -> Plain:
        """The protocol's diagnostic of one finding."""
        workspace = place.workspace

        def uri(path: str) -> str:
            return self.uri(workspace, path)

        return to_diagnostic(finding, document, workspace.document, uri, self.features)

    def open_places(self) -> Iterator[Place]:
        """Every open file."""
        for workspace in self.workspaces.values():
            for path in workspace.open:
                yield Place(workspace, path)
