"""Where the migrations of each repo lie, and what configuration makes their defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lsp_server.facts.database.repos import repos
from lsp_server.facts.index import Index, join
from lsp_server.facts.project.config import Setting
from lsp_server.role import app_of


@dataclass(frozen=True, slots=True)
class RepoPlace:
    """A repo with what configuration says of its migrations. Types are spelled, `:binary_id`."""

    module: str
    path: str
    adapter: str  # a full name, empty where none is written out
    folder: str  # holds the folders of its migrations, `apps/shop/priv/repo`
    key: str = "id"  # the primary key that a migration adds by itself
    key_type: str = ":bigserial"
    reference_type: str = ":bigserial"  # of a reference that names no type
    timestamps_type: str = ":naive_datetime"


@join(repos, Setting)
def repo_places(index: Index) -> Mapping[str, RepoPlace]:
    """The repos of the project, facades left out, by the full name of their module."""
    settings: dict[tuple[str, ...], str] = {}
    for _, one in index.of(Setting):
        if len(one.keys) > 1:
            settings.setdefault(one.keys, one.text if one.string is None else one.string)
    found: dict[str, RepoPlace] = {}
    for module, repo in repos(index).items():
        if repo.behind:
            continue
        priv = settings.get((module, "priv")) or f"priv/{underscore(module.rpartition('.')[2])}"
        key_type = settings.get((module, "migration_primary_key", "type"), "")
        foreign = settings.get((module, "migration_foreign_key", "type"), "")
        found[module] = RepoPlace(
            module,
            repo.path,
            repo.adapter or settings.get((module, "adapter"), ""),
            app_of(repo.path) + priv,
            settings.get((module, "migration_primary_key", "name"), ":id").lstrip(":"),
            key_type or ":bigserial",
            foreign or key_type or ":bigserial",
            settings.get((module, "migration_timestamps", "type"), ":naive_datetime"),
        )
    return found


def underscore(name: str) -> str:
    """The last segment of a module as Macro.underscore/1 writes it (Elixir 1.18): `http_repo`."""
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", parted).lower()


def camelize(name: str) -> str:
    """A snake-case name as Macro.camelize/1 writes it (Elixir 1.18): `add_x_2` is `AddX2`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
