"""A film writer: pictures go in one by one, a finished file comes out, or nothing."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from flowviz.core.errors import FileError
from flowviz.core.registry import Registry
from flowviz.core.spec import Array

_LEAST_FREE = 2 * 2**20


class WriterCancelled(Exception):
    """The film was given up while the writer was finishing it."""


class FilmWriter(ABC):
    """Writes one film. Call `open`, `write` for each picture, then `close`, or `abort` at any point.

    What is written goes to hidden files beside the film (see `working_file`); only `close` puts the film in
    its place, replacing an older one, so that no half a film is ever found under its name.

    Class attributes:
        label: the format's name for people.
        summary: one sentence about when to use it.
    """

    label: ClassVar[str]
    summary: ClassVar[str]

    @classmethod
    def rate(cls, fps: int) -> float:
        """Pictures a second that the format really plays when `fps` are asked for."""
        return float(fps)

    @abstractmethod
    def open(self, path: Path, width: int, height: int, fps: int) -> None:
        """Begin.

        Raises:
            FileError: the film cannot be written there.
        """

    @abstractmethod
    def write(self, picture: Array) -> None:
        """Add one picture (height, width, 3) uint8, RGB.

        Raises:
            FileError: the disk is full, or the encoder has died.
        """

    @abstractmethod
    def close(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Finish the film and put it in its place.

        Args:
            is_cancelled: asked now and then where finishing takes long.

        Raises:
            FileError: the disk is full, or the encoder has died; nothing is left then.
            WriterCancelled: is_cancelled said so; nothing is left.
        """

    @abstractmethod
    def abort(self) -> None:
        """Give up and leave nothing behind. Harmless after `close` and when called twice."""


EXPORTERS: Registry[FilmWriter] = Registry("film format", "flowviz.export")
"""Film writers by file suffix (".mp4")."""


def suffixes() -> tuple[str, ...]:
    """All file suffixes that can be written, the best first."""
    return tuple(sorted((key for key, _ in EXPORTERS.items()), key=lambda key: key != ".mp4"))


def writer_for(path: Path) -> FilmWriter:
    """A fresh writer for a film's name, after everything that can be checked beforehand.

    Raises:
        FileError: unknown suffix, no such folder, no right to write there, or no room.
    """
    known = suffixes()
    suffix = path.suffix.lower()
    hint = f"Use a name that ends in {' or '.join(known)}."
    if suffix not in known:
        what = f"in {path.suffix}" if path.suffix else "without a suffix"
        raise FileError(f"A film cannot be written as {path.name}: it ends {what}.", hint)
    folder = path.parent
    if not folder.is_dir():
        raise FileError(f"{path.name} cannot be written: there is no folder {folder}.", "Choose a folder that exists.")
    if path.is_dir():
        raise FileError(f"{path} is a folder, so no film can have that name.", "Choose another name.")
    probe = working_file(path, "probe")
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{path.name} cannot be written to {folder}: {reason}.", "Choose another folder.") from None
    if shutil.disk_usage(folder).free < _LEAST_FREE:
        raise FileError(f"{path.name} cannot be written: the disk of {folder} is full.", "Free some space first.")
    return EXPORTERS.get(suffix)()


def working_file(path: Path, kind: str, process: int | None = None) -> Path:
    """The hidden name beside `path` for a file in the making; the process number makes it nobody else's."""
    return path.with_name(f".{path.name}.{process or os.getpid()}.{kind}{path.suffix}")


def clear_working_files(path: Path, process: int) -> None:
    """Remove what a process that was killed left of the film at `path`."""
    start = f".{path.name}.{process}."
    for leftover in path.parent.iterdir():
        if leftover.name.startswith(start):
            leftover.unlink(missing_ok=True)
