"""What functions return, through the calls of other functions."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.calls.alternatives import Alternatives
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.results.result_uses import ResultUse
from lsp_server.facts.results.results import UNKNOWN, Results, Shape, results
from lsp_server.text import Span

list(load_collectors())

REPO = "defmodule Shop.Repo do\n  use Ecto.Repo, otp_app: :shop\nend"
SAVED = Shape.OK_VALUE | Shape.CHANGESET
DONE = Shape.OK | Shape.REASON


def index_of(*modules: str) -> Index:
    files = {f"lib/m{n}.ex": text for n, text in enumerate((REPO, *modules))}
    return Index({path: collect(Document(path, text.encode())) for path, text in files.items()})


def shape(body: str, *more: str) -> Shape:
    """What `Shop.A.run/1` returns with this body."""
    text = (
        "defmodule Shop.A do\n  alias Shop.Repo\n  alias Ecto.Multi\n"
        f"  def run(x) do\n    {body}\n  end\nend"
    )
    return results(index_of(text, *more)).shapes.get(("Shop.A", "run", 1), UNKNOWN)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (":ok", Shape.OK),
        (":error", Shape.ERROR),
        ("{:ok, x}", Shape.OK_VALUE),
        ("{:ok, x, x}", Shape.OK_VALUES),
        ("{:error, :gone}", Shape.REASON),
        ("{:error, changeset}", Shape.CHANGESET),
        ("{:error, :step, x, %{}}", Shape.DETAILS),
        ("Repo.insert(x)", SAVED),
        ("x |> change() |> Repo.update()", SAVED),
        ("Repo.delete(x)", Shape.OK_VALUE),
        ("x |> change() |> Repo.delete()", SAVED),
        ("Repo.delete(changeset)", SAVED),
        ("Repo.insert!(x)", UNKNOWN),
        ("File.write(x, x)", DONE),
        ("File.read(x)", Shape.OK_VALUE | Shape.REASON),
        ("File.rm_rf(x)", Shape.OK_VALUE | Shape.DETAILS),
        ("Req.post(x)", Shape.OK_VALUE | Shape.REASON),
        ("Req.post!(x)", UNKNOWN),
        ("Shop.Mailer.deliver(x)", Shape.OK_VALUE | Shape.REASON),
        ("if x, do: Repo.insert(x), else: :error", SAVED | Shape.ERROR),
        ("case x do\n 1 -> {:ok, x}\n _ -> {:error, :odd}\nend", Shape.OK_VALUE | Shape.REASON),
        ("case Repo.insert(x) do\n {:ok, _} -> :ok\n error -> error\nend", Shape.OK | SAVED & ~2),
        ("x |> Repo.insert() |> case do\n {:error, _} = no -> no\nend", Shape.REASON),
        ("with {:ok, y} <- Repo.insert(x), do: {:ok, y}", SAVED),
        ("with {:ok, _} <- Repo.insert(x) do\n :ok\nelse\n _ -> :error\nend", Shape(9)),
        ("y = Repo.insert(x)\n log(y)\n y", SAVED),
        ("tap(Repo.insert(x), &log/1)", SAVED),
        ("try do\n :ok\nrescue\n _ -> :error\nend", Shape.OK | Shape.ERROR),
        ("Repo.transaction(fn -> Repo.insert!(x) end)", Shape.OK_VALUE),
        ("Repo.transaction(fn -> Repo.rollback(x) end)", Shape.OK_VALUE | Shape.REASON),
        ("Repo.transact(fn -> Repo.insert(x) end)", SAVED),
        ("y = Repo.transact(fn -> Repo.insert(x) end)\n with {:ok, _} <- y, do: :ok", Shape(17)),
        ("Multi.new() |> Repo.transaction()", Shape.OK_VALUE | Shape.DETAILS),
        ("Enum.map(x, fn _ -> {:error, x} end)", UNKNOWN),
        ('raise "no"', UNKNOWN),
        ("unknown(x)", UNKNOWN),
    ],
)
def test_shapes(body: str, expected: Shape) -> None:
    assert shape(body) == expected


def test_results_come_through_any_functions() -> None:
    far = "defmodule Shop.B do\n  def save(x), do: x |> Shop.C.save() |> tap(&log/1)\nend"
    farther = "defmodule Shop.C do\n  defdelegate save(x), to: Shop.D\nend"
    farthest = "defmodule Shop.D do\n  def save(x), do: Shop.Repo.insert(x)\nend"
    assert shape("Shop.B.save(x)", far, farther, farthest) == SAVED
    assert shape("Shop.B.save(x)", far, farther) == UNKNOWN


def test_recursion_ends() -> None:
    assert shape("if x, do: run(x), else: {:error, :end}") == Shape.REASON


def test_the_way_to_an_error() -> None:
    text = (
        "defmodule Shop.A do\n  def run(x), do: save(x)\n"
        "  defp save(x), do: Shop.Repo.insert(x)\n  def go(x) do\n    {:ok, _} = run(x)\n  end\nend"
    )
    index = index_of(text)
    found = results(index)
    site = _site(found, index)
    assert [step.text for step in found.way("Shop.A", site)] == [
        "`Shop.A.run/1` returns what `Shop.A.save/1` returns",
        "`Shop.A.save/1` returns what `Repo.insert/1` returns",
    ]


def _site(found: Results, index: Index):  # type: ignore[no-untyped-def]
    (path, use), *_ = index.of(ResultUse)
    site = found.site(path, use.callee)
    assert site is not None
    return site[1]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{:ok, y} = save(x)\n y", [("match", "save")]),
        ("{:ok, y} =\n x\n |> save()\n y", [("match", "save")]),
        ("case save(x) do\n {:ok, y} -> y\nend", [("case", "save")]),
        ("x |> save() |> case do\n {:ok, y} -> y\nend", [("case", "save")]),
        ("case save(x) do\n {:ok, y} -> y\n _ -> x\nend", []),
        ("_ = save(x)\n x", [("discarded", "save")]),
        ("if x do\n save(x)\nend\n x", [("discarded", "save")]),
        ("Enum.each(x, &save/1)\n x", [("discarded", "save")]),
        ("Enum.each(x, fn y -> save(y) end)\n x", [("discarded", "save")]),
        ("y = save(x)\n y", []),
        ("if x do\n save(x)\nend", []),
    ],
)
def test_uses(body: str, expected: list[tuple[str, str]]) -> None:
    text = f"defmodule Shop.A do\n  def run(x) do\n    {body}\n  end\nend"
    document = Document("lib/a.ex", text.encode())
    found = collect(document).of(ResultUse)
    assert [(one.kind, one.callee.slice(document.source).decode()) for one in found] == expected


def test_a_comment_is_noted() -> None:
    text = "defmodule A do\n  def run(x) do\n    # may fail\n    _ = save(x)\n    x\n  end\nend"
    (found,) = collect(Document("lib/a.ex", text.encode())).of(ResultUse)
    assert found.noted


def test_what_follows_an_asserted_condition() -> None:
    body = "    {:ok, a} = f(x)\n    true = ok?(x)\n    {:ok, b} = g(a)\n"
    text = f"defmodule A do\n  def run(x) do\n{body}  end\nend"
    before, after = collect(Document("lib/a.ex", text.encode())).of(ResultUse)
    assert (before.asserted, after.asserted) == (False, True)


def test_alternatives_exclude_each_other() -> None:
    text = (
        "defmodule A do\n  alias Shop.Repo\n  def run(x) do\n    case x do\n"
        "      1 ->\n        y = x\n\n        %B{a: y}\n        |> Repo.insert()\n\n"
        "      _ ->\n        Repo.update(x)\n    end\n    Repo.delete(x)\n  end\nend"
    )
    document = Document("lib/a.ex", text.encode())
    (found,) = collect(document).of(Alternatives)
    insert, update, delete = (
        Span(text.index(name), text.index(name) + len(name))
        for name in ("Repo.insert", "Repo.update", "Repo.delete")
    )
    assert found.exclude(insert, update)
    assert not found.exclude(insert, delete)
    assert not found.failed(insert)
