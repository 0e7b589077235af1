"""What `retort check` says of bad files, bad settings, bad requests and its own mistakes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import AS_EVERYBODY, ONE, A, Shell, process, rules


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "there is no file or folder `nowhere`"),
        (["--rule", "planted/countin"], "Did you mean `planted/counting`"),
        (["--fix", "--diff"], "choose one"),
        (["--unsafe-fixes"], "needs --fix or --diff"),
        (["--diff", "--format", "json"], "written as text"),
        (["--statistics", "--format", "github"], "written as text"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--profile", "strict"], "'strict' is not one of"),
        (["--fail-on", "x"], "'x' is not one of"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_usage_errors(shell: Shell, arguments: list[str], words: str) -> None:
    result = shell.run("check", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "nowhere"],
        ["check", "--rule", "otp/no-such-rule"],
        ["check", "--rule", "retort/no-such-rule"],
        ["check", "--format", "json", "--output", "nowhere/x"],
        ["explain", "otp/no-such-rule"],
        ["explain", "otp"],
        ["tree", "nowhere"],
        ["init", "nowhere"],
        ["cache", "clear", "nowhere"],
        ["serve", "--tcp", "127.0.0.1.example.invalid:2087"],
        ["serve", "--log-file", "nowhere/x"],
    ],
)
def test_what_is_not_there_is_said_in_one_line(shell: Shell, arguments: list[str]) -> None:
    result = shell.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1


@pytest.mark.parametrize("paths", [["lib/shut"], ["lib/shut/a.ex"]])
def test_what_may_not_be_read_is_said_in_one_line(shell: Shell, paths: list[str]) -> None:
    shell.write({"lib/shut/a.ex": A})
    (shell.root / "lib/shut").chmod(0)
    done = process("check", *paths, cwd=shell.root, before=AS_EVERYBODY)
    (shell.root / "lib/shut").chmod(0o755)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1


def test_what_may_not_be_read_stops_nothing(shell: Shell) -> None:
    shell.write({"more/app/mix.exs": "", "more/app/lib/a.ex": A, "more/shut/a.ex": A})
    (shell.root / "mix.exs").unlink()
    (shell.root / "more/shut").chmod(0)
    (shell.root / "more/app/lib/a.ex").chmod(0)
    done = process("check", "more", cwd=shell.root, before=AS_EVERYBODY)
    (shell.root / "more/shut").chmod(0o755)
    assert done.returncode == 1 and done.stderr == ""
    assert "retort/unreadable-file" in done.stdout


def test_what_is_no_file_of_text_is_named(shell: Shell) -> None:
    os.mkfifo(shell.root / "lib/pipe.ex")
    assert "lib/pipe.ex is not read" in shell.run("check", "lib/pipe.ex").stderr


def test_bad_files_are_findings_and_stop_nothing(shell: Shell) -> None:
    (shell.root / "lib/latin.ex").write_bytes(b'x = "\xe9[/]"\none()')
    (shell.root / "lib/binary.ex").write_bytes(b"\0" * 100)
    shell.write({"lib/broken.ex": "defmodule X do\n  one(\n", "lib/empty.ex": ""})
    found = rules(shell.json())
    assert ("lib/latin.ex", "retort/unreadable-file") in found
    assert ("lib/binary.ex", "retort/unreadable-file") in found
    assert ("lib/a.ex", ONE) in found
    assert "byte 5" in shell("check")


@pytest.mark.parametrize(
    "text", ["profil = 1\n", "a = [", "\ufeffprofile = 3", 'exclude = ["!"]', "rules = []"]
)
def test_a_broken_configuration_is_a_finding(shell: Shell, text: str) -> None:
    shell.write({".retort.toml": text})
    found = rules(shell.json())
    assert (".retort.toml", "retort/configuration") in found
    assert ("lib/a.ex", ONE) in found


def test_a_configuration_that_is_no_text(shell: Shell) -> None:
    (shell.root / ".retort.toml").write_bytes(b"\xff\xfe\0")
    assert (".retort.toml", "retort/configuration") in rules(shell.json())
    (shell.root / ".retort.toml").unlink()
    (shell.root / ".retort.toml").mkdir()
    assert ("lib/a.ex", ONE) in rules(shell.json())


def test_a_rule_that_raises_is_named(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    shell.write({"lib/c.ex": "make_the_rule_raise()\none()\nmake_the_fix_raise()\n"})
    shell.write({"lib/d.ex": "defmodule MakeTheProjectRuleRaise do\nend\n"})
    assert ("lib/c.ex", ONE) in rules(shell.json())
    shell("check", "--fix")
    assert (
        "rule planted/raising failed on lib/c.ex and was skipped there: ValueError" in caplog.text
    )
    assert "rule planted/raising-project failed on the project" in caplog.text
    assert "the fix of rule planted/raising-fix failed on lib/c.ex" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("mistake", "status", "words"),
    [("KeyError('x')", 2, "KeyError"), ("KeyboardInterrupt", 130, "Aborted!")],
)
def test_a_mistake_in_retort_and_an_interrupt_are_no_findings(
    tmp_path: Path, mistake: str, status: int, words: str
) -> None:
    code = (
        "import sys, lsp_server.cli as cli\n"
        f"def fail(*_): raise {mistake}\n"
        "import lsp_server.check_command as c; c.run_check = fail\n"
        "sys.argv = ['retort', 'check']\n"
        "from lsp_server.__main__ import main\n"
        "main()\n"
    )
    import sys

    from tests.cli.conftest import ROOT

    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status and words in done.stderr
