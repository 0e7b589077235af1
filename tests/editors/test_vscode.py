"""VS Code as a person uses it: squiggles, the menu of quick fixes, fixes of several files, the
check of the whole workspace, fix on save. Pictures for the README are made on the way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as WaitedTooLong

from tests.editors.test_neovim import MIGRATION, PAGE, TEXT, planted, shop
from tests.editors.workbench import Workbench, extension

__all__ = ["shop"]
PICTURES = Path(os.environ.get("RETORT_PICTURES", ""))
FK = "ecto/missing-fk-index"
REDIRECT = "liveview/push-redirect"
UNSUPERVISED = "lib/shop/inventory/stock_watcher.ex"
EXAMPLE = "lib/shop_web/controllers/page_html/home.html.heex"


@pytest.fixture(scope="module")
def vsix() -> Path:
    return extension()


@pytest.fixture
def code(vsix: Path, shop: Path, tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(vsix, shop, tmp_path / "home") as workbench:
        yield workbench


def picture(code: Workbench, name: str) -> None:
    if PICTURES.name:
        PICTURES.mkdir(parents=True, exist_ok=True)
        code.picture(PICTURES / f"{name}.png")


def quick_fixes(code: Workbench, file: Path, line: int, character: int) -> Locator:
    """The menu of quick fixes at a place, opened with the keyboard. On a slow machine a key that
    comes while the workbench still gives the editor its focus goes nowhere: it is pressed again."""
    menu = code.page.locator(".action-widget").first
    for patience in (15_000, 15_000, 30_000):  # milliseconds
        code.ask("open", file=str(file), line=line, character=character)
        code.ask("command", command="workbench.action.focusActiveEditorGroup")
        code.page.keyboard.press("Control+.")
        with contextlib.suppress(WaitedTooLong):
            menu.wait_for(timeout=patience)
            return menu
    raise AssertionError(f"no quick fixes at {file.name}:{line + 1}")


def test_tour(code: Workbench, shop: Path) -> None:
    page = shop / PAGE
    line = next(number for number, text in enumerate(TEXT.splitlines()) if "push_redirect" in text)
    text = TEXT.splitlines()[line]
    # Columns of VS Code count UTF-16 units: the emoji before the call is two of them.
    column = len(text[: text.index("push_redirect")].encode("utf-16-le")) // 2

    began = time.monotonic()
    assert code.ask("open", file=str(page), line=line, character=column + 2) == "elixir"
    (found,) = code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle")
    print(f"\nfrom opening the file to the first squiggle: {time.monotonic() - began:.2f} s")
    assert found["range"] == [line, column, line, column + len("push_redirect")]
    assert code.page.locator(".squiggly-warning").count() > 0

    menu = quick_fixes(code, page, line, column + 2)
    assert "push_navigate" in menu.inner_text()
    picture(code, "quick-fix")
    code.page.keyboard.press("Enter")
    fixed = TEXT.replace("push_redirect", "push_navigate")
    code.wait(lambda: code.ask("text", file=str(page)) == fixed, "the quick fix")
    code.wait(lambda: not code.diagnostics(page, REDIRECT), "the squiggle to go")

    # A fix that writes a file.
    migration = shop / MIGRATION
    folder = migration.parent
    before = {path.name for path in folder.iterdir()}
    code.ask("open", file=str(migration))
    found = code.wait(lambda: code.diagnostics(migration, FK), "the missing index")[0]
    at = found["range"]
    quick_fixes(code, migration, at[0], at[1] + 1)
    code.page.keyboard.press("Enter")
    new = code.wait(lambda: {path.name for path in folder.iterdir()} - before, "the migration")
    written = folder / new.pop()
    code.wait(lambda: "create index" in code.ask("text", file=str(written)), "its text")
    code.wait(lambda: not code.diagnostics(migration, FK), "the finding to go")

    # The whole workspace, with progress, also files that are not open.
    code.command("Retort: Check Workspace")
    note = code.page.locator(".notification-toast", has_text="findings in")
    note.wait_for(timeout=60_000)
    closed = shop / "lib/shop_web/live/order_live/show.ex"
    code.wait(lambda: code.diagnostics(closed, REDIRECT), "the findings of closed files")
    total = len([one for one in code.ask("diagnostics") if one["code"] == REDIRECT])
    assert total == planted(REDIRECT)
    note.get_by_role("button", name="Show Problems").click()
    problems = code.page.locator(".markers-panel")
    problems.wait_for()
    picture(code, "problems")
    assert "retort" in problems.inner_text()
    status = code.page.locator("#retort-lsp\\.retort\\.retort").inner_text()
    assert int(status.split()[1]) > 0, status


def test_a_fix_to_be_reviewed_is_shown_before_it_is_made(code: Workbench, shop: Path) -> None:
    server = shop / UNSUPERVISED
    application = shop / "lib/shop/application.ex"
    before = application.read_text("utf-8")
    code.ask("open", file=str(server))
    found = code.wait(lambda: code.diagnostics(server, "otp/unsupervised-genserver"), "a finding")
    quick_fixes(code, server, found[0]["range"][0], found[0]["range"][1] + 1)
    code.page.keyboard.press("Enter")
    apply = code.page.get_by_role("button", name="Apply")
    apply.wait_for()
    picture(code, "preview")
    assert code.ask("text", file=str(application)) == before
    boxes = ".part.panel .monaco-list-row input[type=checkbox], .part.panel .edit-checkbox"
    code.page.locator(boxes).first.click()
    apply.click()
    code.wait(lambda: code.ask("text", file=str(application)) != before, "the child")
    code.wait(
        lambda: not code.diagnostics(server, "otp/unsupervised-genserver"), "the finding to go"
    )


def test_fix_on_save(code: Workbench, shop: Path) -> None:
    page = shop / PAGE
    code.ask(
        "configure", section="editor.codeActionsOnSave", value={"source.fixAll.retort": "always"}
    )
    code.ask("open", file=str(page))
    code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle")
    code.ask("replace", file=str(page), text=TEXT + "\n# saved\n")
    code.ask("save", file=str(page))
    code.wait(lambda: "push_navigate" in page.read_text("utf-8"), "the fix on save")
    assert "push_redirect" not in page.read_text("utf-8")


def test_the_page_of_a_rule_and_the_tree(code: Workbench, shop: Path) -> None:
    template = shop / EXAMPLE
    code.ask("open", file=str(template))
    found = code.wait(lambda: code.diagnostics(template, "liveview/live-redirect"), "the squiggle")
    at = found[0]["range"]
    code.ask("open", file=str(template), line=at[0], character=at[1] + 1)
    picture(code, "squiggle")
    code.command("Retort: Explain Rule")
    code.page.locator(".tab", has_text="Preview").wait_for(timeout=60_000)
    code.command("Retort: Show Supervision Tree")
    code.wait(
        lambda: any("Shop.Supervisor" in text for text in code.ask("editors")), "the drawn tree"
    )


def test_settings_restart_and_a_broken_configuration(code: Workbench, shop: Path) -> None:
    page = shop / PAGE
    code.ask("open", file=str(page))
    code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle")
    code.ask("configure", section="retort.rules", value={REDIRECT: "off"})
    code.wait(lambda: not code.diagnostics(page, REDIRECT), "the setting to count")
    code.ask("configure", section="retort.rules", value={})
    code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle again")
    code.ask("command", command="retort.restartServer")
    code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle after a restart")

    settings = shop / ".retort.toml"
    settings.write_text("profil = 1\n")
    code.ask("open", file=str(settings))
    found = code.wait(lambda: code.diagnostics(settings), "the squiggle in the configuration")
    assert "profile" in found[0]["message"]


def test_a_missing_server_is_said(vsix: Path, shop: Path, tmp_path: Path) -> None:
    settings = {"retort.server.path": "/nowhere/retort"}
    with Workbench(vsix, shop, tmp_path / "home", **settings) as code:
        code.ask("open", file=str(shop / PAGE))
        said = code.page.locator(".notification-toast", has_text="Retort is not at")
        said.wait_for(timeout=60_000)
        assert said.get_by_role("button", name="Open Settings").count() == 1


@pytest.mark.parametrize("trusted", [True, False])
def test_a_folder_names_programs_only_if_it_is_trusted(
    vsix: Path, shop: Path, tmp_path: Path, trusted: bool
) -> None:
    planted_program, ran = tmp_path / "program", tmp_path / "ran"
    planted_program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    planted_program.chmod(0o755)
    settings = shop / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"retort.server.path": str(planted_program)}))
    page = shop / PAGE
    with Workbench(vsix, shop, tmp_path / "home", trusted=trusted) as code:
        code.ask("open", file=str(page))
        if trusted:
            code.wait(ran.exists, "the program that the folder names")
        else:
            code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle of our own server")
            assert not ran.exists()


def servers(home: Path) -> list[int]:
    """The processes of the server whose log lies in a home folder."""
    found = subprocess.run(
        ["pgrep", "-f", str(home / "server.log")], capture_output=True, text=True, check=False
    )
    return [int(number) for number in found.stdout.split()]


def test_a_server_that_falls_is_started_again_and_then_the_log_is_offered(
    vsix: Path, shop: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    settings = {"retort.server.arguments": ["--log-file", str(home / "server.log")]}
    page = shop / PAGE
    with Workbench(vsix, shop, home, **settings) as code:
        code.ask("open", file=str(page))
        for _ in range(6):
            code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle")
            for one in code.wait(lambda: servers(home), "a server"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            code.wait(lambda: not code.diagnostics(page, REDIRECT), "the fall to be noticed")
        said = code.page.locator(".notification-toast", has_text="has ended 6 times")
        said.wait_for(timeout=60_000)
        said.get_by_role("button", name="Restart").click()
        code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle after the restart")


def test_a_python_that_is_too_old_is_said(vsix: Path, shop: Path, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3 9\n")
    old.chmod(0o755)
    home = tmp_path / "home"
    with Workbench(vsix, shop, home, server=False, **{"retort.python.path": str(old)}) as code:
        code.ask("open", file=str(shop / PAGE))
        offer = code.page.locator(".notification-toast", has_text="is not installed")
        offer.get_by_role("button", name="Install").click(timeout=60_000)
        said = code.page.locator(".notification-toast", has_text="needs Python 3.11 or newer")
        said.wait_for(timeout=60_000)
        assert f"{old} is 3.9" in said.inner_text()


def test_the_server_is_installed_on_request(vsix: Path, shop: Path, tmp_path: Path) -> None:
    settings = {"retort.python.path": sys.executable}
    page = shop / PAGE
    with Workbench(vsix, shop, tmp_path / "home", server=False, **settings) as code:
        code.ask("open", file=str(page))
        offer = code.page.locator(".notification-toast", has_text="is not installed")
        offer.get_by_role("button", name="Install").click(timeout=60_000)
        code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle", patience=300)
