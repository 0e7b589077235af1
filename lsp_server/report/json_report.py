"""The report as JSON, for programs: stable names, one object."""

from __future__ import annotations

import json
from typing import Any

from lsp_server import __version__
from lsp_server.report.report import Entry, Place, Report


def _place(place: Place) -> dict[str, Any]:
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    finding = entry.finding
    fix = finding.fix
    return {
        "rule": finding.rule,
        "severity": finding.severity.label,
        "message": finding.message,
        **_place(entry.place),
        "fingerprint": finding.fingerprint,
        "related": [{**_place(place), "message": message} for place, message in entry.related],
        "fix": None
        if fix is None
        else {"title": fix.title, "applicability": fix.applicability.value},
    }


def render(report: Report) -> str:
    """The report; lines and columns are one-based, columns count characters."""
    return json.dumps(
        {
            "version": __version__,
            "files": report.files,
            "findings": [_entry(entry) for entry in report.entries],
            "fixed": sorted(report.fixed),
        },
        indent=2,
        ensure_ascii=False,
    )
