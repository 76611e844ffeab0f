"""MP4 with H.264: plays everywhere, small, sharp."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowviz.core.spec import Array
from flowviz.export._base import EXPORTERS, FilmWriter, working_file
from flowviz.export._ffmpeg import Encoder, put_in_place, raw_input

_QUALITY = "18"
"""x264's constant rate factor: visually lossless for thin lines and dots."""


@EXPORTERS.register(".mp4")
class Mp4Writer(FilmWriter):
    """Pictures straight into ffmpeg; memory does not grow with length."""

    label = "MP4 video"
    summary = "H.264 video for slides, web pages and players; the best quality for its size."

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._path = self._working = Path()

    def open(self, path: Path, width: int, height: int, fps: int) -> None:
        """Start the encoder."""
        self._path, self._working = path, working_file(path, "part")
        # colours by the same rules as high-definition television, and said so, or players guess wrongly
        colours = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
        arguments = [
            *raw_input(width, height, str(fps)),
            *("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", _QUALITY),
            *("-vf", "scale=in_range=full:out_range=tv:out_color_matrix=bt709:flags=accurate_rnd,format=yuv420p"),
            *colours,
            *("-movflags", "+faststart", "-f", "mp4", str(self._working)),
        ]
        self._encoder = Encoder(arguments, path.name)

    def write(self, picture: Array) -> None:
        """Feed one picture."""
        assert self._encoder is not None
        self._encoder.write(picture)

    def close(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Finish, with the index at the front, so that players can start before they have all of it."""
        assert self._encoder is not None
        try:
            self._encoder.finish(is_cancelled)
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
