"""Fixes in memory and on disk: to a fixed point, whole or not at all."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.lint.apply import apply_edits
from lsp_server.lint.finding import Finding
from lsp_server.project.fixing import Fixer, safe, write
from lsp_server.project.workspace import Workspace
from lsp_server.server.convert import difference
from tests.planted import planted


def workspace(root: Path, files: Mapping[str, str]) -> Workspace:
    found = Workspace(root, rules=planted())
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
        found.changed_on_disk(path)
    found.loaded = True
    return found


def every(finding: Finding) -> bool:
    return finding.fix is not None


def test_to_a_fixed_point_without_touching_the_workspace(tmp_path: Path) -> None:
    known = workspace(tmp_path, {"lib/a.ex": "one() + two()\r\nrisky()\r\n"})
    before = known.findings("lib/a.ex")
    fixer = Fixer(known)
    assert list(fixer.run(["lib/a.ex"], safe)) == [2, 1]
    assert fixer.outcome.texts == {"lib/a.ex": b"three() + three()\r\nrisky()\r\n"}
    assert fixer.outcome.before == {"lib/a.ex": b"one() + two()\r\nrisky()\r\n"}
    assert len(fixer.outcome.applied) == 3
    assert known.findings("lib/a.ex") == before
    assert (tmp_path / "lib/a.ex").read_bytes() == b"one() + two()\r\nrisky()\r\n"
    assert [one.rule for one in fixer.workspace.findings("lib/a.ex")] == ["planted/reviewed"]


def test_a_fix_that_comes_to_nothing_is_left(tmp_path: Path) -> None:
    fixer = Fixer(workspace(tmp_path, {"lib/a.ex": "stay()\none()\n"}))
    assert list(fixer.run(["lib/a.ex"], every)) == [1, 1]
    assert [one.rule for one in fixer.outcome.applied] == ["planted/counting"] * 2
    assert [one.rule for one in fixer.workspace.findings("lib/a.ex")] == ["planted/idle"]


def test_suppressed_findings_and_other_files_stay(tmp_path: Path) -> None:
    files = {
        "lib/a.ex": "# retort:ignore planted/counting\none()\none()\none()\n",
        "lib/b.ex": "one()\n",
    }
    fixer = Fixer(workspace(tmp_path, files))
    list(fixer.run(["lib/a.ex"], safe))
    assert fixer.outcome.texts == {
        "lib/a.ex": b"# retort:ignore planted/counting\none()\nthree()\nthree()\n"
    }


def test_a_suppression_that_a_fix_makes_useless_goes_too(tmp_path: Path) -> None:
    text = "# retort:ignore planted/reviewed, planted/counting\none()\n"
    fixer = Fixer(workspace(tmp_path, {"lib/a.ex": text}))
    list(fixer.run(["lib/a.ex"], safe))
    assert fixer.outcome.texts["lib/a.ex"] == b"# retort:ignore planted/counting\none()\n"


def test_new_and_renamed_files(tmp_path: Path) -> None:
    files = {"lib/a.ex": "make_file()\none()\n", "lib/b.ex": "rename_me()\none()\n"}
    fixer = Fixer(workspace(tmp_path, files))
    list(fixer.run(files, every))
    outcome = fixer.outcome
    assert outcome.created == {"lib/made/new.ex"}
    assert outcome.renamed == {"lib/b.ex": "lib/b_moved.ex"}
    assert outcome.texts["lib/b_moved.ex"] == b"renamed()\nthree()\n"
    assert write(tmp_path, outcome) == {}
    assert sorted(path.name for path in (tmp_path / "lib").iterdir()) == [
        "a.ex",
        "b_moved.ex",
        "made",
    ]
    assert (tmp_path / "lib/made/new.ex").read_bytes() == b"defmodule Made.New do\nend\n"
    assert (tmp_path / "lib/a.ex").read_bytes() == b"made_file()\nthree()\n"


def test_half_a_fix_is_no_fix(tmp_path: Path) -> None:
    files = {"lib/a.ex": "make_file()\n", "lib/made/new.ex": "# is there\n"}
    fixer = Fixer(workspace(tmp_path, files))
    assert list(fixer.run(files, every)) == []
    assert fixer.outcome.texts == {}


def test_two_files_do_not_get_one_name(tmp_path: Path) -> None:
    files = {"lib/a.ex": "rename_me()\n", "lib/a_moved.ex": "1\n"}
    fixer = Fixer(workspace(tmp_path, files))
    assert list(fixer.run(files, every)) == []


def test_a_file_that_has_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    files = {
        "lib/a.ex": "make_file()\n",
        "lib/b.ex": "one()\n",
        "lib/c.ex": "one()\n",
        "lib/d.ex": "rename_me()\n",
    }
    fixer = Fixer(workspace(tmp_path, files))
    list(fixer.run(files, every))
    (tmp_path / "lib/a.ex").write_text("newer\n", "utf-8")
    (tmp_path / "lib/b.ex").unlink()
    (tmp_path / "lib/d.ex").write_text("newer\n", "utf-8")
    alone = write(tmp_path, fixer.outcome)
    changed = "it has changed meanwhile"
    assert alone == {
        "lib/a.ex": changed,
        "lib/made/new.ex": "its fix also changes lib/a.ex",
        "lib/b.ex": changed,
        "lib/d_moved.ex": changed,
    }
    assert (tmp_path / "lib/a.ex").read_text("utf-8") == "newer\n"
    assert not (tmp_path / "lib/made/new.ex").exists(), "a fix is made whole or not at all"
    assert not (tmp_path / "lib/b.ex").exists()
    assert (tmp_path / "lib/c.ex").read_text("utf-8") == "three()\n"
    assert (tmp_path / "lib/d.ex").read_text("utf-8") == "newer\n"
    assert not (tmp_path / "lib/d_moved.ex").exists()


def test_writing_keeps_the_mode_and_leaves_nothing_behind(tmp_path: Path) -> None:
    known = workspace(tmp_path, {"lib/a.ex": "one()\n", "lib/b.ex": "make_file()\n"})
    (tmp_path / "lib/a.ex").chmod(0o741)
    fixer = Fixer(known)
    list(fixer.run(["lib/a.ex", "lib/b.ex"], every))
    write(tmp_path, fixer.outcome)
    assert stat.S_IMODE((tmp_path / "lib/a.ex").stat().st_mode) == 0o741
    assert stat.S_IMODE((tmp_path / "lib/made/new.ex").stat().st_mode) == 0o644
    assert {path.name for path in tmp_path.rglob("*")} == {"lib", "a.ex", "b.ex", "made", "new.ex"}


def test_a_disk_that_refuses_leaves_the_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixer = Fixer(workspace(tmp_path, {"lib/a.ex": "one()\n"}))
    list(fixer.run(["lib/a.ex"], safe))

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, fixer.outcome)
    assert [path.name for path in (tmp_path / "lib").iterdir()] == ["a.ex"]
    assert (tmp_path / "lib/a.ex").read_text("utf-8") == "one()\n"


def test_what_is_read_only_stays_and_so_does_all_that_belongs_to_its_fix(tmp_path: Path) -> None:
    fixer = Fixer(workspace(tmp_path, {"lib/a.ex": "make_file()\n", "lib/b.ex": "one()\n"}))
    list(fixer.run(["lib/a.ex", "lib/b.ex"], every))
    (tmp_path / "lib/a.ex").chmod(0o444)
    alone = write(tmp_path, fixer.outcome)
    assert alone["lib/a.ex"] == "it cannot be written (it is read-only)"
    assert alone.keys() == {"lib/a.ex", "lib/made/new.ex"}
    assert (tmp_path / "lib/a.ex").read_text("utf-8") == "make_file()\n"
    assert (tmp_path / "lib/b.ex").read_text("utf-8") == "three()\n"
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"a.ex", "b.ex"}, "nothing is left beside them"


LINES = st.lists(
    st.sampled_from(["a\n", "b\n", "a\r\n", "é\u2028\n", "\r", "😀", "end\n"]), max_size=12
).map("".join)


@given(LINES, LINES)
def test_applying_the_difference_gives_the_other_text(before: str, after: str) -> None:
    edits = difference(before.encode(), after.encode())
    assert apply_edits(before.encode(), edits) == after.encode()
    if before == after:
        assert edits == []


PARTS = st.sampled_from(
    ["one()", "two()", "risky()", "x", '"é😀"', "\r\n", "\n", " + ", "# c\n", "f(", ")"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=14).map("".join))
def test_fix_all_of_any_text_ends_and_leaves_nothing_to_fix(text: str) -> None:
    known = Workspace(Path("/nowhere"), rules=planted())
    known.open_document("lib/a.ex", text.encode(), 0)
    known.check("lib/a.ex")
    fixer = Fixer(known)
    list(fixer.run(["lib/a.ex"], safe))
    assert not [one for one in fixer.workspace.findings("lib/a.ex") if safe(one)]
    fixed = fixer.outcome.texts.get("lib/a.ex", text.encode())
    edits = difference(text.encode(), fixed)
    assert apply_edits(text.encode(), edits) == fixed
    expected = text
    if not fixer.outcome.applied:
        assert fixed == expected.encode()
