"""Which files make up a project, and where its root is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from lsp_server.config import FILE_NAME, Settings, matcher, verdict
from lsp_server.role import FOREIGN, inside_app

SUFFIXES = (".ex", ".exs", ".heex", ".leex", ".eex", ".sface")
NAMES = frozenset({"mix.lock"})
SCRIPTS = (".js", ".ts")


class Entry(NamedTuple):
    """A file of the project: path from the root in POSIX form, time in nanoseconds, bytes."""

    path: str
    mtime: int
    size: int


def find_root(start: Path) -> Path:
    """The project around a file or folder: the outermost of nested mix projects (an umbrella's
    root).

    Without mix.exs the nearest folder with `.retort.toml` or `.git`, else the folder itself.
    """
    folder = start if start.is_dir() else start.parent
    mixed: Path | None = None
    marked: Path | None = None
    for candidate in (folder, *folder.parents):
        if _is_there(candidate / "mix.exs"):
            if mixed is None or _is_umbrella(candidate, mixed):
                mixed = candidate
        elif marked is None and any(_is_there(candidate / name) for name in (FILE_NAME, ".git")):
            marked = candidate
    return mixed or marked or folder


def _is_there(path: Path) -> bool:
    """Whether a file exists, as far as the system tells; below a folder that may not be read it
    tells nothing, for which `Path.exists` raises."""
    return os.access(path, os.F_OK)


def _is_umbrella(candidate: Path, inner: Path) -> bool:
    """Whether `inner` is an app of the umbrella `candidate`; a project that merely lies below
    another one (an example, an installer) is a project of its own."""
    try:
        return b"apps_path" in (candidate / "mix.exs").read_bytes() and inner.is_relative_to(
            candidate / "apps"
        )
    except OSError:
        return False


def is_project_file(path: str) -> bool:
    """Whether a file is read at all, by its name."""
    name = path.rpartition("/")[2]
    if name.endswith(SUFFIXES) or name in NAMES:
        return True
    return name.endswith(SCRIPTS) and inside_app(path).startswith("assets/js/")


class Ignores:
    """The .gitignore files between the root and a folder, and the configured excludes."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self._exclude = matcher(settings.exclude) if settings.exclude else None

    def of(
        self, folder: str, outer: tuple[tuple[str, tuple[str, ...]], ...], has_own: bool
    ) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The patterns that hold in `folder`, as (folder of the .gitignore, its lines)."""
        if not has_own:
            return outer
        try:
            text = (self.root / folder / ".gitignore").read_text("utf-8", "replace")
        except OSError:
            return outer
        lines = tuple(line for line in text.splitlines() if line.strip() and line[0] != "#")
        return (*outer, (folder, lines)) if lines else outer

    def ignored(
        self, path: str, is_folder: bool, patterns: tuple[tuple[str, tuple[str, ...]], ...]
    ) -> bool:
        """Whether a path is left out, which lies in a folder that is not."""
        name = path + "/" if is_folder else path
        if is_folder or any(_may_hide_files(lines) for _, lines in patterns):
            for folder, lines in reversed(patterns):  # the nearest that speaks of it decides
                hidden = verdict(lines)(name[len(folder) + 1 :] if folder else name)
                if hidden is not None:
                    if hidden:
                        return True
                    break
        return self._exclude is not None and self._exclude(name)


@lru_cache(maxsize=256)
def _may_hide_files(lines: tuple[str, ...]) -> bool:
    """Whether some pattern can hide a file which is read; those of folders and of other endings
    cannot.

    Matching every file against all patterns costs more than reading a warm cache.
    """
    return not all(line.rstrip().endswith("/") or _is_elsewhere(line) for line in lines)


def _is_elsewhere(line: str) -> bool:
    if line.startswith("!"):
        return True
    name = line.strip().rpartition("/")[2]
    _, dot, ending = name.rpartition(".")
    if not dot or not ending.isalnum():
        return not any(sign in name for sign in "*?[")
    return f".{ending}" not in (*SUFFIXES, *SCRIPTS) and ending != "lock"


def project_files(root: Path, settings: Settings) -> Iterator[Entry]:
    """The files of a project, in no order. Links are not followed.

    Folders that cannot be listed and names that are not UTF-8 are left out.
    """
    ignores = Ignores(root, settings)
    pending: list[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]] = [("", ())]
    while pending:
        folder, outer = pending.pop()
        try:
            with os.scandir(root / folder if folder else root) as scanned:
                entries = list(scanned)
        except OSError:
            continue
        patterns = ignores.of(folder, outer, any(one.name == ".gitignore" for one in entries))
        inside = f"{folder}/" if folder else ""
        for one in entries:
            name = one.name
            if one.is_dir(follow_symlinks=False):
                path = inside + name
                if name not in FOREIGN and not ignores.ignored(path, True, patterns):
                    pending.append((path, patterns))
            elif is_project_file(path := inside + name) and one.is_file(follow_symlinks=False):
                if not ignores.ignored(path, False, patterns):
                    entry = _entry(path, one)
                    if entry is not None:
                        yield entry


def _entry(path: str, found: os.DirEntry[str]) -> Entry | None:
    try:
        path.encode()
        stat = found.stat(follow_symlinks=False)
    except (OSError, UnicodeEncodeError):
        return None
    return Entry(path, stat.st_mtime_ns, stat.st_size)


def entry_of(root: Path, path: str) -> Entry | None:
    """A file with its time and size; None where it is gone or its name is not UTF-8."""
    try:
        path.encode()
        stat = (root / path).lstat()
    except (OSError, ValueError):  # a name that is not UTF-8, or holds a NUL
        return None
    return Entry(path, stat.st_mtime_ns, stat.st_size)


def is_ignored(root: Path, path: str, settings: Settings) -> bool:
    """Whether one file below the root is left out by a .gitignore, an exclude or its folder."""
    parts = path.split("/")
    if FOREIGN.intersection(parts[:-1]):
        return True
    ignores = Ignores(root, settings)
    patterns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    for depth in range(len(parts)):
        folder = "/".join(parts[:depth])
        patterns = ignores.of(folder, patterns, _is_there(root / folder / ".gitignore"))
        inner = "/".join(parts[: depth + 1])
        if ignores.ignored(inner, depth + 1 < len(parts), patterns):
            return True
    return False


def read_file(root: Path, path: str) -> bytes | None:
    """The bytes of a file of the project; None where it is gone or may not be read."""
    try:
        return (root / path).read_bytes()
    except (OSError, ValueError):  # the name that an editor gives may hold a NUL
        return None


def is_project_root(root: Path) -> bool:
    """Whether a folder says of itself that it is the root of something; a folder in which a file
    merely lies does not, and is never read as a whole for that file's sake."""
    return any(_is_there(root / name) for name in ("mix.exs", FILE_NAME, ".git"))


def find_roots(folder: Path, depth: int = 3) -> list[Path]:
    """The projects that opening a folder means: the one around it, else those up to `depth`
    below it.

    A folder without any mix project is a project of its own.
    """
    root = find_root(folder)
    if _is_there(root / "mix.exs"):
        return [root]
    found: list[Path] = []
    level = [folder]
    for _ in range(depth):
        below: list[Path] = []
        for outer in level:
            try:
                with os.scandir(outer) as scanned:
                    inner = [Path(one.path) for one in scanned if one.is_dir(follow_symlinks=False)]
            except OSError:
                continue
            below += [one for one in inner if one.name not in FOREIGN and one.name[0] != "."]
        found += [one for one in below if _is_there(one / "mix.exs")]
        level = [one for one in below if one not in found]
    return sorted(found) or [folder]
