"""The wheel and the sdist: what they hold, and that rules are found in an installed copy."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from poetry.core.masonry import api

from lsp_server import __version__
from lsp_server.lint.registry import registry

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        api.build_wheel(str(folder))
        api.build_sdist(str(folder))
    finally:
        os.chdir(before)
    return folder


def test_the_wheel_ships_the_rules_inside_the_package(built: Path) -> None:
    wheel = next(built.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"lsp_server", f"retort_lsp-{__version__}.dist-info"}
    shipped = {name for name in names if name.startswith("lsp_server/_shipped/rules/")}
    for rule in registry().rules:
        assert f"lsp_server/_shipped/rules/{rule.replace('-', '_')}.py" in shipped
    assert "lsp_server/LICENSE" in names
    assert "lsp_server/facts/secrets/advisories.json" in names


def test_an_installed_copy_finds_its_rules(built: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(next(built.glob("*.whl"))).extractall(tmp_path)
    command = [sys.executable, "-m", "lsp_server", "rules"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=True)
    first_words = {line.split()[0] for line in done.stdout.decode().splitlines() if line.strip()}
    assert {word for word in first_words if "/" in word} == set(registry().rules)


def test_the_sdist_holds_the_rules_as_a_folder(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = archive.getnames()
    top = f"retort_lsp-{__version__}"
    assert f"{top}/rules/liveview/live_redirect.py" in names
    assert f"{top}/lsp_server/rules.py" in names


def test_the_version_is_said_once_in_both_places() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
