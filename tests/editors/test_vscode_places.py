"""VS Code where there is not one tidy project: several roots, none, a folder that cannot be
written, very many files."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.editors.test_neovim import MIGRATION, PAGE, shop
from tests.editors.test_neovim_places import EVAL, two_projects, unwritable
from tests.editors.test_neovim_places import PAGE as LIVE
from tests.editors.test_vscode import FK, REDIRECT, vsix
from tests.editors.workbench import Workbench

__all__ = ["shop", "vsix"]


def check(code: Workbench) -> str:
    """What the check of the workspace says."""
    code.ask("command", command="notifications.clearAll")
    code.command("Retort: Check Workspace")
    note = code.page.locator(".notification-toast", has_text=" in ").filter(has_text="finding")
    note.wait_for(timeout=60_000)
    lines: list[str] = note.inner_text().splitlines()
    return next(line for line in lines if "finding" in line)


def test_several_roots(vsix: Path, tmp_path: Path) -> None:
    alpha, beta = two_projects(tmp_path)
    (gamma,) = two_projects(tmp_path / "more")[:1]
    (alpha / ".vscode").mkdir()
    (alpha / ".vscode/settings.json").write_text('{"retort.rules": {"liveview": "hint"}}')
    both = tmp_path / "both.code-workspace"
    both.write_text(json.dumps({"folders": [{"path": str(alpha)}, {"path": str(beta)}]}))

    def shown() -> set[Path]:
        return {Path(one["path"]) for one in code.ask("diagnostics")}

    def files(*roots: Path) -> set[Path]:
        return {root / "lib" / name for root in roots for name in ("page.ex", "other.ex")}

    with Workbench(vsix, both, tmp_path / "home") as code:
        for root in (alpha, beta):
            code.ask("open", file=str(root / "lib/page.ex"))
            code.wait(lambda at=root / "lib/page.ex": code.diagnostics(at, REDIRECT), "a squiggle")
        # The folder's own settings count in the first, its .retort.toml in the second.
        assert check(code) == "Retort: 4 findings in 4 files (2 errors, 2 hints)."
        code.wait(lambda: shown() == files(alpha, beta), "the findings of both")
        code.ask("addFolder", folder=str(gamma))
        code.ask("open", file=str(gamma / "lib/page.ex"))
        code.wait(lambda: shown() == files(alpha, beta, gamma), "the new folder's findings")
        code.ask("removeFolder", folder=str(beta))
        left = files(alpha, gamma) | {beta / "lib/page.ex"}
        code.wait(lambda: shown() == left, "the end of what is closed there")
        assert "5 findings in 5 files" in check(code)


def test_files_without_a_project(vsix: Path, tmp_path: Path) -> None:
    folder, away = tmp_path / "folder", tmp_path / "away"
    for path in (folder / "a.ex", away / "b.ex", away / "c.ex"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(EVAL.replace("Lone", path.stem.upper()), "utf-8")
    with Workbench(vsix, folder, tmp_path / "home") as code:
        for path in (folder / "a.ex", away / "b.ex"):
            code.ask("open", file=str(path))
            code.wait(lambda at=path: code.diagnostics(at, "security/code-eval"), "the squiggle")
        assert "2 findings in 2 files" in check(code), "and nothing of the file beside it"


def test_a_folder_that_cannot_be_written(vsix: Path, shop: Path, tmp_path: Path) -> None:
    migration, page = shop / MIGRATION, shop / PAGE
    through = unwritable(shop)
    with Workbench(vsix, shop, tmp_path / "home", through=through) as code:
        code.ask("open", file=str(migration))
        found = code.wait(lambda: code.diagnostics(migration, FK), "the missing index")
        assert "findings in" in check(code)
        at = found[0]["range"]
        code.ask("open", file=str(migration), line=at[0], character=at[1] + 1)
        code.ask("command", command="editor.action.quickFix")
        code.page.locator(".action-widget .monaco-list-row", has_text="new migration").click()
        said = code.page.locator(".notification-toast", has_text="cannot be written")
        said.wait_for()
        assert f"the folder {migration.parent} is read-only" in said.inner_text().replace("`", "")
        code.ask("open", file=str(page))
        code.ask("replace", file=str(page), text="# changed\n")
        code.ask("command", command="workbench.action.files.save")
        code.page.locator(".notification-toast", has_text="Failed to save").wait_for()


def test_fifty_thousand_files(vsix: Path, tmp_path: Path) -> None:
    root = two_projects(tmp_path)[0]
    for folder, count, name in (
        ("lib/many", 2_000, "m{}.ex"),
        ("assets/node_modules", 30_000, "x{}.js"),
        ("deps", 8_000, "d{}.ex"),
        ("_build/dev", 10_000, "b{}.beam"),
    ):
        for number in range(count):
            path = root / folder / f"p{number // 100}" / name.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"defmodule Many.M{number} do\n  def n, do: {number}\nend\n", "utf-8")
    page = root / "lib/page.ex"
    with Workbench(vsix, root, tmp_path / "home") as code:
        began = time.monotonic()
        code.ask("open", file=str(page))
        code.wait(lambda: code.diagnostics(page, REDIRECT), "the squiggle")
        print(f"\nfrom opening the file to the squiggle: {time.monotonic() - began:.2f} s")
        # The first reading is shown in the status bar, and can be cancelled by a click on it.
        reading = code.page.locator(".statusbar-item", has_text="Retort reads the project")
        reading.click()
        code.page.get_by_role("button", name="Cancel").first.click()
        reading.wait_for(state="detached")
        code.ask("command", command="notifications.hideList")
        text = LIVE.format("Alpha", "Page").replace("push_redirect", "push_navigate")
        code.ask("replace", file=str(page), text=text)
        code.wait(lambda: not code.diagnostics(page), "the squiggle to go")
        began = time.monotonic()
        assert check(code) == "Retort: 1 finding in 1 file (1 warning)."
        print(f"the check: {time.monotonic() - began:.2f} s")
