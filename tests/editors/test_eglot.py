"""A real Emacs, in batch: Eglot with the snippet of the page opens the shop, sees and fixes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.editors.test_neovim import PAGE, TEXT, shop
from tests.editors.test_snippets import snippets

__all__ = ["shop"]
ROOT = Path(__file__).parent.parent.parent
SCRIPT = Path(__file__).parent / "eglot_tour.el"


def test_eglot(shop: Path, tmp_path: Path) -> None:
    emacs = shutil.which("emacs")
    assert emacs, "Emacs is missing: apt install --no-install-recommends emacs-nox elpa-eglot"
    retort = tmp_path / "bin" / "retort"
    retort.parent.mkdir()
    retort.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from lsp_server.__main__ import main\nif __name__ == '__main__':\n    main()\n",
        "utf-8",
    )
    retort.chmod(0o755)
    (snippet,) = snippets("emacs.md", "elisp")
    init = tmp_path / "init.el"
    init.write_text(snippet, "utf-8")
    out = tmp_path / "seen.json"
    env = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{retort.parent}:{os.environ['PATH']}",
        "RETORT_CACHE_DIR": str(tmp_path / "cache"),
        "TOUR_OUT": str(out),
        "TOUR_PAGE": str(shop / PAGE),
    }
    done = subprocess.run(
        # eglot-ensure waits for a command loop, which a batch has not: the tour connects by hand.
        [
            emacs,
            "--batch",
            "-l",
            str(init),
            "--eval",
            "(setq elixir-mode-hook nil)",
            "-l",
            str(SCRIPT),
        ],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert out.exists(), done.stdout + done.stderr
    seen = json.loads(out.read_text("utf-8"))
    print(f"from opening the file to the squiggle: {seen['seconds']:.2f} s")
    line = TEXT.splitlines()[4]
    assert (seen["line"], seen["under"]) == (5, "push_redirect")  # 😀é stands before it
    assert any("push_navigate" in title for title in seen["titles"])
    assert seen["fixed"].splitlines()[4] == line.replace("push_redirect", "push_navigate")
