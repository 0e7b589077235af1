"""What checking one file gives, as plain data that crosses processes and lies in the cache."""

from __future__ import annotations

import msgspec

from lsp_server.lint.finding import Applicability, Finding, Fix, Related, Tag
from lsp_server.severity import Severity
from lsp_server.text import Span


class PlainFix(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a menu shows of a fix; its edits are computed when it is chosen."""

    title: str
    applicability: str
    needs_files: bool


class PlainFinding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A finding without anything that can only live in one process."""

    start: int
    end: int
    message: str
    path: str
    rule: str
    severity: int
    fingerprint: str
    tags: tuple[int, ...]
    related: tuple[tuple[int, int, str, str], ...]
    fix: PlainFix | None


class FileResult(msgspec.Struct, frozen=True, array_like=True):
    """Facts (msgpack by type) and findings of one file's document rules, not yet suppressed."""

    path: str
    mtime: int
    size: int
    digest: bytes  # of the text
    facts: dict[str, bytes]
    findings: tuple[PlainFinding, ...]
    has_suppressions: bool
    decides_context: bool  # whether document rules of other files depend on it
    refusal: str  # why the file was not read or not parsed; empty for nearly all

    @property
    def needs_look(self) -> bool:
        """Whether anything may be said of the file without project rules."""
        return bool(self.findings or self.has_suppressions or self.refusal)


def plain(finding: Finding) -> PlainFinding:
    """The finding as data."""
    fix = finding.fix
    return PlainFinding(
        finding.span.start,
        finding.span.end,
        finding.message,
        finding.path,
        finding.rule,
        int(finding.severity),
        finding.fingerprint,
        tuple(int(tag) for tag in finding.tags),
        tuple((one.span.start, one.span.end, one.message, one.path) for one in finding.related),
        None if fix is None else PlainFix(fix.title, fix.applicability.value, fix.needs_files),
    )


def restored(finding: PlainFinding) -> Finding:
    """The finding again; its fix has a title but no function."""
    fix = finding.fix
    return Finding(
        Span(finding.start, finding.end),
        finding.message,
        finding.path,
        None
        if fix is None
        else Fix(fix.title, Applicability(fix.applicability), None, fix.needs_files),
        tuple(
            Related(Span(start, end), message, path)
            for start, end, message, path in finding.related
        ),
        tuple(Tag(tag) for tag in finding.tags),
        finding.rule,
        Severity(finding.severity),
        finding.fingerprint,
    )
