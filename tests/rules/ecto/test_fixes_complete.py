"""After the migrations of the fixes, the database has what the findings missed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.facts.database.database import Database, database
from lsp_server.lint.registry import registry
from tests.rules.harness import Files, check, encode, fix_all, snapshot_of

FOLDER = "apps/blog/priv/repo/migrations"
RULES = (
    "ecto/missing-fk-constraint",
    "ecto/missing-fk-index",
    "ecto/missing-unique-index",
    "ecto/nullable-required",
    "ecto/missing-check-constraint",
    "ecto/missing-timestamps",
)
STAMPS = {"inserted_at", "updated_at"}
TYPES = (":integer", ":bigint", ":string", "references(:users)", ":decimal, precision: 8, scale: 2")
SCHEMA = """\
defmodule Blog.{name} do
  use Ecto.Schema
  import Ecto.Changeset

  schema "{table}" do
{fields}
  end

  def changeset(row, attrs) do
    row
    |> cast(attrs, {listed})
    |> validate_required({listed})
{constraints}
  end
end
"""


@st.composite
def projects(draw: st.DrawFn) -> dict[str, str]:
    """Two schemas, and migrations that create their tables and add to them in any order."""
    files: dict[str, str] = {}
    columns: dict[str, list[str]] = {"posts": [], "notes": []}
    bodies = ["create table(:users)"]
    for table in columns:
        lines = [f"create table(:{table}) do"]
        for name in draw(st.lists(st.sampled_from(("user_id", "a", "b")), min_size=1, unique=True)):
            columns[table].append(name)
            lines.append(f"  add :{name}, {draw(st.sampled_from(TYPES))}")
        bodies.append("\n".join([*lines, "end"]))
    for at in range(draw(st.integers(0, 3))):
        table = draw(st.sampled_from(sorted(columns)))
        columns[table].append(f"c{at}")
        line = f"  add :c{at}, {draw(st.sampled_from(TYPES))}"
        index = f"create index(:{table}, [:c{at}])" if draw(st.booleans()) else ""
        bodies.append(f"alter table(:{table}) do\n{line}\nend\n{index}")
    # Some migrations do two of these things.
    while len(bodies) > 1 and draw(st.booleans()):
        bodies[-2:] = ["\n\n".join(bodies[-2:])]
    for at, body in enumerate(bodies):
        inner = "\n".join(f"    {line}".rstrip() for line in body.splitlines())
        files[f"{FOLDER}/2024010100000{at}_m{at}.exs"] = (
            f"defmodule M{at} do\n  use Ecto.Migration\n\n  def change do\n{inner}\n  end\nend\n"
        )
    for table, names in columns.items():
        files[f"apps/blog/lib/blog/{table}.ex"] = SCHEMA.format(
            name=table.title(),
            table=table,
            fields="\n".join(f"    field :{name}, :any" for name in names),
            listed=f"[{', '.join(f':{name}' for name in names)}]",
            constraints="\n".join(
                f"    |> {step}(:{name}{given})"
                for name in names
                for step, given in (
                    ("unique_constraint", ""),
                    ("validate_number", ", greater_than: 0"),
                    ("validate_inclusion", ', ["a", "b"]'),
                )
                if draw(st.booleans())
            ),
        )
    return files


def base(files: Files) -> Database:
    return database(snapshot_of(files).index)["apps/blog/priv/repo"]


def shape(found: Database) -> dict[str, set[str]]:
    return {one.name: set(one.columns) - STAMPS for one in found.tables}


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=25, deadline=None)
@given(files=projects())
def test_the_fixes_of_a_rule_leave_nothing_to_find(rule: str, files: dict[str, str]) -> None:
    before = encode(files)
    lacking = {(one.path, one.span) for one in check(registry().rules[rule], before)}
    after = fix_all(registry().rules[rule], before)
    assert check(registry().rules[rule], after) == []
    assert (after == before) == (not lacking)
    assert rule == "ecto/missing-timestamps" or not STAMPS & {
        column for table in base(after).tables for column in table.columns
    }
    # Nothing but what was missing changes, and no table gets two files.
    assert shape(base(after)) == shape(base(before))
    new = sorted(set(after) - set(before))
    assert len({one.rpartition("_")[2] for one in new}) == len(new)


@settings(max_examples=40, deadline=None)
@given(files=projects(), order=st.permutations(RULES))
def test_the_fixes_of_all_rules_go_together(files: dict[str, str], order: list[str]) -> None:
    current: dict[str, bytes] = encode(files)
    for _ in range(3):  # a new foreign key wants an index
        for rule in order:
            current = fix_all(registry().rules[rule], current)
    for rule in RULES:
        assert check(registry().rules[rule], current) == []
    found = base(current)
    versions = [one.version for _, one in found.migrations]
    assert len(set(versions)) == len(versions)
    assert len({one.module for _, one in found.migrations}) == len(versions)
    # One file for indexes, which has no transaction, and one for all else of a table.
    new = set(current) - set(files)
    assert all(sum(path.endswith(f"_{table}.exs") for path in new) <= 2 for table in shape(found))
