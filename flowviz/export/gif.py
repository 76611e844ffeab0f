"""GIF: no player needed, moves in slides, wikis and chats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowviz.core.spec import Array
from flowviz.export._base import EXPORTERS, Dither, FilmWriter, Shape, working_file
from flowviz.export._ffmpeg import Encoder, put_in_place, raw_input

LARGEST_FPS = 50
_QUICK = ("-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0")
_DITHERS: dict[Dither, str] = {
    "none": "dither=none",
    # an even pattern stays still from picture to picture on an even background
    "bayer": "dither=bayer:bayer_scale=5",
    # smoothest in a single picture; it may shimmer where things move
    "diffuse": "dither=sierra2_4a",
}


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
    film best, and another writes it with them. It loops for ever. A pixel is either opaque or not there: what is
    less than half opaque becomes transparent.
    """

    label = "Animated GIF"
    summary = "Plays in any document or chat; at most 256 colours and 50 pictures a second, and larger than MP4."
    has_alpha = True
    largest_fps = LARGEST_FPS
    bits_per_pixel = 0.6

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._path = Path()
        self._files: dict[str, Path] = {}
        self._shape = Shape(0, 0)

    @classmethod
    def rate(cls, fps: int) -> float:
        """Pictures a second after rounding the delay to hundredths of a second; see gif_delay."""
        return 100 / gif_delay(fps)

    def open(self, path: Path, shape: Shape) -> None:
        """Start the lossless working file."""
        self._path, self._shape = path, shape
        self._files = {
            "lossless": working_file(path, "lossless").with_suffix(".mkv"),
            "palette": working_file(path, "palette").with_suffix(".png"),
            "part": working_file(path, "part"),
        }
        codec = ["-c:v", "ffv1", "-level", "3", "-pix_fmt", "bgra"] if shape.alpha else _QUICK
        start = [*raw_input(shape, f"100/{gif_delay(shape.fps)}"), "-an", *codec, "-f", "matroska"]
        self._encoder = Encoder([*start, str(self._files["lossless"])], path.name)

    def write(self, picture: Array) -> None:
        """Feed one picture."""
        assert self._encoder is not None
        self._encoder.write(picture)

    def close(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Find the palette, write the GIF, put it in its place."""
        assert self._encoder is not None
        lossless, palette, part = (str(self._files[name]) for name in ("lossless", "palette", "part"))
        clear = int(self._shape.alpha)
        best = f"palettegen=stats_mode=full:reserve_transparent={clear}"
        find = ["-i", lossless, "-vf", best, "-frames:v", "1", palette]
        graph = f"[0:v][1:v]paletteuse={_DITHERS[self._shape.dither]}:diff_mode=rectangle"
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
