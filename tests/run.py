"""Makes a virtual environment with what the tests need and runs them: `python3 tests/run.py [ARGS]`.

The environment is `.venv` of the checkout and is made once; arguments go to pytest.
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
    """The environment's Python; made, or brought up to date with pyproject.toml, if need be."""
    python = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = FOLDER / "installed-for"
    wanted = (ROOT / "pyproject.toml").read_text("utf-8")
    if python.exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    print("Making .venv (a minute, once) …", flush=True)
    if not python.exists():
        venv.EnvBuilder(with_pip=True).create(FOLDER)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--editable", f"{ROOT}[dev]"], check=True)
    stamp.write_text(wanted, "utf-8")
    return python


def main() -> int:
    """Run pytest; the answer is its exit status."""
    if sys.version_info < OLDEST:
        print(f"Retort needs Python {OLDEST[0]}.{OLDEST[1]} or newer, not {sys.version.split()[0]}.")
        return 2
    python = environment()
    command = [str(python), "-m", "pytest", "-n", "auto", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
