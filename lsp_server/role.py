"""What part a file plays in a project, read off its path."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from posixpath import splitext


class Role(StrEnum):
    """The part that a file plays."""

    LIB = "lib"
    TEMPLATE = "template"
    CONFIG = "config"
    MIGRATION = "migration"
    TEST = "test"
    SCRIPT = "script"  # seeds and every other .exs
    MIX = "mix"  # mix.exs and mix.lock
    DEPENDENCY = "dependency"  # deps, _build, node_modules
    OTHER = "other"


FOREIGN = frozenset({"deps", "_build", "node_modules", ".elixir_ls", ".expert", ".git"})
ELIXIR = frozenset({".ex", ".exs", ".lock"})
TEMPLATES = frozenset({".heex", ".leex", ".eex"})


# The folders that Mix and Phoenix give an application: what stands before the first is its own.
_OF_APP = frozenset({"lib", "test", "config", "priv", "assets"})
# Project rules ask for the same paths again and again; the bound is only for a server's long life.
_KEPT = 1 << 16


@lru_cache(_KEPT)
def app_of(path: str) -> str:
    """The folder of the application that a file belongs to, with a slash at its end; empty where
    that is the project's root.

    It is `apps/<name>/` in an umbrella, and `backend/` for `backend/lib/shop.ex` where the project
    is one part of a repository. What lies below `examples` is nobody's application: its databases
    and configurations are never deployed.
    """
    folders = path.split("/")[:-1]
    for at, folder in enumerate(folders):
        if folder == "examples":
            return ""
        if folder in _OF_APP:
            return "".join(f"{one}/" for one in folders[:at])
        if folder == "apps" and at + 1 < len(folders):
            return "".join(f"{one}/" for one in folders[: at + 2])
    return ""


def inside_app(path: str) -> str:
    """The path inside its application."""
    return path[len(app_of(path)) :]


@lru_cache(_KEPT)
def role_of(path: str) -> Role:
    """The role of a file by its path from the project's root, in POSIX form."""
    if not FOREIGN.isdisjoint(path.split("/")[:-1]):
        return Role.DEPENDENCY
    *folders, name = inside_app(path).split("/")
    suffix = splitext(name)[1]
    if name in ("mix.exs", "mix.lock"):
        return Role.MIX
    if "test" in folders[:1] or name.endswith("_test.exs"):
        return Role.TEST
    if folders[:1] == ["priv"] and any(part.endswith("migrations") for part in folders):
        return Role.MIGRATION
    if suffix in TEMPLATES or suffix == ".sface":
        return Role.OTHER if folders[:1] == ["priv"] else Role.TEMPLATE
    if suffix == ".ex":
        return Role.LIB
    if suffix == ".exs":
        return Role.CONFIG if folders[:1] == ["config"] else Role.SCRIPT
    return Role.OTHER
