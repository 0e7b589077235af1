"""Which migrations are judged: the five newest of a repo, or those that a setting names."""

from __future__ import annotations

import pytest

from lsp_server.config import Settings
from lsp_server.lint.registry import registry
from tests.rules.harness import check, encode

RULES = ("ecto/unsafe-migration", "ecto/irreversible-migration")
FILES = encode(
    {
        "apps/shop/priv/repo/migrations/20200101000000_create.exs": (
            "defmodule M0 do\n  use Ecto.Migration\n\n  def change do\n"
            "    create table(:posts) do\n"
            + "".join(f"      add :c{at}, :string\n" for at in range(8))
            + "    end\n  end\nend\n"
        )
    }
    | {
        f"apps/shop/priv/repo/migrations/2020020{at}000000_remove.exs": (
            f"defmodule M{at} do\n  use Ecto.Migration\n\n  def change do\n"
            f"    alter table(:posts) do\n      remove :c{at}\n    end\n  end\nend\n"
        )
        for at in range(1, 8)
    }
)


def found(rule: str, since: str | None) -> list[str]:
    settings = Settings() if since is None else Settings(options={rule: {"since": since}})
    return [
        one.path.rpartition("/")[2][:8] for one in check(registry().rules[rule], FILES, settings)
    ]


@pytest.mark.parametrize("rule", RULES)
def test_the_five_newest(rule: str) -> None:
    assert found(rule, None) == [f"2020020{at}" for at in range(3, 8)]


@pytest.mark.parametrize("rule", RULES)
def test_from_a_version_on(rule: str) -> None:
    assert found(rule, "20200206000000") == ["20200206", "20200207"]
    assert found(rule, "all") == [f"2020020{at}" for at in range(1, 8)]
    assert found(rule, "20300101000000") == []
