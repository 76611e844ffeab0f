"""The command line: the same engine without a window.

Results go to standard output, progress to standard error. Exit status: 0 done, 1 failed, 2 used wrongly,
130 stopped with Ctrl+C (143 by a request to end). What a command needs is imported when it is asked for: help and
version need no numpy, and torch only some commands.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from flowviz import __version__
from flowviz.cli_base import DONE, FAILED, STOPPED, WRONG, complain
from flowviz.core.errors import FileError, RunError, UserError
from flowviz.engine.interrupts import Interrupted, ends_in_order


@dataclass(frozen=True, slots=True)
class Command:
    """One of the commands.

    Attributes:
        help: what it does, in a line.
        fill: adds its options to its parser, `command` among them: what runs, given the options.
    """

    help: str
    fill: Callable[[argparse.ArgumentParser], None]


def run_cli(arguments: Sequence[str], more: Mapping[str, Command] | None = None) -> int:
    """Run one command; returns the exit status. Never shows a traceback, but with FLOWVIZ_DEBUG set.

    Args:
        arguments: the words after the program's name.
        more: further commands (those that know the window).
    """
    try:
        with ends_in_order():
            options = _parser({**COMMANDS, **(more or {})}, arguments).parse_args(arguments)
            status = int(options.command(options))
            sys.stdout.flush()
            return status
    except SystemExit as end:  # argparse: --help, --version, bad use
        return int(end.code or 0) if not isinstance(end.code, str) else WRONG
    except KeyboardInterrupt as stop:
        return complain("Stopped.", stop.status if isinstance(stop, Interrupted) else STOPPED)
    except BrokenPipeError:  # whoever read our results went away (`| head`)
        _drop_output()
        return FAILED
    except MemoryError:
        return complain("There is not enough memory for that. Ask for less at a time.", FAILED)
    except OSError as error:
        _drop_output()
        where = error.filename or "The results"
        hint = "Change its permissions, or choose another place."
        return complain(f"{where} could not be read or written: {error.strerror or error}. {hint}", FAILED)
    except UserError as error:
        wrong = not isinstance(error, (FileError, RunError))
        return complain(str(error), WRONG if wrong else FAILED)
    except Exception as error:
        if os.environ.get("FLOWVIZ_DEBUG"):
            raise
        text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return complain(f"Something unexpected happened: {text}. Set FLOWVIZ_DEBUG=1 to see where.", FAILED)


def _drop_output() -> None:
    """Python must not complain once more at exit of what cannot be written any more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong, and takes -60,22 and -x for values, which argparse would for options."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._negative_number_matcher = re.compile(r"-\.?\d|-[xyz]$")

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:]
        self.exit(WRONG, f"{self.prog}: {sentence}{'' if sentence.endswith('.') else '.'} Try {self.prog} --help.\n")


def _parser(commands: Mapping[str, Command], arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of these words: only the command that they name has its options."""
    parser = _Parser(
        prog="flowviz",
        description="Train generative flows on distributions in the plane and in space, without a window.",
    )
    parser.add_argument("--version", action="version", version=f"flowviz {__version__}")
    adding = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in commands.items():
        one = adding.add_parser(name, help=command.help)
        if name in arguments[:1]:
            command.fill(one)
    return parser


def _train(parser: argparse.ArgumentParser) -> None:
    from flowviz.cli_train import add_train

    add_train(parser)


def _sample(parser: argparse.ArgumentParser) -> None:
    from flowviz.cli_model import add_sample

    add_sample(parser)


def _density(parser: argparse.ArgumentParser) -> None:
    from flowviz.cli_model import add_density

    add_density(parser)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    from flowviz.cli_model import add_evaluate

    add_evaluate(parser)


def _render(parser: argparse.ArgumentParser) -> None:
    from flowviz.cli_films import add_render

    add_render(parser)


def _export(parser: argparse.ArgumentParser) -> None:
    from flowviz.cli_data import add_export

    add_export(parser)


def _desktop(parser: argparse.ArgumentParser) -> None:
    from flowviz.cli_desktop import add_desktop

    add_desktop(parser)


def _list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.set_defaults(command=_run_list)


def _run_list(options: argparse.Namespace) -> int:
    from flowviz.engine.service import describe
    from flowviz.engine.terminal import listing, print_listing
    from flowviz.export import EXPORTERS
    from flowviz.scene.resolve import layers, modes
    from flowviz.targets import TARGETS

    pictures = {"layers": layers(), "modes": modes(), "formats": EXPORTERS.items()}
    table = listing(describe(), TARGETS.items(), pictures)
    if options.json:
        print(json.dumps(table, indent=1))
    else:
        print_listing(table)
    return DONE


COMMANDS = {
    "train": Command("train a flow and write a run file", _train),
    "sample": Command("draw points from the model", _sample),
    "density": Command("natural log-density of the model at points, or on a grid", _density),
    "evaluate": Command("compare the model with data", _evaluate),
    "render": Command("make a film or a picture of a run", _render),
    "export": Command("write samples, trajectories, density, curves or the model to a file", _export),
    "desktop": Command("put flowviz into the desktop's menu and let it open .flowviz files", _desktop),
    "list": Command(
        "show targets, methods and metrics with their parameters, layers, modes and formats of films, devices", _list
    ),
}
