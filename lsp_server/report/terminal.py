"""The report for people: each finding with the line it is about, then a summary."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import Protocol

from rich.console import Console
from rich.text import Text

from lsp_server.lint.finding import Applicability
from lsp_server.report.report import Entry, Place, Report
from lsp_server.severity import Severity

STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.INFORMATION: "bold blue",
    Severity.HINT: "bold cyan",
}
LINE = 100  # characters of a source line that are shown


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


def show(report: Report, wish: Wish) -> None:
    """Print the report to stdout."""
    console = Console(highlight=False, soft_wrap=True)
    if wish.diff:
        for path, (before, after) in sorted(report.fixed.items()):
            _show_diff(console, path, before, after)
    elif wish.statistics:
        _show_statistics(console, report)
    else:
        for entry in report.entries:
            _show_entry(console, entry)
    if not wish.quiet:
        console.print(_summary(report, wish))


def _show_entry(console: Console, entry: Entry) -> None:
    finding, place = entry.finding, entry.place
    style = STYLES[finding.severity]
    head = Text()
    head.append(finding.severity.label, style)
    head.append(f"[{finding.rule}] ", "dim")
    head.append(finding.message, "bold")
    console.print(head)
    console.print(Text(f"  --> {place.path}:{place.line}:{place.column}", "cyan"))
    _show_line(console, place, style)
    for other, message in entry.related:
        line = Text("    = ", "dim")
        line.append(f"{other.path}:{other.line}: ", "cyan")
        line.append(message)
        console.print(line)
    if finding.fix is not None:
        note = Text("    fix: ", "green")
        note.append(finding.fix.title)
        if finding.fix.applicability is Applicability.REVIEW:
            note.append(" (review it in the editor)", "dim")
        console.print(note)
    console.print()


def _show_line(console: Console, place: Place, style: str) -> None:
    """The source line with a mark below, cut around the mark if it is long."""
    text = place.text.replace("\t", " ")
    start = place.column - 1
    end = place.end_column - 1 if place.end_line == place.line else len(text)
    if len(text) > LINE:
        cut = max(0, min(start - LINE // 3, len(text) - LINE))
        text = text[cut : cut + LINE]
        start, end = start - cut, min(end - cut, LINE)
    number = str(place.line)
    console.print(Text(f"  {number} | ", "dim").append(text, "default"))
    mark = " " * start + "^" * max(1, end - start)
    console.print(Text(f"  {' ' * len(number)} | ", "dim").append(mark, style))


def _show_diff(console: Console, path: str, before: bytes, after: bytes) -> None:
    lines = difflib.unified_diff(
        before.decode("utf-8", "replace").splitlines(keepends=True),
        after.decode("utf-8", "replace").splitlines(keepends=True),
        f"a/{path}",
        f"b/{path}",
    )
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "default")
        console.print(Text(line.rstrip("\r\n"), style))


def _show_statistics(console: Console, report: Report) -> None:
    counts = Counter(finding.rule for finding in report.findings)
    width = max(map(len, counts), default=0)
    for rule, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        console.print(f"{rule:<{width}}  {count:>5}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _summary(report: Report, wish: Wish) -> Text:
    applied = len(report.applied)
    text = Text()
    if applied:
        verb = "would be applied to" if wish.diff else "applied to"
        fixes, changed = _count(applied, "fix").replace("fixs", "fixes"), len(report.fixed)
        text.append(f"{fixes} {verb} {_count(changed, 'file')}. ", "green")
    found = report.by_severity
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
