"""What every editor must get, whatever it declares."""

from __future__ import annotations

from lsprotocol import types

from tests.server.conftest import LINE, OTHER_PATH, PAGE, PAGE_PATH, Editor


async def test_a_file(editor: Editor) -> None:
    """Squiggle, hover, symbols, fix, «Ignore here» and fix-all in one open file."""
    await squiggle_fix_and_its_end(editor)
    await ignore_here_and_fix_all(editor)
    await hover_shows_the_page(editor)
    await symbols(editor)
    await a_fix_that_needs_a_file_is_offered_where_it_can_be_made(editor)


async def test_the_workspace(editor: Editor) -> None:
    """The workspace command: closed files, and open buffers before the disk."""
    await workspace_command_speaks_of_closed_files(editor)
    await open_buffers_count_before_the_disk(editor)


async def squiggle_fix_and_its_end(editor: Editor) -> None:
    text = editor.open(PAGE_PATH, version=0)
    found = await editor.diagnostics(PAGE_PATH, "planted/counting")
    where = editor.range(text, "one")
    assert (found[0].range, found[0].source) == (where, "retort")
    assert found[0].severity is types.DiagnosticSeverity.Warning

    fix = await editor.action(PAGE_PATH, where, "Write two")
    assert fix.kind == types.CodeActionKind.QuickFix
    fixed = editor.apply(text, editor.text_edits(fix.edit, PAGE_PATH))
    assert fixed == PAGE.replace("one()", "two()")

    editor.change(PAGE_PATH, 1, (where, "three"))
    await editor.diagnostics(PAGE_PATH)
    editor.change(PAGE_PATH, 2, (editor.range(PAGE.replace("one", "three"), "three"), "one"))
    again = await editor.diagnostics(PAGE_PATH, "planted/counting")
    assert again[0].range == where


async def ignore_here_and_fix_all(editor: Editor) -> None:
    text = editor.open(PAGE_PATH, version=0)
    await editor.diagnostics(PAGE_PATH, "planted/counting")
    where = editor.range(text, "one")
    ignore = await editor.action(PAGE_PATH, where, "Ignore planted/counting here")
    ignored = editor.apply(text, editor.text_edits(ignore.edit, PAGE_PATH))
    assert ignored == PAGE.replace(LINE, f"    # retort:ignore planted/counting\n{LINE}")

    every = await editor.action(PAGE_PATH, where, "Fix all", "source.fixAll")
    assert every.kind == "source.fixAll.retort"
    fixed = editor.apply(text, editor.text_edits(every.edit, PAGE_PATH))
    assert fixed == PAGE.replace("one()", "three()")


async def workspace_command_speaks_of_closed_files(editor: Editor) -> None:
    editor.open(PAGE_PATH)
    summary = await editor.command("retort.checkWorkspace")
    assert summary["rules"] == {"planted/counting": 2}
    assert (summary["findings"], summary["files"]) == (2, 2)
    if not editor.pulls:
        await editor.diagnostics(OTHER_PATH, "planted/counting")


async def open_buffers_count_before_the_disk(editor: Editor) -> None:
    editor.open(PAGE_PATH, PAGE.replace(LINE, "    x"))
    summary = await editor.command("retort.checkWorkspace")
    assert summary["rules"] == {"planted/counting": 1}


async def a_fix_that_needs_a_file_is_offered_where_it_can_be_made(editor: Editor) -> None:
    text = editor.open(PAGE_PATH, PAGE.replace("one", "make_file"))
    await editor.diagnostics(PAGE_PATH, "planted/creating")
    where = editor.range(text, "make_file")
    titles = [one.title for one in await editor.actions(PAGE_PATH, where)]
    can = editor.name.startswith(("vscode", "neovim"))
    assert ("Make the file" in titles) is can
    if not can:
        return
    edit = (await editor.action(PAGE_PATH, where, "Make the file")).edit
    assert edit is not None and edit.document_changes is not None
    kinds = [getattr(one, "kind", "edit") for one in edit.document_changes]
    assert kinds == ["edit", "create", "edit"]
    assert len(editor.text_edits(edit, "lib/made/new.ex")) == 1
    assert (edit.change_annotations is not None) is editor.name.startswith("vscode")


async def hover_shows_the_page(editor: Editor) -> None:
    text = editor.open(PAGE_PATH)
    await editor.diagnostics(PAGE_PATH, "planted/counting")
    at = editor.range(text, "one").start
    identifier = types.TextDocumentIdentifier(editor.uri(PAGE_PATH))
    hover = await editor.client.text_document_hover_async(types.HoverParams(identifier, at))
    assert hover is not None and isinstance(hover.contents, types.MarkupContent)
    assert "# planted/counting" in hover.contents.value
    markdown = not editor.name.startswith(("emacs", "vim"))
    assert (hover.contents.kind is types.MarkupKind.Markdown) is markdown
    start = types.HoverParams(identifier, types.Position(0, 0))
    assert await editor.client.text_document_hover_async(start) is None


async def symbols(editor: Editor) -> None:
    text = editor.open(PAGE_PATH)
    identifier = types.TextDocumentIdentifier(editor.uri(PAGE_PATH))
    params = types.DocumentSymbolParams(identifier)
    found = await editor.client.text_document_document_symbol_async(params)
    assert found
    first = found[0]
    assert first.name == "Shop.Page"
    if editor.name.startswith("vim"):
        assert [type(one) for one in found] == [types.SymbolInformation] * 2
        assert found[1].name == "go/1"
        assert isinstance(found[1], types.SymbolInformation)
        assert found[1].container_name == "Shop.Page"
    else:
        assert isinstance(first, types.DocumentSymbol) and first.children
        assert [child.name for child in first.children] == ["go/1"]
        assert first.children[0].selection_range == editor.range(text, "go")
