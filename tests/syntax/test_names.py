"""What names mean: aliases in every form, nesting, imports, local definitions."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.syntax.elixir import Call


def expand(code: str, written: str = "X") -> str:
    """The module that `written.here` names in the code."""
    document = Document("lib/a.ex", code.encode())
    for form in document.forms:
        for call in form.index.calls("here"):
            assert call.module == written
            return form.names_at(call.start).expand(written)
    raise AssertionError("no `here` in the code")


def in_module(body: str) -> str:
    return f"defmodule My.App do\n{body}\nend\n"


def test_alias_forms() -> None:
    assert expand(in_module("alias A.X\ndef f, do: X.here()")) == "A.X"
    assert expand(in_module("alias A.Long, as: X\ndef f, do: X.here()")) == "A.Long"
    assert expand(in_module("alias A.{W, X}\ndef f, do: X.here()")) == "A.X"
    assert expand(in_module("alias A.{W, Deep.X}\ndef f, do: X.here()")) == "A.Deep.X"
    assert expand(in_module("alias __MODULE__.X\ndef f, do: X.here()")) == "My.App.X"
    assert expand(in_module("alias __MODULE__.{W, X}\ndef f, do: X.here()")) == "My.App.X"
    assert expand(in_module("alias __MODULE__, as: X\ndef f, do: X.here()")) == "My.App"
    assert expand(in_module("require A.Long, as: X\ndef f, do: X.here()")) == "A.Long"
    assert expand(in_module("alias A.B\nalias B.X\ndef f, do: X.here()")) == "A.B.X"
    assert expand(in_module("def f, do: X.here()")) == "X"


def test_the_rest_of_a_name_follows_its_first_part() -> None:
    assert expand(in_module("alias A.X\ndef f, do: X.Y.here()"), "X.Y") == "A.X.Y"
    assert expand(in_module("def f, do: __MODULE__.X.here()"), "__MODULE__.X") == "My.App.X"
    assert expand(in_module("alias A.X\ndef f, do: Elixir.X.here()"), "Elixir.X") == "X"


def test_an_alias_inside_a_function_holds_from_there_to_the_end_of_its_block() -> None:
    body = "alias A.X\ndef f do\n  if a do\n    alias B.X\n    X.here()\n  end\nend"
    assert expand(in_module(body)) == "B.X"
    body = "alias A.X\ndef f do\n  if a do\n    alias B.X\n  end\n  X.here()\nend"
    assert expand(in_module(body)) == "A.X"
    body = "alias A.X\ndef f do\n  X.here()\n  alias B.X\nend"
    assert expand(in_module(body)) == "A.X"


def test_nested_modules_are_named_by_what_is_around_them() -> None:
    code = in_module("defmodule X do\n  def f, do: 1\nend\ndef g, do: X.here()")
    document = Document("lib/a.ex", code.encode())
    assert [module.name for module in document.modules] == ["", "My.App", "My.App.X"]
    assert expand(code) == "My.App.X"


def test_a_nested_module_sees_the_aliases_around_it() -> None:
    assert expand(in_module("alias A.X\ndefmodule In do\n  def f, do: X.here()\nend")) == "A.X"


def test_pipes_captures_and_keyword_bodies() -> None:
    code = in_module("def f(x), do: x |> Repo.one(a: 1) |> then(&Repo.get(User, &1))\n&M.f/2")
    document = Document("lib/a.ex", code.encode())
    calls = {
        call.dotted: call.arity
        for form in document.forms
        for call in form.index.all_calls()
        if isinstance(call, Call)
    }
    assert calls["Repo.one"] == 2
    assert calls["then"] == 2
    assert calls["Repo.get"] == 2
    assert calls["M.f"] == 2


def test_local_functions_with_defaults() -> None:
    code = in_module("def f(a, b \\\\ 1), do: a\ndefp g, do: 1")
    names = Document("lib/a.ex", code.encode()).modules[1].names
    assert names.defines("f", 1) and names.defines("f", 2) and names.defines("g", 0)
    assert not names.defines("f", 0)


def test_broken_code_is_no_error() -> None:
    for code in (
        "defmodule",
        "defmodule A do\nalias\nuse\nimport X, only:\ndef\nend",
        "alias {",
        "@",
    ):
        document = Document("lib/a.ex", code.encode())
        for form in document.forms:
            for call in form.index.all_calls():
                assert call.arity >= 0 and form.names_at(call.start) is not None
