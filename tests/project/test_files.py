"""Which files make up a project, and where its root is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from lsp_server.config import Settings
from lsp_server.project.files import (
    entry_of,
    find_root,
    find_roots,
    is_ignored,
    is_project_root,
    project_files,
    read_file,
)

UMBRELLA = 'defmodule U.MixProject do\n  def project, do: [apps_path: "apps"]\nend\n'


def make(root: Path, *paths: str, **texts: str) -> Path:
    """Empty files, and files with a text whose names are given with `__` for `/`."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("", "utf-8")
    return root


def found(root: Path, exclude: Iterable[str] = ()) -> set[str]:
    """The files of a project; each one is judged alike when it is asked for alone."""
    settings = Settings(exclude=tuple(exclude))
    paths = {entry.path for entry in project_files(root, settings)}
    for path in paths:
        assert not is_ignored(root, path, settings)
    return paths


def test_what_is_read(tmp_path: Path) -> None:
    kept = {
        "mix.exs", "mix.lock", "lib/a.ex", "lib/a/b.ex", "config/config.exs", "test/a_test.exs",
        "lib/a_web/a.html.heex", "lib/a_web/a.html.leex", "lib/a_web/mail.text.eex",
        "assets/js/app.js", "assets/js/hooks/a.ts", "apps/x/lib/x.ex", "apps/x/assets/js/x.js",
    }  # fmt: skip
    make(tmp_path, *kept)
    make(
        tmp_path,
        "README.md",
        "lib/a.exe",
        "assets/app.js",
        "assets/css/a.css",
        "x.js",
        "lib/a.beam",
    )
    make(
        tmp_path, "deps/x/lib/x.ex", "_build/x.ex", "assets/node_modules/x/x.ex", "apps/x/deps/y.ex"
    )
    make(tmp_path, ".elixir_ls/a.ex", ".git/a.ex")
    assert found(tmp_path) == kept
    for path in ("deps/x/lib/x.ex", "_build/x.ex", "apps/x/deps/y.ex"):
        assert is_ignored(tmp_path, path, Settings())


@pytest.mark.parametrize(
    ("patterns", "gone"),
    [
        ("/lib/made/\n", {"lib/made/x.ex", "lib/made/deep/y.ex"}),
        ("made\n", {"lib/made/x.ex", "lib/made/deep/y.ex"}),
        ("*.heex\n", {"lib/a.heex"}),
        ("**/deep\n", {"lib/made/deep/y.ex"}),
        ("lib/*.ex\n", {"lib/a.ex", "lib/b.ex"}),
        ("lib/*\n!lib/b.ex\n", {"lib/a.ex", "lib/a.heex", "lib/made/x.ex", "lib/made/deep/y.ex"}),
        ("# lib\n\n   \nmix.lock\n", {"mix.lock"}),
        ("lib/[ab].ex\r\n", {"lib/a.ex", "lib/b.ex"}),
        ("*.beam\n/doc/\nerl_crash.dump\n*.ez\nshop-*.tar\n", set()),
        ("lib/made/deep/y.ex\n", {"lib/made/deep/y.ex"}),
        ("\\#lib\n", set()),
        ("[\n!\n/\n\\\nlib/[z-a].ex\nlib/b.ex\n", {"lib/b.ex"}),
    ],
)
def test_gitignore(tmp_path: Path, patterns: str, gone: set[str]) -> None:
    everything = {
        "mix.lock",
        "lib/a.ex",
        "lib/b.ex",
        "lib/a.heex",
        "lib/made/x.ex",
        "lib/made/deep/y.ex",
    }
    make(tmp_path, *everything)
    (tmp_path / ".gitignore").write_bytes(patterns.encode())
    assert found(tmp_path) == everything - gone
    for path in gone:
        assert is_ignored(tmp_path, path, Settings())
    (tmp_path / ".gitignore").unlink()
    assert found(tmp_path, patterns.splitlines()) == everything - gone


def test_gitignore_of_folders_below(tmp_path: Path) -> None:
    make(tmp_path, "lib/a.ex", "lib/made/x.ex", "made/x.ex")
    (tmp_path / "lib/.gitignore").write_text("/made\n", "utf-8")
    assert found(tmp_path) == {"lib/a.ex", "made/x.ex"}


@pytest.mark.parametrize(
    ("outer", "inner", "kept"),
    [
        ("*.gen.ex\n", "!y.gen.ex\n", {"lib/y.gen.ex", "lib/deep/x.ex"}),  # the nearer file decides
        ("!y.gen.ex\n", "*.gen.ex\n", {"lib/deep/x.ex"}),
        ("lib/*\n!lib/deep/\n", "", {"lib/deep/x.ex"}),
        ("lib/*\n", "!deep/\n", {"lib/deep/x.ex"}),
        ("/lib/\n", "!y.gen.ex\n", set()),  # git does not look into a folder that is hidden
    ],
)
def test_what_is_ignored_and_kept_after_all(
    tmp_path: Path, outer: str, inner: str, kept: set[str]
) -> None:
    files = {"lib/y.gen.ex", "lib/deep/x.ex"}
    make(tmp_path, *files)
    (tmp_path / ".gitignore").write_text(outer, "utf-8")
    (tmp_path / "lib/.gitignore").write_text(inner, "utf-8")
    shown = found(tmp_path)
    assert shown == kept == {one for one in files if git_shows(tmp_path, one)}
    assert {one for one in files if not is_ignored(tmp_path, one, Settings())} == shown


def git_shows(root: Path, path: str) -> bool:
    """Whether git itself would track a file."""
    if not (root / ".git").exists():
        subprocess.run(["git", "init", "-q", str(root)], check=True)
    asked = ["git", "-C", str(root), "check-ignore", "-q", "--no-index", path]
    return subprocess.run(asked, check=False).returncode == 1


def test_links_and_odd_names(tmp_path: Path) -> None:
    make(tmp_path / "p", "lib/a.ex", "lib/é 😀.ex")
    make(tmp_path / "other", "x.ex")
    (tmp_path / "p/lib/link.ex").symlink_to(tmp_path / "other/x.ex")
    (tmp_path / "p/linked").symlink_to(tmp_path / "other")
    (tmp_path / "p/lib/loop").symlink_to(tmp_path / "p")
    (tmp_path / "p/lib/dangling.ex").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "p/lib/pipe.ex")
    (tmp_path / "p/lib/folder.ex").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "p/lib") + b"/\xff.ex")).write_text("")
    assert found(tmp_path / "p") == {"lib/a.ex", "lib/é 😀.ex"}


def test_a_name_that_no_disk_takes_is_of_no_file(tmp_path: Path) -> None:
    assert read_file(tmp_path, "a\0.ex") is None
    assert entry_of(tmp_path, "a\0.ex") is None


def test_roots(tmp_path: Path) -> None:
    make(tmp_path / "mono", ".git/HEAD", "a/mix.exs", "a/lib/a.ex", "b/c/mix.exs", "x/y.ex")
    mono = tmp_path / "mono"
    assert find_root(mono / "a/lib/a.ex") == find_root(mono / "a/lib") == mono / "a"
    assert find_root(mono / "x/y.ex") == mono
    assert find_roots(mono) == [mono / "a", mono / "b/c"]
    assert find_roots(mono / "x") == [mono / "x"]
    assert is_project_root(mono) and not is_project_root(mono / "x")


def test_an_umbrella_is_one_project(tmp_path: Path) -> None:
    root = make(tmp_path / "u", "apps/a/mix.exs", "apps/a/lib/a.ex", "example/mix.exs")
    (root / "mix.exs").write_text(UMBRELLA, "utf-8")
    assert find_root(root / "apps/a/lib/a.ex") == root
    assert find_roots(root / "apps/a") == [root]
    assert find_root(root / "example") == root / "example", "it merely lies below"


def test_a_folder_without_anything(tmp_path: Path) -> None:
    make(tmp_path, "a/b.ex", ".retort.toml")
    assert find_roots(tmp_path / "a") == [tmp_path / "a"]
    assert find_root(tmp_path / "a/b.ex") == tmp_path
    assert find_roots(tmp_path / "nowhere") == [tmp_path / "nowhere"]
