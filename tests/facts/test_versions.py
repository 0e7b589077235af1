"""Versions and requirements against the real Elixir, and what Elixir has no words for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lsp_server.facts.project.versions import NEWEST, Requirement, Version
from tests.elixir_oracle import elixir_command

VERSIONS = [
    "0.0.0",
    "0.18.0",
    "0.18.16",
    "0.20.17",
    "1.0.0-rc.1",
    "1.0.0-rc.10",
    "1.0.0-rc.9",
    "1.0.0-dev",
    "1.0.0",
    "1.0.1",
    "1.1.0-rc.1",
    "1.1.0",
    "1.2.0-dev",
    "1.2.3",
    "1.9.0",
    "1.10.0",
    "2.0.0-dev",
    "2.0.0",
    "3.0.0",
    "10.0.0",
    "1.2.3-1",
    "1.2.3-a",
    "1.2.3-a.1",
    "1.2.3-alpha.beta",
    "1.2.3+build",
    "1.2.3-rc.1+build",
]
NO_VERSIONS = ("", "1", "1.0", "v1.0.0", "1.0.0-", "1.0.0-rc..1", "1.0.0-rc.01", "01.0.0", "1.0.0+")
REQUIREMENTS = (
    *(
        f"{operator} {version}"
        for operator in ("~>", ">=", ">", "<", "<=", "==")
        for version in VERSIONS
    ),
    *VERSIONS,
    "~> 1.0",
    "~>1.0",
    "~> 0.0",
    "~> 1.0-rc",
    "~> 1.1.0-rc.2",
    "  >= 1.0.0  ",
    "~> 1.0 or ~> 2.0 and < 2.1.0",
    "== 3.0.0 or > 0.1.0 and < 0.5.0",
    "< 2.0.0 and > 1.0.0 or == 3.0.0 and == 4.0.0",
    "~> 1.0.0 or ~> 1.1",
    ">= 1.0.0 and < 2.0.0 and >= 1.1.0",
)
NO_REQUIREMENTS = (
    "",
    "and",
    "~> 1.0 or",
    "and >= 1.0.0",
    ">= 1.0.0 <= 2.0.0",
    ">= 1.0.0or ~> 2.0",
    ">= >= 1.0.0",
    "= 1.0.0",
    "=> 1.0.0",
    ">= 1.0.0, < 2.0.0",
    "~> 1.0.0.0",
    "latest",
)
ASK = """
[versions, requirements] = String.split(File.read!(hd(System.argv())), "\\f")
for requirement <- String.split(requirements, "\\n"), version <- String.split(versions, "\\n") do
  answer = try do
    if Version.match?(version, requirement), do: "1", else: "0"
  rescue
    _ -> "e"
  end
  IO.write(answer)
end
"""


def ours(version: str, requirement: str) -> str:
    """What Elixir's `Version.match?/2` would say: 1, 0 or (e) an exception."""
    parsed, wanted = Version.parse(version), Requirement.parse(requirement)
    if parsed is None or wanted is None:
        return "e"
    return "1" if wanted.allows(parsed) else "0"


@pytest.mark.usefixtures("elixir")
def test_every_pair_is_judged_as_elixir_judges_it(tmp_path: Path) -> None:
    command = elixir_command()
    assert command is not None
    versions, requirements = (*VERSIONS, *NO_VERSIONS), (*REQUIREMENTS, *NO_REQUIREMENTS)
    question = tmp_path / "question"
    question.write_text("\n".join(versions) + "\f" + "\n".join(requirements))
    asked = subprocess.run(
        [*command, "-e", ASK, str(question)], capture_output=True, text=True, check=True
    )
    answers = iter(asked.stdout)
    for requirement in requirements:
        for version in versions:
            assert ours(version, requirement) == next(answers), (version, requirement)
    assert next(answers, None) is None


@pytest.mark.parametrize(
    ("requirement", "lower"),
    [
        ("~> 1.7", "1.7.0"),
        (">= 0.18.3", "0.18.3"),
        ("0.6.3", "0.6.3"),
        ("~> 0.26 and >= 0.26.1", "0.26.1"),
        ("~> 2.11 or ~> 3.0 or ~> 4.0", "2.11.0"),
        ("< 2.0.0", "0.0.0"),
        ("~> 1.1.0-rc.2", "1.1.0-rc.2"),
    ],
)
def test_the_lower_bound(requirement: str, lower: str) -> None:
    parsed = Requirement.parse(requirement)
    assert parsed is not None
    assert str(parsed.lower) == lower


def test_a_rule_may_leave_numbers_out() -> None:
    wanted = Requirement.parse(">= 1.7")
    assert wanted is not None
    assert wanted.allows(Version(1, 7)) and not wanted.allows(Version(1, 6, 16))
    assert not wanted.allows(Version(1, 7, 0, ("rc", 1)))


def test_the_newest_is_newer_than_everything() -> None:
    for requirement in (">= 99.0", "> 2.0.0"):
        parsed = Requirement.parse(requirement)
        assert parsed is not None and parsed.allows(NEWEST)


@given(st.text(max_size=30) | st.from_regex(r"\A[~>=<0-9a-z. -]{1,20}\Z"))
@example("1" * 5000)
@example(f"1.0.0-{'1' * 5000}")
def test_no_text_is_too_odd(text: str) -> None:
    Version.parse(text)
    Requirement.parse(text)
