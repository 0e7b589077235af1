"""Rules are found by their files, and refused where their page is not whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lsp_server.lint.registry import InvalidRule, load

WHOLE = '''from lsp_server.lint.rule import Rule


class NoFoo(Rule):
    """
    A call of foo.

    ## Bad

    ```elixir
    foo()
    ```

    ## Good

    ```elixir
    bar()
    ```
    """
'''


def write(folder: Path, name: str, **files: str) -> str:
    """A package of rules with one pack, which can be imported by the answer."""
    pack = folder / name / "house"
    pack.mkdir(parents=True)
    for path in (pack.parent / "__init__.py", pack / "__init__.py"):
        path.write_text("")
    for stem, text in files.items():
        (pack / f"{stem}.py").write_text(text)
    return name


@pytest.fixture(autouse=True)
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def test_a_rule_has_the_name_of_its_file(importable: Path) -> None:
    package = write(importable, "house_one", no_foo=WHOLE, _shared="VALUE = 1\n")
    assert [rule.id for rule in load(package)] == ["house/no-foo"]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("no_bad", WHOLE.replace("## Bad", "## Worse"), "`## Bad`"),
        ("no_good", WHOLE.replace("bar()\n    ```", "bar()"), "`## Good`"),
        ("no_summary", WHOLE.replace('"""', '"""Foo."""\n    X = """', 1), "`## Bad`"),
        ("no_docstring", WHOLE.replace('"""', "TEXT = '''", 1).replace('"""', "'''"), "summary"),
        ("two", WHOLE + WHOLE.partition("\n\n\n")[2].replace("NoFoo", "NoBar"), "exactly one"),
        ("none", "VALUE = 1\n", "exactly one"),
    ],
)
def test_what_is_no_whole_rule_is_refused(
    importable: Path, name: str, text: str, complaint: str
) -> None:
    with pytest.raises(InvalidRule, match=complaint):
        load(write(importable, f"house_{name}", rule=text))
