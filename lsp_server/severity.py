"""How bad a finding is, and how strict a reviewer the user wants."""

from __future__ import annotations

from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is; the numbers are those of LSP's DiagnosticSeverity."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4

    @property
    def label(self) -> str:
        """The name in lower case."""
        return self.name.lower()


class Profile(IntEnum):
    """Which rules run; each profile holds those before it."""

    RECOMMENDED = 1
    AGGRESSIVE = 2

    @property
    def label(self) -> str:
        """The name in lower case."""
        return self.name.lower()
