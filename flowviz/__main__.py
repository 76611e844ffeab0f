"""`flowviz` with no words opens the window; with words it is the command line."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> int:
    """Start the window or the command line; returns the exit status."""
    multiprocessing.freeze_support()
    if len(sys.argv) == 1:
        from flowviz.app import run_app

        return run_app()
    from flowviz.cli import run_cli

    return run_cli(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
