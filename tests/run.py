"""Makes a virtual environment in `.venv` of the checkout, once, and runs in it:

python3 tests/run.py [ARGS]          the tests; arguments go to pytest
python3 tests/run.py retort [ARGS]   Retort itself

With RETORT_EDITORS=1 the tests include VS Code in a browser and Emacs (see `.ci/run`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
OLDEST = (3, 11)


def environment() -> Path:
    """The environment's Python; made, or brought up to date with pyproject.toml, if need be.

    Raises CalledProcessError where Python has no pip to put into it, or pip cannot install.
    """
    python = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = FOLDER / "installed-for"
    extras = "dev,editors" if os.environ.get("RETORT_EDITORS") else "dev"
    wanted = extras + (ROOT / "pyproject.toml").read_text("utf-8")
    if python.exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    print("Making .venv (a minute, once) …", flush=True)
    if not python.exists() or subprocess.run([python, "-c", "import pip"], check=False).returncode:
        venv.EnvBuilder(with_pip=True).create(FOLDER)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--editable", f"{ROOT}[{extras}]"], check=True)
    stamp.write_text(wanted, "utf-8")
    return python


def main(arguments: list[str]) -> int:
    """Run pytest or Retort; the answer is its exit status."""
    if sys.version_info < OLDEST:
        wanted, found = ".".join(map(str, OLDEST)), sys.version.split()[0]
        print(f"Retort needs Python {wanted} or newer, not {found}.")
        return 2
    try:
        python = str(environment())
    except subprocess.CalledProcessError as error:
        print(f"No .venv can be made: `{' '.join(map(str, error.cmd))}` failed.")
        return 2
    if arguments[:1] == ["retort"]:
        command, folder = [python, "-m", "lsp_server", *arguments[1:]], None
    else:
        command, folder = [python, "-m", "pytest", "-n", "auto", *arguments], ROOT
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
