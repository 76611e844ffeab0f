"""Exporters: pictures, drawings or nothing go in, a finished file comes out, or nothing."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from flowviz.core.drawing import Drawing
from flowviz.core.errors import FileError
from flowviz.core.registry import Registry
from flowviz.core.spec import Array

_LEAST_FREE = 2 * 2**20
Dither = Literal["none", "bayer", "diffuse"]


class WriterCancelled(Exception):
    """The film was given up while the writer was finishing it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What all pictures of one film have in common.

    Attributes:
        width, height: pixels.
        fps: pictures a second that were asked for.
        alpha: whether pictures carry opacity: (height, width, 4) RGBA instead of RGB.
        dither: how a format of few colours mixes those in between.
    """

    width: int
    height: int
    fps: int = 30
    alpha: bool = False
    dither: Dither = "bayer"


class Exporter(ABC):
    """A format for films or stills. One file, one registered class.

    Class attributes:
        label: the format's name for people.
        summary: one sentence about when to use it.
        is_still: one picture only.
        has_alpha: whether the background can be transparent.
        largest_fps: most pictures a second that players show.
        bits_per_pixel: bits of the file for a pixel of a usual picture; the estimate before a sample is encoded.
        is_folder: whether the film is a folder of files.
    """

    label: ClassVar[str]
    summary: ClassVar[str]
    is_still: ClassVar[bool] = False
    has_alpha: ClassVar[bool] = False
    largest_fps: ClassVar[int] = 120
    bits_per_pixel: ClassVar[float] = 0.2
    is_folder: ClassVar[bool] = False

    @classmethod
    def rate(cls, fps: int) -> float:
        """Pictures a second that the format really plays when `fps` are asked for."""
        return float(fps)


class FilmWriter(Exporter):
    """Writes pictures. Call `open`, `write` for each picture, then `close`, or `abort` at any point.

    What is written goes to hidden files beside the film (see `working_file`); only `close` puts the film in
    its place, replacing an older one, so that no half a film is ever found under its name.
    """

    @abstractmethod
    def open(self, path: Path, shape: Shape) -> None:
        """Begin.

        Raises:
            FileError: the film cannot be written there.
        """

    @abstractmethod
    def write(self, picture: Array) -> None:
        """Add one picture (height, width, 3 or 4) uint8, RGB or RGBA as `shape.alpha` says.

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


class DrawingWriter(Exporter):
    """Writes one vector drawing."""

    is_still = True
    has_alpha = True

    @abstractmethod
    def encode(self, drawing: Drawing) -> bytes:
        """The whole file."""

    def save(self, path: Path, drawing: Drawing) -> None:
        """Put the file at `path`.

        Raises:
            FileError: it cannot be written there.
        """
        write_whole(path, self.encode(drawing))


EXPORTERS: Registry[Exporter] = Registry("film format", "flowviz.export")
"""Exporters by file suffix (".mp4")."""


def suffixes() -> tuple[str, ...]:
    """All file suffixes that can be written: films before stills, the best first."""
    known = {key: exporter.is_still for key, exporter in EXPORTERS.items()}
    return tuple(sorted(known, key=lambda key: (known[key], key != ".mp4", key != ".gif", key)))


def suffix_words() -> str:
    """The suffixes as words: ".mp4, .gif or .webm"."""
    *most, last = suffixes()
    return f"{', '.join(most)} or {last}"


def writer_for(path: Path) -> Exporter:
    """A fresh writer for a film's name, after everything that can be checked beforehand.

    Raises:
        FileError: unknown suffix, no such folder, no right to write there, or no room.
    """
    suffix = path.suffix.lower()
    if suffix not in EXPORTERS:
        what = f"in {path.suffix}" if path.suffix else "without a suffix"
        hint = f"Use a name that ends in {suffix_words()}."
        raise FileError(f"A film cannot be written as {path.name}: it ends {what}.", hint)
    chosen = EXPORTERS.get(suffix)
    folder = path.parent
    if not folder.is_dir():
        raise FileError(f"{path.name} cannot be written: there is no folder {folder}.", "Choose a folder that exists.")
    if path.is_dir() and not chosen.is_folder:
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
    return chosen()


def working_file(path: Path, kind: str, process: int | None = None) -> Path:
    """The hidden name beside `path` for a file in the making; the process number makes it nobody else's."""
    return path.with_name(f".{path.name}.{process or os.getpid()}.{kind}{path.suffix}")


def clear_working_files(path: Path, process: int) -> None:
    """Remove what a process that was killed left of the film at `path`."""
    start = f".{path.name}.{process}."
    for leftover in path.parent.iterdir():
        if leftover.name.startswith(start):
            remove(leftover)


def nbytes_of(path: Path) -> int:
    """Bytes of a film, which may be a folder of pictures."""
    return sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size


def remove(path: Path) -> None:
    """Remove a file, or a folder with its files; what is not there is no error."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """A file that is either whole or not there.

    Raises:
        FileError: the disk is full, or the folder may not be written to.
    """
    working = working_file(path, "part")
    try:
        working.write_bytes(data)
        working.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "Free some space, or choose another folder."
        raise FileError(f"{path.name} could not be written: {reason}.", hint) from None
    finally:
        working.unlink(missing_ok=True)
