"""`python -m lsp_server` and the command `retort`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; `--version` answers before anything else is imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from lsp_server import __version__

        print(f"retort {__version__}")
        return
    from lsp_server.cli import retort

    retort(prog_name="retort")


if __name__ == "__main__":
    main()
