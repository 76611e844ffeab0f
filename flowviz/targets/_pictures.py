"""Pictures as arrays of darkness and opacity: PNG, JPEG, BMP, WebP through Pillow, SVG through resvg."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowviz.core.errors import FileError
from flowviz.core.spec import Array
from flowviz.targets._svg import draw_svg

if TYPE_CHECKING:
    from PIL import Image

RASTER = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
VECTOR = (".svg", ".svgz")
LONGEST = 512  # cells along the longer side
MOST_PIXELS = 100_000_000
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "WEBP")  # no others: Pillow would run a program for some
_REMEDY = "Save it again as PNG in another program."


def read_picture(path: Path) -> tuple[Array, Array]:
    """Darkness and opacity of a picture file, as `picture_arrays` gives them.

    Raises:
        FileError: no picture, damaged, or too large. OSError as the system raises it.
    """
    if path.suffix.lower() in VECTOR:
        return picture_from_bytes(draw_svg(path, 2 * LONGEST), path.name)
    with path.open("rb") as file:
        return _decode(file, path.name)


def picture_from_bytes(data: bytes, name: str) -> tuple[Array, Array]:
    """Darkness and opacity of a picture file's bytes.

    Raises:
        FileError: as `read_picture`.
    """
    return _decode(io.BytesIO(data), name)


def picture_arrays(image: Image.Image, name: str) -> tuple[Array, Array]:
    """Darkness (0 white, 1 black) and opacity (rows, columns) float32, row 0 at the bottom, at most
    512 cells along the longer side, turned upright by its EXIF mark.

    Raises:
        FileError: too many pixels or damaged.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps

    _check_size(image.size, name)
    if image.format == "JPEG":
        image.draft(None, (LONGEST, LONGEST))  # decodes at 1/2, 1/4 or 1/8 size
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    image = ImageOps.exif_transpose(image)
    if image.mode not in ("L", "RGB", "RGBA", "LA"):
        image = image.convert("RGBA")
    factor = max(image.size) // (2 * LONGEST)
    if factor > 1:
        image = image.reduce(factor)
    image = image.convert("RGBA")
    image.thumbnail((LONGEST, LONGEST), Pillow.Resampling.BOX)
    pixels = np.asarray(image, dtype=np.float32)[::-1] / np.float32(255)
    light = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)  # Rec. 601
    return np.clip(1 - light, 0, 1), np.ascontiguousarray(pixels[..., 3])


def _decode(file: io.IOBase | io.BufferedReader, name: str) -> tuple[Array, Array]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warning of large images; the limit here is ours
            with Image.open(file, formats=_FORMATS) as image:  # type: ignore[arg-type]
                return picture_arrays(image, name)
    except FileError:
        raise
    except UnidentifiedImageError:
        raise FileError(f"{name} is not a picture that can be read.", "Use PNG, JPEG, BMP, WebP or SVG.") from None
    except Image.DecompressionBombError as error:
        size = re.search(r"\((\d+) pixels\)", str(error))
        raise _too_large(name, f"{int(size[1]):,} pixels" if size else "far too many pixels") from None
    except MemoryError:
        raise FileError(f"{name} does not fit into memory.", "Make it smaller in another program.") from None
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise FileError(f"{name} is damaged: {error}.", _REMEDY) from error


def _check_size(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise _too_large(name, f"{size[0]} × {size[1]} pixels")
    if min(size) < 1:
        raise FileError(f"{name} has no pixels.", _REMEDY)


def _too_large(name: str, size: str) -> FileError:
    most = MOST_PIXELS // 1_000_000
    return FileError(f"{name} is too large: {size}, and {most} million is the most.", "Make it smaller first.")


def _eight_bit(image: Image.Image) -> Image.Image:
    """A picture of 16-bit, 32-bit or floating-point greys as 8-bit greys."""
    from PIL import Image as Pillow

    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    top = 65535.0 if image.mode.startswith("I") else 1.0
    values = values / max(top, float(values.max()) if values.size else top)
    return Pillow.fromarray((255 * np.clip(values, 0, 1)).astype(np.uint8))
