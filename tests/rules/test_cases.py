"""Every rule is tried on the examples of its page and on its Markdown cases."""

from __future__ import annotations

import pytest

from lsp_server.document import Document, Language
from lsp_server.lint.apply import apply_edits
from lsp_server.lint.finding import Finding
from lsp_server.lint.registry import registry
from lsp_server.lint.rule import AnyRule
from lsp_server.lint.suppress import ignore_here
from tests.elixir_oracle import ElixirOracle
from tests.rules.cases import Case, markdown_cases, page_examples
from tests.rules.harness import Files, check, encode, fix_all, found_lines

RULES = list(registry().rules.values())
CASES = [(rule, case) for rule in RULES for case in markdown_cases(rule.id)]
ids = [rule.id for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_bad_example_is_flagged(rule: AnyRule) -> None:
    files = encode(page_examples(type(rule), "Bad"))
    assert check(rule, files), "the Bad example of the page is not flagged"


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_good_example_is_silent(rule: AnyRule) -> None:
    files = encode(page_examples(type(rule), "Good"))
    assert check(rule, files) == []


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_fixed_bad_example_is_the_good_one(rule: AnyRule, elixir: ElixirOracle) -> None:
    bad = encode(page_examples(type(rule), "Bad"))
    if not any(finding.fix for finding in check(rule, bad)):
        return  # a rule without a fix for its example shows two unrelated texts
    fixed = fix_all(rule, bad)
    assert text(fixed) == page_examples(type(rule), "Good")
    still_elixir(bad, fixed, elixir)


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_a_suppression_changes_no_finding(rule: AnyRule) -> None:
    """A rule that takes comments for explanations does not take these, or they would be said to
    suppress nothing."""
    files = encode(page_examples(type(rule), "Bad"))
    found = check(rule, files)
    path = found[0].path
    edits = ignore_here(Document(path, files[path]), found[0])
    again = check(rule, {**files, path: apply_edits(files[path], edits)})
    assert [one.message for one in again] == [one.message for one in found]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{r.id}: {c.name}" for r, c in CASES])
def test_case(rule: AnyRule, case: Case, elixir: ElixirOracle) -> None:
    files = encode(case.files)
    findings = check(rule, files)
    for finding in findings:
        one_line(finding)
    assert found_lines(findings, files) == case.expected
    if case.fixed is None:
        return
    assert any(finding.fix for finding in findings), "a fixed text is given, but no fix is offered"
    fixed = fix_all(rule, files)
    touched = {path: code for path, code in text(fixed).items() if code != case.files.get(path)}
    assert touched == dict(case.fixed)
    still_elixir(files, fixed, elixir)


def one_line(finding: Finding) -> None:
    assert finding.message.strip() == finding.message
    assert "\n" not in finding.message and len(finding.message) <= 200


def text(files: Files) -> dict[str, str]:
    return {path: source.decode() for path, source in files.items()}


def still_elixir(before: Files, after: Files, elixir: ElixirOracle) -> None:
    """What a fix wrote parses; what was formatted still is; templates are balanced."""
    for path, source in after.items():
        if before.get(path) == source:
            continue
        document = Document(path, source)
        was = before.get(path)
        for layer in document.templates:
            assert layer.template.errors == (), f"{path} is not balanced after the fix"
        if document.language is Language.ELIXIR:
            code = source.decode()
            assert elixir.parses(code) is None, f"{path} does not parse after the fix:\n{code}"
            if was is None or elixir.is_formatted(was.decode()):
                assert elixir.is_formatted(code), f"{path} is not formatted after the fix:\n{code}"
