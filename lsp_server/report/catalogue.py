"""The list of rules: for `retort rules`, for `rules/README.md`, and for a first configuration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from lsp_server.lint.registry import page_of, registry
from lsp_server.severity import Profile


@dataclass(frozen=True, slots=True)
class Row:
    """One rule in a list."""

    id: str
    severity: str
    profile: str
    summary: str
    requires: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The row as plain data."""
        return asdict(self)


def rule_rows(profile: str = "aggressive") -> Iterator[Row]:
    """The rules that a profile runs, by id."""
    limit = Profile[profile.upper()]
    for rule in sorted(registry().rules.values(), key=lambda one: one.id):
        if rule.profile <= limit:
            requires = (rule.requires,) if isinstance(rule.requires, str) else tuple(rule.requires)
            summary = page_of(type(rule)).summary
            yield Row(rule.id, rule.severity.label, rule.profile.label, summary, requires)


def catalogue_markdown(profile: str = "aggressive") -> str:
    """`rules/README.md`: the rules of a profile by pack."""
    lines = [
        "# Rules",
        "",
        "Made by `python -m tests.readme` from the rules' own docstrings.",
        "`+` marks rules that run only in the profile `aggressive`.",
    ]
    for pack, rows in groupby(rule_rows(profile), key=lambda row: row.id.partition("/")[0]):
        lines += [
            "",
            f"## {pack}",
            "",
            "| rule | severity | | about |",
            "| --- | --- | --- | --- |",
        ]
        for row in rows:
            path = row.id.replace("-", "_") + ".py"
            mark = "+" if row.profile == "aggressive" else ""
            lines.append(f"| [{row.id}]({path}) | {row.severity} | {mark} | {row.summary} |")
    return "\n".join(lines) + "\n"


def starter_configuration() -> str:
    """A `.retort.toml` that changes nothing and shows what can be changed."""
    return """\
# Retort's settings; `retort rules` lists the rules, `retort explain RULE` says more of one.

profile = "recommended" # or "aggressive": everything an uncompromising reviewer would say

# Beside what .gitignore names, deps, _build and node_modules.
# exclude = ["lib/generated/**"]

[rules]
# "ecto/query-in-loop" = "off" # a rule or a whole pack: off, error, warning, information, hint, on

# [[paths]]
# match = ["lib/legacy/**"]
# rules = { ecto = "hint" }
"""
