"""The report as JSON, for programs: stable names, one object.

    {"version": 1, "findings": [{"rule", "severity", "path", "range", "message", "fix", "related",
     "fingerprint"}], "summary": {"findings", "files", "severities", "packs", "rules", "fixed"}}

Paths are relative to the folder that was checked, with `/`. Lines and columns count from 1,
columns in code points; the end of a range is the place after it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from lsp_server.report.report import Entry, Place, Report

FORMAT = 1


def _place(place: Place, report: Report) -> dict[str, Any]:
    return {
        "path": place.file.relative_to(report.root).as_posix(),
        "range": {
            "start": {"line": place.line, "column": place.column},
            "end": {"line": place.end_line, "column": place.end_column},
        },
    }


def _entry(entry: Entry, report: Report) -> dict[str, Any]:
    finding, fix = entry.finding, entry.finding.fix
    related = [{**_place(place, report), "message": message} for place, message in entry.related]
    return {
        "rule": finding.rule,
        "severity": finding.severity.label,
        **_place(entry.place, report),
        "message": finding.message,
        "fix": None
        if fix is None
        else {"title": fix.title, "applicability": fix.applicability.value},
        "related": related,
        "fingerprint": finding.fingerprint,
    }


def render(report: Report) -> str:
    """The report; ASCII alone, so that no terminal and no pipe can spoil it."""
    findings = report.findings
    summary = {
        "findings": len(findings),
        "files": report.files,
        "severities": dict(Counter(one.severity.label for one in findings)),
        "packs": dict(Counter(one.rule.partition("/")[0] for one in findings)),
        "rules": dict(Counter(one.rule for one in findings)),
        "fixed": sorted(change.path for change in report.changes),
    }
    entries = [_entry(entry, report) for entry in report.entries]
    return json.dumps({"version": FORMAT, "findings": entries, "summary": summary}, indent=2)
