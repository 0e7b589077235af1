"""Fixes applied in memory until nothing changes: the text of fix-all, of `--fix` and of its
preview."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.lint.apply import Changes, apply_edits, changes, merge
from lsp_server.lint.checker import operations
from lsp_server.lint.finding import Applicability, CreateFile, Finding, Operation, RenameFile
from lsp_server.project.files import read_file
from lsp_server.project.renew import renewed
from lsp_server.project.workspace import Workspace

ROUNDS = 50


@dataclass
class Fixed:
    """The outcome: new texts by path (the path after renames), what they were made from, files
    that got another path (old to new), new files, and the findings whose fixes were applied."""

    texts: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)  # by the path before renames
    renamed: dict[str, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    applied: list[Finding] = field(default_factory=list)
    together: list[set[str]] = field(default_factory=list)  # files that one fix has touched

    def origin(self, path: str) -> str:
        """The path that a file had before."""
        return next((old for old, new in self.renamed.items() if new == path), path)


class Fixer:
    """Applies fixes to a copy of a workspace; the workspace itself and the disk stay as they
    are."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace.fork()
        self.outcome = Fixed()

    def run(self, paths: Iterable[str], wanted: Callable[[Finding], bool]) -> Iterator[int]:
        """Fix files to a fixed point; each step gives the number of fixes applied in one round."""
        scope = set(paths)
        for _ in range(ROUNDS):
            count = self._round(scope, wanted)
            if count == 0:
                return
            yield count

    def _round(self, scope: set[str], wanted: Callable[[Finding], bool]) -> int:
        workspace = self.workspace
        for _ in workspace.run_project_rules():
            pass
        identities = {
            (one.path, one.rule, one.fingerprint)
            for path in scope
            for one in workspace.findings(path)
            if one.fix is not None and wanted(one)
        }
        groups: list[list[Operation]] = []
        offered: list[Finding] = []
        for finding in renewed(workspace, identities):
            built = operations(finding, workspace.snapshot)
            if built and self._is_possible(built):
                groups.append(built)
                offered.append(finding)
        todo, taken = merge(groups)
        if not taken or not self._apply(todo, scope):
            return 0
        self.outcome.applied += [offered[number] for number in taken]
        self.outcome.together += [changes(groups[number]).paths for number in taken]
        return len(taken)

    def _is_possible(self, built: list[Operation]) -> bool:
        """Whether all of a fix can be done: half of it would be worse than nothing."""
        there = self.workspace.document
        for one in built:
            match one:
                case CreateFile(path):
                    possible = there(path) is None
                case RenameFile(path, new_path):
                    possible = there(path) is not None and there(new_path) is None
                case _:
                    possible = there(one.path) is not None
            if not possible:
                return False
        return True

    def _apply(self, todo: Changes, scope: set[str]) -> bool:
        """Put the changed texts into the copy; whether any text is another than before."""
        workspace, outcome = self.workspace, self.outcome
        changed = todo.needs_files
        for path, edits in todo.edits.items():
            document = workspace.document(path)
            assert document is not None
            text = apply_edits(document.source, edits)
            if text != document.source:
                changed = True
                if path not in outcome.created:
                    outcome.before.setdefault(outcome.origin(path), document.source)
                self._put(path, text)
        for path, created in todo.created.items():
            outcome.created.add(path)
            self._put(path, created.encode())
        for path, new in todo.renamed.items():
            document = workspace.document(path)
            assert document is not None
            outcome.before.setdefault(outcome.origin(path), document.source)
            outcome.renamed[outcome.origin(path)] = new
            outcome.texts.pop(path, None)
            workspace.open.pop(path, None)
            workspace.remove(path)
            self._put(new, document.source)
            if path in scope:
                scope.add(new)
        return changed

    def _put(self, path: str, text: bytes) -> None:
        self.outcome.texts[path] = text
        self.workspace.open_document(path, text, None)
        self.workspace.collect(path)
        self.workspace.check(path)


def safe(finding: Finding) -> bool:
    """Whether fix-all takes the finding's fix."""
    return finding.fix is not None and finding.fix.applicability is Applicability.SAFE


def write(root: Path, fixed: Fixed) -> dict[str, str]:
    """Bring the outcome to disk; each file is replaced whole or not at all.

    The answer is the files that were left alone, each with the reason: it is no longer what the
    fixes were made for, or cannot be written, or so it is with another file of the same fix. New
    texts are written beside all files before the first is replaced. Raises OSError where replacing
    fails after all.
    """
    alone = {
        path: "it has changed meanwhile"
        for path in fixed.texts
        if read_file(root, fixed.origin(path))
        != (None if path in fixed.created else fixed.before.get(fixed.origin(path)))
    }
    ready: dict[str, Path] = {}
    try:
        for path in fixed.texts.keys() - alone.keys():
            try:
                ready[path] = _written_beside(root / path, root / fixed.origin(path), fixed, path)
            except OSError as error:
                alone[path] = f"it cannot be written ({error.strerror or error})"
        _spread(alone, fixed)
        for path in ready.keys() - alone.keys():
            ready[path].replace(root / path)
    finally:
        for temporary in ready.values():
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    for path, new in fixed.renamed.items():
        if new not in alone:
            (root / path).unlink(missing_ok=True)
    return alone


def _spread(alone: dict[str, str], fixed: Fixed) -> None:
    """A fix is made whole or not at all: what touches a file that is left alone is left too."""
    grown = True
    while grown:
        size = len(alone)
        for paths in fixed.together:
            touched = {path for path in fixed.texts if paths & {path, fixed.origin(path)}}
            cause = min(touched & alone.keys(), default=None)
            if cause is not None:
                for path in touched - alone.keys():
                    alone[path] = f"its fix also changes {cause}"
        grown = len(alone) > size


def _written_beside(target: Path, origin: Path, fixed: Fixed, path: str) -> Path:
    """The new text in a file beside its place. Raises OSError, also where the file that it is for
    may be read only: a folder would let it be replaced all the same."""
    mode = 0o666 & ~_umask() if path in fixed.created else origin.stat().st_mode
    if not mode & 0o222:
        raise PermissionError(errno.EACCES, "it is read-only")
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(fixed.texts[path])
        temporary.chmod(mode)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return temporary


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
