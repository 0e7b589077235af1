"""The Neovim plugin as it is installed: by runtimepath, with a `retort` on PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.editors.test_neovim import PAGE, TEXT, neovim, planted, shop  # noqa: F401

ROOT = Path(__file__).parent.parent.parent
PLUGIN = ROOT / "editors" / "neovim"
SCRIPT = Path(__file__).parent / "neovim_plugin.lua"
OLD = """
local has = vim.fn.has
vim.fn.has = function(feature) return feature == "nvim-0.11" and 0 or has(feature) end
vim.lsp.enable = function() error("0.10 has no vim.lsp.enable") end
"""
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the packaged Neovim is a Linux binary"
)


def drive(
    kind: str,
    shop: Path,  # noqa: F811
    tmp_path: Path,
    *,
    installed: bool = True,
    before: str = "",
    script: Path = SCRIPT,
    through: tuple[str, ...] = (),
    page: Path | None = None,
    **more: str,
) -> Any:
    """What one tour saw of a Neovim that was started with the page, `through` another command."""
    page = page or shop / PAGE
    folders = tmp_path / "plugin"
    bin_ = folders / "bin"
    bin_.mkdir(parents=True)
    if installed:
        retort = bin_ / "retort"
        retort.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
            "from lsp_server.__main__ import main\nif __name__ == '__main__':\n    main()\n",
            "utf-8",
        )
        retort.chmod(0o755)
    else:
        (bin_ / "python3").symlink_to(sys.executable)
    plugin = folders / "neovim"
    shutil.copytree(PLUGIN, plugin)
    init = folders / "init.lua"
    init.write_text(
        "started_at = vim.uv.hrtime()\n" + before + f"vim.opt.runtimepath:append({str(plugin)!r})\n"
        f"vim.cmd('helptags {plugin}/doc')\nvim.cmd.source({str(script)!r})\n",
        "utf-8",
    )
    out = folders / "seen.json"
    names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    env = {
        **os.environ,
        **{name: str(folders / name.lower()) for name in names},
        "PATH": f"{bin_}:/usr/bin:/bin" if installed else str(bin_),
        "RETORT_CACHE_DIR": str(tmp_path / "cache"),
        "TOUR_KIND": kind,
        "TOUR_OUT": str(out),
        "TOUR_PAGE": str(page),
        "TOUR_ROOT": str(shop),
        "TOUR_SCRIPT": str(script),
        "TOUR_UMBRELLA": str(tmp_path / "umbrella"),
        **more,
    }
    command = [*through, neovim(), "--headless", "-n", "-u", str(init), str(page)]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=180, check=False
    )
    assert out.exists(), done.stdout + done.stderr
    seen = json.loads(out.read_text("utf-8"))
    assert "error" not in seen, "\n".join(map(str, (seen.get("error"), seen.get("messages"))))
    return seen


def make_umbrella(root: Path) -> None:
    """An umbrella of two apps, and a project of its own below them."""
    for folder in ("apps/a/lib", "apps/b/lib", "examples/c/lib"):
        (root / folder).mkdir(parents=True)
    project = "defmodule {}.MixProject do\n  use Mix.Project\n  def project, do: [{}]\nend\n"
    (root / "mix.exs").write_text(project.format("All", 'apps_path: "apps"'), "utf-8")
    for path, name in (("apps/a", "A"), ("apps/b", "B"), ("examples/c", "C")):
        text = project.format(name, f"app: :{name.lower()}")
        (root / path / "mix.exs").write_text(text, "utf-8")
        (root / path / "lib" / f"{name.lower()}.ex").write_text(f"defmodule {name} do\nend\n")


def test_commands(shop: Path, tmp_path: Path) -> None:  # noqa: F811
    make_umbrella(tmp_path / "umbrella")
    (shop / ".retort.toml").write_text('profil = "aggressive"\n', "utf-8")
    (shop / "other.toml").write_text("a = 1\n", "utf-8")
    seen = drive("commands", shop, tmp_path)
    print(f"from Neovim's start to the first squiggle: {seen['seconds']:.2f} s")

    line = TEXT.splitlines()[4]
    column = len(line[: line.index("push_redirect")].encode())  # 😀é stands before it
    at = {"lnum": 4, "col": column, "end_col": column + len("push_redirect")}
    assert (seen["squiggle"], seen["encoding"], seen["root"]) == (at, "utf-8", str(shop))

    assert sorted(seen["clients"]) == ["elixirls", "retort"]
    assert [one["message"] for one in seen["others"]] == ["other"]
    assert seen["other_settings"] == {"elixirLS": {"dialyzerEnabled": False}}

    assert seen["page"]["text"].startswith("# liveview/push-redirect")
    assert not seen["page"]["changeable"] and seen["page_closed"]
    assert seen["other_page"].startswith("# ecto/n-plus-one")
    assert seen["completed"] == ["liveview/push-redirect"]
    assert "ecto/n-plus-one" in seen["no_rule"] and "no rule" in seen["no_rule"]

    assert "Shop.Repo" in seen["tree"] and "├── " in seen["tree"]
    path, started = seen["led_to"]
    assert path == str(shop / "lib/shop/application.ex") and "Repo" in started

    listed = seen["quickfix"]
    assert listed["visible"] and f"{len(listed['items'])} findings" in listed["title"]
    assert sum(
        "`live_redirect` is deprecated" in one["text"] for one in listed["items"]
    ) == planted("liveview/live-redirect")
    assert sum(not one["loaded"] for one in listed["items"]) > 20, "files that are not open"
    here = [one for one in listed["items"] if one["path"] == str(shop / PAGE)]
    assert (5, column + 1) in [(one["lnum"], one["col"]) for one in here]

    assert seen["fixed"].splitlines()[4] == line.replace("push_redirect", "push_navigate")
    assert not {"textDocument/codeAction", "workspace/executeCommand"} & set(seen["asked"])
    assert "nothing here has a safe fix" in seen["nothing"]
    assert len(seen["changed"]) > 1 and all(path.startswith(str(shop)) for path in seen["changed"])

    assert "profil" in seen["configuration"] and seen["toml_clients"] == 0

    umbrella = tmp_path / "umbrella"
    inner = str(umbrella / "examples/c")
    assert seen["roots"] == [str(umbrella), str(umbrella), inner]
    assert seen["ids"] == 3, "the shop, the umbrella and the project below it"

    assert seen["health"].count(" OK ") > 5 and " ERROR " not in seen["health"], seen["health"]
    for words in (r"version: retort \d", r"Python 3\.", "beside: elixirls", f"root: {shop}"):
        assert re.search(words, seen["health"]), (words, seen["health"])
    assert "looked at again on :write" in seen["health"]
    assert "*:RetortCheck*" in seen["help"]


def test_a_missing_server_has_words(shop: Path, tmp_path: Path) -> None:  # noqa: F811
    seen = drive("missing", shop, tmp_path, installed=False)
    assert seen["messages"].count("pipx install retort-lsp") == 1
    assert "no server runs" in seen["messages"]
    assert "no server looks at this file" in seen["messages"]
    assert "the command `retort` is not there" in seen["messages"]
    assert seen["completed"] == [] and seen["clients"] == 0
    assert "`retort` is not there" in seen["health"] and "Python 3." in seen["health"]
    assert "Spawning" not in seen["messages"]


def test_without_vim_lsp_enable(shop: Path, tmp_path: Path) -> None:  # noqa: F811
    """The way of 0.10, in a Neovim that says it is 0.10."""
    seen = drive("old", shop, tmp_path, before=OLD)
    assert seen["root"] == str(shop)
    assert "push_navigate" in seen["fixed"]
    assert len(seen["quickfix"]["items"]) > 20
    assert "0.10: started by an autocommand" in seen["health"]
    assert "Error" not in seen["messages"]
