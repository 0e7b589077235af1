"""What part a file plays in a project, read off its path."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath


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


def inside_app(path: str) -> str:
    """The path inside its application: `apps/<name>/` of an umbrella is taken off."""
    parts = path.split("/")
    if len(parts) > 2 and parts[0] == "apps":
        return "/".join(parts[2:])
    return path


def app_of(path: str) -> str:
    """The folder of the umbrella application that holds a file, `apps/<name>/`; empty elsewhere."""
    parts = path.split("/")
    return f"apps/{parts[1]}/" if len(parts) > 2 and parts[0] == "apps" else ""


def role_of(path: str) -> Role:
    """The role of a file by its path from the project's root, in POSIX form."""
    inner = PurePosixPath(inside_app(path))
    folders = inner.parts[:-1]
    if FOREIGN.intersection(folders):
        return Role.DEPENDENCY
    if inner.name in ("mix.exs", "mix.lock"):
        return Role.MIX
    if "test" in folders[:1] or inner.name.endswith("_test.exs"):
        return Role.TEST
    if folders[:1] == ("priv",) and len(folders) > 1 and folders[-1].endswith("migrations"):
        return Role.MIGRATION
    if folders[:1] == ("priv",) and any(part.endswith("migrations") for part in folders):
        return Role.MIGRATION
    if inner.suffix in TEMPLATES or inner.suffix == ".sface":
        return Role.OTHER if folders[:1] == ("priv",) else Role.TEMPLATE
    if inner.suffix == ".ex":
        return Role.LIB
    if inner.suffix == ".exs":
        return Role.CONFIG if folders[:1] == ("config",) else Role.SCRIPT
    return Role.OTHER
