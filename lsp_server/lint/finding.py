"""What rules say: findings, with the places that explain them and perhaps a fix."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from lsp_server.severity import Severity
from lsp_server.text import Span

if TYPE_CHECKING:
    from lsp_server.snapshot import Snapshot


class Tag(IntEnum):
    """How an editor may draw a finding; the numbers are those of LSP's DiagnosticTag."""

    UNNECESSARY = 1
    DEPRECATED = 2


class Applicability(StrEnum):
    """`safe`: behaviour is kept, part of fix-all. `review`: offered, never part of fix-all."""

    SAFE = "safe"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Edit:
    """The replacement of a span; without a path it is in the file of the finding."""

    span: Span
    text: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class CreateFile:
    """A new file; the path must be free."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class RenameFile:
    """A file that gets another path; edits of the same fix name its old one."""

    path: str
    new_path: str


Operation = Edit | CreateFile | RenameFile


@dataclass(frozen=True, slots=True)
class Fix:
    """A complete solution: its title for the menu, and a function that computes its edits.

    The function is called only when the user chooses the fix, on the snapshot that the finding came
    from; it may read other documents of it. Without edits the fix does not apply after all.
    `build` is None in a finding that came from a worker or the cache: run its rule again then.
    """

    title: str
    applicability: Applicability
    build: Callable[[Snapshot], Iterable[Operation]] | None = field(default=None, compare=False)
    needs_files: bool = False  # whether it creates or renames files

    @staticmethod
    def safe(
        title: str, build: Callable[[Snapshot], Iterable[Operation]], *, needs_files: bool = False
    ) -> Fix:
        """A fix that keeps behaviour on every input that worked before."""
        return Fix(title, Applicability.SAFE, build, needs_files)

    @staticmethod
    def review(
        title: str, build: Callable[[Snapshot], Iterable[Operation]], *, needs_files: bool = False
    ) -> Fix:
        """A fix that a person should look at."""
        return Fix(title, Applicability.REVIEW, build, needs_files)


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that matters; without a path it is in the file of the finding."""

    span: Span
    message: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong at one place. `message` names what is in the user's code, in one
    line.

    Rules leave `path` empty for the file they were given; the checker fills it, the rule's id, its
    severity and the fingerprint in.
    """

    span: Span
    message: str
    path: str = ""
    fix: Fix | None = None
    related: tuple[Related, ...] = ()
    tags: tuple[Tag, ...] = ()
    rule: str = ""
    severity: Severity = Severity.WARNING
    fingerprint: str = ""


def fingerprint(finding: Finding, occurrence: int) -> str:
    """An identity that survives edits elsewhere: rule, file, what is said, and which of the
    equal ones.

    It holds no line numbers, so that a baseline lives on while code moves.
    """
    parts = (finding.rule, finding.path, finding.message, str(occurrence))
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
