"""The settings as a JSON schema, for editors that help to write them.

It describes `.retort.toml` and, as both hold the same, the settings that an editor sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsp_server.config import LEVELS, default_options
from lsp_server.lint.registry import page_of, registry
from lsp_server.lint.rule import AnyRule
from lsp_server.severity import Profile

Schema = dict[str, Any]

_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def settings_schema() -> Schema:
    """The schema of each setting by its name."""
    return {
        "profile": {
            "enum": [profile.label for profile in Profile],
            "description": "How strict to be: `recommended` says what a maintainer would mend at "
            "once, `aggressive` everything an uncompromising reviewer would say.",
        },
        "exclude": {
            **_texts(),
            "description": "Files that are not read, as patterns of .gitignore, beside what "
            ".gitignore itself leaves out.",
        },
        "rules": {
            "type": "object",
            "description": "Another severity for single rules and whole packs, and settings of "
            "rules.",
            "properties": {**_packs(), **{rule.id: _rule(rule) for rule in _rules()}},
            "additionalProperties": False,
        },
        "paths": {
            "type": "array",
            "description": "Other severities below some paths; the last that matches counts.",
            "items": {
                "type": "object",
                "properties": {
                    "match": _texts(),
                    "rules": {"type": "object", "additionalProperties": _level()},
                },
                "required": ["match"],
                "additionalProperties": False,
            },
        },
    }


def _rules() -> list[AnyRule]:
    return sorted(registry().rules.values(), key=lambda rule: rule.id)


def _packs() -> Mapping[str, Schema]:
    return {
        pack: {**_level(), "description": f"All rules of the pack `{pack}`."}
        for pack in registry().packs
    }


def _rule(rule: AnyRule) -> Schema:
    summary = page_of(type(rule)).summary
    described = f"{summary} (by itself: {rule.severity.label}, {rule.profile.label})"
    if not rule.options:
        return {**_level(), "description": described}
    own = {name: _of_default(default) for name, default in sorted(default_options(rule).items())}
    table = {
        "type": "object",
        "properties": {"severity": _level(), **own},
        "additionalProperties": False,
    }
    return {"anyOf": [_level(), table], "description": described}


def _level() -> Schema:
    return {"enum": [*LEVELS, "on"]}


def _texts() -> Schema:
    return {"type": "array", "items": {"type": "string"}}


def _of_default(default: object) -> Schema:
    if isinstance(default, list):
        return {**_texts(), "default": default}
    return {"type": _TYPES.get(type(default), "string"), "default": default}
