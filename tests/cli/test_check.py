"""`retort check`: what it shows, what it changes, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lsp_server.lint.finding import Finding
from lsp_server.report.report import Report
from lsp_server.report.terminal import show
from lsp_server.text import Span
from tests.cli.conftest import ONE, RISKY, ROOT, A, Shell, process, rules

# Formats


def test_text(shell: Shell) -> None:
    said = shell("check", status=1).splitlines()
    assert said[:5] == [
        "warning[planted/counting] `one` is not enough",
        "  --> lib/a.ex:2:22",
        '  2 |   def go, do: {"😀é", one()}',
        "    |                       ^^^",  # the astral sign is two cells wide
        "    fix: Write two",
    ]
    assert "    fix: Write calm (review it in the editor)" in said
    assert said[-1] == "3 findings in 3 files: 2 warnings, 1 hint. `retort check --fix` mends 1."


def test_json_is_as_it_was_promised(shell: Shell) -> None:
    shell.write({"lib/c.ex": A})
    report = shell.json("--rule", "planted/counting", "--rule", "planted/twins", "lib/a.ex")
    assert set(report) == {"version", "findings", "summary"}
    assert report["version"] == 1
    twins, counting = report["findings"]
    assert counting == {
        "rule": ONE,
        "severity": "warning",
        "path": "lib/a.ex",
        "range": {"start": {"line": 2, "column": 22}, "end": {"line": 2, "column": 25}},
        "message": "`one` is not enough",
        "fix": {"title": "Write two", "applicability": "safe"},
        "related": [],
        "fingerprint": counting["fingerprint"],
    }
    assert re.fullmatch(r"[0-9a-f]{16}", counting["fingerprint"])
    assert twins["related"] == [
        {
            "path": "lib/c.ex",
            "range": {"start": {"line": 1, "column": 11}, "end": {"line": 1, "column": 14}},
            "message": "the other one",
        }
    ]
    assert report["summary"]["severities"] == {"warning": 2}
    assert report["summary"]["files"] == 1


def test_json_paths_are_of_the_checked_root_wherever_one_stands(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ("lib/a.ex", ONE) in rules(shell.json(str(shell.root)))
    monkeypatch.chdir(shell.root / "lib")
    assert ("lib/a.ex", ONE) in rules(shell.json("a.ex"))
    assert "--> a.ex:2" in shell("check", "a.ex")


def test_nothing_to_report(shell: Shell) -> None:
    shell.write({"lib/a.ex": "", "lib/b.ex": ""})
    assert shell("check", status=0) == "Nothing found in 3 files.\n"
    assert shell.json()["findings"] == []
    assert shell("check", "--format", "github", status=0) == ""
    assert json.loads(shell("check", "--format", "sarif"))["runs"][0]["results"] == []
    assert shell("check", "lib/a.ex", status=0) == "Nothing found in 1 file.\n"
    (shell.root / "doc").mkdir()
    assert shell("check", "doc", status=0) == "There is no Elixir file here to check.\n"


def test_sarif(shell: Shell) -> None:
    shell.write({"lib/é ü/x.ex": "one()\n"})
    log = json.loads(shell("check", "--format", "sarif", status=1))
    assert log["version"] == "2.1.0"
    run = log["runs"][0]
    known = [one["id"] for one in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert known[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["partialFingerprints"]["retort/v1"]
    places = [one["locations"][0]["physicalLocation"] for one in run["results"]]
    uris = {place["artifactLocation"]["uri"] for place in places}
    assert "lib/%C3%A9%20%C3%BC/x.ex" in uris
    first = next(one for one in places if one["artifactLocation"]["uri"] == "lib/a.ex")
    assert first["region"] == {"startLine": 2, "startColumn": 22, "endLine": 2, "endColumn": 25}


def test_github(shell: Shell) -> None:
    said = shell("check", "--format", "github", status=1).splitlines()
    place = "file=lib/a.ex,line=2,endLine=2,col=22,endColumn=25"
    assert said[0] == f"::warning {place},title=planted/counting::`one` is not enough"
    assert [line.split(" ")[0] for line in said] == ["::warning", "::warning", "::notice"]


def test_code_hosts_are_told_paths_from_the_top_of_the_repository(shell: Shell) -> None:
    shell.write({"../.git/config": ""})
    assert "file=p/lib/a.ex,line=2" in shell("check", "--format", "github")
    assert '"uri": "p/lib/a.ex"' in shell("check", "--format", "sarif")
    assert "--> lib/a.ex:2" in shell("check")


@pytest.mark.parametrize("style", ["text", "json", "sarif", "github"])
def test_output_goes_to_a_file(shell: Shell, style: str) -> None:
    shown = shell("check", "--format", style)
    assert shell("check", "--format", style, "--output", "out.txt", status=1) == ""
    assert shell.read("out.txt").rstrip("\n") == shown.rstrip("\n")
    result = shell.run("check", "--format", style, "--output", "no/such/folder/x")
    assert result.exit_code == 2 and "No such file" in result.stderr


def test_markup_is_text(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.write({"lib/[bold]x[/bold].ex": 'one() # [red]x[/red] [/] \\[\nx = "[b]teh[/b]"\n'})
    said = shell("check", "--rule", "planted")
    assert "lib/[bold]x[/bold].ex:1:1" in said
    assert "one() # [red]x[/red] [/] \\[" in said
    finding = Finding(Span(0, 3), "`[x]` of [/red]", "lib/a.ex", rule=ONE)
    report = Report.for_project(shell.root, lambda path: shell.read(path).encode(), [finding], 1)

    class Wish:
        diff = statistics = quiet = False
        output = None

    show(report, Wish())
    assert "`[x]` of [/red]" in capsys.readouterr().out


def test_a_file_cannot_command_the_terminal(shell: Shell) -> None:
    shell.write({"lib/a.ex": "one() # \x1b]0;title\x07\x1b[31m \u202e\n", "lib/b.ex": ""})
    said = shell("check")
    assert "\x1b" not in said and "\x07" not in said and "\u202e" not in said
    assert "one() # �]0;title��[31m �" in said


def test_long_lines_are_cut_around_the_mark(shell: Shell) -> None:
    shell.write({"lib/a.ex": f"x = [{'1, ' * 200}one(){', 1' * 200}]\n", "lib/b.ex": "\tone()\n"})
    lines = shell("check").splitlines()
    for code, mark in ((2, 3), (8, 9)):
        at = lines[mark].index("^")
        assert lines[code][at : at + 3] == "one", lines
        assert len(lines[code]) < 120


def test_statistics(shell: Shell) -> None:
    shell.write({"lib/c.ex": "one()\ntwo()\n"})
    said = shell("check", "--statistics", status=1).splitlines()
    assert [line.split() for line in said[:-1]] == [
        [ONE, "3"],
        [RISKY, "1"],
        ["planted/spelling", "1"],
    ]


def test_timings_are_on_stderr(shell: Shell) -> None:
    result = shell.run("check", "--timings", "--format", "json")
    json.loads(result.stdout)
    assert re.search(r"^ +\d+\.\d ms  find files$", result.stderr, re.M)


def test_quiet(shell: Shell) -> None:
    assert "findings in" not in shell("check", "--quiet")


# What is asked for


def test_paths_narrow_what_is_shown_not_what_is_read(shell: Shell) -> None:
    shell.write({"lib/sub/c.ex": A, "libx/d.ex": "one()"})
    assert rules(shell.json("lib/sub")) == [
        ("lib/sub/c.ex", "planted/twins"),
        ("lib/sub/c.ex", ONE),
    ]
    assert {path for path, _ in rules(shell.json("lib"))} == {
        "lib/a.ex",
        "lib/b.ex",
        "lib/sub/c.ex",
    }
    assert {path for path, _ in rules(shell.json("lib/b.ex", "libx"))} == {"lib/b.ex", "libx/d.ex"}
    assert rules(shell.json(".", "lib/b.ex")) == rules(shell.json())


def test_rules_and_packs(shell: Shell) -> None:
    assert {rule for _, rule in rules(shell.json("--rule", ONE))} == {ONE}
    assert {rule for _, rule in rules(shell.json("--rule", "planted"))} == {
        ONE,
        RISKY,
        "planted/spelling",
    }
    assert shell("check", "--rule", "planted/creating", status=0).startswith("Nothing")


def test_profiles_and_settings(shell: Shell) -> None:
    shell.write({"lib/a.ex": "hm()\n", "lib/b.ex": ""})
    shell("check", status=0)
    assert rules(shell.json("--profile", "aggressive")) == [("lib/a.ex", "planted/strict")]
    shell.write({".retort.toml": 'profile = "aggressive"\n'})
    shell("check", status=1)
    shell("check", "--profile", "recommended", status=0)
    shell.write({".retort.toml": '[rules]\nplanted = "on"\n"planted/strict" = "error"\n'})
    assert shell.json()["findings"][0]["severity"] == "error"


@pytest.mark.parametrize(
    ("least", "statuses"),
    [
        ("hint", (1, 1, 1)),
        ("information", (0, 1, 1)),
        ("warning", (0, 0, 1)),
        ("error", (0, 0, 0)),
        ("never", (0, 0, 0)),
    ],
)
def test_fail_on(shell: Shell, least: str, statuses: tuple[int, int, int]) -> None:
    shell.write({"lib/b.ex": ""})
    for text, status in zip(('x = "teh"\n', "make_lonely()\n", "one()\n"), statuses, strict=True):
        if "lonely" in text:
            text = "defmodule X do\n  def lonely, do: 1\nend\n"
            shell.write({"lib/y.ex": text.replace("X", "Y")})
        shell.write({"lib/a.ex": text})
        shell("check", "--fail-on", least, status=status)


def test_without_mix_exs(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "loose"
    folder.mkdir()
    (folder / "a.ex").write_text("one()\n", "utf-8")
    (folder / "b.ex").write_text("one()\n", "utf-8")
    assert rules(shell.json(str(folder))) == [("a.ex", ONE), ("b.ex", ONE)]
    report = shell.json(str(folder / "a.ex"))
    assert rules(report) == [("a.ex", ONE)]
    assert report["summary"]["files"] == 1, "the rest of the folder is nobody's business"


def test_several_projects_at_once(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(shell.root, other)
    both = rules(shell.json(str(tmp_path)))
    assert ("p/lib/a.ex", ONE) in both and ("other/lib/a.ex", ONE) in both
    assert "planted/twins" not in {rule for _, rule in both}
    assert sorted(both) == sorted(rules(shell.json(str(shell.root), str(other))))


def test_an_umbrella_is_one_project(shell: Shell, tmp_path: Path) -> None:
    root = tmp_path / "u"
    project = '  use Mix.Project\n  def project, do: [apps_path: "apps"]\n'
    umbrella = f"defmodule U.MixProject do\n{project}end\n"
    app = "defmodule {}.MixProject do\n  use Mix.Project\nend\n"
    for path, text in {
        "mix.exs": umbrella,
        "apps/a/mix.exs": app.format("A"),
        "apps/b/mix.exs": app.format("B"),
        "apps/a/lib/a.ex": A,
        "apps/b/lib/a.ex": A,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    found = rules(shell.json(str(root / "apps/a")))
    assert found == [("apps/a/lib/a.ex", "planted/twins"), ("apps/a/lib/a.ex", ONE)]


def test_what_is_ignored(shell: Shell) -> None:
    shell.write(
        {
            ".gitignore": "/lib/made\n",
            ".retort.toml": 'exclude = ["lib/old/**"]\n',
            "lib/made/x.ex": "one()",
            "lib/old/y.ex": "one()",
            "deps/d/lib/d.ex": "one()",
            "node_modules/x.ex": "one()",
        }
    )
    assert {path for path, _ in rules(shell.json())} == {"lib/a.ex", "lib/b.ex"}
    result = shell.run("check", "lib/made/x.ex", "README.md")
    assert result.exit_code == 2 and "README.md" in result.stderr
    result = shell.run("check", "lib/made/x.ex")
    assert result.exit_code == 0
    assert "lib/made/x.ex is not read" in result.stderr


# The cache


def test_the_second_run_says_the_same(shell: Shell) -> None:
    for path in shell.root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    for style in ("text", "json", "sarif", "github"):
        cold = shell("check", "--format", style, "--no-cache")
        assert shell("check", "--format", style) == cold
        assert shell("check", "--format", style) == cold
    result = shell.run("check", "--timings")
    assert "look for changes" in result.stderr and "learn" not in result.stderr
    shell.write({"lib/a.ex": "1\n"})
    assert ONE not in shell("check")


def test_a_standing_answer_loads_no_rule_and_holds_only_while_nothing_changes(
    shell: Shell,
) -> None:
    for path in shell.root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))

    def steps(*arguments: str) -> str:
        code = "import sys; from lsp_server.__main__ import run\ntry:\n  run()\nfinally:\n"
        code += "  print('rules' if 'lsp_server.rules' in sys.modules else 'none', file=sys.stderr)"
        done = subprocess.run(
            [sys.executable, "-c", code, "check", *arguments],
            cwd=shell.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr.split()[-1]

    assert (steps(), steps()) == ("rules", "none")
    assert (steps("--profile", "aggressive"), steps("--no-cache")) == ("rules", "rules")
    shell.write({".retort.toml": 'exclude = ["lib/b.ex"]\n'})
    assert (steps(), steps()) == ("rules", "none")
    shell.write({"lib/b.ex": "x = 1\n"})
    assert steps() == "none"  # it is excluded
    shell.write({"lib/c.ex": "x = 1\n"})
    assert steps() == "rules"


def test_what_rules_were_asked_for_is_not_remembered(shell: Shell) -> None:
    for path in shell.root.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    shell("check", "--rule", RISKY, "lib/b.ex")
    assert ("lib/a.ex", ONE) in rules(shell.json())


def test_retorts_own_findings_can_be_asked_for(shell: Shell) -> None:
    shell.write({"lib/c.ex": "# retort:ignore planted/reviewed\n"})
    assert rules(shell.json("--rule", "retort")) == [("lib/c.ex", "retort/unused-suppression")]


def test_any_terminal_can_show_it(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    text = 'defmodule X do\n  def é(s), do: {"😀", push_redirect(s, to: "/")}\nend\n'
    (tmp_path / "x/a.ex").write_text(text, "utf-8")
    for style in ("text", "json", "github"):
        done = process("check", "--format", style, cwd=tmp_path / "x", PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (1, ""), done.stderr
    colours = process("check", cwd=tmp_path / "x", FORCE_COLOR="1").stdout
    assert "\x1b[" in colours
    plain = process("check", cwd=tmp_path / "x", NO_COLOR="1").stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", colours) == plain
