"""A folder of numbered PNG files: lossless pictures with opacity, for editing programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from flowviz.core.errors import FileError
from flowviz.core.spec import Array
from flowviz.export._base import EXPORTERS, FilmWriter, Shape, remove, working_file
from flowviz.export._png import png_bytes

_NAME = re.compile(r"\d{5,}\.png")


@EXPORTERS.register(".frames")
class FramesWriter(FilmWriter):
    """Fills a hidden folder, and names it at the end. It replaces only a folder that holds nothing but such files."""

    label = "PNG sequence"
    summary = "A folder of numbered PNG pictures for editing programs; lossless, and can be transparent."
    has_alpha = True
    bits_per_pixel = 2.5
    is_folder = True

    def __init__(self) -> None:
        self._path = self._working = Path()
        self._count = 0
        self._is_open = False

    def open(self, path: Path, shape: Shape) -> None:
        """Make the hidden folder."""
        if path.exists() and not _is_sequence(path):
            hint = "Choose another name; only an older sequence is replaced."
            raise FileError(f"{path} holds other things than a PNG sequence.", hint)
        self._path, self._working = path, working_file(path, "part")
        try:
            self._working.mkdir()
        except OSError as error:
            raise _cannot(path, error) from None
        self._count, self._is_open = 0, True

    def write(self, picture: Array) -> None:
        """One more file."""
        self._count += 1
        try:
            (self._working / f"{self._count:05d}.png").write_bytes(png_bytes(picture))
        except OSError as error:
            raise _cannot(self._path, error) from None

    def close(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Give the folder its name."""
        old = working_file(self._path, "old")
        try:
            if self._path.exists():
                self._path.replace(old)
            self._working.replace(self._path)
        except OSError as error:
            self.abort()
            raise _cannot(self._path, error) from None
        finally:
            if old.exists() and not self._path.exists():
                old.replace(self._path)
        self._is_open = False
        remove(old)

    def abort(self) -> None:
        """Remove the hidden folder."""
        if self._is_open:
            self._is_open = False
            remove(self._working)


def _is_sequence(path: Path) -> bool:
    return path.is_dir() and all(_NAME.fullmatch(entry.name) for entry in path.iterdir())


def _cannot(path: Path, error: OSError) -> FileError:
    hint = "Free some space, or choose another folder."
    return FileError(f"{path.name} could not be written: {error.strerror or error}.", hint)
