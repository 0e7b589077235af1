"""The report as SARIF 2.1.0, for code scanning services."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from lsp_server import __version__
from lsp_server.lint.registry import page_of, registry
from lsp_server.report.pages import page
from lsp_server.report.report import Entry, Place, Report, repository_path
from lsp_server.severity import Severity

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _uri(place: Place) -> str:
    """Relative to the top of the repository, else to the current folder, as services expect."""
    path = repository_path(place)
    return place.file.as_uri() if path.startswith("/") else quote(path)


def _location(place: Place, message: str = "") -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place)},
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        }
    }
    if message:
        location["message"] = {"text": message}
    return location


def _rule(rule: str) -> dict[str, Any]:
    known = registry().rules.get(rule)
    text = page(rule) or ""
    summary = page_of(type(known)).summary if known is not None else text.split("\n")[2]
    return {
        "id": rule,
        "shortDescription": {"text": summary},
        "help": {"text": text, "markdown": text},
    }


def _result(entry: Entry, numbers: dict[str, int]) -> dict[str, Any]:
    finding = entry.finding
    return {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": LEVELS.get(finding.severity, "note"),
        "message": {"text": finding.message},
        "locations": [_location(entry.place)],
        "relatedLocations": [
            {"id": number, **_location(place, message)}
            for number, (place, message) in enumerate(entry.related)
        ],
        "partialFingerprints": {"retort/v1": finding.fingerprint},
    }


def render(report: Report) -> str:
    """The whole log."""
    rules = sorted({finding.rule for finding in report.findings})
    numbers = {rule: number for number, rule in enumerate(rules)}
    driver = {"name": "Retort", "version": __version__, "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(entry, numbers) for entry in report.entries],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)
