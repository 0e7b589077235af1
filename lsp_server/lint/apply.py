"""Applies the edits of fixes to texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from lsp_server.lint.finding import CreateFile, Edit, Operation, RenameFile
from lsp_server.text import Span


class Overlap(Exception):
    """Two edits want to replace the same bytes."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What some operations do, file by file: edits in the order of the text, new files, renames."""

    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)
    created: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> set[str]:
        """Every file that is touched."""
        return set(self.edits) | set(self.created) | set(self.renamed)

    @property
    def needs_files(self) -> bool:
        """Whether files are created or renamed."""
        return bool(self.created or self.renamed)


def changes(operations: Iterable[Operation]) -> Changes:
    """Operations by file; equal edits count once.

    Raises Overlap where two edits of a file overlap, or two files are created at one path.
    """
    edits: dict[str, dict[tuple[Span, str], Edit]] = {}
    created: dict[str, str] = {}
    renamed: dict[str, str] = {}
    for one in operations:
        match one:
            case Edit():
                edits.setdefault(one.path, {})[(one.span, one.text)] = one
            case CreateFile(path, text):
                if created.get(path, text) != text or _has_twin(path, created):
                    raise Overlap(path)
                created[path] = text
            case RenameFile(path, new_path):
                if renamed.get(path, new_path) != new_path:
                    raise Overlap(path)
                renamed[path] = new_path
    ordered = {path: tuple(in_order(found.values(), path)) for path, found in edits.items()}
    return Changes(ordered, created, renamed)


def _has_twin(path: str, created: Iterable[str]) -> bool:
    """Whether another new file of the folder has the same number before its name: Ecto refuses two
    migrations of one version."""
    folder, _, name = path.rpartition("/")
    number = name.partition("_")[0]
    return number.isdecimal() and any(
        other != path and other.startswith(f"{folder}/{number}_") for other in created
    )


def in_order(edits: Iterable[Edit], path: str = "") -> list[Edit]:
    """Edits of one file in the order of the text. Raises Overlap."""
    ordered = sorted(edits, key=lambda one: one.span)
    for before, after in pairwise(ordered):
        if after.span.start < before.span.end or after.span == before.span:
            raise Overlap(path)
    return ordered


def apply_edits(source: bytes, edits: Iterable[Edit]) -> bytes:
    """The text after edits of one file, whose spans are all those of `source`. Raises Overlap."""
    parts: list[bytes] = []
    at = 0
    for edit in in_order(edits):
        parts += (source[at : edit.span.start], edit.text.encode())
        at = edit.span.end
    return b"".join([*parts, source[at:]])


def merge(groups: Iterable[Iterable[Operation]]) -> tuple[Changes, list[int]]:
    """As many of the groups together as do not touch each other, and the numbers of those taken.

    A group is all or nothing: half a fix is worse than none.
    """
    taken: list[Operation] = []
    numbers: list[int] = []
    result = Changes()
    for number, group in enumerate(groups):
        operations = list(group)
        if not operations:
            continue
        try:
            result = changes([*taken, *operations])
        except Overlap:
            continue
        taken += operations
        numbers.append(number)
    return result, numbers
