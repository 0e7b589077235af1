"""Diagnostics that a client pulls, and that they are those which others are pushed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsprotocol import types

from tests.server.conftest import (
    NEOVIM,
    OTHER_PATH,
    PAGE,
    PAGE_PATH,
    VSCODE,
    Editor,
    parameters,
    plain,
    session,
    write,
)

ONE = "planted/counting"


async def pull(editor: Editor, path: str, previous: str | None = None) -> Any:
    params = types.DocumentDiagnosticParams(
        types.TextDocumentIdentifier(editor.uri(path)), previous_result_id=previous
    )
    return await editor.client.text_document_diagnostic_async(params)


async def pull_workspace(
    editor: Editor, known: dict[str, str] | None = None, token: str | None = None
) -> dict[str, Any]:
    previous = [types.PreviousResultId(uri, value) for uri, value in (known or {}).items()]
    params = types.WorkspaceDiagnosticParams(previous, partial_result_token=token)
    report = await editor.client.workspace_diagnostic_async(params)
    return {item.uri: item for item in report.items}


async def test_unchanged_diagnostics_are_not_sent_again(vscode: Editor) -> None:
    text = vscode.open(PAGE_PATH)
    first = await pull(vscode, PAGE_PATH)
    assert [one.code for one in first.items] == [ONE]
    again = await pull(vscode, PAGE_PATH, first.result_id)
    assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
    assert again.result_id == first.result_id
    vscode.change(PAGE_PATH, 1, (vscode.range(text, "one"), "three"))
    gone = await pull(vscode, PAGE_PATH, first.result_id)
    assert gone.items == [] or list(gone.items) == []
    assert gone.result_id != first.result_id
    vscode.change(PAGE_PATH, 2, text)
    assert (await pull(vscode, PAGE_PATH)).result_id == first.result_id
    assert list((await pull(vscode, "untitled:x")).items) == []


async def test_a_pulling_client_is_pushed_nothing_about_open_files(vscode: Editor) -> None:
    vscode.open(PAGE_PATH)
    await vscode.diagnostics(PAGE_PATH, ONE)
    await vscode.command("retort.checkWorkspace")
    await vscode.quiet()
    assert [one.uri for one in vscode.published] == [vscode.uri(OTHER_PATH)]
    vscode.open(OTHER_PATH)
    await vscode.eventually(lambda: len(vscode.published) == 2)
    assert not vscode.published[1].diagnostics, "what was pushed is taken back"
    await vscode.diagnostics(OTHER_PATH, ONE)
    vscode.close(OTHER_PATH)
    await vscode.eventually(lambda: len(vscode.published) == 3)
    assert len(vscode.published[2].diagnostics) == 1


async def test_the_client_is_asked_to_pull_again_when_another_file_decides(
    vscode: Editor,
) -> None:
    vscode.open(PAGE_PATH)
    await vscode.diagnostics(PAGE_PATH, ONE)
    await vscode.quiet()
    before = vscode.refreshes
    vscode.write("lib/shop/twin.ex", "defmodule Shop.Page do\nend\n")
    await vscode.eventually(lambda: vscode.refreshes == before + 1)
    await vscode.diagnostics(PAGE_PATH, "planted/twins", ONE)
    await vscode.quiet()
    assert vscode.refreshes == before + 1


async def test_the_clients_own_edits_cause_no_refresh(vscode: Editor) -> None:
    text = vscode.open(PAGE_PATH)
    await vscode.diagnostics(PAGE_PATH, ONE)
    await vscode.quiet()
    before = vscode.refreshes
    for version in range(1, 6):
        text = f"# {version}\n{text}"
        vscode.change(PAGE_PATH, version, text)
        await pull(vscode, PAGE_PATH)
    await vscode.quiet()
    assert vscode.refreshes == before


async def test_the_whole_workspace(vscode: Editor) -> None:
    vscode.open(PAGE_PATH, version=7)
    opened = await pull_workspace(vscode)
    assert list(opened) == [vscode.uri(PAGE_PATH)], "closed files only after the command"
    assert opened[vscode.uri(PAGE_PATH)].version == 7
    await vscode.command("retort.checkWorkspace")
    both = await pull_workspace(vscode)
    assert set(both) == {vscode.uri(PAGE_PATH), vscode.uri(OTHER_PATH)}
    assert [one.code for one in both[vscode.uri(OTHER_PATH)].items] == [ONE]
    assert vscode.published == [], "who pulls the workspace is pushed nothing"

    known = {uri: item.result_id for uri, item in both.items()}
    vscode.write(OTHER_PATH, "defmodule Shop.Other do\nend\n")
    gone = vscode.uri("lib/gone.ex")
    after = await pull_workspace(vscode, {**known, gone: "x"})
    assert after[vscode.uri(PAGE_PATH)].kind == "unchanged"
    assert list(after[vscode.uri(OTHER_PATH)].items) == []
    assert list(after[gone].items) == []


async def test_partial_results(project: Path) -> None:
    write(project, {f"lib/many/m{n}.ex": "one()\n" for n in range(120)})
    async with session(VSCODE, project) as editor:
        await editor.command("retort.checkWorkspace")
        parts: list[Any] = []
        editor.client.protocol.fm.features.pop(types.PROGRESS)

        @editor.client.feature(types.PROGRESS)
        def progress(params: types.ProgressParams) -> None:
            parts.append(plain(params.value)["items"])

        rest = await pull_workspace(editor, token="t")
        assert rest == {}
        assert [len(part) for part in parts] == [50, 50, 22]
        assert len({item["uri"] for part in parts for item in part}) == 122


async def test_pushed_and_pulled_are_the_same(project: Path) -> None:
    texts = {
        PAGE_PATH: PAGE,
        OTHER_PATH: "defmodule Shop.Page do\n  def lonely, do: risky()\nend\n",
        "lib/shop/a.ex": "defmodule A do\n# retort:ignore planted/counting, no/rule\none()\n"
        "def lonely, do: 1\nend\n",
    }
    write(project, texts)
    seen = {}
    for name in (VSCODE, NEOVIM):
        async with session(name, project) as editor:
            for path in texts:
                editor.open(path)
            await editor.diagnostics(PAGE_PATH, "planted/twins", ONE)
            await editor.quiet()
            seen[name] = {
                path: [
                    (one.code, one.message, one.range.start.line, one.severity, one.tags)
                    for one in await editor.diagnostics_now(path) or ()
                ]
                for path in texts
            }
    assert seen[VSCODE] == seen[NEOVIM]
    assert len(seen[VSCODE][OTHER_PATH]) == 3


def test_pulling_needs_a_way_to_say_that_it_is_time(tmp_path: Path) -> None:
    """Neovim 0.11 pulls but knows no refresh; it is pushed to, or it would stay behind."""
    neovim = parameters(NEOVIM, [tmp_path]).capabilities
    assert neovim.text_document is not None and neovim.text_document.diagnostic is not None
    assert neovim.workspace is not None and neovim.workspace.diagnostics is None


async def test_what_is_offered(project: Path) -> None:
    async with session(NEOVIM, project) as editor:
        assert editor.capabilities.diagnostic_provider is None
    async with session(VSCODE, project) as editor:
        offered = editor.capabilities.diagnostic_provider
        assert isinstance(offered, types.DiagnosticOptions)
        assert offered.workspace_diagnostics and offered.inter_file_dependencies


async def test_a_workspace_report_is_no_answer_for_an_open_file(vscode: Editor) -> None:
    vscode.open(PAGE_PATH)
    await vscode.diagnostics(PAGE_PATH, ONE)
    assert vscode.server is not None
    place = vscode.server.session.locate(vscode.uri(PAGE_PATH))
    assert place is not None
    # Findings change, and before anybody says so the client polls the workspace.
    place.workspace.overrides = {"rules": {ONE: "off"}}
    place.workspace.read_settings()
    report = (await pull_workspace(vscode))[vscode.uri(PAGE_PATH)]
    assert not report.items
    before = vscode.refreshes
    vscode.server.changed(place)
    await vscode.eventually(lambda: vscode.refreshes > before)
