"""A small project and the command line, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lsp_server.cli import retort
from lsp_server.project import scan, workspace
from lsp_server.report import pages
from tests.planted import with_planted

ONE, RISKY = "planted/counting", "planted/reviewed"
ROOT = Path(__file__).parent.parent.parent
A = 'defmodule P.A do\n  def go, do: {"😀é", one()}\nend\n'
B = 'defmodule P.B do\n  def go, do: risky()\n  def teh, do: "teh"\nend\n'


@dataclass
class Shell:
    """The command line, in the folder of a small project."""

    root: Path

    def __call__(self, *arguments: str, status: int | None = None) -> str:
        """What a command writes to stdout; it must end with this status."""
        result = self.run(*arguments)
        assert status is None or result.exit_code == status, result.output
        return str(result.stdout)

    def run(self, *arguments: str) -> Any:
        """The outcome of a command in this process."""
        result = CliRunner().invoke(retort, list(arguments), prog_name="retort")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    def json(self, *arguments: str) -> dict[str, Any]:
        """The JSON report of a check."""
        found: dict[str, Any] = json.loads(self("check", "--format", "json", *arguments))
        return found

    def write(self, files: Mapping[str, str]) -> None:
        """Write files below the root."""
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(text.encode())

    def read(self, path: str) -> str:
        """The text of a file."""
        return (self.root / path).read_bytes().decode()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line with the planted rules beside the real ones."""
    monkeypatch.setenv("RETORT_CACHE_DIR", str(tmp_path / "cache"))
    for module in (workspace, scan, pages):
        monkeypatch.setattr(module, "registry", with_planted)
    monkeypatch.setattr("lsp_server.lint.registry.registry", with_planted)
    made = Shell(tmp_path / "p")
    made.write({"mix.exs": "defmodule P.MixProject do\nend\n", "lib/a.ex": A, "lib/b.ex": B})
    monkeypatch.chdir(made.root)
    return made


def rules(report: dict[str, Any]) -> list[tuple[str, str]]:
    """File and rule of each finding of a JSON report."""
    return [(one["path"], one["rule"]) for one in report["findings"]]


# Root may read everything; without these capabilities it is like everybody.
AS_EVERYBODY = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    if os.name == "posix" and os.geteuid() == 0
    else ()
)


def process(
    *arguments: str, cwd: Path, before: Sequence[str] = (), **env: str
) -> subprocess.CompletedProcess[str]:
    """The outcome of a command in a process of its own; `before` is the program that starts it."""
    return subprocess.run(
        [*before, sys.executable, "-m", "lsp_server", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RETORT_CACHE_DIR": os.devnull, **env},
        capture_output=True,
        text=True,
        check=False,
    )
