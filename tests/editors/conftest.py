"""Which editors the tests open: Neovim always, the heavy ones with RETORT_EDITORS=1."""

from __future__ import annotations

import os

HEAVY = ["test_vscode.py", "test_vscode_places.py", "test_eglot.py"]
collect_ignore = [] if os.environ.get("RETORT_EDITORS") else HEAVY
