"""Settings of a project as rules and faces see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What the user has configured; the defaults are those of a project without `.retort.toml`.

    `options` holds settings of single rules by rule id; a rule's own defaults fill the gaps.
    """

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def option(self, rule: str, name: str, default: Any = None) -> Any:
        """A setting of a rule, `default` where the user has none."""
        return self.options.get(rule, {}).get(name, default)
