"""What is wrong with `.retort.toml`, as findings in that file."""

from __future__ import annotations

from collections.abc import Iterable

from lsp_server.config import FILE_NAME, Problem
from lsp_server.lint.checker import finish
from lsp_server.lint.finding import Finding

CONFIGURATION = "retort/configuration"


def configuration_findings(problems: Iterable[Problem]) -> list[Finding]:
    """The problems in the order of the text."""
    found = (Finding(one.span, one.message, FILE_NAME, rule=CONFIGURATION) for one in problems)
    return finish(found, FILE_NAME)
