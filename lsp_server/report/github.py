"""The report as workflow commands, which GitHub Actions shows beside the changed lines."""

from __future__ import annotations

from lsp_server.report.report import Entry, Report, repository_path
from lsp_server.severity import Severity

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _line(entry: Entry) -> str:
    finding, place = entry.finding, entry.place
    level = LEVELS.get(finding.severity, "notice")
    where = f"file={_property(repository_path(place))},line={place.line},endLine={place.end_line}"
    if place.line == place.end_line:  # columns are allowed only within one line
        where += f",col={place.column},endColumn={place.end_column}"
    return f"::{level} {where},title={_property(finding.rule)}::{_data(finding.message)}"


def render(report: Report) -> str:
    """One line for each finding."""
    return "\n".join(map(_line, report.entries))
