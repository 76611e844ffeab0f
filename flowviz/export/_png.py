"""One picture as the bytes of a PNG file."""

from __future__ import annotations

import io

from PIL import Image

from flowviz.core.spec import Array

_LEVEL = 3
"""zlib's effort: three times quicker than Pillow's own choice, and hardly larger for pictures like ours."""


def png_bytes(picture: Array, dots_per_inch: float | None = None) -> bytes:
    """A picture (height, width, 3 or 4) uint8, RGB or RGBA, as PNG."""
    file = io.BytesIO()
    details = {} if dots_per_inch is None else {"dpi": (dots_per_inch, dots_per_inch)}
    Image.fromarray(picture).save(file, "PNG", compress_level=_LEVEL, **details)
    return file.getvalue()
