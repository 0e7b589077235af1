"""Fixes applied in memory until nothing changes: the text of fix-all, of `--fix` and of its
preview."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.document import Document
from lsp_server.lint.apply import Changes, apply_edits, merge
from lsp_server.lint.checker import operations
from lsp_server.lint.finding import Applicability, Finding, Operation
from lsp_server.project.workspace import Workspace

ROUNDS = 50


@dataclass
class Fixed:
    """The outcome: new texts by path (the path after renames), files gone, and what was applied."""

    texts: dict[str, bytes] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    applied: list[Finding] = field(default_factory=list)


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
        findings = [
            fresh
            for path in sorted(scope)
            for one in workspace.findings(path)
            if one.fix is not None and wanted(one)
            if (fresh := workspace.fresh(path, one.rule, one.fingerprint)) is not None
        ]
        groups: list[list[Operation]] = []
        offered: list[Finding] = []
        for finding in findings:
            built = operations(finding, workspace.snapshot)
            if built:
                groups.append(built)
                offered.append(finding)
        todo, taken = merge(groups)
        if not taken or not self._apply(todo, scope):
            return 0
        self.outcome.applied += [offered[number] for number in taken]
        return len(taken)

    def _apply(self, todo: Changes, scope: set[str]) -> bool:
        """Put the changed texts into the copy; whether any text is another than before."""
        changed = False
        for path, edits in todo.edits.items():
            document = self.workspace.document(path)
            if document is None:
                continue
            text = apply_edits(document.source, edits)
            if text != document.source:
                changed = True
                self._put(path, text)
        for path, created in todo.created.items():
            if self.workspace.document(path) is None:
                changed = True
                self.outcome.created.add(path)
                self._put(path, created.encode())
        for path, new in todo.renamed.items():
            document = self.workspace.document(path)
            if document is not None and self.workspace.document(new) is None:
                changed = True
                self.outcome.renamed[path] = new
                self.outcome.texts.pop(path, None)
                self.workspace.remove(path)
                self.workspace.open.pop(path, None)
                self._put(new, document.source)
                if path in scope:
                    scope.add(new)
        return changed

    def _put(self, path: str, text: bytes) -> None:
        self.outcome.texts[path] = text
        self.workspace.open[path] = Document(path, text)
        self.workspace.collect(path)
        self.workspace.check(path)


def safe(finding: Finding) -> bool:
    """Whether fix-all takes the finding's fix."""
    return finding.fix is not None and finding.fix.applicability is Applicability.SAFE


def write(root: Path, fixed: Fixed) -> None:
    """Bring the outcome to disk. Raises OSError; each file is replaced whole or not at all."""
    for path, text in fixed.texts.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.retort")
        temporary.write_bytes(text)
        if target.exists():
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    for path in fixed.renamed:
        (root / path).unlink(missing_ok=True)
