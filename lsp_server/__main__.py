"""`python -m lsp_server` and the command `retort`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process with all that it holds: to give back the facts of
    7,482 files one by one, and to look through them for garbage, takes 0.6 s."""
    try:
        run()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            _end(ended.code or 0)
        raise


def _end(status: int) -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        return  # Python ends, and says what it thinks of a pipe that nobody reads, or of none
    os._exit(status)


def run() -> None:
    """Run the command line, which ends with SystemExit; `--version` answers before anything else is
    imported."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from lsp_server import __version__

        print(f"retort {__version__}")
        return
    # Importing makes no garbage, and looking for it costs a tenth of the start. A check ends before
    # it would pay; the server turns collection on again once it has loaded its rules.
    gc.disable()
    from click import Abort, ClickException

    from lsp_server.cli import retort

    try:
        sys.exit(retort.main(prog_name="retort", standalone_mode=False))
    except ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Abort:
        print("Aborted!", file=sys.stderr)
        sys.exit(130)  # Ctrl-C, as shells say it; 1 would mean findings
    except Exception:
        import traceback

        # Status 1 means findings; this is a mistake in Retort, which a report of it needs.
        traceback.print_exc()
        sys.exit(2)


if __name__ == "__main__":
    main()
