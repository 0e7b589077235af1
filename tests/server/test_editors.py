"""What every editor must get, whatever it declares."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from tests.server.conftest import LINE, PAGE, Editor


def quick_fixes(actions: Any, rule: str) -> list[types.CodeAction]:
    return [
        one
        for one in actions or ()
        if isinstance(one, types.CodeAction)
        and one.kind == types.CodeActionKind.QuickFix
        and one.diagnostics
        and one.diagnostics[0].code == rule
    ]


async def fix_edits(editor: Editor, action: types.CodeAction, path: str) -> list[Any]:
    if action.edit is None:
        action = await editor.client.code_action_resolve_async(action)
    assert action.edit is not None
    if action.edit.changes is not None:
        return list(action.edit.changes[editor.uri(path)])
    changes = action.edit.document_changes or []
    return [edit for one in changes if isinstance(one, types.TextDocumentEdit) for edit in one.edits]


@pytest.mark.asyncio
async def test_squiggle_fix_and_its_end(editor: Editor) -> None:
    path = "lib/shop/page.ex"
    text = editor.open(path, version=0)
    found = await editor.diagnostics(path, count=1)
    assert found[0].code == "liveview/push-redirect"
    assert found[0].source == "retort"
    where = editor.range(text, "push_redirect")
    assert found[0].range == where

    params = types.CodeActionParams(
        types.TextDocumentIdentifier(editor.uri(path)), where, types.CodeActionContext(found)
    )
    actions = await editor.client.text_document_code_action_async(params)
    fix = quick_fixes(actions, "liveview/push-redirect")[0]
    fixed = editor.apply(text, await fix_edits(editor, fix, path))
    assert fixed == PAGE.replace("push_redirect", "push_navigate")

    editor.change(path, 1, "navigate", editor.range(text, "redirect"))
    assert await editor.diagnostics(path, count=0) == []
    editor.change(path, 2, "redirect", editor.range(fixed, "navigate"))
    again = await editor.diagnostics(path, count=1)
    assert again[0].range == where


@pytest.mark.asyncio
async def test_workspace_command_speaks_of_closed_files(editor: Editor) -> None:
    editor.open("lib/shop/page.ex")
    params = types.ExecuteCommandParams("retort.checkWorkspace")
    summary = await editor.client.workspace_execute_command_async(params)
    rules = summary["rules"] if isinstance(summary, dict) else summary.rules
    assert dict(rules)["liveview/push-redirect"] == 2
    if not editor.pulls:
        found = await editor.diagnostics("lib/shop/other.ex", count=1)
        assert found[0].code == "liveview/push-redirect"


@pytest.mark.asyncio
async def test_open_buffers_count_before_the_disk(editor: Editor) -> None:
    path = "lib/shop/page.ex"
    editor.open(path, PAGE.replace(LINE, "    socket"))
    params = types.ExecuteCommandParams("retort.checkWorkspace")
    summary = await editor.client.workspace_execute_command_async(params)
    rules = summary["rules"] if isinstance(summary, dict) else summary.rules
    assert dict(rules)["liveview/push-redirect"] == 1
