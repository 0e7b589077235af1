"""`retort check --fix` and `--diff`: what changes, and what is left alone."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ONE, RISKY, A, B, Shell, rules


def test_fix(shell: Shell) -> None:
    crlf = A.replace("\n", "\r\n")
    shell.write({"lib/a.ex": crlf})
    said = shell("check", "--fix", status=1)
    assert shell.read("lib/a.ex") == crlf.replace("one()", "three()")
    assert shell.read("lib/b.ex") == B
    assert "changed lib/a.ex (planted/counting ×2)" in said
    assert "2 fixes applied to 1 file. 2 findings in 3 files" in said
    assert "applied" not in shell("check", "--fix", status=1), "nothing is left to fix"


def test_unsafe_fixes(shell: Shell) -> None:
    shell.write({"lib/c.ex": "make_file()\nrename_me()\n"})
    said = shell("check", "--fix", "--unsafe-fixes", status=1)
    assert shell.read("lib/b.ex") == B.replace("risky", "calm")
    assert shell.read("lib/c_moved.ex") == "made_file()\nrenamed()\n"
    assert not (shell.root / "lib/c.ex").exists()
    assert shell.read("lib/made/new.ex").startswith("defmodule")
    assert "created lib/made/new.ex" in said
    assert "lib/c.ex is now lib/c_moved.ex" in said
    assert {rule for _, rule in rules(shell.json())} == {"planted/spelling"}


def test_fix_keeps_to_what_was_asked_for(shell: Shell) -> None:
    shell.write({"lib/c.ex": "one()\n"})
    shell("check", "lib/c.ex", "--fix", status=0)
    assert (shell.read("lib/c.ex"), shell.read("lib/a.ex")) == ("three()\n", A)
    shell("check", "--fix", "--rule", RISKY)
    assert shell.read("lib/a.ex") == A


def test_diff_changes_nothing_and_can_be_applied(shell: Shell) -> None:
    crlf = 'def a, do: one()\r\nx = "a\u2028b"\r\ntwo()'
    shell.write({"lib/a.ex": A, "lib/c.ex": crlf, "lib/d.ex": "make_file()\n"})
    before = {path: path.read_bytes() for path in shell.root.rglob("*.ex")}
    result = shell.run("check", "--diff", "--quiet", "--unsafe-fixes")
    assert result.exit_code == 1
    assert {path: path.read_bytes() for path in shell.root.rglob("*.ex")} == before
    (shell.root / "x.diff").write_bytes(result.stdout_bytes)
    subprocess.run(["git", "init", "-q"], cwd=shell.root, check=True)
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "x.diff"],
        cwd=shell.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + result.stdout
    assert shell.read("lib/c.ex") == crlf.replace("one", "three").replace("two", "three")
    assert shell.read("lib/made/new.ex") == "defmodule Made.New do\nend\n"
    shell.write({"lib/a.ex": "1", "lib/b.ex": "risky()", "lib/c.ex": "", "lib/d.ex": ""})
    shell("check", "--diff", "--fail-on", "never", status=0)


def test_a_file_that_changes_meanwhile_is_left_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    import lsp_server.check_project as command
    from lsp_server.project.fixing import write

    def later(root: Path, fixed: Any) -> dict[str, str]:
        shell.write({"lib/a.ex": "newer\n"})
        return write(root, fixed)

    monkeypatch.setattr(command, "write", later)
    result = shell.run("check", "--fix")
    assert "lib/a.ex was left alone" in result.stderr
    assert "applied" not in result.stdout
    assert shell.read("lib/a.ex") == "newer\n"


def test_a_file_that_may_not_be_written_keeps_its_findings(shell: Shell) -> None:
    (shell.root / "lib/a.ex").chmod(0o444)
    shell.write({"lib/c c.ex": "one()\n"})
    result = shell.run("check", "--fix", "--rule", ONE)
    assert result.exit_code == 1
    assert "lib/a.ex was left alone: it cannot be written (it is read-only)" in result.stderr
    assert shell.read("lib/a.ex") == A and shell.read("lib/c c.ex") == "three()\n"
    assert "--> lib/a.ex:2:" in result.stdout and "--> lib/c c.ex" not in result.stdout
