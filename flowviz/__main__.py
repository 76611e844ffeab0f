"""`flowviz` with no words, or with a session or run file, opens the window; with other words it is the command line.

`--renderer painter` or `--renderer opengl`, given before the file, says who draws space in the window.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

RENDERERS = ("auto", "painter", "opengl")
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "QT_QPA_PLATFORM")  # Qt ends the process without any


def main() -> int:
    """Start the window or the command line; returns the exit status."""
    multiprocessing.freeze_support()
    words = sys.argv[1:]
    started, words = _option("--started", "", words)  # by the self-test: when the process was
    renderer, words = _option("--renderer", "auto", words)
    if renderer not in RENDERERS:
        print(f"flowviz: --renderer is one of {', '.join(RENDERERS)}.", file=sys.stderr)
        return 2
    try:
        start = float(started) if started else None
    except ValueError:
        print(f"flowviz: --started is a time in seconds since 1970, not {started!r}.", file=sys.stderr)
        return 2
    if not words or (len(words) == 1 and words[0].lower().endswith(".flowviz")):
        if sys.platform == "linux" and not any(os.environ.get(name) for name in _SCREENS):
            hint = "Start it on a desktop, or use the command line: flowviz --help."
            print(f"flowviz: There is no screen to open a window on. {hint}", file=sys.stderr)
            return 1
        gc.disable()  # imports leave next to no rubbish; the window lets the collector work as soon as it stands
        import flowviz.core.quiet_numpy  # noqa: F401
        from flowviz.app import run_app

        return run_app(words[0] if words else "", renderer, start)
    from flowviz.cli import Command, run_cli

    return run_cli(words, {"selftest": Command("check that all that was shipped works on this machine", _selftest)})


def _selftest(parser: argparse.ArgumentParser) -> None:
    from flowviz.selftest import add_selftest

    add_selftest(parser)


def _option(name: str, value: str, words: list[str]) -> tuple[str, list[str]]:
    """What follows the option, as a word of its own or after "=", and the words after it; else the value and all."""
    if not words or words[0].partition("=")[0] != name:
        return value, words
    _, equals, given = words[0].partition("=")
    if equals:
        return given, words[1:]
    return (words[1] if len(words) > 1 else ""), words[2:]


if __name__ == "__main__":
    sys.exit(main())
