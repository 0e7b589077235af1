"""A table while migrations are applied to it, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from lsp_server.facts.database.migrations import (
    Change,
    Column,
    Index,
    Reference,
)
from lsp_server.text import Span

NOWHERE = Span(0, 0)
NAME_LENGTH = 63  # Postgres cuts longer names off (NAMEDATALEN - 1)


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A foreign key. `span` is the column's name where `path` first made the column one."""

    reference: Reference
    name: str  # also where Ecto chose it
    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column as it is now. `path` and `span` are where it was added."""

    name: str
    path: str
    span: Span
    type: str = ""  # spelled as in Ecto; empty for the repo's default type of keys, or unknown
    null: bool = True
    default: str | None = None
    primary_key: bool = False
    reference: StoredReference | None = None
    referred: StoredReference | None = None  # the first reference, also when it was dropped
    options: tuple[tuple[str, str], ...] = ()  # as last said, without those above


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An index as it is now, under its present name and columns."""

    index: Index
    path: str


@dataclass(frozen=True, slots=True)
class StoredConstraint:
    """A check or exclusion constraint."""

    name: str
    path: str
    span: Span
    check: str = ""
    exclude: str = ""


@dataclass(slots=True)
class TableState:
    """A table while migrations are applied.

    `path` is None for a table that no migration creates. `uncertain`: something was done to it that
    cannot be read. `open`: it may have more columns than those.
    """

    name: str
    prefix: str
    folder: str
    path: str | None = None
    span: Span = NOWHERE
    columns: dict[str, StoredColumn] = field(default_factory=dict)
    indexes: list[StoredIndex] = field(default_factory=list)
    constraints: list[StoredConstraint] = field(default_factory=list)
    dropped: list[StoredIndex] = field(default_factory=list)  # indexes that a migration dropped
    uncertain: bool = False
    open: bool = False
    stamped: bool = False  # whether `timestamps` gave it columns

    def _add(self, column: Column, path: str) -> None:
        stored = StoredColumn(column.name, path, column.span)
        self.columns[column.name] = self._changed(stored, column, path)

    def _changed(self, stored: StoredColumn, column: Column, path: str) -> StoredColumn:
        options = dict(column.options)
        null = {"true": True, "false": False}.get(options.pop("null", ""), stored.null)
        default = options.pop("default", stored.default)
        key = options.pop("primary_key", "true" if stored.primary_key else "") == "true"
        kept = stored.options if column.type == stored.type else ()
        reference = self._referring(stored, column.reference, column.span, path)
        return replace(
            stored,
            type=column.type or (column.reference.type if column.reference else stored.type),
            null=null and not key,
            default=None if default == "nil" else default,
            primary_key=key,
            reference=reference or stored.reference,
            referred=stored.referred or reference,
            options=tuple((dict(kept) | options).items()),
        )

    def _referring(
        self, stored: StoredColumn, reference: Reference | None, span: Span, path: str
    ) -> StoredReference | None:
        if reference is None:
            return None
        name = reference.name or f"{self.name}_{stored.name}_fkey"
        first = stored.referred
        if first is not None:
            path, span = first.path, first.span
        return StoredReference(reference, name, path, span)

    def change(self, change: Change, path: str) -> None:
        """Apply one line of `alter`."""
        column, known = change.column, self.columns.get(change.column.name)
        match change.action:
            case "add":
                self._add(column, path)
            case "add_if_not_exists" if known is None:
                self._add(column, path)
            case "modify":
                stored = known or StoredColumn(column.name, path, column.span)
                if known is None:
                    self.open = True
                elif change.before is not None and change.before.reference is not None:
                    stored = replace(stored, reference=None)
                self.columns[column.name] = self._changed(stored, column, path)
            case "remove" | "remove_if_exists":
                self.columns.pop(column.name, None)
                self.indexes = [one for one in self.indexes if column.name not in one.index.columns]

    def rename_column(self, name: str, to: str) -> None:
        """Give a column another name, also where indexes list it."""
        stored = self.columns.pop(name, None)
        if stored is not None:
            self.columns[to] = replace(stored, name=to)
        for indexes in (self.indexes, self.dropped):
            for at, one in enumerate(indexes):
                columns = tuple(to if part == name else part for part in one.index.columns)
                index = msgspec.structs.replace(one.index, columns=columns)
                indexes[at] = StoredIndex(index, one.path)

    def refer(self, column: str, reference: Reference, span: Span, path: str) -> None:
        """Add a foreign key to a column."""
        stored = self.columns.get(column)
        if stored is None:
            self.open = True
            stored = StoredColumn(column, path, span)
        made = self._referring(stored, reference, span, path)
        first = stored.referred or made
        self.columns[column] = replace(stored, reference=made, referred=first)

    def drop_constraint(self, name: str) -> None:
        """Forget whatever constraint has a name."""
        for column, stored in self.columns.items():
            if stored.reference is not None and same_name(stored.reference.name, name):
                self.columns[column] = replace(stored, reference=None)
            elif stored.primary_key and same_name(f"{self.name}_pkey", name):
                self.columns[column] = replace(stored, primary_key=False)
        self.constraints = [one for one in self.constraints if not same_name(one.name, name)]
        self.drop_index(name)

    def drop_index(self, name: str) -> None:
        """Forget the index of a name."""
        self.dropped += [one for one in self.indexes if same_name(one.index.name, name)]
        self.indexes = [one for one in self.indexes if not same_name(one.index.name, name)]

    def rename_constraint(self, name: str, to: str) -> None:
        """Give a foreign key, an index or a check another name."""
        for column, stored in self.columns.items():
            if stored.reference is not None and same_name(stored.reference.name, name):
                reference = replace(stored.reference, name=to)
                self.columns[column] = replace(stored, reference=reference)
        self.constraints = [
            replace(one, name=to) if same_name(one.name, name) else one for one in self.constraints
        ]
        self.rename_index(name, to)

    def rename_index(self, name: str, to: str) -> None:
        """Give an index another name."""
        for at, one in enumerate(self.indexes):
            if same_name(one.index.name, name):
                index = msgspec.structs.replace(one.index, name=to)
                self.indexes[at] = StoredIndex(index, one.path)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same to Postgres."""
    return one[:NAME_LENGTH] == other[:NAME_LENGTH]
