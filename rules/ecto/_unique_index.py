"""What unique index a step of a changeset relies on, and whether the table has it.

Ecto finds the step by the name of the index that the database reports (ecto 3.13,
`Ecto.Changeset.unique_constraint/3`): `name:`, else table, columns and `index`, joined by `_`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from lsp_server.facts import index as facts
from lsp_server.facts.database.changesets import Step
from lsp_server.facts.database.database import SQLITE
from lsp_server.facts.database.migrations import Execute, Index, Migration, default_index_name
from lsp_server.facts.database.schemas import Schema
from lsp_server.facts.database.table_state import NAME_LENGTH, StoredIndex, same_name

from ._schema_table import Held

UNIQUE = "unique_constraint"
_LITERAL = re.compile(r':\w+|:?"\w+"')
_MOST = 4  # columns of an index that is guessed from its name


@dataclass(frozen=True, slots=True)
class Lack:
    """An index that a step relies on in vain.

    `others` are unique indexes over the same fields, or some of them and more, of other names.
    `certain`: whether the columns that the index is to have are known.
    """

    columns: tuple[str, ...]
    name: str  # that the step waits for; empty for `unsafe_validate_unique`
    others: tuple[StoredIndex, ...] = ()
    certain: bool = True


def index_name(index: Index, held: Held) -> str:
    """The name under which the database reports an index: SQLite knows only its columns, Postgres
    has cut off what is too long."""
    if held.database.adapter == SQLITE and not index.has_expression:
        return default_index_name(held.table.name, index.columns)
    return index.name[:NAME_LENGTH] if held.database.is_postgres else index.name


class Relied:
    """The unique indexes of a schema's table. `steps` are all `unique_constraint`s for it."""

    def __init__(self, schema: Schema, held: Held, steps: Sequence[Step]) -> None:
        self.schema = schema
        self.held = held
        self.table = held.table
        self.unique = [one for one in held.table.indexes if one.index.unique]
        self.steps = steps

    def lacking(self, step: Step) -> Lack | None:
        """The index that a step relies on in vain; None where it is there or nothing is known."""
        if not step.complete or not step.fields or step.option("match") is not None:
            return None
        columns = tuple(self.schema.column(one.name) for one in step.fields)
        if not all(one in self.table.columns for one in columns):
            return None
        if set(columns) & {*self.table.primary_key, *self.schema.keys}:
            return None
        if any(one.exclude for one in self.table.constraints):
            return None
        if any(not one.index.exact or _expresses(one.index, columns) for one in self.unique):
            return None
        if step.name != UNIQUE:
            held = any(_is_near(one.index.columns, columns) for one in self.unique)
            return None if held else Lack(columns, "")
        return self._unnamed(step, columns)

    def _unnamed(self, step: Step, columns: tuple[str, ...]) -> Lack | None:
        name = self._name(step)
        if not name or self._is_taken(name):
            return None
        near = [one for one in self.unique if _is_near(one.index.columns, columns)]
        if near:
            if not all(self._name(one) for one in self.steps):
                return None
            names = [self._name(one) for one in self.steps]
            left = [one for one in near if not _holds(names, index_name(one.index, self.held))]
            return Lack(columns, name, tuple(left)) if left else None
        if same_name(name, default_index_name(self.table.name, columns)):
            return Lack(columns, name)
        return self._of_name(name, columns)

    def _of_name(self, name: str, columns: tuple[str, ...]) -> Lack:
        """The columns of an index that has a name of its own: those of which it is made up."""
        said = [one for one in self.table.columns if _word(one).search(name)]
        more = [one for one in said if one not in columns]
        if not more:
            return Lack(columns, name)
        for count in range(len(columns), min(len(said), _MOST) + 1):
            for chosen in permutations(said, count):
                if same_name(default_index_name(self.table.name, chosen), name):
                    return Lack(chosen, name, certain=set(columns) <= set(chosen))
        return Lack(columns, name, certain=False)

    def _name(self, step: Step) -> str:
        """The name that a step waits for; empty where it is computed."""
        said = step.option("name")
        if said is not None:
            return step.constraint if _LITERAL.fullmatch(said) else ""
        columns = tuple(self.schema.column(one.name) for one in step.fields)
        if not step.complete or not all(columns):
            return ""
        return default_index_name(self.table.name, columns)

    def _is_taken(self, name: str) -> bool:
        names = [index_name(one.index, self.held) for one in self.unique]
        names += [one.index.name for one in self.unique]
        names += [one.name for one in self.table.constraints]
        return _holds([*names, f"{self.table.name}_pkey"], name)


def unread_sql(index: facts.Index) -> list[str]:
    """The SQL of migrations of which nothing is known."""
    return [
        one.up
        for _, migration in index.of(Migration)
        for one in migration.up
        if isinstance(one, Execute) and one.up is not None
        if all(other is one or other.span != one.span for other in migration.up)
    ]


def _holds(names: Iterable[str], name: str) -> bool:
    return any(same_name(one, name) for one in names)


def _is_near(indexed: tuple[str, ...], columns: tuple[str, ...]) -> bool:
    return set(indexed) <= set(columns) or set(columns) <= set(indexed)


def _expresses(index: Index, columns: tuple[str, ...]) -> bool:
    return index.has_expression and any(
        _word(column).search(part) for part in index.columns for column in columns
    )


def _word(column: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(column)}(?![^\W_])")
