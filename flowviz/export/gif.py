"""GIF: no player needed, moves in slides, wikis and chats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowviz.core.spec import Array
from flowviz.export._base import EXPORTERS, FilmWriter, working_file
from flowviz.export._ffmpeg import Encoder, put_in_place, raw_input

LARGEST_FPS = 50


def gif_delay(fps: int) -> int:
    """Hundredths of a second for which each picture stands.

    A GIF knows no finer clock, so the asked delay 100/fps is rounded to the nearest whole number, and never
    below 2: many viewers slow down what is faster (50 pictures a second are the most that plays right).
    30 pictures a second become 33.3; who asks for `GifWriter.rate` first can keep the film's length.
    """
    return max(100 // LARGEST_FPS, round(100 / fps))


@EXPORTERS.register(".gif")
class GifWriter(FilmWriter):
    """One palette for the whole film, and memory that does not grow with its length.

    The pictures go into a lossless working file first; then one pass finds the 256 colours that serve the
    film best, and another writes it with them. It loops for ever.
    """

    label = "Animated GIF"
    summary = "Plays in any document or chat; at most 256 colours and 50 pictures a second, and larger than MP4."

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._path = Path()
        self._files: dict[str, Path] = {}

    @classmethod
    def rate(cls, fps: int) -> float:
        """Pictures a second after rounding the delay to hundredths of a second; see gif_delay."""
        return 100 / gif_delay(fps)

    def open(self, path: Path, width: int, height: int, fps: int) -> None:
        """Start the lossless working file."""
        self._path = path
        self._files = {
            "lossless": working_file(path, "lossless").with_suffix(".mkv"),
            "palette": working_file(path, "palette").with_suffix(".png"),
            "part": working_file(path, "part"),
        }
        rate = f"100/{gif_delay(fps)}"
        quick = ["-an", "-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0", "-f", "matroska"]
        self._encoder = Encoder([*raw_input(width, height, rate), *quick, str(self._files["lossless"])], path.name)

    def write(self, picture: Array) -> None:
        """Feed one picture."""
        assert self._encoder is not None
        self._encoder.write(picture)

    def close(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Find the palette, write the GIF, put it in its place."""
        assert self._encoder is not None
        lossless, palette, part = (str(self._files[name]) for name in ("lossless", "palette", "part"))
        find = ["-i", lossless, "-vf", "palettegen=stats_mode=full:reserve_transparent=0", "-frames:v", "1", palette]
        # no error diffusion: it would shimmer from picture to picture on an even background
        graph = "[0:v][1:v]paletteuse=dither=bayer:bayer_scale=5:diff_mode=rectangle"
        use = ["-i", lossless, "-i", palette, "-lavfi", graph, "-loop", "0", "-f", "gif", part]
        try:
            self._encoder.finish(is_cancelled)
            for arguments in (find, use):
                self._encoder = Encoder(arguments, self._path.name, feeds=False)
                self._encoder.finish(is_cancelled)
        except BaseException:
            self.abort()
            raise
        self._encoder = None
        put_in_place(self._files.pop("part"), self._path)
        self._clear()

    def abort(self) -> None:
        """Kill the encoder and remove the working files."""
        if self._encoder is not None:
            self._encoder.kill()
            self._encoder = None
        self._clear()

    def _clear(self) -> None:
        for working in self._files.values():
            working.unlink(missing_ok=True)
