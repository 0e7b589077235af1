"""Settings: what is read, what is complained about, and which severity follows."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from lsp_server.config import (
    Known,
    Settings,
    default_options,
    known_rules,
    override,
    read_settings,
)
from lsp_server.lint.registry import registry
from lsp_server.lint.rule import AnyRule
from lsp_server.severity import Profile, Severity
from lsp_server.text import LineIndex

KNOWN = Known({"ecto/query-in-loop": {}, "ecto/missing-fk-index": {"allow": []}, "otp/x": {}})


class FakeRule:
    id: ClassVar[str] = "ecto/query-in-loop"
    severity: ClassVar[Severity] = Severity.WARNING
    profile: ClassVar[Profile] = Profile.RECOMMENDED


class StrictRule(FakeRule):
    profile: ClassVar[Profile] = Profile.AGGRESSIVE


def read(text: str) -> tuple[Settings, list[tuple[int, str]]]:
    settings, problems = read_settings(text.encode(), KNOWN)
    lines = LineIndex(text.encode())
    return settings, [(lines.line_at(one.span.start), one.message) for one in problems]


def test_defaults() -> None:
    settings, problems = read("")
    assert problems == []
    assert settings.severity(FakeRule(), "lib/a.ex") is Severity.WARNING
    assert settings.severity(StrictRule(), "lib/a.ex") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[rules]\n"ecto/query-in-loop" = "hint"', Severity.HINT),
        ('[rules]\necto = "off"', None),
        ('[rules]\necto = "off"\n"ecto/query-in-loop" = "on"', Severity.WARNING),
        ('[rules.ecto]\nquery-in-loop = "error"', Severity.ERROR),
        ('[rules.ecto]\nseverity = "error"', Severity.ERROR),
        ('[rules]\necto = { severity = "error", query-in-loop = "hint" }', Severity.HINT),
        ('[rules."ecto/query-in-loop"]\nseverity = "information"', Severity.INFORMATION),
        ('[[paths]]\nmatch = ["lib/old/**"]\nrules = { ecto = "off" }', None),
        ('[[paths]]\nmatch = ["lib/new/**"]\nrules = { ecto = "off" }', Severity.WARNING),
    ],
)
def test_severity(text: str, expected: Severity | None) -> None:
    settings, problems = read(text)
    assert problems == []
    assert settings.severity(FakeRule(), "lib/old/a.ex") is expected


def test_a_rule_of_the_other_profile_can_be_turned_on() -> None:
    settings, _ = read('[rules]\n"ecto/query-in-loop" = "on"')
    assert settings.severity(StrictRule(), "lib/a.ex") is Severity.WARNING
    settings, _ = read('profile = "aggressive"')
    assert settings.severity(StrictRule(), "lib/a.ex") is Severity.WARNING


def test_a_findings_own_severity_counts_where_none_is_configured() -> None:
    own = Severity.INFORMATION
    assert Settings().severity(FakeRule(), "lib/a.ex", own) is own
    settings, _ = read('[rules]\necto = "error"')
    assert settings.severity(FakeRule(), "lib/a.ex", own) is Severity.ERROR


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('profil = "aggressive"', 0, "`profil`; did you mean `profile`?"),
        ('\nprofile = "strict"', 1, "recommended or aggressive"),
        ('[rules]\n"ecto/query-in-lop" = "off"', 1, "did you mean `ecto/query-in-loop`?"),
        ('[rules]\n\nect = "off"', 2, "did you mean `ecto`?"),
        ('[rules]\necto = "loud"', 1, "`ecto` is one of"),
        ('[rules."ecto/missing-fk-index"]\nalow = []', 1, "did you mean `allow`?"),
        ('[rules."ecto/missing-fk-index"]\nallow = "x"', 1, "`allow`"),
        ("exclude = 1", 0, "list of texts"),
        ('exclude = [\n"lib/[z-a].ex"]', 1, "no pattern"),
        ("a = [", 0, "not TOML"),
        ("\n[rules]\na =", 2, "not TOML"),
        ("a = " + "[" * 9000, 0, "nested too deeply"),
        ('[rules]\necto = ["off"]', 1, "`ecto` is one of"),
        ('[rules."otp/x"]\nseverity = ["off"]', 1, "`otp/x` is one of"),
        ('[rules."ecto/missing-fk-index"]\nallow = [1]', 1, "list of texts"),
        ('[rules.ecto]\nseverity = "of"', 1, "`ecto` is one of off"),
        ('[rules.ecto]\nquery-in-lop = "off"', 1, "did you mean `ecto/query-in-loop`?"),
        ('[rules]\necto = "off"\n[[paths]]\nmatch = ["a"]\nrules = { ecto = "x" }', 4, "`ecto`"),
        ('[[paths]]\nmatch = ["a"]\n[[paths]]\nmatch = "b"', 3, "list of texts"),
    ],
)
def test_what_is_not_understood_is_said_at_its_line(text: str, line: int, words: str) -> None:
    _, problems = read(text)
    assert len(problems) == 1
    assert problems[0][0] == line
    assert words in problems[0][1]


def test_a_problem_leaves_the_rest_in_force() -> None:
    settings, problems = read('profil = "x"\n[rules]\necto = "off"')
    assert len(problems) == 1
    assert settings.severity(FakeRule(), "lib/a.ex") is None


def test_the_editor_overrides_the_file() -> None:
    settings, _ = read('profile = "aggressive"\n[rules]\necto = "off"')
    given: dict[str, Any] = {"profile": "recommended", "rules": {"ecto": "hint"}, "path": "/bin/x"}
    merged, problems = override(settings, given, KNOWN)
    assert problems == []
    assert merged.profile is Profile.RECOMMENDED
    assert merged.severity(FakeRule(), "lib/a.ex") is Severity.HINT


def test_equal_settings_have_equal_bytes() -> None:
    one, _ = read('[rules]\necto = "off"\notp = "off"')
    other, _ = read('[rules]\notp = "off"\necto = "off"')
    assert one.encode() == other.encode() != Settings().encode()


@pytest.mark.parametrize("rule", [one for one in registry().rules.values() if one.options])
def test_every_setting_of_a_rule_can_be_set(rule: AnyRule) -> None:
    """To what its page says is its default, in a file."""
    given = default_options(rule)
    text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items())
    source = f'[rules."{rule.id}"]\n{text}'.encode()
    settings, problems = read_settings(source, known_rules(registry().rules.values()))
    assert problems == []
    assert settings.options == {rule.id: given}
