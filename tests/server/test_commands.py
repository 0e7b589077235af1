"""The commands of the workspace."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from lsp_server.server import loading
from tests.server.conftest import (
    ALE,
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
CHECK, FIX = "retort.checkWorkspace", "retort.fixWorkspace"


def reports(editor: Editor) -> list[list[Any]]:
    """What each progress has said."""
    return [said for said in editor.client.progress_reports.values() if said]


async def test_all_commands_are_offered(project: Path) -> None:
    async with session(VSCODE, project) as editor:
        offered = editor.capabilities.execute_command_provider
        assert offered is not None
        names = {"checkWorkspace", "fixWorkspace", "explainRule", "restart", "clearCache"}
        names.add("supervisionTree")
        assert set(offered.commands) == {f"retort.{name}" for name in names}


async def test_the_summary(project: Path) -> None:
    twin = "defmodule Shop.Page do\n  def lonely, do: risky()\nend\n"
    write(project, {"lib/a.ex": twin, "lib/b.ex": twin})
    async with session(VSCODE, project) as editor:
        summary = await editor.command(CHECK)
        assert summary == {
            "sentence": "Retort: 9 findings in 4 files (7 warnings, 2 information).",
            "findings": 9,
            "files": 4,
            "severities": {"information": 2, "warning": 7},
            "packs": {"planted": 9},
            "rules": {ONE: 2, "planted/lonely": 2, "planted/reviewed": 2, "planted/twins": 3},
            "cancelled": False,
        }
        assert editor.client.messages == [], "VS Code shows progress, no message"
    for name in (EGLOT, ALE):
        async with session(name, project) as editor:
            await editor.command(CHECK)
            message = editor.client.messages[-1].message
            assert message == "Retort: 9 findings in 4 files (7 warnings, 2 information)."
            assert reports(editor) == []


async def test_progress_has_a_percentage(project: Path) -> None:
    write(project, {f"lib/m{n}.ex": "one()\n" for n in range(20)})
    async with session(NEOVIM, project) as editor:
        await editor.eventually(lambda: len(reports(editor)) == 1)
        await editor.command(CHECK)
        await editor.eventually(lambda: len(reports(editor)) == 2)
        read, checked = reports(editor)
        assert [read[0].title, checked[0].title] == [
            "Retort reads the project",
            "Retort checks the project",
        ]
        for said in (read, checked):
            assert isinstance(said[0], types.WorkDoneProgressBegin) and said[0].cancellable
            assert isinstance(said[-1], types.WorkDoneProgressEnd)
            figures = [one.percentage for one in said[1:-1]]
            assert figures == sorted(figures) and all(0 <= one <= 100 for one in figures)
        assert "22 of 22 files" in [one.message for one in read[1:-1]]
        assert len(checked) < len(read), "unchanged files are not read twice"


async def test_a_check_can_be_cancelled(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, {f"lib/m{n}.ex": "one()\n" for n in range(50)})
    async with session(NEOVIM, project) as editor:
        assert editor.server is not None
        await editor.eventually(lambda: reports(editor) and len(reports(editor)[0]) > 3)
        await editor.quiet(0.1)
        for n in range(50):
            (project / f"lib/m{n}.ex").write_text("two()\n", "utf-8")

        @editor.client.feature("planted/begun")
        def begun(*_: object) -> None: ...

        task = asyncio.create_task(editor.command(CHECK))
        for _ in range(1000):
            await asyncio.sleep(0)
            running = [
                token
                for token, said in editor.client.progress_reports.items()
                if said and said[0].title.startswith("Retort checks") and len(said) > 2
            ]
            if running:
                break
        assert running
        params = types.WorkDoneProgressCancelParams(running[0])
        editor.client.window_work_done_progress_cancel(params)
        summary = await task
        assert summary["cancelled"] is True
        assert "cancelled" in editor.client.messages[-1].message
        assert not editor.client.diagnostics
        assert (await editor.command(CHECK))["rules"] == {ONE: 52}


async def test_clients_that_never_grant_a_progress_wait_for_nothing(project: Path) -> None:
    async with session(NEOVIM, project) as editor:
        features = editor.client.protocol.fm.features
        features.pop(types.WINDOW_WORK_DONE_PROGRESS_CREATE)

        @editor.client.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        async def create(_: object) -> None:
            await asyncio.sleep(3600)

        assert (await asyncio.wait_for(editor.command(CHECK), 5))["findings"] == 2
        for future in list(editor.client.protocol._request_futures.values()):
            future.cancel()


async def test_squiggles_that_are_gone_go(neovim: Editor) -> None:
    await neovim.command(CHECK)
    await neovim.diagnostics(PAGE_PATH, ONE)
    (neovim.root / PAGE_PATH).write_text("", "utf-8")
    await neovim.command(CHECK)
    await neovim.diagnostics(PAGE_PATH)


async def test_fixing_is_one_edit(project: Path) -> None:
    write(project, {"lib/c.ex": "def a, do: risky()\n"})
    for name, versioned in ((VSCODE, True), (NEOVIM, False)):
        async with session(name, project) as editor:
            editor.open(PAGE_PATH, PAGE.replace("one()", "one() + two()"))
            answer = await editor.command(FIX)
            assert len(editor.applied) == 1
            edit = editor.applied[0]
            assert (edit.document_changes is not None) is versioned
            fixed = editor.apply(OTHER, editor.text_edits(edit, OTHER_PATH))
            assert fixed == OTHER.replace("one()", "three()")
            text = PAGE.replace("one()", "one() + two()")
            fixed = editor.apply(text, editor.text_edits(edit, PAGE_PATH))
            assert fixed == PAGE.replace("one()", "three() + three()")
            assert answer == {"applied": 5}
            assert "5 safe fixes" in editor.client.messages[-1].message


async def test_fixing_two_folders_is_one_edit_too(tmp_path: Path, project: Path) -> None:
    write(tmp_path / "second", {"lib/a.ex": "one()"})
    async with session(VSCODE, project, tmp_path / "second") as editor:
        assert await editor.command(FIX) == {"applied": 6}
        assert len(editor.applied) == 1
        assert len(editor.applied[0].document_changes or ()) == 3


async def test_fixing_nothing_or_in_vain(project: Path) -> None:
    async with session(ALE, project) as editor:
        assert await editor.command(FIX) == {"applied": 0}
        assert any("cannot apply" in one.message for one in editor.client.messages)
    write(project, {PAGE_PATH: "", OTHER_PATH: ""})
    async with session(NEOVIM, project) as editor:
        assert await editor.command(FIX) == {"applied": 0}
        assert editor.applied == []


async def test_a_client_that_refuses_the_edit_is_believed(neovim: Editor) -> None:
    neovim.client.protocol.fm.features.pop(types.WORKSPACE_APPLY_EDIT)

    @neovim.client.feature(types.WORKSPACE_APPLY_EDIT)
    def refuse(*_: object) -> types.ApplyWorkspaceEditResult:
        return types.ApplyWorkspaceEditResult(applied=False, failure_reason="busy")

    assert await neovim.command(FIX) == {"applied": 0}
    assert any("busy" in one.message for one in neovim.client.messages)

    neovim.client.protocol.fm.features.pop(types.WORKSPACE_APPLY_EDIT)
    assert await neovim.command(FIX) == {"applied": 0}


async def test_restart(neovim: Editor) -> None:
    neovim.open(PAGE_PATH, PAGE.replace("one", "risky"))
    await neovim.command(CHECK)
    await neovim.diagnostics(OTHER_PATH, ONE)
    (neovim.root / ".retort.toml").write_text('profile = "aggressive"', "utf-8")
    assert await neovim.command("retort.restart") is None
    await neovim.diagnostics(OTHER_PATH)
    await neovim.diagnostics(PAGE_PATH, "planted/reviewed")
    neovim.change(PAGE_PATH, 1, "hm()")
    await neovim.diagnostics(PAGE_PATH, "planted/strict")
    assert (await neovim.command(CHECK))["rules"] == {ONE: 1, "planted/strict": 1}


async def test_clearing_the_cache(project: Path) -> None:
    async with session(NEOVIM, project) as editor:
        await editor.command(CHECK)
        assert await editor.command("retort.clearCache") == {"cleared": 1}
        assert await editor.command("retort.clearCache") == {"cleared": 0}
        assert (await editor.command(CHECK))["findings"] == 2


async def test_the_next_server_starts_with_what_this_one_knew(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import time

    past = time.time() - 60
    for path in (PAGE_PATH, OTHER_PATH):
        os.utime(project / path, (past, past))
    async with session(NEOVIM, project) as editor:
        editor.open(PAGE_PATH)
        await editor.command(CHECK)

    def never(*_: object) -> Any:
        raise AssertionError("an unchanged file is read again")

    monkeypatch.setattr(loading, "run", never)
    async with session(NEOVIM, project) as editor:
        assert (await editor.command(CHECK))["rules"] == {ONE: 2}


async def test_rules_that_raise_are_named_and_skipped(
    neovim: Editor, caplog: pytest.LogCaptureFixture
) -> None:
    neovim.open(PAGE_PATH, "one()\nmake_the_rule_raise()\ntwo()\n")
    await neovim.diagnostics(PAGE_PATH, ONE, ONE)
    assert "planted/raising" in caplog.text
    neovim.open(OTHER_PATH, "defmodule MakeTheProjectRuleRaise do\nend\n")
    await neovim.quiet()
    assert "planted/raising-project" in caplog.text
    assert (await neovim.command(CHECK))["findings"] == 2
    neovim.change(PAGE_PATH, 1, "one()\nmake_the_rule_raise()\n")
    await neovim.diagnostics(PAGE_PATH, ONE)


async def test_unknown_commands_and_requests_are_refused(neovim: Editor) -> None:
    from pygls.exceptions import JsonRpcException

    with pytest.raises(JsonRpcException):
        await neovim.command("retort.noSuchThing")
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    assert neovim.client.messages == []
