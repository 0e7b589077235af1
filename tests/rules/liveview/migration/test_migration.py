"""Old templates become HEEx in which the whole pack finds nothing, by its own fixes alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.document import Document, Language
from lsp_server.lint.apply import merge
from lsp_server.lint.checker import operations
from lsp_server.lint.finding import Finding
from lsp_server.lint.registry import registry
from lsp_server.syntax import heex
from tests.elixir_oracle import ElixirOracle
from tests.rules.harness import apply_operations, check_snapshot, snapshot_of

HERE = Path(__file__).parent
ROUNDS = 30
PACK = [rule for rule in registry().rules.values() if rule.id.startswith("liveview/")]
OLD = sorted((HERE / "old").iterdir())
# These are of a project that has an `input/1` in its core components.
WITH_CORE = {"booking.html.leex"}
LAYOUTS = {"live.html.leex", "root.html.leex"}

LOCK = b"""%{
  "phoenix": {:hex, :phoenix, "1.8.3", "a", [:mix], [], "hexpm", "b"},
  "phoenix_html": {:hex, :phoenix_html, "4.3.0", "a", [:mix], [], "hexpm", "b"},
  "phoenix_live_view": {:hex, :phoenix_live_view, "1.1.20", "a", [:mix], [], "hexpm", "b"}
}
"""
CORE = b"""defmodule FerryWeb.CoreComponents do
  use Phoenix.Component

  attr :field, :any
  attr :type, :string, default: "text"
  attr :prompt, :string, default: nil
  attr :options, :list, default: []
  attr :rest, :global, include: ~w(placeholder required rows)

  def input(assigns), do: ~H"<input type={@type} {@rest} />"
end
"""


def project(old: Path, newline: bytes = b"\n") -> dict[str, bytes]:
    """The project of one old file; its path says what it is."""
    path = f"{folder(old)}/{old.name}"
    files = {"mix.lock": LOCK, path: old.read_bytes().replace(b"\n", newline)}
    if old.name in WITH_CORE:
        files["lib/ferry_web/components/core_components.ex"] = CORE
    return files


def findings(files: dict[str, bytes]) -> list[Finding]:
    """What the whole pack says about a project."""
    snapshot = snapshot_of(files)
    return [one for rule in PACK for one in check_snapshot(rule, snapshot)]


def migrated(files: dict[str, bytes]) -> dict[str, bytes]:
    """The project after rounds of all fixes that do not touch each other, until none is left."""
    for _ in range(ROUNDS):
        snapshot = snapshot_of(files)
        found = [one for rule in PACK for one in check_snapshot(rule, snapshot)]
        groups = [built for one in found if (built := operations(one, snapshot))]
        _, taken = merge(groups)
        if not taken:
            return files
        files = apply_operations(files, [one for at in taken for one in groups[at]])
    raise AssertionError(f"fixes go on after {ROUNDS} rounds")


def folder(old: Path) -> str:
    return "lib/ferry_web/" + ("templates/layout" if old.name in LAYOUTS else "live")


def new_path(old: Path) -> Path:
    return HERE / "new" / old.name.replace(".leex", ".heex")


def written(files: dict[str, bytes], old: Path) -> bytes:
    """The new text of the old file."""
    return files[f"{folder(old)}/{new_path(old).name}"]


@pytest.mark.parametrize("old", OLD, ids=[old.name for old in OLD])
def test_template_becomes_the_new_one(old: Path) -> None:
    assert findings(project(old)), "nothing is wrong with the old template"
    assert written(migrated(project(old)), old).decode() == new_path(old).read_text("utf-8")


@pytest.mark.parametrize("old", OLD, ids=[old.name for old in OLD])
def test_nothing_is_left_to_say(old: Path) -> None:
    assert [(one.rule, one.message) for one in findings(migrated(project(old)))] == []


@pytest.mark.parametrize("old", OLD, ids=[old.name for old in OLD])
def test_result_is_balanced_and_its_elixir_is_elixir(old: Path, elixir: ElixirOracle) -> None:
    files = migrated(project(old))
    for path, source in files.items():
        document = Document(path, source)
        for layer in document.templates:
            assert layer.dialect is heex.Dialect.HEEX
            assert layer.template.errors == ()
            for code in pieces(layer.template, source):
                assert elixir.parses(code) is None, f"{path}: {code}"
        if document.language is Language.ELIXIR:
            assert elixir.parses(source.decode()) is None


@pytest.mark.parametrize("old", OLD, ids=[old.name for old in OLD])
def test_line_endings_of_windows_are_kept(old: Path) -> None:
    after = written(migrated(project(old, b"\r\n")), old)
    assert after == new_path(old).read_bytes().replace(b"\n", b"\r\n")


def pieces(template: heex.Template, source: bytes) -> list[str]:
    """The Elixir of a template as texts that parse alone: a block with its clauses is one."""
    found: list[str] = []
    for node in heex.walk(template):
        if isinstance(node, heex.EexBlock) and node.end is not None:
            heads = [clause.expression.slice(source) for clause in node.clauses]
            code = b"\n:shown\n".join([*heads, node.end.expression.slice(source)])
            found.append(code.decode())
        elif isinstance(node, (heex.Interpolation, heex.Braces, heex.RootAttribute)):
            found.append(node.expression.slice(source).decode())
    return found
