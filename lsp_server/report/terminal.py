"""The report for people: each finding with the line it is about, then a summary."""

from __future__ import annotations

import difflib
import re
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from lsp_server.facts.secrets.secret_shapes import covered
from lsp_server.lint.finding import Applicability
from lsp_server.report.report import Entry, FileChange, Place, Report
from lsp_server.severity import Severity

STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.INFORMATION: "bold blue",
    Severity.HINT: "bold cyan",
}
Secrets = dict[tuple[Path, int], list[tuple[int, int]]]  # by file and line: columns from 0
LINE = 100  # characters of a source line that are shown
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


class Wish(Protocol):
    """What the terminal report needs to know of the request."""

    @property
    def diff(self) -> bool:
        """Whether to show what fixes would change."""

    @property
    def statistics(self) -> bool:
        """Whether to count instead of listing."""

    @property
    def quiet(self) -> bool:
        """Whether to leave the summary out."""

    @property
    def output(self) -> Path | None:
        """The file to write to; None for stdout."""


def show(report: Report, wish: Wish) -> None:
    """Print the report. Raises OSError where the output file cannot be written."""
    with ExitStack() as stack:
        file = sys.stdout
        if wish.output is not None:
            file = stack.enter_context(wish.output.open("w", encoding="utf-8"))
        console = Console(highlight=False, soft_wrap=True, file=file)
        if wish.diff:
            for change in report.changes:
                _show_diff(console, change)
        elif wish.statistics:
            _show_statistics(console, report)
        else:
            secrets = _secrets(report)
            for entry in report.entries:
                _show_entry(console, entry, secrets)
            for change in report.changes:
                _show_change(console, change)
        if not wish.quiet:
            console.print(_summary(report, wish))


def _plain(text: str) -> str:
    """A text of the user's as one that cannot command the terminal; a tab is one blank wide."""
    return _CONTROLS.sub(lambda found: " " if found[0] == "\t" else "�", text)


def _secrets(report: Report) -> Secrets:
    """Where secrets stand in the lines that are shown: no report may repeat them."""
    found: Secrets = {}
    for entry in report.entries:
        place = entry.place
        if entry.finding.rule == "security/hardcoded-secret":
            last = place.end_column - 1 if place.end_line == place.line else len(place.text)
            found.setdefault((place.file, place.line), []).append((place.column - 1, last))
    return found


def _covered(place: Place, secrets: Secrets) -> str:
    """The line of a place with asterisks for secrets, as many as they have characters."""
    text = covered(place.text)
    for start, end in secrets.get((place.file, place.line), ()):
        quoted = text[start : start + 1] in ('"', "'")
        first, last = (start + 1, end - 1) if quoted else (start, end)
        text = text[:first] + "*" * (last - first) + text[last:]
    return text


def _show_entry(console: Console, entry: Entry, secrets: Secrets) -> None:
    finding, place = entry.finding, entry.place
    style = STYLES[finding.severity]
    head = Text()
    head.append(finding.severity.label, style)
    head.append(f"[{finding.rule}] ", "dim")
    head.append(_plain(finding.message), "bold")
    console.print(head)
    console.print(Text(f"  --> {_plain(place.path)}:{place.line}:{place.column}", "cyan"))
    _show_line(console, place, _plain(_covered(place, secrets)), style)
    for other, message in entry.related:
        line = Text("    = ", "dim")
        line.append(f"{_plain(other.path)}:{other.line}: ", "cyan")
        line.append(_plain(message))
        console.print(line)
    if finding.fix is not None:
        note = Text("    fix: ", "green")
        note.append(_plain(finding.fix.title))
        if finding.fix.applicability is Applicability.REVIEW:
            note.append(" (review it in the editor)", "dim")
        console.print(note)
    console.print()


def _show_line(console: Console, place: Place, text: str, style: str) -> None:
    """The source line with a mark below, cut around the mark if it is long."""
    start = place.column - 1
    end = place.end_column - 1 if place.end_line == place.line else len(text)
    if len(text) > LINE:
        cut = max(0, min(start - LINE // 3, len(text) - LINE))
        text = text[cut : cut + LINE]
        start, end = start - cut, min(end - cut, LINE)
    number = str(place.line)
    console.print(Text(f"  {number} | ", "dim").append(text, "default"))
    mark = " " * cell_len(text[:start]) + "^" * max(1, cell_len(text[start:end]))
    console.print(Text(f"  {' ' * len(number)} | ", "dim").append(mark, style))


def _show_change(console: Console, change: FileChange) -> None:
    counts = Counter(change.rules)
    rules = ", ".join(f"{rule} ×{count}" for rule, count in sorted(counts.items()))
    verb = "changed" if change.path == change.origin else f"{_plain(change.origin)} is now"
    line = Text(f"{verb if change.existed else 'created'} ", "green")
    line.append(_plain(change.path), "cyan")
    console.print(line.append(f" ({rules})", "dim"))


def _show_diff(console: Console, change: FileChange) -> None:
    """The change in the form that `git apply` takes; on a terminal without control characters."""
    old = f"a/{change.origin}" if change.existed else "/dev/null"
    new = f"b/{change.path}"
    old, new = (f"{name}\t" if " " in name else name for name in (old, new))  # else no end is seen
    lines = difflib.unified_diff(_lines(change.before), _lines(change.after), old, new)
    for line in lines:
        if not line.endswith("\n"):
            line += "\n\\ No newline at end of file\n"
        if console.is_terminal:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "default")
            console.print(Text(_plain(covered(line.rstrip("\r\n"))), style))
        else:
            console.file.write(line)


def _lines(source: bytes) -> list[str]:
    """Lines as `diff` counts them: they end at LF alone."""
    return re.findall(r"[^\n]*\n|[^\n]+", source.decode("utf-8", "replace"))


def _show_statistics(console: Console, report: Report) -> None:
    counts = Counter(finding.rule for finding in report.findings)
    width = max(map(len, counts), default=0)
    for rule, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        console.print(Text(f"{rule:<{width}}  {count:>5}"))


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def _summary(report: Report, wish: Wish) -> Text:
    text = Text()
    if report.changes:
        verb = "would be applied to" if wish.diff else "applied to"
        fixes = _count(report.applied, "fix", "fixes")
        text.append(f"{fixes} {verb} {_count(len(report.changes), 'file')}. ", "green")
    found = report.by_severity
    if not report.files and not found:
        return text.append("There is no Elixir file here to check.", "bold yellow")
    if not found:
        return text.append(f"Nothing found in {_count(report.files, 'file')}.", "bold green")
    words = {Severity.INFORMATION: "information", Severity.HINT: "hint"}
    parts = ", ".join(
        f"{found[one]} {words[one]}" if one in words else _count(found[one], one.label)
        for one in Severity
        if found.get(one)
    )
    text.append(_count(len(report.entries), "finding"), "bold")
    text.append(f" in {_count(report.files, 'file')}: {parts}.")
    safe = sum(
        1
        for finding in report.findings
        if finding.fix is not None and finding.fix.applicability is Applicability.SAFE
    )
    if safe and not wish.diff:
        text.append(f" `retort check --fix` mends {safe}.", "green")
    return text
