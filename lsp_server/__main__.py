"""`python -m lsp_server` and the command `retort`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; `--version` answers before anything else is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from lsp_server import __version__

        print(f"retort {__version__}")
        return
    # Importing makes no garbage, and looking for it costs a tenth of the start. A check ends before
    # it would pay; the server turns collection on again once it has loaded its rules.
    gc.disable()
    from lsp_server.cli import retort

    retort(prog_name="retort")


if __name__ == "__main__":
    main()
