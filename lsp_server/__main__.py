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
