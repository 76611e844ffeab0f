"""WebM with VP9: for web pages, and the one video format here that keeps a transparent background."""

from __future__ import annotations

from collections.abc import Sequence

from flowviz.export._base import EXPORTERS, Shape
from flowviz.export._ffmpeg import HD_COLOURS, HD_FILTER
from flowviz.export._piped import PipedWriter

_QUALITY = "24"
"""VP9's constant quality: thin trails stay clean."""


@EXPORTERS.register(".webm")
class WebmWriter(PipedWriter):
    """VP9 in yuv420p, or yuva420p where the background is transparent."""

    label = "WebM video"
    summary = "VP9 video for web pages; smaller than MP4, slower to make, and can have a transparent background."
    has_alpha = True
    bits_per_pixel = 0.08

    @classmethod
    def encoding(cls, shape: Shape) -> Sequence[str]:
        """The good deadline at a speed that keeps two cores busy for about the length of the film."""
        codec = ["-c:v", "libvpx-vp9", "-crf", _QUALITY, "-b:v", "0", "-deadline", "good", "-cpu-used", "5"]
        layout = "yuva420p" if shape.alpha else "yuv420p"
        # frames that are built of several others cannot carry opacity
        single = ["-auto-alt-ref", "0"] if shape.alpha else []
        return [*codec, "-row-mt", "1", *single, "-vf", f"{HD_FILTER},format={layout}", *HD_COLOURS, "-f", "webm"]
