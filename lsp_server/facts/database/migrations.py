"""Migrations: what each file does to the database, operation by operation, in order.

Operations are those of Ecto.Migration (ecto_sql 3.13). Names and types that a migration computes
in plain sight (literal lists in loops, attributes, arguments of its own functions) are filled in.
What only a run can tell is an empty name, and `Unknown` says which table can no longer be known.
"""

from __future__ import annotations

import re

from lsp_server.facts.fact import Fact
from lsp_server.text import Span


class TableName(Fact):
    """A table as an operation names it; an empty name is a computed one."""

    name: str
    prefix: str = ""  # empty also for `public`, which is where Postgres puts what has none


class Reference(Fact):
    """`references(:users, …)` or a foreign key in SQL; actions are named as in Ecto (`nothing`)."""

    table: TableName
    span: Span  # the word `references`; of SQL the whole `execute`
    column: str = "id"
    type: str = ""  # as written, `:binary_id`; empty for the repo's default
    on_delete: str = "nothing"
    on_update: str = "nothing"
    name: str = ""  # empty for `<table>_<column>_fkey`
    others: tuple[tuple[str, str], ...] = ()  # `with:`, this table's column and the other's
    validate: bool = True


class Column(Fact):
    """A column as `add`, `modify` or `remove` names it. Options are spelled as in the source."""

    name: str
    span: Span  # the column's name
    type: str = ""  # as written, `:string`; empty for a reference or where it is computed
    reference: Reference | None = None
    options: tuple[tuple[str, str], ...] = ()

    def option(self, key: str) -> str | None:
        """An option as written; empty where it is computed."""
        return next((value for name, value in self.options if name == key), None)

    @property
    def null(self) -> bool | None:
        """Whether NULL is allowed, None where nothing is said."""
        return {"true": True, "false": False}.get(self.option("null") or "")

    @property
    def default(self) -> str | None:
        """The default as written, None where nothing is said."""
        return self.option("default")

    @property
    def primary_key(self) -> bool:
        """Whether the column is (part of) the primary key."""
        return self.option("primary_key") == "true"


class Index(Fact):
    """`index(…)` or `unique_index(…)`. `columns` are names of columns and texts of expressions.

    `name` is Ecto's default where none is given. `exact` is False where columns are computed.
    """

    table: TableName
    columns: tuple[str, ...]
    span: Span  # the word `index`
    name: str = ""
    unique: bool = False
    where: str = ""
    using: str = ""
    include: tuple[str, ...] = ()
    concurrently: bool = False
    exact: bool = True

    @property
    def has_expression(self) -> bool:
        """Whether anything but plain columns is indexed."""
        return not all(is_column(one) for one in self.columns)


_COLUMN = re.compile(r"[A-Za-z_]\w*")
_NO_WORD = re.compile(r"\W", re.ASCII)


def is_column(indexed: str) -> bool:
    """Whether what an index lists is a column rather than an expression."""
    return _COLUMN.fullmatch(indexed) is not None


def default_index_name(table: str, columns: tuple[str, ...]) -> str:
    """The name that Ecto.Migration.index/3 gives (ecto_sql 3.13, `default_index_name/1`)."""
    return "_".join(_NO_WORD.sub("_", part).rstrip("_") for part in (table, *columns, "index"))


class Operation(Fact):
    """Base of what a migration does. `conditional`: only under a condition that a run decides."""

    span: Span  # the word that says it, `create`
    conditional: bool = False


class CreateTable(Operation, tag="create"):
    """`columns` holds the primary key that Ecto adds, and those of `timestamps()`."""

    table: TableName = TableName("")
    columns: tuple[Column, ...] = ()
    if_not_exists: bool = False
    timestamps: bool = False
    open: bool = False  # whether there may be more columns than those


class Change(Fact):
    """One line of `alter`: `add`, `add_if_not_exists`, `modify`, `remove`, `remove_if_exists`.

    `before` is what `from:` says of a modified column.
    """

    action: str
    column: Column
    span: Span  # the word `add`
    before: Column | None = None


class AlterTable(Operation, tag="alter"):
    """`alter table(…) do … end`."""

    table: TableName = TableName("")
    changes: tuple[Change, ...] = ()
    timestamps: bool = False


class DropTable(Operation, tag="drop"):
    """`drop table(…)`."""

    table: TableName = TableName("")


class RenameTable(Operation, tag="rename"):
    """`rename table(…), to: table(…)`."""

    table: TableName = TableName("")
    to: TableName = TableName("")


class RenameColumn(Operation, tag="rename_column"):
    """`rename table(…), :column, to: :name`."""

    table: TableName = TableName("")
    column: str = ""
    to: str = ""


class CreateIndex(Operation, tag="index"):
    """`create index(…)`."""

    index: Index = Index(TableName(""), (), Span(0, 0))
    if_not_exists: bool = False


class DropIndex(Operation, tag="drop_index"):
    """`drop index(…)`. An index that SQL drops has no table, only a name."""

    index: Index = Index(TableName(""), (), Span(0, 0))


class RenameIndex(Operation, tag="rename_index"):
    """`rename index(…), to: "name"`."""

    index: Index = Index(TableName(""), (), Span(0, 0))
    to: str = ""


class CreateConstraint(Operation, tag="constraint"):
    """`create constraint(…)`; `check` and `exclude` are SQL."""

    table: TableName = TableName("")
    name: str = ""
    check: str = ""
    exclude: str = ""
    validate: bool = True


class AddForeignKey(Operation, tag="foreign_key"):
    """`ALTER TABLE … ADD FOREIGN KEY` in SQL."""

    table: TableName = TableName("")
    column: str = ""
    reference: Reference = Reference(TableName(""), Span(0, 0))


class SetPrimaryKey(Operation, tag="primary_key"):
    """`ALTER TABLE … ADD PRIMARY KEY` in SQL."""

    table: TableName = TableName("")
    columns: tuple[str, ...] = ()
    name: str = ""


class DropConstraint(Operation, tag="drop_constraint"):
    """`drop constraint(…)`, whatever the constraint is: a check, a foreign key, a unique one."""

    table: TableName = TableName("")
    name: str = ""


class RenameConstraint(Operation, tag="rename_constraint"):
    """`ALTER TABLE … RENAME CONSTRAINT` in SQL."""

    table: TableName = TableName("")
    name: str = ""
    to: str = ""


class Execute(Operation, tag="execute"):
    """`execute(up, down)`; None for what is not text. What the SQL is known to do follows it."""

    up: str | None = None
    down: str | None = None
    arguments: int = 1


class ChangeData(Operation, tag="data"):
    """Rows that are written: by SQL, by a repo, or perhaps by `function` of another module, whose
    name is empty where an import brings it.

    `table` is empty where it is not known, or is that of `schema`.
    """

    text: str = ""  # how it is written: `UPDATE`, `repo().update_all`, `Shop.Posts.fill`
    table: str = ""
    schema: str = ""  # a module's full name
    function: tuple[str, str, int] = ("", "", 0)


class Unknown(Operation, tag="unknown"):
    """From here on a table is not what the operations say; an empty name means every table."""

    table: TableName = TableName("")


AnyOperation = (
    CreateTable
    | AlterTable
    | DropTable
    | RenameTable
    | RenameColumn
    | CreateIndex
    | DropIndex
    | RenameIndex
    | CreateConstraint
    | AddForeignKey
    | SetPrimaryKey
    | DropConstraint
    | RenameConstraint
    | Execute
    | ChangeData
    | Unknown
)


class Migration(Fact):
    """One migration. `folder` is where it and its like lie, `repo` the folder above.

    `up` is what `change` or `up` does.
    """

    module: str
    version: int  # of the file's name, 20260101000000
    name: str  # of the file, without version and ending
    folder: str  # `priv/repo/migrations`, also for files in folders inside of it
    span: Span  # the module's name
    up: tuple[AnyOperation, ...] = ()
    uses: str = ""  # what is used for Ecto.Migration
    reversible: bool = False  # whether it is a `change`
    ddl_transaction: bool = True
    lock: bool = True
    generated: bool = False  # whether Ash wrote it, from its resources
    only_up: tuple[Span, ...] = ()  # what `change` leaves out when it runs backwards

    @property
    def repo(self) -> str:
        """The repo's folder, `priv/repo` or `apps/shop/priv/repo`."""
        return self.folder.rpartition("/")[0]


_FILE = re.compile(r"(\d+)_(.+)\.exs")
_FOLDER = re.compile(r"((?:.*/)?priv/(?:.+?/)?[^/]*migrations)/(?:.*/)?([^/]+)")


def place_of(path: str) -> tuple[str, int, str] | None:
    """Folder, version and name of a migration's file; None for a file that Ecto does not run."""
    placed = _FOLDER.fullmatch(path)
    named = _FILE.fullmatch(placed[2]) if placed else None
    if placed is None or named is None:
        return None
    return placed[1], int(named[1]), named[2]
