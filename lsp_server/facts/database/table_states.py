"""Applies the operations of migrations to the tables of a repo, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import msgspec

from lsp_server.facts.database.migrations import (
    AddForeignKey,
    AlterTable,
    AnyOperation,
    Change,
    ChangeData,
    CreateConstraint,
    CreateIndex,
    CreateTable,
    DropConstraint,
    DropIndex,
    DropTable,
    Execute,
    Index,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    SetPrimaryKey,
    TableName,
    Unknown,
)
from lsp_server.facts.database.table_state import (
    StoredColumn,
    StoredConstraint,
    StoredIndex,
    StoredReference,
    TableState,
    same_name,
)


class TableStates:
    """All tables of one repo. Folders of one repo (`migrations`, `tenant_migrations`) may each have
    a table of the same name; an operation means that of its own folder if there is one."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str, str], TableState] = {}

    def find(self, folder: str, table: TableName) -> TableState | None:
        """The table that a migration of a folder means."""
        exact = self.tables.get((folder, table.prefix, table.name))
        if exact is not None:
            return exact
        named = [one for key, one in self.tables.items() if key[2] == table.name]
        near = [one for one in named if one.folder == folder] or named
        return near[0] if len(near) == 1 else None

    def table(self, folder: str, table: TableName) -> TableState:
        """The table that a migration means; one that no migration created begins here."""
        known = self.find(folder, table)
        if known is None:
            known = TableState(table.name, table.prefix, folder, open=True)
            self.tables[(folder, table.prefix, table.name)] = known
        return known

    def doubt(self, tables: Iterable[TableState]) -> None:
        """Note that tables are not what the operations say."""
        for one in tables:
            one.uncertain = True

    def apply(self, operations: Iterable[AnyOperation], folder: str, path: str) -> None:
        """Run the operations of one migration."""
        for one in operations:
            self._apply(one, folder, path)

    def _apply(self, operation: AnyOperation, folder: str, path: str) -> None:
        match operation:
            case CreateTable() if operation.table.name:
                self._create(operation, folder, path)
            case AlterTable(table=table, changes=changes) if table.name:
                state = self.table(folder, table)
                state.stamped |= operation.timestamps
                for change in changes:
                    state.change(change, path)
            case DropTable(table=table) if table.name:
                state = self.table(folder, table)
                if not operation.conditional:
                    del self.tables[(state.folder, state.prefix, state.name)]
            case RenameTable(table=table, to=to) if table.name and to.name:
                self._rename(self.table(folder, table), to)
            case RenameColumn(table=table, column=column, to=name) if table.name:
                self.table(folder, table).rename_column(column, name)
                for state, stored, held in self._referring(table):
                    if held.reference.column == column:
                        other = msgspec.structs.replace(held.reference, column=name)
                        _point(state, stored, replace(held, reference=other))
            case CreateIndex(index=index) if index.table.name:
                self._index(operation, self.table(folder, index.table), path)
            case DropIndex(index=index):
                for state in self._with_index(folder, index):
                    state.drop_index(index.name)
            case RenameIndex(index=index, to=name):
                for state in self._with_index(folder, index):
                    state.rename_index(index.name, name)
            case CreateConstraint(table=table) if table.name:
                made = StoredConstraint(
                    operation.name, path, operation.span, operation.check, operation.exclude
                )
                self.table(folder, table).constraints.append(made)
            case AddForeignKey(table=table, column=column, reference=reference) if table.name:
                self.table(folder, table).refer(column, reference, operation.span, path)
            case SetPrimaryKey(table=table, columns=columns) if table.name:
                state = self.table(folder, table)
                for name in columns:
                    if name in state.columns:
                        part = state.columns[name]
                        state.columns[name] = replace(part, primary_key=True, null=False)
            case DropConstraint(table=table, name=name) if table.name:
                self.table(folder, table).drop_constraint(name)
            case RenameConstraint(table=table, name=name, to=to_name) if table.name:
                self.table(folder, table).rename_constraint(name, to_name)
            case Execute() | CreateTable() | ChangeData():
                pass
            case Unknown(table=table) if table.name:
                self.doubt([self.table(folder, table)])
            case _:
                self.doubt(self.tables.values())
        if operation.conditional:
            self._doubt_conditional(operation, folder)

    def _doubt_conditional(self, operation: AnyOperation, folder: str) -> None:
        table = getattr(operation, "table", None) or getattr(operation, "index", None)
        if isinstance(table, Index):
            table = table.table
        if isinstance(table, TableName) and table.name:
            self.doubt([self.table(folder, table)])

    def _create(self, operation: CreateTable, folder: str, path: str) -> None:
        table = operation.table
        key = (folder, table.prefix, table.name)
        known = self.tables.get(key)
        if known is not None and operation.if_not_exists:
            known.uncertain |= known.path is None
            return
        state = TableState(table.name, table.prefix, folder, path, operation.span)
        state.open, state.stamped = operation.open, operation.timestamps
        self.tables[key] = state
        for column in operation.columns:
            state.change(Change("add", column, column.span), path)

    def _rename(self, state: TableState, to: TableName) -> None:
        old = TableName(state.name, state.prefix)
        del self.tables[(state.folder, state.prefix, state.name)]
        state.name, state.prefix = to.name, to.prefix or state.prefix
        self.tables[(state.folder, state.prefix, state.name)] = state
        for referring, stored, held in self._referring(old):
            table = TableName(to.name, held.reference.table.prefix)
            other = msgspec.structs.replace(held.reference, table=table)
            _point(referring, stored, replace(held, reference=other))

    def _index(self, operation: CreateIndex, state: TableState, path: str) -> None:
        index = operation.index
        if not index.exact:
            state.uncertain = True
        names = (one.index.name for one in state.indexes)
        if operation.if_not_exists and any(same_name(name, index.name) for name in names):
            return
        state.indexes.append(StoredIndex(index, path))

    def _with_index(self, folder: str, index: Index) -> Iterator[TableState]:
        """The tables that an index by name can belong to."""
        if index.table.name:
            yield self.table(folder, index.table)
        else:
            yield from self.tables.values()

    def _referring(
        self, table: TableName
    ) -> Iterator[tuple[TableState, StoredColumn, StoredReference]]:
        """The foreign keys that point at a table."""
        for state in self.tables.values():
            for stored in list(state.columns.values()):
                held = stored.reference
                if held is not None and held.reference.table.name == table.name:
                    yield state, stored, held


def _point(state: TableState, stored: StoredColumn, held: StoredReference) -> None:
    state.columns[stored.name] = replace(stored, reference=held)
