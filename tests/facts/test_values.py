"""Values that can be read off the source."""

from __future__ import annotations

from typing import Any

import pytest

from lsp_server.document import Document
from lsp_server.facts.values import UNKNOWN, Name, Scope, known, spelled, value_of
from lsp_server.syntax.elixir import Match


def read(expression: str, **variables: Any) -> Any:
    code = f"defmodule M do\n  @list ~w(a b)a\n  @again @again\n  x = {expression}\nend\n"
    document = Document("lib/m.ex", code.encode())
    form = document.modules[1].forms[-1]
    assert isinstance(form.node, Match)
    return value_of(form.node.right, Scope(document.modules[1], variables))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1_000", 1000),
        ("-2", -2),
        ("nil", None),
        ("true", True),
        (":a", Name("a")),
        (':"a b"', Name("a b")),
        ('"a\\nb"', "a\nb"),
        ('"a" <> "b"', "ab"),
        ("[1] ++ [2 | [3]]", [1, 2, 3]),
        ("[1, 2, 2] -- [2]", [1, 2]),
        ("{:a, 1}", ("a", 1)),
        ("[a: 1, b: 2]", [("a", 1), ("b", 2)]),
        ('%{"a" => 1, b: 2}', [("a", 1), ("b", 2)]),
        ("~w(a b)", ["a", "b"]),
        ("@list", ["a", "b"]),
        ("1..3", [1, 2, 3]),
        ('"#{:a}_#{1}"', "a_1"),
        (':"#{"a"}_id"', Name("a_id")),
        ("(1)", 1),
        ("y", 7),
        ('"y is #{y}"', "y is 7"),
        ('String.to_atom("a")', Name("a")),
        ('Enum.join(@list, ", ")', "a, b"),
        ('Enum.map_join(@list, ",", &"<#{&1}>")', "<a>,<b>"),
        ("Enum.map([1, 2], fn n -> {n, n} end)", [(1, 1), (2, 2)]),
        ('@list |> Enum.map_join("-", &"#{&1}")', "a-b"),
    ],
)
def test_what_is_known(expression: str, value: Any) -> None:
    found = read(expression, y=7)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "expression",
    [
        "z",
        "f()",
        "@again",
        "@none",
        '"#{z}"',
        "x.y",
        "1 + 2",
        "%Struct{}",
        "fn -> 1 end",
        "1..2000",
    ],
)
def test_what_is_not(expression: str) -> None:
    assert read(expression) is UNKNOWN


def test_parts_can_be_unknown() -> None:
    assert read("[1, f()]") == [1, UNKNOWN] and not known(read("[1, f()]"))
    assert known(read("[1, [2, {:a}]]"))


def test_deep_nesting_is_unknown() -> None:
    assert not known(read("[" * 200 + "1" + "]" * 200))


@pytest.mark.parametrize(
    "expression", [":a", ':"a b"', '"a\\"b"', "{:array, :string}", "[a: 1]", "nil", "true", "[]"]
)
def test_values_are_spelled_as_they_were_written(expression: str) -> None:
    assert spelled(read(expression)) == expression
