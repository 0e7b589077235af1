"""The database of each repo as all its migrations leave it, and where its next migration goes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lsp_server.facts.database.migrations import Migration
from lsp_server.facts.database.repo_places import RepoPlace, camelize, repo_places
from lsp_server.facts.database.table_state import (
    StoredColumn,
    StoredConstraint,
    StoredIndex,
    TableState,
    same_name,
)
from lsp_server.facts.database.table_states import TableStates
from lsp_server.facts.index import Index, join
from lsp_server.role import app_of
from lsp_server.text import Span

if TYPE_CHECKING:
    from lsp_server.snapshot import Snapshot

POSTGRES = "Ecto.Adapters.Postgres"
MYSQL = "Ecto.Adapters.MyXQL"
SQLITE = "Ecto.Adapters.SQLite3"


@dataclass(frozen=True, slots=True)
class Table:
    """A table after all migrations. `path` and `span` are those of its `create`.

    `uncertain`: something was done to it that cannot be read, so nothing should be said about it.
    `open`: it may have more columns than those, as where no migration creates it (`path` is None).
    """

    name: str
    prefix: str
    folder: str  # of the migrations that it belongs to
    path: str | None
    span: Span
    columns: Mapping[str, StoredColumn]
    indexes: tuple[StoredIndex, ...]
    constraints: tuple[StoredConstraint, ...]
    dropped: tuple[StoredIndex, ...]  # indexes that a migration took away on purpose
    uncertain: bool
    open: bool
    stamped: bool  # whether `timestamps` gave it columns, whatever their names

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key in their order."""
        return tuple(one.name for one in self.columns.values() if one.primary_key)

    def led_by(self, column: str) -> Iterator[StoredIndex]:
        """The indexes whose first column it is."""
        return (one for one in self.indexes if one.index.columns[:1] == (column,))

    def unique_indexes(self, *columns: str) -> Iterator[StoredIndex]:
        """The unique indexes over exactly these columns, in any order."""
        for one in self.indexes:
            if one.index.unique and sorted(one.index.columns) == sorted(columns):
                yield one

    def index_named(self, name: str) -> StoredIndex | None:
        """The index of a name, as Postgres compares names."""
        return next((one for one in self.indexes if same_name(one.index.name, name)), None)


@dataclass(frozen=True, slots=True)
class Database:
    """What the migrations of one repo make. `migrations` are those of all its folders in order."""

    folder: str  # the repo's, `apps/shop/priv/repo`
    migrations: tuple[tuple[str, Migration], ...]
    tables: tuple[Table, ...]
    repo: RepoPlace | None = None
    newest: Mapping[str, str] = field(default_factory=dict)  # the last path by folder of migrations
    orphan: bool = False  # whether the migrations are left over from a repo that is gone

    @property
    def adapter(self) -> str:
        """The adapter's module; Postgres, with which Phoenix begins, where none is known."""
        return (self.repo.adapter if self.repo else "") or POSTGRES

    @property
    def is_postgres(self) -> bool:
        """Whether the database is Postgres."""
        return self.adapter == POSTGRES

    @property
    def indexes_keys(self) -> bool:
        """Whether the database itself puts an index on every foreign key (InnoDB does)."""
        return self.adapter == MYSQL

    def is_newest(self, path: str) -> bool:
        """Whether a file is the last migration of its folder."""
        return path in self.newest.values()

    def named(self, name: str) -> Iterator[Table]:
        """The tables of a name, in any prefix and folder."""
        return (one for one in self.tables if one.name == name)

    def table(self, name: str, prefix: str = "") -> Table | None:
        """The one table of a name; None where there is none, or several in question."""
        found = list(self.named(name))
        exact = [one for one in found if one.prefix == prefix]
        found = exact or found
        return found[0] if len(found) == 1 else None


@join(Migration, repo_places)
def database(index: Index) -> Mapping[str, Database]:
    """The databases of the project by the repo's folder (`priv/repo`)."""
    by_repo: dict[str, list[tuple[str, Migration]]] = {}
    for path, migration in index.of(Migration):
        by_repo.setdefault(migration.repo, []).append((path, migration))
    known = repo_places(index)
    found: dict[str, Database] = {}
    for folder, migrations in by_repo.items():
        repo = _repo_of(folder, known, by_repo)
        own = [one for one in known.values() if app_of(one.path) == app_of(f"{folder}/x")]
        found[folder] = _database(folder, migrations, repo, orphan=bool(own) and repo is None)
    return found


def _database(
    folder: str, migrations: list[tuple[str, Migration]], repo: RepoPlace | None, *, orphan: bool
) -> Database:
    migrations.sort(key=lambda one: (one[1].version, one[0]))
    states = TableStates()
    newest: dict[str, str] = {}
    for path, migration in migrations:
        states.apply(migration.up, migration.folder, path)
        newest[migration.folder] = path
    tables = tuple(map(_frozen, states.tables.values()))
    return Database(folder, tuple(migrations), tables, repo, newest, orphan)


def _frozen(state: TableState) -> Table:
    return Table(
        state.name,
        state.prefix,
        state.folder,
        state.path,
        state.span,
        state.columns,
        tuple(state.indexes),
        tuple(state.constraints),
        tuple(state.dropped),
        state.uncertain,
        state.open,
        state.stamped,
    )


def _repo_of(
    folder: str, known: Mapping[str, RepoPlace], folders: Collection[str]
) -> RepoPlace | None:
    """The repo whose migrations lie in a folder; else the only one of that application, if its own
    folder holds none."""
    exact = [one for one in known.values() if one.folder == folder]
    if exact:
        return exact[0]
    own = [one for one in known.values() if app_of(one.path) == app_of(f"{folder}/x")]
    return own[0] if len(own) == 1 and own[0].folder not in folders else None


def next_migration(
    snapshot: Snapshot,
    repo_folder: str,
    slug: str,
    *,
    folder: str = "migrations",
    skip: int = 0,
) -> tuple[str, str]:
    """Path and module of a new migration, as `mix ecto.gen.migration <slug>` would name them.

    (ecto_sql 3.13: `<priv>/migrations/<UTC time>_<slug>.exs`, `<Repo>.Migrations.<Slug>`.) The
    time is the first, now or later, that comes after every migration of the repo. A slug that is
    taken gets a number, for Ecto refuses two migrations of one name. `skip` leaves that many
    times out, for several new migrations made from one snapshot.
    """
    found = database(snapshot.index).get(repo_folder)
    migrations = found.migrations if found is not None else ()
    versions = {one.version for _, one in migrations}
    names = {one.name for _, one in migrations}
    modules = {one.module for _, one in migrations}
    prefix = _module_prefix(found, repo_places(snapshot.index), repo_folder)
    name, number = slug, 1
    while name in names or f"{prefix}.{camelize(name)}" in modules:
        number += 1
        name = f"{slug}_{number}"
    version = _free_version(versions, snapshot.now(), skip)
    return f"{repo_folder}/{folder}/{version}_{name}.exs", f"{prefix}.{camelize(name)}"


def _free_version(taken: set[int], now: datetime, skip: int) -> int:
    version = int(now.strftime("%Y%m%d%H%M%S"))
    last = max(taken, default=0)
    if last >= version:
        try:
            now = datetime.strptime(str(last), "%Y%m%d%H%M%S") + timedelta(seconds=1)
        except ValueError:
            return last + 1 + skip  # versions that are no times are counted on
    return int((now + timedelta(seconds=skip)).strftime("%Y%m%d%H%M%S"))


_PREFIX = re.compile(r"(.+)\.Migrations\..+")


def _module_prefix(found: Database | None, known: Mapping[str, RepoPlace], repo_folder: str) -> str:
    """What the names of a repo's migrations begin with: the repo, else what they begin with now."""
    repo = found.repo if found is not None else _repo_of(repo_folder, known, ())
    if repo is not None:
        return f"{repo.module}.Migrations"
    for _, migration in reversed(found.migrations if found is not None else ()):
        match = _PREFIX.fullmatch(migration.module)
        if match:
            return f"{match[1]}.Migrations"
    return "Repo.Migrations"
