"""Which findings carry their fix: those whose code allows it."""

from __future__ import annotations

from lsp_server.lint.finding import Fix
from lsp_server.snapshot import Snapshot


def offered(fix: Fix, snapshot: Snapshot) -> Fix | None:
    """The fix if it writes anything as things are.

    That is found by trying: the rules that ask have few findings, and what decides is the layout
    around a call, which no fact tells.
    """
    return fix if fix.build is not None and next(iter(fix.build(snapshot)), None) else None
