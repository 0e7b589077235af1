"""The oracle itself: what it says of texts about which there is no doubt."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from tests.elixir_oracle import SCRIPT, ElixirOracle, ElixirSyntaxError, OracleStopped
from tests.locals_without_parens import LOCALS_WITHOUT_PARENS, arities

pytest_plugins = ["pytester"]

CHANGESET = "user |> cast(attrs, [:email]) |> unique_constraint(:email)\n"


def test_version_is_a_version_of_elixir(elixir: ElixirOracle) -> None:
    major, minor, *_ = elixir.version.split(".")
    assert (int(major), int(minor)) >= (1, 14)


def test_code_that_parses(elixir: ElixirOracle) -> None:
    assert elixir.parses(CHANGESET) is None
    assert elixir.parses("") is None


def test_code_that_does_not_parse_says_where(elixir: ElixirOracle) -> None:
    error = elixir.parses("a = 1\nb = %{\n")
    assert error is not None
    assert error.startswith("line ")
    assert "missing terminator: }" in error


def test_two_part_messages_are_joined(elixir: ElixirOracle) -> None:
    error = elixir.parses("x = fn -> 1 enb\n}")
    assert error is not None
    assert "unexpected token: }" in error or "syntax error before" in error


def test_answers_keep_their_order(elixir: ElixirOracle) -> None:
    codes = [f"f({n}" if n % 3 == 0 else f"f({n})" for n in range(50)]
    assert [error is None for error in elixir.parse_all(codes)] == [n % 3 != 0 for n in range(50)]
    assert elixir.format_all([f"f {n}" for n in range(50)]) == [f"f({n})\n" for n in range(50)]


def test_every_character_survives_the_way_there_and_back(elixir: ElixirOracle) -> None:
    text = 'greeting = "Grüße, 世界 🧪 \u2028 \\r\\n"\nnaïve = :ÿ\n'
    assert elixir.format(text) == text
    assert elixir.format(text.replace("\n", "\r\n")) == text


def test_parses_a_file_longer_than_a_pipe_holds(elixir: ElixirOracle) -> None:
    long = "x = [1, 2, 3]\n" * 40_000
    assert elixir.format(long) == long


def test_formats_as_mix_format(elixir: ElixirOracle) -> None:
    assert elixir.format("foo  a ,b") == "foo(a, b)\n"
    assert elixir.format("") == ""
    assert elixir.format("x = 1 # why\n") == "# why\nx = 1\n"


def test_format_refuses_what_does_not_parse(elixir: ElixirOracle) -> None:
    with pytest.raises(ElixirSyntaxError, match="missing terminator"):
        elixir.format("def f(")
    good, bad = elixir.format_all(["f()\n", "f("])
    assert good == "f()\n"
    assert isinstance(bad, ElixirSyntaxError)


def test_line_length_is_an_option(elixir: ElixirOracle) -> None:
    call = "first_function(one_argument, another_argument)\n"
    assert elixir.is_formatted(call)
    assert not elixir.is_formatted(call, line_length=30)


@pytest.mark.parametrize(
    "code",
    [
        "plug :accepts\n",
        'live "/cart", CartLive, :index\n',
        'attr :class, :string, default: ""\n',
        "slot :inner_block, required: true\n",
        "field :email, :string\n",
        "belongs_to :user, User\n",
        "add :user_id, references(:users), null: false\n",
        "create index(:orders, [:user_id])\n",
        "from u in User, where: u.active\n",
        "uuid_primary_key :id\n",
        "authorize_if always()\n",
    ],
)
def test_calls_of_the_libraries_keep_no_parentheses(elixir: ElixirOracle, code: str) -> None:
    assert elixir.is_formatted(code)
    assert not elixir.is_formatted(code, locals_without_parens=[])


def test_arities_reads_its_table() -> None:
    assert arities("live/2-4 plug/1") == {("live", 2), ("live", 3), ("live", 4), ("plug", 1)}
    assert ("belongs_to", 2) in LOCALS_WITHOUT_PARENS


def test_equal_modulo_metadata(elixir: ElixirOracle) -> None:
    assert elixir.ast_equal("f a, b: 1", "f(\n  a,\n  [b: 1]\n)  # why")
    assert not elixir.ast_equal("f(a)", "f(b)")
    assert not elixir.ast_equal("a |> f()", "f(a)")
    with pytest.raises(ElixirSyntaxError):
        elixir.ast_equal("f(", "f(")


def test_ast_equal_all_judges_each_pair(elixir: ElixirOracle) -> None:
    equal, different, broken = elixir.ast_equal_all([("a", "( a )"), ("a", "b"), ("a", "(")])
    assert (equal, different) == (True, False)
    assert isinstance(broken, ElixirSyntaxError)


def test_templates(elixir: ElixirOracle) -> None:
    assert elixir.eex_parses("<%= if @a do %>a<% else %>b<% end %>\n<p>{@c}</p>") is None
    error = elixir.eex_parses("<p>\n<%= if @a do %>\n</p>")
    assert error is not None
    assert "line" in error


def test_thousands_of_snippets_take_seconds(elixir: ElixirOracle) -> None:
    snippets = [f"def f{n}(x) do\n  {CHANGESET}end\n" for n in range(5_000)]
    start = perf_counter()
    assert elixir.parse_all(snippets) == [None] * 5_000
    assert all(isinstance(text, str) for text in elixir.format_all(snippets))
    assert perf_counter() - start < 30


def test_text_that_is_no_text_is_an_answer_and_not_a_crash(elixir: ElixirOracle) -> None:
    assert elixir.parses("\x00") is not None
    assert elixir.parses(CHANGESET) is None


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "elixir"
    broken.write_text("#!/bin/sh\necho no beam here >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(OracleStopped, match="ended with 3: no beam here"):
        ElixirOracle([str(broken)])


@pytest.mark.parametrize(("required", "outcome"), [("0", "skipped"), ("1", "errors")])
def test_missing_elixir_skips_or_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    pytester.makeconftest((SCRIPT.parent / "conftest.py").read_text("utf-8"))
    pytester.makepyfile("def test_needs_elixir(elixir): assert elixir.version")
    pytester.syspathinsert(SCRIPT.parent)
    monkeypatch.setenv("PATH", str(pytester.path))
    monkeypatch.delenv("RETORT_ELIXIR", raising=False)
    monkeypatch.setenv("RETORT_REQUIRE_ELIXIR", required)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines(["*no `elixir` on PATH*"] if required == "1" else ["*1 skipped*"])
