"""What the commands share: kinds of options that say in words what is wrong with a value, and how to complain."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flowviz.core.errors import FileError, RunError, UserError

DONE, FAILED, WRONG, STOPPED = 0, 1, 2, 130


def complain(sentence: str, status: int) -> int:
    """Say what is wrong on standard error; returns the status."""
    print(f"flowviz: {sentence}", file=sys.stderr)
    return status


def check_out(path: str) -> None:
    """Tell before the work, not after it, that its result has no place to go.

    Raises:
        FileError: no such folder, a folder of that name, or no right to write there.
    """
    out = Path(path)
    if not out.parent.is_dir():
        raise FileError(f"The folder {out.parent} does not exist.", "Create it first, or choose another.")
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise FileError(f"{out} cannot be written.", "Give the name of a file in a folder of yours.")


@contextlib.contextmanager
def blaming(path: str) -> Iterator[None]:
    """What is wrong with a run's contents is the run file's fault, not a wrong use of the command."""
    try:
        yield
    except (FileError, RunError):
        raise
    except UserError as error:
        raise FileError(f"The file {Path(path).name}: {error.message}", error.hint) from error


def number(kind: Callable[[str], Any], holds: Callable[[Any], bool], words: str) -> Callable[[str], Any]:
    """A converter of numbers that hold a condition, which `words` describe ("a whole number of 1 or more")."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not holds(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}")
        return value

    return parse


count = number(int, lambda n: 1 <= n <= 1_000_000_000, "a whole number of 1 or more")
points = number(int, lambda n: 2 <= n <= 10_000, "a whole number from 2 to 10000")
cells = number(int, lambda n: 2 <= n <= 4096, "a whole number from 2 to 4096")
seed = number(int, lambda n: 0 <= n < 2**63, "a whole number of 0 or more")
seconds = number(float, lambda s: 0 < s < 1e9, "a number of seconds above 0")
factor = number(float, lambda s: 0 < s <= 100, "a factor above 0")
flow_time = number(float, lambda t: 0 <= t <= 1, "a flow time from 0 (noise) to 1 (data)")


def size(text: str) -> tuple[int, int]:
    """Width and height of "1280x720"."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1280x720")
    return int(width), int(height)


def names(text: str) -> tuple[str, ...]:
    """The names in "a,b"; () for "none"."""
    return () if text == "none" else tuple(part.strip() for part in text.split(",") if part.strip())
