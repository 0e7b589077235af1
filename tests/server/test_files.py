"""Files that change outside of the editor, and folders that come and go."""

from __future__ import annotations

import shutil
from pathlib import Path

from lsprotocol import types

from tests.server.conftest import (
    EGLOT,
    NEOVIM,
    OTHER,
    OTHER_PATH,
    PAGE,
    PAGE_PATH,
    VSCODE,
    Editor,
    session,
    write,
)

ONE = "planted/counting"
TWINS = "planted/twins"
TWIN = "defmodule Shop.Page do\nend\n"
LOCK = '%{{\n  "phoenix_live_view": {{:hex, :phoenix_live_view, "{}", "a", [:mix], []}},\n}}\n'
MIX = """\
defmodule Shop.MixProject do
  use Mix.Project
  def project, do: [deps: deps()]
  defp deps, do: [{:phoenix_live_view, ">= 0.1.0"}]
end
"""


def rename(editor: Editor, old: str, new: str) -> None:
    """Rename on disk, then tell as an editor does that renames for its user."""
    (editor.root / new).parent.mkdir(parents=True, exist_ok=True)
    (editor.root / old).rename(editor.root / new)
    renamed = types.FileRename(editor.uri(old), editor.uri(new))
    editor.client.workspace_did_rename_files(types.RenameFilesParams([renamed]))


def test_every_kind_of_file_is_watched() -> None:
    from lsp_server.server.watched_files import PATTERNS

    assert any("heex" in one for one in PATTERNS)
    assert {"**/mix.lock", "**/.retort.toml", "**/.gitignore"} <= set(PATTERNS)


async def test_watching_is_asked_for_where_it_can_be(project: Path) -> None:
    watched = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    for name, expected in ((VSCODE, 1), (EGLOT, 1), (NEOVIM, 0)):
        async with session(name, project) as editor:
            await editor.quiet(0.1)
            assert [one.method for one in editor.registered].count(watched) == expected
            assert len({one.id for one in editor.registered}) == len(editor.registered)


async def test_created_changed_and_deleted_files(neovim: Editor) -> None:
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    neovim.write("lib/shop/twin.ex", TWIN)
    found = await neovim.diagnostics(PAGE_PATH, TWINS, ONE)
    assert found[0].related_information is not None
    assert found[0].related_information[0].location.range.start.line == 0
    neovim.write("lib/shop/twin.ex", f"# moved\n\n{TWIN}")
    await neovim.eventually(
        lambda: (
            neovim.published[-1].diagnostics[0].related_information[0].location.range.start.line
            == 2
        )
    )
    neovim.write("lib/shop/twin.ex", None)
    await neovim.diagnostics(PAGE_PATH, ONE)


async def test_a_file_that_is_open_is_as_the_editor_has_it(neovim: Editor) -> None:
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    neovim.write(PAGE_PATH, "risky()\n")
    await neovim.quiet(0.1)
    await neovim.diagnostics(PAGE_PATH, ONE)
    neovim.close(PAGE_PATH)
    summary = await neovim.command("retort.checkWorkspace")
    assert summary["rules"] == {ONE: 1, "planted/reviewed": 1}


async def test_back_and_forth_on_disk(neovim: Editor) -> None:
    await neovim.command("retort.checkWorkspace")
    await neovim.diagnostics(OTHER_PATH, ONE)
    neovim.write(OTHER_PATH, OTHER.replace("one", "risky"))
    await neovim.diagnostics(OTHER_PATH, "planted/reviewed")
    neovim.write(OTHER_PATH, OTHER)
    await neovim.diagnostics(OTHER_PATH, ONE)


async def test_renamed_files(neovim: Editor) -> None:
    await neovim.command("retort.checkWorkspace")
    await neovim.diagnostics(OTHER_PATH, ONE)
    rename(neovim, OTHER_PATH, "lib/shop/renamed.ex")
    await neovim.diagnostics("lib/shop/renamed.ex", ONE)
    await neovim.diagnostics(OTHER_PATH)


async def test_a_renamed_and_a_deleted_folder(neovim: Editor) -> None:
    write(neovim.root, {"lib/made.up/twin.ex": TWIN})
    neovim.open(PAGE_PATH)
    await neovim.command("retort.checkWorkspace")
    await neovim.diagnostics(PAGE_PATH, TWINS, ONE)
    rename(neovim, "lib/made.up", "lib/new")
    await neovim.eventually(
        lambda: any(
            related.location.uri.endswith("lib/new/twin.ex")
            for one in neovim.client.diagnostics[neovim.uri(PAGE_PATH)]
            for related in one.related_information or ()
        )
    )
    await neovim.diagnostics("lib/made.up/twin.ex")
    await neovim.diagnostics("lib/new/twin.ex", TWINS)
    shutil.rmtree(neovim.root / "lib/new")
    deleted = types.FileDelete(neovim.uri("lib/new"))
    neovim.client.workspace_did_delete_files(types.DeleteFilesParams([deleted]))
    await neovim.diagnostics(PAGE_PATH, ONE)


async def test_ignored_files_are_not_read_when_they_change(neovim: Editor) -> None:
    write(neovim.root, {".gitignore": "made/\n"})
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    for path in ("lib/made/twin.ex", "deps/x/lib/twin.ex", "_build/twin.ex", "lib/twin.txt"):
        neovim.write(path, TWIN)
    await neovim.quiet(0.1)
    await neovim.diagnostics(PAGE_PATH, ONE)
    neovim.write(".gitignore", "")
    await neovim.diagnostics(PAGE_PATH, TWINS, ONE)


async def test_versions_decide_and_may_change(project: Path) -> None:
    old = "def a, do: old_api()\n"
    write(project, {"mix.exs": MIX, "mix.lock": LOCK.format("0.17.0"), OTHER_PATH: old})
    async with session(NEOVIM, project) as editor:
        editor.open(OTHER_PATH)
        await editor.diagnostics(OTHER_PATH)
        await editor.quiet(0.2)
        said = [one.diagnostics for one in editor.published]
        assert not any(said), "nothing is said before the versions are known"
        editor.write("mix.lock", LOCK.format("1.1.0"))
        await editor.diagnostics(OTHER_PATH, "planted/versioned")
        editor.open("mix.lock")
        editor.change("mix.lock", 1, LOCK.format("0.20.0"))
        await editor.diagnostics(OTHER_PATH)
        editor.close("mix.lock")
        await editor.diagnostics(OTHER_PATH, "planted/versioned")


async def test_folders_come_and_go(tmp_path: Path, project: Path) -> None:
    second = tmp_path / "second"
    write(second, {"mix.exs": "", "lib/a.ex": TWIN, "lib/b.ex": TWIN + "one()\n"})
    async with session(VSCODE, project) as editor:
        assert editor.server is not None
        event = types.WorkspaceFoldersChangeEvent([types.WorkspaceFolder(second.as_uri(), "2")], [])
        params = types.DidChangeWorkspaceFoldersParams(event)
        editor.client.workspace_did_change_workspace_folders(params)
        summary = await editor.command("retort.checkWorkspace")
        assert summary["rules"] == {ONE: 3, TWINS: 2}
        b = (second / "lib/b.ex").as_uri()
        await editor.eventually(lambda: editor.client.diagnostics.get(b))
        editor.open(b, TWIN + "one()\n")
        await editor.diagnostics(b, TWINS, ONE)

        event = types.WorkspaceFoldersChangeEvent([], [types.WorkspaceFolder(second.as_uri(), "2")])
        params = types.DidChangeWorkspaceFoldersParams(event)
        editor.client.workspace_did_change_workspace_folders(params)
        await editor.diagnostics(b, TWINS, ONE)
        editor.close(b)
        await editor.eventually(lambda: len(editor.server.session.workspaces) == 1)
        a = (second / "lib/a.ex").as_uri()
        await editor.eventually(lambda: not editor.client.diagnostics.get(a))
        await editor.eventually(lambda: not editor.client.diagnostics.get(b))
        summary = await editor.command("retort.checkWorkspace")
        assert summary["rules"] == {ONE: 2}


async def test_two_folders_of_one_project_are_one(tmp_path: Path) -> None:
    root = tmp_path / "umbrella"
    umbrella = 'defmodule U.MixProject do\n  def project, do: [apps_path: "apps"]\nend\n'
    app = "defmodule {}.MixProject do\nend\n"
    write(
        root,
        {
            "mix.exs": umbrella,
            "apps/a/mix.exs": app.format("A"),
            "apps/b/mix.exs": app.format("B"),
            "apps/a/lib/a.ex": TWIN,
            "apps/b/lib/b.ex": TWIN,
        },
    )
    async with session(VSCODE, root / "apps/a", root / "apps/b") as editor:
        assert editor.server is not None
        summary = await editor.command("retort.checkWorkspace")
        assert summary["rules"] == {TWINS: 2}
        assert list(editor.server.session.workspaces) == [root]
        folder = types.WorkspaceFolder((root / "apps/a").as_uri(), "a")
        event = types.WorkspaceFoldersChangeEvent([], [folder])
        params = types.DidChangeWorkspaceFoldersParams(event)
        editor.client.workspace_did_change_workspace_folders(params)
        await editor.quiet(0.1)
        assert list(editor.server.session.workspaces) == [root], "the other folder needs it"


async def test_without_a_watcher_the_command_sees_the_disk(neovim: Editor) -> None:
    neovim.open(PAGE_PATH)
    assert (await neovim.command("retort.checkWorkspace"))["rules"] == {ONE: 2}
    (neovim.root / OTHER_PATH).write_text("# é\n" + OTHER.replace("one", "risky"), "utf-8")
    write(neovim.root, {"lib/new.ex": TWIN})
    assert (await neovim.command("retort.checkWorkspace"))["rules"] == {
        ONE: 1,
        TWINS: 2,
        "planted/reviewed": 1,
    }
    found = await neovim.diagnostics(OTHER_PATH, "planted/reviewed")
    assert found[0].range.start.line == 2
    (neovim.root / OTHER_PATH).unlink()
    (neovim.root / "lib/new.ex").unlink()
    assert (await neovim.command("retort.checkWorkspace"))["rules"] == {ONE: 1}
    await neovim.diagnostics(OTHER_PATH)
    await neovim.diagnostics("lib/new.ex")
    await neovim.diagnostics(PAGE_PATH, ONE)
    assert PAGE.count("one()") == 1


async def test_a_folder_that_goes_takes_its_closed_files_along(
    tmp_path: Path, project: Path
) -> None:
    second = tmp_path / "second"
    write(second, {"mix.exs": "", PAGE_PATH: PAGE, OTHER_PATH: OTHER})
    for name in (VSCODE, NEOVIM):
        async with session(name, project, second) as editor:
            summary = await editor.command("retort.checkWorkspace")
            assert (summary["rules"], summary["files"]) == ({ONE: 4}, 4), "equal paths are two"
            kept, gone = ((second / path).as_uri() for path in (PAGE_PATH, OTHER_PATH))
            await editor.diagnostics(gone, ONE)
            editor.open(kept, PAGE)
            await editor.diagnostics(kept, ONE)
            folder = types.WorkspaceFolder(second.as_uri(), "2")
            event = types.WorkspaceFoldersChangeEvent([], [folder])
            params = types.DidChangeWorkspaceFoldersParams(event)
            editor.client.workspace_did_change_workspace_folders(params)
            await editor.eventually(
                lambda gone=gone, of=editor: not of.client.diagnostics.get(gone)
            )
            await editor.diagnostics(kept, ONE)
            summary = await editor.command("retort.checkWorkspace")
            assert (summary["rules"], summary["files"]) == ({ONE: 3}, 3), "and the open file"
            assert not editor.client.diagnostics.get(gone)
            await editor.command("retort.fixWorkspace")
            assert not any(gone in str(edit) for edit in editor.applied)


async def test_what_is_found_while_a_file_is_edited_stands_on_its_new_text(
    neovim: Editor,
) -> None:
    top = types.Range(types.Position(0, 0), types.Position(0, 0))
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    await neovim.command("retort.checkWorkspace")
    neovim.change(PAGE_PATH, 1, (top, "# one\n# two\n"))
    neovim.write("lib/twin.ex", TWIN)
    found = await neovim.diagnostics(PAGE_PATH, TWINS, ONE)
    await neovim.quiet(1.0)
    found = await neovim.diagnostics(PAGE_PATH, TWINS, ONE)
    assert [one.range.start.line for one in found] == [2, 4]
