"""The indexes that the fixes of `ecto/missing-fk-index` write are really there afterwards."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.config import Settings
from lsp_server.facts.database.database import database
from lsp_server.lint.registry import registry
from tests.rules.harness import check, encode, fix_all, snapshot_of

RULE = registry().rules["ecto/missing-fk-index"]
TABLES = ("posts", "likes", "tags")


@st.composite
def projects(draw: st.DrawFn) -> dict[str, str]:
    """Migrations that create tables, add foreign keys to them and drop some again."""
    files: dict[str, str] = {}
    created: list[str] = []
    for at in range(draw(st.integers(1, 5))):
        new = [one for one in TABLES if one not in created]
        lines: list[str] = []
        if new and (not created or draw(st.booleans())):
            table = draw(st.sampled_from(new))
            created.append(table)
            lines.append(f"create table(:{table}) do")
        else:
            lines.append(f"alter table(:{draw(st.sampled_from(created))}) do")
        for column in draw(st.lists(st.sampled_from("abcd"), max_size=3, unique=True)):
            lines.append(f"  add :m{at}_{column}_id, references(:users)")
        lines.append("end")
        if draw(st.booleans()):
            lines.append(f"create index(:{created[-1]}, [:m{at}_a_id])")
        body = "\n".join(f"    {line}" for line in lines)
        files[f"priv/repo/migrations/{2024 + at}_m{at}.exs"] = (
            f"defmodule M{at} do\n  use Ecto.Migration\n\n  def change do\n{body}\n  end\nend\n"
        )
    return files


@settings(max_examples=60, deadline=None)
@given(projects())
def test_after_the_fixes_nothing_is_missing(project: dict[str, str]) -> None:
    files = encode(project)
    before = len(check(RULE, files))
    fixed = fix_all(RULE, files)
    assert check(RULE, fixed) == []
    index = snapshot_of(fixed).index
    after = database(index)["priv/repo"]
    assert not any(table.uncertain for table in after.tables)
    assert len({one.version for _, one in after.migrations}) == len(after.migrations)
    assert sum(len(table.indexes) for table in after.tables) >= before


def test_tables_and_columns_can_be_allowed() -> None:
    code = (
        "defmodule M do\n  use Ecto.Migration\n  def change do\n    create table(:posts) do\n"
        "      add :a_id, references(:as)\n      add :b_id, references(:bs)\n    end\n  end\nend\n"
    )
    files = encode({"priv/repo/migrations/1_m.exs": code})
    for allowed, count in ((["posts.a_id"], 1), (["posts"], 0), (["a_id"], 2)):
        assert len(check(RULE, files, Settings(options={RULE.id: {"allow": allowed}}))) == count


def test_an_index_that_ends_a_transaction_is_for_review() -> None:
    """Without its transaction, a migration that fails leaves its first half in place."""
    table = migration("create", "create table(:posts) do\n      add :title, :string\n    end")
    adds = "alter table(:posts) do\n      add :author_id, references(:users)\n    end"
    attributes = "@disable_ddl_transaction true\n  @disable_migration_lock true"
    for path, text, applicability in [
        ("priv/repo/migrations/20240201000000_add.exs", migration("add", adds), "review"),
        (
            "priv/repo/migrations/20240201000000_add.exs",
            migration("add", adds).replace(
                "use Ecto.Migration", f"use Ecto.Migration\n  {attributes}"
            ),
            "safe",
        ),
    ]:
        files = encode({"priv/repo/migrations/20240101000000_create.exs": table, path: text})
        (finding,) = check(RULE, files)
        assert finding.fix is not None and finding.fix.applicability == applicability
    (finding,) = check(
        RULE,
        encode(
            {
                "priv/repo/migrations/20240101000000_a.exs": migration(
                    "a",
                    "create table(:posts) do\n      add :author_id, references(:users)\n    end",
                )
            }
        ),
    )
    assert finding.fix is not None and finding.fix.applicability == "safe"


def migration(name: str, body: str) -> str:
    return (
        f"defmodule Blog.Repo.Migrations.{name.title()} do\n  use Ecto.Migration\n\n"
        f"  def change do\n    {body}\n  end\nend\n"
    )
