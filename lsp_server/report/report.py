"""What a check of one or several projects found, with the places as people count them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from lsp_server.lint.finding import Finding
from lsp_server.severity import Severity
from lsp_server.text import Encoding, LineIndex


@dataclass(frozen=True, slots=True)
class Place:
    """A range in a file: one-based lines, one-based columns in characters. `path` is as somebody
    in the current folder would write it."""

    file: Path
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str  # the first line, without its line break


def repository_path(place: Place) -> str:
    """The path from the top of the repository, as code hosts want it wherever a job runs; of a file
    in none `place.path`."""
    top = _top(place.file.parent)
    return place.path if top is None else place.file.relative_to(top).as_posix()


@cache
def _top(folder: Path) -> Path | None:
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding with its place and the places that explain it."""

    finding: Finding
    place: Place
    related: tuple[tuple[Place, str], ...]


@dataclass(frozen=True, slots=True)
class FileChange:
    """What fixes do to one file. `origin` is its path before; `rules` are those of the fixes that
    touched it."""

    path: str
    origin: str
    before: bytes
    after: bytes
    rules: tuple[str, ...]
    existed: bool = True


@dataclass(frozen=True)
class Report:
    """The outcome of `retort check`. `root` is the folder that holds all projects."""

    root: Path
    entries: Sequence[Entry] = ()
    files: int = 0
    changes: Sequence[FileChange] = ()
    applied: int = 0  # fixes

    @property
    def findings(self) -> list[Finding]:
        """The findings alone."""
        return [entry.finding for entry in self.entries]

    @property
    def by_severity(self) -> Mapping[Severity, int]:
        """How many findings there are of each severity."""
        return Counter(finding.severity for finding in self.findings)

    @staticmethod
    def of(reports: Sequence[Report]) -> Report:
        """One report of several projects."""
        roots = [str(report.root) for report in reports]
        return Report(
            Path(os.path.commonpath(roots)),
            [entry for report in reports for entry in report.entries],
            sum(report.files for report in reports),
            [change for report in reports for change in report.changes],
            sum(report.applied for report in reports),
        )

    @staticmethod
    def for_project(
        root: Path,
        read: Callable[[str], bytes | None],
        findings: Sequence[Finding],
        files: int,
        changes: Sequence[FileChange] = (),
        applied: int = 0,
    ) -> Report:
        """The report of one project. `read` gives the text of a file, of whose bytes the findings
        speak."""
        places = _Places(root, read)
        entries = [
            Entry(
                finding,
                places.of(finding.path, finding.span.start, finding.span.end),
                tuple(
                    (
                        places.of(one.path or finding.path, one.span.start, one.span.end),
                        one.message,
                    )
                    for one in finding.related
                ),
            )
            for finding in findings
        ]
        shown = [
            replace(one, path=places.show(one.path), origin=places.show(one.origin))
            for one in changes
        ]
        return Report(root, entries, files, shown, applied)


class _Places:
    """Line indexes of the files that are spoken of, each read once."""

    def __init__(self, root: Path, read: Callable[[str], bytes | None]) -> None:
        self._root = root
        self._read = read
        self._lines: dict[str, LineIndex] = {}
        self._here = Path.cwd()

    def show(self, path: str) -> str:
        """A path as somebody in the current folder would write it."""
        absolute = self._root / path
        if absolute.is_relative_to(self._here):
            return absolute.relative_to(self._here).as_posix()
        return absolute.as_posix()

    def of(self, path: str, start: int, end: int) -> Place:
        """The place of some bytes of a file."""
        lines = self._lines.get(path)
        if lines is None:
            lines = self._lines[path] = LineIndex(self._read(path) or b"")
        first = lines.position(start, Encoding.UTF32)
        last = lines.position(end, Encoding.UTF32)
        return Place(
            self._root / path,
            self.show(path),
            first.line + 1,
            first.column + 1,
            last.line + 1,
            last.column + 1,
            lines.line_bytes(first.line).decode("utf-8", "replace"),
        )
