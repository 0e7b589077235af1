"""The table of a schema in the database that the migrations leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lsp_server.facts.database.database import Database, Table
from lsp_server.facts.database.schemas import Schema
from lsp_server.role import app_of


@dataclass(frozen=True, slots=True)
class Held:
    """A table and the repo that has it."""

    database: Database
    table: Table


def table_of(
    schema: Schema, path: str, bases: Mapping[str, Database], *, whole: bool = True
) -> Held | None:
    """The table of a schema, where exactly one repo has it and what its migrations tell is so.
    `whole`: only if they make the table, so that they tell all of it."""
    if schema.embedded or not schema.table:
        return None
    having = [one for one in bases.values() if not one.orphan and any(one.named(schema.table))]
    if len(having) > 1:
        having = [one for one in having if app_of(f"{one.folder}/x") == app_of(path)]
    table = having[0].table(schema.table, schema.prefix) if len(having) == 1 else None
    if table is None or table.uncertain or (whole and table.path is None):
        return None
    return Held(having[0], table)
