"""Settings: from the editor in three ways, and from `.retort.toml`, also while it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsprotocol import types

from tests.server.conftest import (
    ALE,
    KATE,
    NEOVIM,
    OTHER_PATH,
    PAGE_PATH,
    VSCODE,
    Editor,
    session,
    write,
)

ONE = "planted/counting"
TOML = ".retort.toml"
OFF = '[rules]\n"planted/counting" = "off"\n'


def tell(editor: Editor, settings: Any) -> None:
    """As an editor does when its user has changed something."""
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))


async def test_initialization_options(project: Path) -> None:
    for options in ({"profile": "aggressive"}, {"retort": {"profile": "aggressive"}}):
        async with session(ALE, project, options=options) as editor:
            editor.open(PAGE_PATH, "hm()\n")
            await editor.diagnostics(PAGE_PATH, "planted/strict")


async def test_settings_that_are_pushed(project: Path) -> None:
    async with session(KATE, project) as editor:
        editor.open(PAGE_PATH)
        found = await editor.diagnostics(PAGE_PATH, ONE)
        assert found[0].severity is types.DiagnosticSeverity.Warning
        tell(editor, {"retort": {"rules": {ONE: "hint"}}})
        await editor.eventually(lambda: len(editor.published) == 2)
        found = await editor.diagnostics(PAGE_PATH, ONE)
        assert found[0].severity is types.DiagnosticSeverity.Hint
        tell(editor, {"retort": {"rules": {"planted": "off"}}})
        await editor.diagnostics(PAGE_PATH)
        tell(editor, None)
        await editor.diagnostics(PAGE_PATH, ONE)


async def test_settings_that_are_pulled(project: Path) -> None:
    async with session(VSCODE, project, settings={"profile": "aggressive"}) as editor:
        editor.open(PAGE_PATH, "hm()\n")
        await editor.diagnostics(PAGE_PATH, "planted/strict")
        changed = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        editor.client.set_configuration({"retort": {"profile": "recommended", "rules": None}})
        tell(editor, None)
        await editor.diagnostics(PAGE_PATH)
        tell(editor, None)
        await editor.quiet(0.1)
        assert [one.method for one in editor.registered].count(changed) == 1


async def test_a_folder_has_settings_of_its_own(tmp_path: Path, project: Path) -> None:
    second, third = tmp_path / "second", tmp_path / "third"
    for root in (second, third):
        write(root, {"mix.exs": "", PAGE_PATH: "hm()\n"})
    async with session(VSCODE, project, second, settings={}) as editor:
        paths = [(root / PAGE_PATH).as_uri() for root in (project, second, third)]
        for path in paths[:2]:
            editor.open(path, "hm()\n")
            await editor.diagnostics(path)
        strict = {"retort": {"profile": "aggressive"}}
        for root in (second, third):
            editor.client.set_configuration(strict, scope_uri=root.as_uri())
        tell(editor, None)
        await editor.diagnostics(paths[1], "planted/strict")
        await editor.diagnostics(paths[0])
        event = types.WorkspaceFoldersChangeEvent([types.WorkspaceFolder(third.as_uri(), "3")], [])
        params = types.DidChangeWorkspaceFoldersParams(event)
        editor.client.workspace_did_change_workspace_folders(params)
        editor.open(paths[2], "hm()\n")
        await editor.diagnostics(paths[2], "planted/strict")
        await editor.command("retort.restart")
        await editor.diagnostics(paths[1], "planted/strict")
        await editor.diagnostics(paths[0])


async def test_what_is_wrong_with_the_settings_is_said_once(project: Path) -> None:
    async with session(VSCODE, project, settings={"rules": {"planted/countin": "off"}}) as editor:
        editor.open(PAGE_PATH)
        await editor.diagnostics(PAGE_PATH, ONE)
        await editor.eventually(lambda: editor.client.messages)
        await editor.quiet()
        assert len(editor.client.messages) == 1
        assert f"did you mean `{ONE}`" in editor.client.messages[0].message


async def test_settings_of_no_sense_do_no_harm(project: Path) -> None:
    async with session(KATE, project) as editor:
        editor.open(PAGE_PATH)
        for settings in ([], 7, {"retort": []}, {"retort": {"rules": 3, "exclude": {}}}, {}):
            tell(editor, settings)
        await editor.quiet(0.1)
        await editor.diagnostics(PAGE_PATH, ONE)


async def test_the_file_and_its_mistakes(project: Path) -> None:
    write(project, {TOML: 'profil = "x"\n' + OFF})
    async with session(NEOVIM, project) as editor:
        editor.open(PAGE_PATH)
        await editor.diagnostics(PAGE_PATH)
        await editor.command("retort.checkWorkspace")
        found = await editor.diagnostics(TOML, "retort/configuration")
        assert "did you mean `profile`" in found[0].message
        assert found[0].range.start.line == 0
        editor.write(TOML, "")
        await editor.diagnostics(PAGE_PATH, ONE)
        await editor.diagnostics(TOML)
        editor.write(TOML, None)
        await editor.diagnostics(PAGE_PATH, ONE)


async def test_the_file_counts_while_it_is_written(project: Path) -> None:
    for name in (NEOVIM, VSCODE):
        write(project, {TOML: ""})
        async with session(name, project) as editor:
            editor.open(PAGE_PATH)
            editor.open(TOML)
            await editor.diagnostics(PAGE_PATH, ONE)
            editor.change(TOML, 1, OFF)
            await editor.diagnostics(PAGE_PATH)
            editor.change(TOML, 2, "é = [\n")
            found = await editor.diagnostics(TOML, "retort/configuration")
            assert "not TOML" in found[0].message
            editor.change(TOML, 3, "")
            await editor.diagnostics(TOML)
            editor.change(TOML, 4, '# é😀\nprofile = "strict" # é\n')
            found = await editor.diagnostics(TOML, "retort/configuration")
            assert found[0].range.start.line == 1
            editor.change(TOML, 5, OFF)
            await editor.diagnostics(TOML)
            await editor.diagnostics(PAGE_PATH)
            editor.close(TOML)  # without saving
            await editor.diagnostics(PAGE_PATH, ONE)


async def test_the_editor_counts_more_than_the_file(project: Path) -> None:
    write(project, {TOML: OFF})
    settings = {"rules": {ONE: "on"}}
    async with session(VSCODE, project, settings=settings) as editor:
        editor.open(PAGE_PATH)
        await editor.diagnostics(PAGE_PATH, ONE)


async def test_other_settings_mean_another_check_of_closed_files(project: Path) -> None:
    write(project, {OTHER_PATH: "hm()\n"})
    async with session(NEOVIM, project) as editor:
        assert (await editor.command("retort.checkWorkspace"))["rules"] == {ONE: 1}
        editor.write(TOML, 'profile = "aggressive"\n')
        await editor.diagnostics(OTHER_PATH, "planted/strict")
        editor.write(TOML, 'exclude = ["lib/shop/other.ex"]\n')
        await editor.diagnostics(OTHER_PATH)


async def test_project_rules_obey(project: Path) -> None:
    twin = "defmodule Shop.Page do\nend\n"
    write(project, {OTHER_PATH: twin})
    async with session(NEOVIM, project) as editor:
        editor.open(PAGE_PATH)
        await editor.diagnostics(PAGE_PATH, "planted/twins", ONE)
        editor.write(TOML, '[rules]\n"planted/twins" = "off"\n')
        await editor.diagnostics(PAGE_PATH, ONE)
        paths = '[[paths]]\nmatch = ["**/page.ex"]\nrules = { "planted/twins" = "hint" }\n'
        editor.write(TOML, paths)
        found = await editor.diagnostics(PAGE_PATH, "planted/twins", ONE)
        assert found[0].severity is types.DiagnosticSeverity.Hint
        found_there = await editor.command("retort.checkWorkspace")
        assert found_there["severities"] == {"hint": 1, "warning": 2}
