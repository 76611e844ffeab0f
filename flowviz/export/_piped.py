"""Films that one run of ffmpeg encodes while the pictures come in; memory does not grow with length."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from flowviz.core.spec import Array
from flowviz.export._base import FilmWriter, Shape, working_file
from flowviz.export._ffmpeg import Encoder, put_in_place, raw_input


class PipedWriter(FilmWriter):
    """Pictures straight into ffmpeg; a subclass says with which encoder and container."""

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._path = self._working = Path()

    @classmethod
    @abstractmethod
    def encoding(cls, shape: Shape) -> Sequence[str]:
        """ffmpeg's arguments between the raw input and the file's name."""

    def seal(self, working: Path) -> None:
        """What is left to do on the file when the encoder has ended."""

    def open(self, path: Path, shape: Shape) -> None:
        """Start the encoder."""
        self._path, self._working = path, working_file(path, "part")
        arguments = [*raw_input(shape, str(shape.fps)), "-an", *self.encoding(shape), str(self._working)]
        self._encoder = Encoder(arguments, path.name)

    def write(self, picture: Array) -> None:
        """Feed one picture."""
        assert self._encoder is not None
        self._encoder.write(picture)

    def close(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Wait for the encoder, then put the film in its place."""
        assert self._encoder is not None
        try:
            self._encoder.finish(is_cancelled)
            self.seal(self._working)
        except BaseException:
            self.abort()
            raise
        self._encoder = None
        put_in_place(self._working, self._path)

    def abort(self) -> None:
        """Kill the encoder and remove what it wrote."""
        if self._encoder is not None:
            self._encoder.kill()
            self._encoder = None
            self._working.unlink(missing_ok=True)
