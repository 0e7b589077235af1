"""Code actions: what is offered, when an edit is refused, and what fix-all comes to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.server.code_actions import TRIED
from tests.server.conftest import (
    EGLOT,
    KATE,
    LINE,
    NEOVIM,
    OTHER_PATH,
    PAGE,
    PAGE_PATH,
    VSCODE,
    Editor,
    session,
    write,
)

ONE = "planted/counting"
CONTENT_MODIFIED = -32801


async def test_an_action_of_another_version_is_refused(vscode: Editor) -> None:
    text = vscode.open(PAGE_PATH, version=0)
    await vscode.diagnostics(PAGE_PATH, ONE)
    where = vscode.range(text, "one")
    actions = await vscode.actions(PAGE_PATH, where)
    assert all(action.edit is None for action in actions)
    fix = next(action for action in actions if action.title == "Write two")
    resolved = await vscode.resolve(fix)
    assert resolved.edit is not None
    assert (resolved.title, resolved.kind, resolved.is_preferred) == (fix.title, fix.kind, True)
    assert resolved.diagnostics == fix.diagnostics

    vscode.change(PAGE_PATH, 1, (where, "one"))
    with pytest.raises(JsonRpcException) as refused:
        await vscode.resolve(fix)
    assert refused.value.code == CONTENT_MODIFIED
    assert vscode.client.messages == [], "a refusal is no reason to bother the user"


async def test_edits_carry_the_version_where_the_client_has_versions(project: Path) -> None:
    async with session(VSCODE, project) as editor:
        text = editor.open(PAGE_PATH, version=0)
        await editor.diagnostics(PAGE_PATH, ONE)
        edit = (await editor.action(PAGE_PATH, editor.range(text, "one"), "Write two")).edit
        assert edit is not None and edit.document_changes is not None and edit.changes is None
        change = edit.document_changes[0]
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.version == 0
    for name in (NEOVIM, KATE):
        async with session(name, project) as editor:
            text = editor.open(PAGE_PATH, version=0)
            await editor.diagnostics(PAGE_PATH, ONE)
            edit = (await editor.action(PAGE_PATH, editor.range(text, "one"), "Write two")).edit
            assert edit is not None and edit.changes is not None and edit.document_changes is None


async def test_the_clients_own_uri_is_kept(neovim: Editor) -> None:
    odd = neovim.uri("lib/shop").replace("/lib/", "/%6Cib/") + "/page.ex"
    neovim.open(odd, PAGE)
    await neovim.diagnostics(odd, ONE)
    edit = (await neovim.action(odd, neovim.range(PAGE, "one"), "Write two")).edit
    assert edit is not None and edit.changes is not None
    assert list(edit.changes) == [odd]


async def test_a_fix_to_review_asks_where_the_client_can_ask(project: Path) -> None:
    text = PAGE.replace("one", "risky")
    for name, asks in ((VSCODE, True), (EGLOT, False)):
        async with session(name, project) as editor:
            editor.open(PAGE_PATH, text)
            await editor.diagnostics(PAGE_PATH, "planted/reviewed")
            fix = await editor.action(PAGE_PATH, editor.range(text, "risky"), "Write calm")
            assert fix.is_preferred is False
            assert fix.edit is not None
            annotations = fix.edit.change_annotations or {}
            assert [one.label for one in annotations.values()] == ["Write calm"] * asks
            assert all(one.needs_confirmation for one in annotations.values())
            for edit in editor.text_edits(fix.edit, PAGE_PATH):
                assert (getattr(edit, "annotation_id", None) in annotations) is asks


async def test_fix_all_takes_safe_fixes_to_a_fixed_point(vscode: Editor) -> None:
    text = vscode.open(
        PAGE_PATH,
        "def a, do: one() + two()\r\ndef b, do: risky()\r\n# retort:ignore planted/counting\r\n"
        "def c, do: one()\r\n# retort:ignore planted/strict\r\ndef d, do: 1\r\n",
    )
    everything = types.Range(types.Position(0, 0), types.Position(9, 0))
    titles = {action.title for action in await vscode.actions(PAGE_PATH, everything)}
    assert not any(title.startswith("Fix all") for title in titles), "not among quick fixes"
    for kind in ("source", "source.fixAll", "source.fixAll.retort"):
        every = await vscode.action(PAGE_PATH, everything, "Fix all", kind)
        fixed = vscode.apply(text, vscode.text_edits(every.edit, PAGE_PATH))
        assert fixed == text.replace("a, do: one() + two()", "a, do: three() + three()")
    assert await vscode.actions(PAGE_PATH, everything, "refactor") == []
    vscode.change(PAGE_PATH, 1, "def a, do: risky()\n")
    assert await vscode.actions(PAGE_PATH, everything, "source.fixAll") == []


async def test_fix_all_leaves_out_what_the_client_cannot_do(project: Path) -> None:
    text = "def a, do: one()\ndef b, do: rename_me()\n"
    for name, renames in ((VSCODE, True), (EGLOT, False)):
        async with session(name, project) as editor:
            editor.open(PAGE_PATH, text)
            await editor.diagnostics(PAGE_PATH, ONE, "planted/renaming")
            where = editor.range(text, "one")
            every = await editor.action(PAGE_PATH, where, "Fix all", "source.fixAll")
            assert every.edit is not None and every.edit.document_changes is not None
            kinds = [getattr(one, "kind", "edit") for one in every.edit.document_changes]
            assert kinds == ["edit", "rename"][: 1 + renames]
            fixed = editor.apply(text, editor.text_edits(every.edit, PAGE_PATH))
            expected = text.replace("one", "three")
            assert fixed == (expected.replace("rename_me", "renamed") if renames else expected)


async def test_a_fix_that_raises_is_no_end(vscode: Editor) -> None:
    text = vscode.open(PAGE_PATH, PAGE.replace("one", "make_the_fix_raise"))
    where = vscode.range(text, "make_the_fix_raise")
    await vscode.diagnostics(PAGE_PATH, "planted/raising-fix")
    assert "Try" not in {one.title for one in await vscode.actions(PAGE_PATH, where)}
    await vscode.diagnostics(PAGE_PATH, "planted/raising-fix")


async def test_a_fix_that_comes_to_nothing_is_not_offered(project: Path) -> None:
    text = PAGE.replace("one()", "stay(one())")
    for name in (VSCODE, KATE):
        async with session(name, project) as editor:
            editor.open(PAGE_PATH, text)
            await editor.diagnostics(PAGE_PATH, "planted/idle", ONE)
            where = types.Range(types.Position(2, 0), types.Position(3, 0))
            titles = {one.title for one in await editor.actions(PAGE_PATH, where)}
            assert "Write two" in titles and "Ignore planted/idle here" in titles
            assert "Do nothing" not in titles


async def test_a_fix_that_comes_to_nothing_after_all_says_so(vscode: Editor) -> None:
    vscode.open(PAGE_PATH, "stay()\n" * (TRIED + 1))
    everything = types.Range(types.Position(0, 0), types.Position(TRIED + 1, 0))
    fix = await vscode.action(PAGE_PATH, everything, "Do nothing")
    assert (fix.edit, fix.command, fix.data) == (None, None, None)
    await vscode.eventually(lambda: vscode.client.messages)
    every = await vscode.action(PAGE_PATH, everything, "Fix all", "source")
    assert every.edit is None
    await vscode.eventually(lambda: len(vscode.client.messages) == 2)
    said, of_all = (one.message for one in vscode.client.messages)
    assert said.startswith("This fix has nothing to change here; ") and "planted/idle" in said
    assert of_all == "No safe fix has anything to change here."


async def test_actions_see_the_newest_text(vscode: Editor) -> None:
    vscode.open(PAGE_PATH, "a\n")
    vscode.change(PAGE_PATH, 1, "one()\n")
    vscode.change(PAGE_PATH, 2, "\none()\n")
    fix = await vscode.action(PAGE_PATH, vscode.range("\none()\n", "one"), "Write two")
    assert vscode.apply("\none()\n", vscode.text_edits(fix.edit, PAGE_PATH)) == "\ntwo()\n"


async def test_the_second_of_equal_findings_is_the_one_that_is_fixed(vscode: Editor) -> None:
    text = vscode.open(PAGE_PATH, "# retort:ignore planted/counting\none()\none()\none()\n")
    await vscode.diagnostics(PAGE_PATH, ONE, ONE)
    where = types.Range(types.Position(3, 0), types.Position(3, 0))
    fix = await vscode.action(PAGE_PATH, where, "Write two")
    fixed = vscode.apply(text, vscode.text_edits(fix.edit, PAGE_PATH))
    assert fixed == "# retort:ignore planted/counting\none()\none()\ntwo()\n"


async def test_fixes_of_project_rules(vscode: Editor) -> None:
    text = vscode.open(PAGE_PATH, "defmodule Shop.Other do\nend\n")
    found = await vscode.diagnostics(PAGE_PATH, "planted/twins")
    related = found[0].related_information
    assert related is not None and related[0].location.uri == vscode.uri(OTHER_PATH)
    fix = await vscode.action(PAGE_PATH, vscode.range(text, "Shop.Other"), "Rename the module")
    fixed = vscode.apply(text, vscode.text_edits(fix.edit, PAGE_PATH))
    assert fixed == "defmodule Shop.OtherTwin do\nend\n"


async def test_ignoring_ends_the_squiggle(vscode: Editor) -> None:
    text = vscode.open(PAGE_PATH)
    where = vscode.range(text, "one")
    ignore = await vscode.action(PAGE_PATH, where, "Ignore planted/counting here")
    ignored = vscode.apply(text, vscode.text_edits(ignore.edit, PAGE_PATH))
    vscode.change(PAGE_PATH, 1, ignored)
    assert await vscode.diagnostics(PAGE_PATH) == []
    vscode.change(PAGE_PATH, 2, ignored.replace(LINE, "    x"))
    found = await vscode.diagnostics(PAGE_PATH, "retort/unused-suppression")
    assert list(found[0].tags or ()) == [types.DiagnosticTag.Unnecessary]
    remove = await vscode.action(PAGE_PATH, found[0].range, "Remove the suppression")
    clean = vscode.apply(ignored.replace(LINE, "    x"), vscode.text_edits(remove.edit, PAGE_PATH))
    assert clean == PAGE.replace(LINE, "    x")


async def test_explain(project: Path) -> None:
    write(project, {})
    async with session(VSCODE, project) as editor:
        text = editor.open(PAGE_PATH)
        actions = await editor.actions(PAGE_PATH, editor.range(text, "one"))
        explain = next(one for one in actions if one.title.startswith("Explain"))
        assert explain.command is not None
        assert explain.command.command == "retort.explainRule"
        answer = await editor.command(explain.command.command, *(explain.command.arguments or ()))
        assert answer["markdown"].startswith("# planted/counting")
        await editor.eventually(lambda: editor.client.shown_documents)
        shown = editor.client.shown_documents[0].uri
        assert Path(shown.removeprefix("file://")).read_text("utf-8") == answer["markdown"]
        diagnostic = (await editor.diagnostics(PAGE_PATH, ONE))[0]
        assert diagnostic.code_description is not None
        assert diagnostic.code_description.href == shown
        assert await editor.command("retort.explainRule", "no/such-rule") is None
        assert "no/such-rule" in editor.client.messages[-1].message
    async with session(EGLOT, project) as editor:
        answer = await editor.command("retort.explainRule", ONE)
        assert ONE in editor.client.messages[-1].message


async def test_a_new_file_in_a_read_only_folder_says_why(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.replace(LINE, "    make_file()")
    async with session(VSCODE, project) as editor:
        editor.open(PAGE_PATH, text)
        await editor.diagnostics(PAGE_PATH, "planted/creating")
        action = await editor.action(PAGE_PATH, editor.range(text, "make_file"), "Make the file")
        assert action.edit is not None
        (project / "lib/made").mkdir()
        for refused in ("lib", "lib/made"):
            monkeypatch.setattr(os, "access", lambda path, _, no=project / refused: path != no)
            actions = await editor.actions(PAGE_PATH, editor.range(text, "make_file"))
            offered = next(one for one in actions if one.title == "Make the file")
            answer = await editor.resolve(offered)
            assert (answer.edit is None) == (refused == "lib/made")
        assert "lib/made/new.ex` cannot be written" in editor.client.messages[-1].message
        assert str(project / "lib/made") in editor.client.messages[-1].message
