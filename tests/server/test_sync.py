"""Open documents: what the server makes of edits, of odd texts and of odd places."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from lsp_server.text import LineIndex, Position
from tests.server.conftest import (
    EGLOT,
    NEOVIM,
    PAGE,
    PAGE_PATH,
    VSCODE,
    Editor,
    session,
    write,
)

ONE = "planted/counting"


def at(line: int, character: int, end_line: int, end_character: int) -> types.Range:
    return types.Range(types.Position(line, character), types.Position(end_line, end_character))


async def text_of(editor: Editor, path: str) -> str:
    """The text that the server holds."""
    assert editor.server is not None
    await editor.quiet(0.02)
    place = editor.server.session.locate(editor.uri(path))
    assert place is not None and place.document is not None
    return place.document.source.decode()


async def test_the_whole_document_can_be_changed(neovim: Editor) -> None:
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    neovim.change(PAGE_PATH, 1, "def a, do: risky()\n")
    await neovim.diagnostics(PAGE_PATH, "planted/reviewed")
    neovim.change(PAGE_PATH, 2, "a", "one()", (at(0, 0, 0, 3), "two"))
    await neovim.diagnostics(PAGE_PATH, ONE)
    assert await text_of(neovim, PAGE_PATH) == "two()"


async def test_edits_of_one_notification_apply_one_after_the_other(vscode: Editor) -> None:
    vscode.open(PAGE_PATH, "a\nb\n")
    vscode.change(
        PAGE_PATH,
        1,
        (at(0, 1, 0, 1), "😀()"),
        (at(0, 3, 0, 5), "\n"),  # behind the astral sign, which is two units long here
        (at(1, 0, 2, 0), "one()"),
    )
    assert await text_of(vscode, PAGE_PATH) == "a😀\none()b\n"


async def test_edits_past_the_end_are_clamped(neovim: Editor) -> None:
    neovim.open(PAGE_PATH, "a\nb")
    neovim.change(PAGE_PATH, 1, (at(0, 99, 0, 99), "!"))
    neovim.change(PAGE_PATH, 2, (at(7, 3, 9, 9), "?"))
    neovim.change(PAGE_PATH, 3, (at(1, 1, 0, 1), "-"))  # the wrong way round
    await neovim.diagnostics(PAGE_PATH)
    assert await text_of(neovim, PAGE_PATH) == "a-?"


@pytest.mark.parametrize("name", [VSCODE, NEOVIM])
@pytest.mark.parametrize(
    "text",
    [
        "# a\r\n# é\r\none()\r\n",
        'x = "é\r😀"; one()\r',
        "# a\u2028\x0b\x0c\x85b\n# 😀\u2029\none()",
        "\ufeff# a\nb = 1; one()\n",
    ],
)
async def test_lines_end_at_lf_crlf_and_cr_alone(name: str, text: str, project: Path) -> None:
    async with session(name, project) as editor:
        editor.open(PAGE_PATH, text)
        found = await editor.diagnostics(PAGE_PATH, ONE)
        where = editor.range(text, "one")
        assert found[0].range == where
        expected = next(n for n, line in enumerate(_lines(text)) if "one()" in line)
        assert where.start.line == expected
        editor.change(PAGE_PATH, 1, (where, "three"))
        await editor.diagnostics(PAGE_PATH)
        assert await text_of(editor, PAGE_PATH) == text.replace("one", "three")


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@pytest.mark.parametrize("text", ["a\0b\none()", "x = " + "[" * 5000 + "one()", "x" * 2_100_000])
async def test_hostile_texts_do_no_harm(neovim: Editor, text: str) -> None:
    neovim.open(PAGE_PATH, text)
    index = LineIndex(text.encode())
    end = types.Position(*index.position(len(text), neovim.encoding))
    await neovim.eventually(lambda: neovim.uri(PAGE_PATH) in neovim.client.diagnostics)
    neovim.change(PAGE_PATH, 1, (types.Range(end, end), "\n"))
    neovim.change(PAGE_PATH, 2, "one()")
    await neovim.diagnostics(PAGE_PATH, ONE)


async def test_a_refused_file_says_so(neovim: Editor) -> None:
    neovim.open(PAGE_PATH, "a\0b\none()")
    found = await neovim.diagnostics(PAGE_PATH, "retort/unreadable-file")
    assert "NUL" in found[0].message
    assert found[0].severity is types.DiagnosticSeverity.Information


async def test_a_text_without_a_file_is_checked_by_itself(neovim: Editor) -> None:
    buffer = "untitled:Untitled-1"
    neovim.open(buffer, "one()")
    await neovim.diagnostics(buffer, ONE)
    neovim.change(buffer, 1, "three()")
    await neovim.diagnostics(buffer)
    neovim.save(buffer)
    neovim.change(buffer, 2, "three()\none()")
    found = await neovim.diagnostics(buffer, ONE)
    assert found[0].range.start.line == 1
    edit = (await neovim.action(buffer, found[0].range, "Write two")).edit
    assert edit is not None and buffer in str(edit)
    neovim.change(buffer, 3, "make_file()")
    found = await neovim.diagnostics(buffer, "planted/creating")
    making = await neovim.action(buffer, found[0].range, "Make the file")
    assert making.edit is None, "there is no project in which a file could be made"
    neovim.close(buffer)
    await neovim.diagnostics(buffer)
    assert neovim.server is not None
    assert list(neovim.server.session.workspaces) == [neovim.root]
    assert {one.uri for one in neovim.published if "Untitled" in one.uri} == {buffer}


async def test_what_was_never_opened_is_left_alone(neovim: Editor) -> None:
    neovim.open("untitled:notes.txt", "one()", language="plaintext")
    neovim.change("untitled:notes.txt", 1, "two()")
    neovim.change(PAGE_PATH, 7, "two()")
    neovim.close(PAGE_PATH)
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    assert [one for one in neovim.published if "untitled" in one.uri] == []


async def test_a_file_outside_of_every_folder_is_checked_by_itself(
    neovim: Editor, tmp_path: Path
) -> None:
    write(tmp_path / "away", {"lone.ex": "one()\n", "other.ex": "one()\n"})
    lone = (tmp_path / "away/lone.ex").as_uri()
    neovim.open(lone, "one()\n")
    await neovim.diagnostics(lone, ONE)
    assert neovim.server is not None
    assert tmp_path / "away" in neovim.server.session.workspaces
    summary = await neovim.command("retort.checkWorkspace")
    assert summary["rules"] == {ONE: 3}, "the other file of that folder is nobody's business"
    neovim.close(lone)
    await neovim.diagnostics(lone)
    assert tmp_path / "away" not in neovim.server.session.workspaces


async def test_a_file_of_another_project_has_that_project_read(
    neovim: Editor, tmp_path: Path
) -> None:
    twin = "defmodule Shop.Lib do\nend\n"
    write(tmp_path / "lib", {"mix.exs": "", "lib/a.ex": twin, "lib/b.ex": twin})
    path = (tmp_path / "lib/lib/a.ex").as_uri()
    neovim.open(path, twin)
    found = await neovim.diagnostics(path, "planted/twins")
    assert found[0].related_information is not None
    assert found[0].related_information[0].location.uri == (tmp_path / "lib/lib/b.ex").as_uri()


async def test_a_folder_of_several_projects(tmp_path: Path) -> None:
    twin = "defmodule Twin do\nend\n"
    for name in ("a", "deep/er/b"):
        write(tmp_path / "all" / name, {"mix.exs": "", "lib/x.ex": twin, "lib/y.ex": PAGE})
    async with session(EGLOT, tmp_path / "all") as editor:
        summary = await editor.command("retort.checkWorkspace")
        assert summary["rules"] == {ONE: 2}, "equal modules of different projects are no twins"
        editor.open("a/lib/y.ex")
        await editor.diagnostics("a/lib/y.ex", ONE)
        assert editor.server is not None
        roots = {root.name for root in editor.server.session.workspaces}
        assert roots == {"a", "b"}


async def test_an_excluded_file_is_silent_though_open(project: Path) -> None:
    write(
        project,
        {".gitignore": "/lib/made/\n", "lib/made/x.ex": "one()", "deps/a/lib/a.ex": "one()"},
    )
    async with session(NEOVIM, project) as editor:
        for path in ("lib/made/x.ex", "deps/a/lib/a.ex"):
            editor.open(path)
            await editor.diagnostics(path)
        editor.open(PAGE_PATH)
        await editor.diagnostics(PAGE_PATH, ONE)
        assert not editor.client.diagnostics[editor.uri("lib/made/x.ex")]


async def test_no_file_is_spoken_of_twice_and_no_stale_text(neovim: Editor) -> None:
    text = neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, ONE)
    await neovim.quiet()
    index = LineIndex(text.encode())
    for version in range(1, 30):
        start = types.Position(*index.position(text.encode().index(b"def go"), neovim.encoding))
        neovim.change(PAGE_PATH, version, (types.Range(start, start), "\n"))
        text = text.replace("def go", "\ndef go")
        index = LineIndex(text.encode())
    await neovim.eventually(lambda: neovim.published[-1].version == 29)
    await neovim.quiet()
    said = [(one.version, str(one.diagnostics)) for one in neovim.published]
    assert len(set(said)) == len(said), "the same was said twice"
    versions = [one.version for one in neovim.published]
    assert versions == sorted(versions, key=lambda one: one or 0)
    assert neovim.published[-1].diagnostics[0].range == neovim.range(text, "one")
    assert len(said) < 29, "fast typing is not answered letter by letter"


async def test_diagnostics_of_each_version_fit_its_text(neovim: Editor) -> None:
    text = PAGE
    neovim.open(PAGE_PATH)
    texts = {0: text}
    for version in range(1, 12):
        text = text.replace("  def go", f"  def f{version}, do: one()\n  def go", 1)
        texts[version] = text
        neovim.change(PAGE_PATH, version, text)
        await neovim.quiet(0.02)
    await neovim.diagnostics(PAGE_PATH, "planted/whole", *[ONE] * 12)
    for said in neovim.published:
        assert said.version is not None
        index = LineIndex(texts[said.version].encode())
        for one in said.diagnostics:
            if one.code == ONE:
                begin = index.offset(Position(one.range.start.line, one.range.start.character))
                assert texts[said.version].encode()[begin : begin + 3] == b"one"


async def test_closing_gives_the_disk_its_say(neovim: Editor) -> None:
    twin = "defmodule Shop.Other do\nend\n"
    neovim.open(PAGE_PATH, twin)
    neovim.open("lib/shop/other.ex")
    await neovim.diagnostics("lib/shop/other.ex", "planted/twins", ONE)
    neovim.close(PAGE_PATH)
    await neovim.diagnostics("lib/shop/other.ex", ONE)
    assert not neovim.client.diagnostics[neovim.uri(PAGE_PATH)]


async def test_a_new_file_counts_before_it_is_saved(neovim: Editor) -> None:
    neovim.open("lib/shop/new.ex", "defmodule Shop.Page do\nend\n")
    neovim.open(PAGE_PATH)
    await neovim.diagnostics(PAGE_PATH, "planted/twins", ONE)
    neovim.close("lib/shop/new.ex")
    await neovim.diagnostics(PAGE_PATH, ONE)


async def test_project_findings_follow_their_text(neovim: Editor) -> None:
    text = "defmodule Shop.Other do\nend\n"
    neovim.open("lib/shop/other.ex")
    neovim.open(PAGE_PATH, text)
    await neovim.diagnostics(PAGE_PATH, "planted/twins")
    moved = f"# é😀\n\n{text}"
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    neovim.change(PAGE_PATH, 1, (start, "# é😀\n\n"))
    await neovim.eventually(lambda: neovim.published[-1].version == 1)
    assert neovim.published[-1].diagnostics[0].range == neovim.range(moved, "Shop.Other")
    await neovim.quiet()
    other = neovim.client.diagnostics[neovim.uri("lib/shop/other.ex")][0]
    assert other.related_information is not None
    assert other.related_information[0].location.range == neovim.range(moved, "Shop.Other")
