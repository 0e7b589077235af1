"""Fixes that edit migrations keep the line endings of the file."""

from __future__ import annotations

import pytest

from lsp_server.lint.registry import registry
from tests.rules.cases import Case, markdown_cases
from tests.rules.harness import encode, fix_all

RULES = (
    "ecto/missing-check-constraint",
    "ecto/missing-constraint-call",
    "ecto/missing-fk-constraint",
    "ecto/missing-fk-index",
    "ecto/missing-on-delete",
    "ecto/missing-timestamps",
    "ecto/missing-unique-index",
    "ecto/n-plus-one",
    "ecto/nullable-required",
    "ecto/unsafe-migration",
)
CASES = [(rule, case) for rule in RULES for case in markdown_cases(rule) if case.fixed]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{r}: {c.name}" for r, c in CASES])
def test_fixes_with_carriage_returns(rule: str, case: Case) -> None:
    files = encode(case.files)
    plain = fix_all(registry().rules[rule], files)
    windows = {path: text.replace(b"\n", b"\r\n") for path, text in files.items()}
    fixed = fix_all(registry().rules[rule], windows)
    assert {path: text.replace(b"\r\n", b"\n") for path, text in fixed.items()} == plain
    for path, text in fixed.items():
        if path in files:
            assert text.count(b"\n") == text.count(b"\r\n"), path
