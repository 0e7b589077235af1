"""Full checks: in processes or not, with a cache or not, the findings are the same."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from lsp_server.lint.finding import Finding
from lsp_server.project import cache, full_check, scan
from lsp_server.project.cache import cache_path, clear_cache
from lsp_server.project.files import Entry
from lsp_server.project.full_check import FullCheck, answers
from lsp_server.project.result import plain
from lsp_server.project.scan import batches, run, run_batch
from lsp_server.project.standing import standing
from lsp_server.project.workspace import Workspace
from tests.marks import take_marks

SHOP = Path(__file__).parent.parent / "shop"
PAST = time.time() - 3600

MIX = """\
defmodule P.MixProject do
  use Mix.Project
  def project, do: [app: :p, deps: deps()]
  defp deps, do: [{{:phoenix_live_view, "~> {}"}}]
end
"""
FILES = {
    "mix.exs": MIX.format("1.0"),
    "lib/a.ex": 'defmodule P.A do\n  def go(s), do: push_redirect(s, to: "/")\nend\n',
    "lib/b.ex": 'defmodule P.B do\n  def go(s), do: push_redirect(s, to: "/")\nend\n',
    "lib/c.ex": "# retort:ignore liveview/push-redirect\ndefmodule P.C do\nend\n",
}


def write(root: Path, files: Mapping[str, str], age: float = 3600) -> Path:
    """Write files as if that were some time ago."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        past = time.time() - age
        os.utime(file, (past, past))
    return root


def check(root: Path, *, use_cache: bool = True) -> tuple[list[Finding], list[str]]:
    """The findings of a project, and the files that were read for them."""
    known = standing(root, {}) if use_cache else None
    if known is not None:
        return known.findings, []
    workspace = Workspace(root)
    full = FullCheck(workspace, use_cache=use_cache)
    list(full.find())
    list(full.learn())
    read = sorted(entry.path for batch in full.todo for entry in batch)
    for batch in full.todo:
        full.take(msgspec.msgpack.encode(tuple(run(workspace.job(), batch))))
    list(full.finish())
    return workspace.all_findings(), read


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.path, one.rule) for one in findings]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETORT_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "p", FILES)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    copy = tmp_path_factory.mktemp("full") / "shop"
    shutil.copytree(SHOP, copy)
    for path in copy.rglob("*.*"):
        if path.suffix in (".ex", ".exs", ".heex", ".js", ".lock"):
            path.write_text(take_marks(path.read_text("utf-8"))[0], "utf-8")
        os.utime(path, (PAST, PAST))
    yield copy


def test_worker_processes_find_what_one_process_finds(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, read = check(shop, use_cache=False)
    assert len(read) > scan.POOL_FROM
    monkeypatch.setattr(full_check, "LEARN_FROM", len(read))
    workspace = Workspace(shop)
    full = FullCheck(workspace, use_cache=False)
    list(full.find())
    list(full.learn(fork=True))
    for answer in answers(workspace.job(), full.todo, fork=True):
        full.take(answer)
    list(full.finish())
    assert [plain(one) for one in workspace.all_findings()] == [plain(one) for one in alone]
    marked = {
        (path.relative_to(SHOP).as_posix(), rule)
        for path in SHOP.rglob("*.*")
        if path.suffix in (".ex", ".exs", ".heex", ".js", ".lock")
        for _, rule in take_marks(path.read_text("utf-8"))[1]
        if rule in {one.id for one in (*workspace.document_rules, *workspace.project_rules)}
        and workspace.settings.severity(workspace.registry.rules[rule], None) is not None
    }
    assert set(rules(alone)) == marked


def test_a_warm_check_reads_nothing_and_finds_the_same(shop: Path) -> None:
    cold, read = check(shop)
    assert read
    warm, read = check(shop)
    assert read == []
    assert [plain(one) for one in warm] == [plain(one) for one in cold]


def test_only_what_has_changed_is_read(project: Path) -> None:
    check(project)
    write(project, {"lib/b.ex": FILES["lib/b.ex"] + "# more\n"}, age=1800)
    found, read = check(project)
    assert read == ["lib/b.ex"]
    assert found == check(project, use_cache=False)[0]
    assert check(project)[1] == []


def test_deleted_renamed_and_new_files(project: Path) -> None:
    check(project)
    (project / "lib/a.ex").rename(project / "lib/z.ex")
    (project / "lib/b.ex").unlink()
    found, read = check(project)
    assert read == ["lib/z.ex"]
    assert ("lib/z.ex", "liveview/push-redirect") in rules(found)
    assert {one.path for one in found} == {"lib/c.ex", "lib/z.ex"}
    assert check(project) == (found, [])


def test_young_files_are_read_again(project: Path) -> None:
    write(project, {"lib/b.ex": FILES["lib/b.ex"]}, age=0)
    check(project)
    assert check(project)[1] == ["lib/b.ex"], "the clock's grain may hide a change"
    size = len(FILES["lib/b.ex"])
    write(project, {"lib/b.ex": "#" * (size - 1) + "\n"}, age=0)
    assert ("lib/b.ex", "liveview/push-redirect") not in rules(check(project)[0])


def test_the_context_decides_over_all_files(project: Path) -> None:
    check(project)
    lock = '%{\n  "phoenix_live_view": {:hex, :phoenix_live_view, "0.17.0", "a", [:mix], []},\n}\n'
    mix = MIX.format("0.17")
    write(project, {"mix.lock": lock, "mix.exs": mix}, age=1800)
    found, read = check(project)
    assert len(read) == 5
    assert "liveview/push-redirect" not in {one.rule for one in found}
    assert check(project) == (found, [])


def test_settings_decide(project: Path) -> None:
    check(project)
    write(project, {".retort.toml": '[rules]\nliveview = "off"\n'})
    found, read = check(project)
    assert "liveview/push-redirect" not in {one.rule for one in found}
    assert len(read) == 4
    (project / ".retort.toml").unlink()
    assert "liveview/push-redirect" in {one.rule for one in check(project)[0]}


DAMAGES = {
    "empty": lambda stored: b"",
    "cut": lambda stored: stored[: len(stored) // 2],
    "one bit": lambda stored: stored[:-20] + bytes([stored[-20] ^ 1]) + stored[-19:],
    "something else": lambda stored: b"\x00" * len(stored),
    "text": lambda stored: b"hello",
    "without checksum": lambda stored: stored[16:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_no_cache(project: Path, damage: str) -> None:
    expected, _ = check(project)
    path = cache_path(project)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    found, read = check(project)
    assert (found, len(read)) == (expected, 4)
    assert check(project) == (expected, [])


def test_a_cache_of_another_engine_or_format_is_no_cache(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = check(project)
    monkeypatch.setattr(cache, "engine_digest", lambda: b"another")
    assert check(project) == (expected, sorted(FILES))
    monkeypatch.setattr(cache, "FORMAT", 999)
    assert check(project) == (expected, sorted(FILES))


def test_a_place_that_cannot_be_written_is_no_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    for place in (tmp_path / "file" / "below", Path("/proc/nowhere")):
        monkeypatch.setenv("RETORT_CACHE_DIR", str(place))
        assert len(check(project)[0]) == 3
        assert check(project)[1] == sorted(FILES)
        assert clear_cache(project) is False


def test_nothing_is_left_beside_the_cache(project: Path, tmp_path: Path) -> None:
    check(project)
    assert [one.name for one in (tmp_path / "cache").iterdir()] == [cache_path(project).name]


def test_projects_do_not_share(project: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", {"lib/a.ex": "1\n"})
    check(project)
    assert check(other)[0] == []
    assert len(check(project)[0]) == 3


def test_some_files_alone(project: Path) -> None:
    workspace = Workspace(project)
    full = FullCheck(workspace, only={"lib/a.ex"})
    assert [entry.path for entry in full.find()] == ["lib/a.ex"]
    list(full.learn())
    for answer in answers(workspace.job(), full.todo, fork=True):
        full.take(answer)
    list(full.finish())
    assert rules(workspace.all_findings()) == [("lib/a.ex", "liveview/push-redirect")]
    assert not workspace.loaded, "project rules have nothing to say of one file"
    assert not cache_path(project).exists()


def test_hostile_files(project: Path) -> None:
    (project / "lib/nul.ex").write_bytes(b"a\0b")
    (project / "lib/latin.ex").write_bytes(b'x = "\xe9"\n')
    (project / "lib/large.ex").write_bytes(b"x\n" * 1_100_000)
    (project / "lib/gone.ex").write_text("1", "utf-8")
    found, _ = check(project)
    refused = {one.path: one.message for one in found if one.rule == "retort/unreadable-file"}
    assert set(refused) == {"lib/nul.ex", "lib/latin.ex", "lib/large.ex"}
    assert "not valid UTF-8" in refused["lib/latin.ex"]
    assert [one for one in found if one.rule == "liveview/push-redirect"]
    assert check(project)[0] == found


def test_a_file_that_cannot_be_opened_or_is_gone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "b.ex":
            raise PermissionError(13, "Permission denied")
        if path.name == "c.ex":
            raise FileNotFoundError(2, "gone")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found, _ = check(project)
    assert rules(found) == [
        ("lib/a.ex", "liveview/push-redirect"),
        ("lib/b.ex", "retort/unreadable-file"),
    ]
    assert "Permission denied" in found[1].message


def test_batches_hold_every_file_once_and_are_of_one_size() -> None:
    sizes = [5, 3_000_000, 100, 0, *[50_000] * 30]
    entries = [Entry(f"{number}.ex", 1, size) for number, size in enumerate(sizes)]
    made = batches(entries)
    assert sorted(entry for batch in made for entry in batch) == sorted(entries)
    assert [entry.size for entry in made[0]] == [3_000_000]
    assert all(sum(entry.size for entry in batch) <= scan.BATCH for batch in made[1:])
    assert batches([]) == []


def test_open_files_count_and_are_not_stored(project: Path) -> None:
    workspace = Workspace(project)
    workspace.open_document("lib/a.ex", b"1\n", 3)
    full = FullCheck(workspace)
    list(full.find())
    list(full.learn())
    for answer in answers(workspace.job(), full.todo, fork=True):
        full.take(answer)
    workspace.collect("lib/a.ex")
    workspace.check("lib/a.ex")
    list(full.finish())
    assert "lib/a.ex" not in {one.path for one in workspace.all_findings()}
    found, read = check(project)
    assert read == [], "what was read from disk is known"
    assert "lib/a.ex" in {one.path for one in found}


def test_a_second_check_of_one_workspace_reads_nothing_twice(project: Path) -> None:
    workspace = Workspace(project)
    for expected in (4, 0):
        full = FullCheck(workspace)
        list(full.find())
        list(full.learn())
        assert sum(map(len, full.todo)) == expected
        for answer in answers(workspace.job(), full.todo, fork=True):
            full.take(answer)
        list(full.finish())
        assert len(workspace.all_findings()) == 3


def test_a_file_that_changes_while_it_is_read_is_as_it_is_now(project: Path) -> None:
    workspace = Workspace(project)
    full = FullCheck(workspace)
    list(full.find())
    list(full.learn())
    job = workspace.job()
    late = [msgspec.msgpack.encode(tuple(run(job, batch))) for batch in full.todo]
    write(
        project, {"lib/a.ex": "1\n", "lib/new.ex": FILES["lib/a.ex"].replace("P.A", "P.N")}, age=0
    )
    (project / "lib/b.ex").unlink()
    for path in ("lib/a.ex", "lib/b.ex", "lib/new.ex"):
        workspace.changed_on_disk(path)
    for answer in late:
        full.take(answer)
    list(full.finish())
    found = rules(workspace.all_findings())
    assert ("lib/new.ex", "liveview/push-redirect") in found
    assert not {"lib/a.ex", "lib/b.ex"} & {path for path, _ in found}
    assert rules(check(project)[0]) == found


def test_a_worker_is_a_worker() -> None:
    with pytest.raises(AssertionError):
        run_batch([])
