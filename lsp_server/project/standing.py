"""The answer of a check in which nothing has changed since the last one, without loading a rule.

Importing the rules and what they stand on takes longer than looking at five thousand files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsp_server.config import FILE_NAME, Settings
from lsp_server.lint.finding import Finding
from lsp_server.project.cache import configuration_digest, stored_cache
from lsp_server.project.files import project_files, read_file
from lsp_server.project.result import restored


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last check found, and the files it read."""

    findings: list[Finding]  # their fixes have no function
    paths: Collection[str]


def standing(root: Path, overrides: Mapping[str, Any]) -> Standing | None:
    """The outcome of the last check of a project if it still holds: the same Retort, the same
    configuration, and no file that is new, gone or changed. None where that is not so."""
    cache = stored_cache(root)
    head = cache.head
    if head is None or not cache.fits(head.settings):
        return None
    if head.configuration != configuration_digest(read_file(root, FILE_NAME), overrides):
        return None
    if not cache.is_current(project_files(root, Settings(exclude=head.exclude))):
        return None
    return Standing([restored(one) for one in cache.findings()], head.files.keys())
