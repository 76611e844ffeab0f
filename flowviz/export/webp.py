"""Animated WebP: like a GIF, with all colours and smooth edges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowviz.export._base import EXPORTERS, Shape
from flowviz.export._piped import PipedWriter

_REPLACE = 0b10
"""The bit of an ANMF chunk's flags that says "do not blend with the picture before" (WebP container specification)."""


@EXPORTERS.register(".webp")
class WebpWriter(PipedWriter):
    """Loops for ever. Pictures are written out one by one, so that memory does not grow with length."""

    label = "Animated WebP"
    summary = "Moves in browsers and chats like a GIF, in full colour, smaller, and can be transparent."
    has_alpha = True
    largest_fps = 60
    bits_per_pixel = 0.25

    @classmethod
    def encoding(cls, shape: Shape) -> Sequence[str]:
        """Good quality at a quick setting; -loop 0 is for ever."""
        layout = "yuva420p" if shape.alpha else "yuv420p"
        codec = ["-c:v", "libwebp", "-quality", "82", "-compression_level", "2", "-pix_fmt", layout]
        return [*codec, "-loop", "0", "-f", "webp"]

    def seal(self, working: Path) -> None:
        """Let each picture replace the one before; ffmpeg would lay transparent ones over each other."""
        with working.open("r+b") as file:
            place, end = 12, working.stat().st_size  # after "RIFF", the size and "WEBP"
            while place + 8 <= end:
                file.seek(place)
                kind, size = file.read(4), int.from_bytes(file.read(4), "little")
                if kind == b"ANMF":
                    file.seek(place + 8 + 15)  # x, y, width, height and duration come before the flags, 3 bytes each
                    flags = file.read(1)[0]
                    file.seek(place + 8 + 15)
                    file.write(bytes([flags | _REPLACE]))
                place += 8 + size + size % 2
