"""What plain SQL in a migration does to tables."""

from __future__ import annotations

import pytest

from lsp_server.facts.database.migration_sql import HOLE, operations
from lsp_server.facts.database.migrations import (
    AddForeignKey,
    AlterTable,
    AnyOperation,
    ChangeData,
    CreateConstraint,
    CreateIndex,
    CreateTable,
    DropConstraint,
    DropIndex,
    DropTable,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    SetPrimaryKey,
    TableName,
    Unknown,
)
from lsp_server.text import Span


def read(sql: str) -> list[AnyOperation]:
    return list(operations(sql, Span(0, 1)))


def one(sql: str) -> AnyOperation:
    (found,) = read(sql)
    return found


@pytest.mark.parametrize(
    ("sql", "verb", "table"),
    [
        ("UPDATE ONLY shop.posts SET a = 1", "UPDATE", "posts"),
        ("insert into posts (a) values (1)", "INSERT", "posts"),
        ('DELETE FROM "Posts" WHERE a = 1', "DELETE", "Posts"),
        ("TRUNCATE TABLE posts", "TRUNCATE", "posts"),
        ("WITH old AS (SELECT 1 FOR UPDATE) UPDATE posts SET a = 1", "UPDATE", "posts"),
        (f"UPDATE {HOLE} SET a = 1", "UPDATE", ""),
    ],
)
def test_rows_that_change(sql: str, verb: str, table: str) -> None:
    found = one(sql)
    assert isinstance(found, ChangeData)
    assert (found.text, found.table) == (verb, table)


@pytest.mark.parametrize("sql", ["UPDATE pg_attribute SET attlen = 1", "SELECT 1 FOR UPDATE"])
def test_rows_that_do_not_change(sql: str) -> None:
    assert read(sql) == []


def test_a_table_with_keys_and_constraints() -> None:
    table, unique, foreign, primary, check = read(
        """
        CREATE TABLE IF NOT EXISTS public."Orders" (
          id bigserial,
          number varchar(20) NOT NULL DEFAULT 'a,b' UNIQUE, -- a comment, with a comma
          user_id integer REFERENCES users (uid) ON UPDATE CASCADE ON DELETE SET NULL,
          price numeric(10, 2) CHECK (price > 0),
          FOREIGN KEY (shop_id, branch) REFERENCES shops (id, branch) ON DELETE CASCADE,
          PRIMARY KEY (id, number),
          CONSTRAINT cheap CHECK ((price) < 10)
        );
        """
    )
    assert isinstance(table, CreateTable) and table.if_not_exists and not table.open
    assert table.table == TableName("Orders")
    assert [column.name for column in table.columns] == ["id", "number", "user_id", "price"]
    number, user = table.columns[1:3]
    assert (number.null, number.default, number.type) == (False, "fragment", ':"varchar(20)"')
    assert user.reference is not None
    assert (user.reference.table.name, user.reference.column) == ("users", "uid")
    assert (user.reference.on_delete, user.reference.on_update) == ("nilify_all", "update_all")
    assert isinstance(unique, CreateIndex) and unique.index.name == "Orders_number_key"
    assert isinstance(foreign, AddForeignKey)
    assert (foreign.column, foreign.reference.on_delete) == ("shop_id", "delete_all")
    assert isinstance(primary, SetPrimaryKey) and primary.columns == ("id", "number")
    assert isinstance(check, CreateConstraint)
    assert (check.name, check.check) == ("cheap", "(price) < 10")


@pytest.mark.parametrize(
    ("sql", "columns", "name"),
    [
        ("CREATE INDEX ON t (a, b DESC)", ("a", "b"), "t_a_b_idx"),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON t USING gin (a gin_trgm_ops)", ("a",), "x"),
        ("CREATE INDEX x ON ONLY t (a)", ("a",), "x"),
        ("CREATE INDEX ON t (lower(a), b)", ("lower(a)", "b"), "t_expr_b_idx"),
        ('create index "X" on "s"."t" ("A")', ("A",), "X"),
        ("CREATE INDEX x ON t ((a->>'k'))", ("(a ->> 'k')",), "x"),
    ],
)
def test_indexes(sql: str, columns: tuple[str, ...], name: str) -> None:
    made = one(sql)
    assert isinstance(made, CreateIndex)
    assert (made.index.columns, made.index.name, made.index.unique) == (columns, name, False)


def test_partial_unique_index() -> None:
    made = one("CREATE UNIQUE INDEX x ON t (a) INCLUDE (b) WHERE c IS NULL AND d = 'x'")
    assert isinstance(made, CreateIndex)
    index = made.index
    assert (index.unique, index.include, index.where) == (True, ("b",), "c IS NULL AND d = 'x'")


def test_alterations_of_a_table() -> None:
    found = read(
        """
        ALTER TABLE ONLY t
          ADD COLUMN a integer REFERENCES x,
          ADD b text NOT NULL,
          DROP COLUMN IF EXISTS c,
          ALTER d SET NOT NULL,
          ALTER COLUMN e TYPE bigint USING e::bigint,
          DROP CONSTRAINT IF EXISTS f,
          ADD CONSTRAINT g UNIQUE (a, b),
          ADD CONSTRAINT h FOREIGN KEY (b) REFERENCES y NOT VALID,
          RENAME CONSTRAINT i TO j;
        ALTER TABLE t RENAME COLUMN k TO l;
        ALTER TABLE t RENAME m TO n;
        ALTER TABLE t RENAME TO u
        """
    )
    changes = [line for one in found if isinstance(one, AlterTable) for line in one.changes]
    assert [(line.action, line.column.name, line.column.type) for line in changes] == [
        ("add", "a", ":integer"),
        ("add", "b", ":text"),
        ("remove", "c", ""),
        ("modify", "d", ""),
        ("modify", "e", ":bigint"),
    ]
    assert changes[3].column.null is False
    rest = [one for one in found if not isinstance(one, AlterTable)]
    assert [type(one) for one in rest] == [
        DropConstraint,
        CreateIndex,
        AddForeignKey,
        RenameConstraint,
        RenameColumn,
        RenameColumn,
        RenameTable,
    ]
    foreign = rest[2]
    assert isinstance(foreign, AddForeignKey)
    assert (foreign.reference.name, foreign.reference.validate) == ("h", False)


def test_what_is_dropped_or_renamed() -> None:
    kinds = [
        type(one)
        for one in read(
            "DROP INDEX CONCURRENTLY IF EXISTS a, b; DROP TABLE c; ALTER INDEX d RENAME TO e"
        )
    ]
    assert kinds == [DropIndex, DropIndex, DropTable, RenameIndex]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = 'CREATE INDEX x ON t (a)'",
        "CREATE FUNCTION f() RETURNS void AS $$ ALTER TABLE t DROP COLUMN a; $$ LANGUAGE sql",
        "DO $body$ BEGIN DROP TABLE t; END $body$",
        "CREATE MATERIALIZED VIEW v AS SELECT 1",
        "-- DROP TABLE t",
        "/* DROP TABLE t; */",
        "ALTER TABLE t OWNER TO me",
        "",
        "(((",
        "CREATE",
        "ALTER TABLE",
    ],
)
def test_what_leaves_tables_as_they_are(sql: str) -> None:
    assert not [one for one in read(sql) if not isinstance(one, (Unknown, ChangeData))]


def test_computed_names_are_unknown() -> None:
    unknown = one(f"ALTER TABLE {HOLE} DROP COLUMN x")
    assert isinstance(unknown, Unknown) and unknown.table.name == ""
    index = one(f"CREATE INDEX {HOLE}_a_index ON {HOLE} (a)")
    assert isinstance(index, CreateIndex) and index.index.table.name == ""
