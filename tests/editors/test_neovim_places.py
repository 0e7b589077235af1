"""Neovim where there is not one tidy project: two roots, none, a folder that cannot be written."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.editors.test_neovim import MIGRATION, shop  # noqa: F401
from tests.editors.test_neovim_plugin import drive

SCRIPT = Path(__file__).parent / "neovim_places.lua"
PROJECT = """\
defmodule {}.MixProject do
  use Mix.Project
  def project, do: [app: :app, deps: [{{:phoenix_live_view, "~> 1.0"}}]]
end
"""
PAGE = """\
defmodule {}.{} do
  use Phoenix.LiveView

  def handle_event("go", _params, socket) do
    {{:noreply, push_redirect(socket, to: "/")}}
  end
end
"""
EVAL = "defmodule Lone do\n  def go(text), do: Code.eval_string(text)\nend\n"
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the packaged Neovim is a Linux binary"
)


def two_projects(folder: Path) -> tuple[Path, Path]:
    """Two projects with two findings each; in the second they are errors."""
    roots = folder / "alpha", folder / "beta"
    for root in roots:
        name = root.name.title()
        (root / "lib").mkdir(parents=True)
        (root / "mix.exs").write_text(PROJECT.format(name), "utf-8")
        for module in ("Page", "Other"):
            file = root / "lib" / f"{module.lower()}.ex"
            file.write_text(PAGE.format(name, module), "utf-8")
    settings = '[rules]\n"liveview/push-redirect" = "error"\n'
    (roots[1] / ".retort.toml").write_text(settings, "utf-8")
    return roots


def unwritable(folder: Path) -> tuple[str, ...]:
    """Take the right to write away, also from root; the command through which it holds."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(path.stat().st_mode & ~0o222)
    if os.getuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")


def test_two_roots(tmp_path: Path) -> None:
    alpha, beta = two_projects(tmp_path / "places")
    page = alpha / "lib/page.ex"
    seen = drive(
        "two_roots", alpha, tmp_path, script=SCRIPT, page=page, TOUR_PLACES=str(alpha.parent)
    )
    assert (seen["severities"], seen["clients"]) == ([2, 1], 2)
    for root, word in ((alpha, "warnings"), (beta, "errors")):
        check = seen[root.name]
        assert check["said"] == f"Retort: 2 findings in 2 files (2 {word})."
        assert sorted(check["files"]) == [
            str(root / "lib" / name) for name in ("other.ex", "page.ex")
        ]


def test_a_file_without_a_project(tmp_path: Path) -> None:
    page = tmp_path / "loose" / "lone.ex"
    page.parent.mkdir()
    page.write_text(EVAL, "utf-8")
    (page.parent / "beside.ex").write_text(EVAL.replace("Lone", "Beside"), "utf-8")
    seen = drive("no_project", page.parent, tmp_path, script=SCRIPT, page=page)
    assert seen["squiggle"] == 1
    assert seen["check"] == {"said": "Retort: 1 finding in 1 file (1 error).", "files": [str(page)]}
    assert "No supervision tree" in seen["tree"]
    assert "There is no mix.exs" in seen["health"]
    assert not re.search(r"\bE\d+:|Error", seen["messages"]), seen["messages"]


def test_a_folder_that_cannot_be_written(shop: Path, tmp_path: Path) -> None:  # noqa: F811
    through = unwritable(shop)
    seen = drive(
        "read_only",
        shop,
        tmp_path,
        script=SCRIPT,
        through=through,
        TOUR_MIGRATION=str(shop / MIGRATION),
    )
    assert "findings in" in seen["check"]
    assert "readonly" in seen["why"]
    folder = (shop / MIGRATION).parent
    assert f"the folder `{folder}` is read-only" in seen["messages"]
