"""One picture as PNG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowviz.core.spec import Array
from flowviz.export._base import EXPORTERS, FilmWriter, Shape, write_whole
from flowviz.export._png import png_bytes


@EXPORTERS.register(".png")
class PngWriter(FilmWriter):
    """A still; of several pictures the last one counts."""

    label = "PNG picture"
    summary = "One picture, pixel for pixel as on the stage; lossless, and can be transparent."
    is_still = True
    has_alpha = True
    bits_per_pixel = 2.5

    def __init__(self) -> None:
        self._path = Path()
        self._data = b""

    def open(self, path: Path, shape: Shape) -> None:
        """Remember where it goes."""
        self._path = path

    def write(self, picture: Array) -> None:
        """Encode it."""
        self._data = png_bytes(picture)

    def close(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Put it in its place."""
        write_whole(self._path, self._data)

    def abort(self) -> None:
        """Nothing was written yet."""
        self._data = b""
