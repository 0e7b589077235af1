"""The shop, on which all rules are judged, is Elixir that nobody would format anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.elixir_oracle import ElixirOracle
from tests.marks import MARK, take_marks

SHOP = Path(__file__).parent / "shop"
RULES = Path(__file__).parent.parent / "rules"


def texts(*suffixes: str) -> dict[str, str]:
    """The shop's files of these suffixes, marks and all, by path below the shop."""
    return {
        path.relative_to(SHOP).as_posix(): path.read_text("utf-8")
        for path in sorted(SHOP.rglob("*"))
        if path.suffix in suffixes
    }


ELIXIR = texts(".ex", ".exs")
TEMPLATES = texts(".heex", ".eex")


def test_it_is_large_enough_to_mean_something() -> None:
    assert len(ELIXIR) + len(TEMPLATES) >= 60


def test_every_elixir_file_parses_with_and_without_its_marks(elixir: ElixirOracle) -> None:
    marked = dict(zip(ELIXIR, elixir.parse_all(ELIXIR.values()), strict=True))
    plain = [take_marks(text)[0] for text in ELIXIR.values()]
    unmarked = dict(zip(ELIXIR, elixir.parse_all(plain), strict=True))
    assert {path: error for path, error in marked.items() if error} == {}
    assert {path: error for path, error in unmarked.items() if error} == {}


def test_the_lock_file_is_a_map_of_packages(elixir: ElixirOracle) -> None:
    lock = (SHOP / "mix.lock").read_text("utf-8")
    assert elixir.parses(lock) is None
    assert '"phoenix": {:hex, :phoenix, "1.8.' in lock


def test_every_template_is_eex(elixir: ElixirOracle) -> None:
    errors = zip(TEMPLATES, elixir.eex_parse_all(TEMPLATES.values()), strict=True)
    assert {path: error for path, error in errors if error} == {}


def test_every_elixir_file_is_formatted(elixir: ElixirOracle) -> None:
    plain = {path: take_marks(text)[0] for path, text in ELIXIR.items()}
    formatted = elixir.format_all(plain.values())
    changed = [path for path, text in zip(plain, formatted, strict=True) if plain[path] != text]
    assert changed == []


@pytest.mark.parametrize("path", [path for path, text in (ELIXIR | TEMPLATES).items()])
def test_marks_are_well_formed(path: str) -> None:
    """A mark that is misspelt would be a comment, and its finding a false alarm."""
    text = (ELIXIR | TEMPLATES)[path]
    assert text.count("error: [") == len(MARK.findall(text))
    _, marks = take_marks(text)
    for _, rule in marks:
        pack, _, name = rule.partition("/")
        assert (RULES / pack).is_dir() and name == name.lower() and name, rule


def test_something_is_planted() -> None:
    planted = {rule for text in (ELIXIR | TEMPLATES).values() for _, rule in take_marks(text)[1]}
    assert len(planted) >= 16
