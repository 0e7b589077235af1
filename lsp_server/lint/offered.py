"""Which findings carry their fix: those whose code allows it."""

from __future__ import annotations

from lsp_server.lint.finding import Fix
from lsp_server.snapshot import Snapshot


def offered(fix: Fix | None, snapshot: Snapshot) -> Fix | None:
    """The fix if there is one and it writes anything as things are.

    That is found by trying: the rules that ask have few findings, and what decides is the layout
    around a call, which no fact tells.
    """
    if fix is None or fix.build is None:
        return None
    return fix if next(iter(fix.build(snapshot)), None) else None
