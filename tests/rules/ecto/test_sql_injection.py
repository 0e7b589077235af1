"""What `ecto/sql-injection` says beside the line: related places, and one finding for what reads
alike."""

from __future__ import annotations

from lsp_server.lint.registry import registry
from tests.rules.harness import check, encode, fix_all

RULE = registry().rules["ecto/sql-injection"]
CODE = """\
defmodule Shop.Cleaner do
  alias Shop.Repo

  def run(shop, other, third, fourth) do
    [
      "DELETE FROM a WHERE shop = #{shop}",
      "DELETE FROM b WHERE shop = #{shop} AND o = #{other} AND t = #{third} AND f = #{fourth}",
      "DELETE FROM #{other}"
    ]
    |> Enum.each(&Repo.query!(&1, []))
  end
end
"""


def test_what_reads_alike_is_one_finding_with_its_places() -> None:
    source = CODE.encode()
    values, names = sorted(
        check(RULE, encode({"lib/a.ex": CODE})), key=lambda one: -len(one.related)
    )
    assert values.span == names.span and values.span.slice(source) == b"&1"
    assert values.message.startswith("`shop`, `other` and 2 more become part of the SQL")
    places = [one.span.slice(source) for one in values.related]
    assert places == [b"#{shop}", b"#{shop}", b"#{other}", b"#{third}", b"#{fourth}"]
    assert [one.span.slice(source) for one in names.related] == [b"#{other}"]


def test_the_call_is_related_where_it_is_elsewhere() -> None:
    code = (
        "defmodule A do\n  def run(x) do\n    sql(x)\n    |> Repo.query!()\n  end\n\n"
        '  defp sql(x), do: "SELECT 1 WHERE a = #{x}"\nend\n'
    )
    (found,) = check(RULE, encode({"lib/a.ex": code}))
    related = [one.span.slice(code.encode()) for one in found.related]
    assert found.span.slice(code.encode()) == b"sql(x)"
    assert related == [b"#{x}", b"Repo.query!()"]


def test_the_values_of_one_text_become_parameters_in_one_step() -> None:
    code = (
        'defmodule A do\n  def run(z, y) do\n    sql = "SELECT 1 WHERE a = #{z} AND b = #{y}"\n\n'
        "    Repo.query!(sql)\n  end\nend\n"
    )
    files = encode({"lib/a.ex": code})
    assert len(check(RULE, files)) == 1
    assert b'a = $1 AND b = $2"\n\n    Repo.query!(sql, [z, y])' in fix_all(RULE, files)["lib/a.ex"]
