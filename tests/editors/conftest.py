"""Which editors the tests open: Neovim always, the heavy ones with RETORT_EDITORS=1."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("RETORT_EDITORS") else ["test_vscode.py", "test_eglot.py"]
