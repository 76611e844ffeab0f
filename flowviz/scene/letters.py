"""Words and blocks to pixels, by Pillow; and how long words are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from flowviz.core.drawing import Block, Faces, Words

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_REGULAR = ("DejaVuSans.ttf", "Inter-Regular.ttf", "segoeui.ttf", "Helvetica.ttc", "Arial.ttf", "arial.ttf")
_BOLD = ("DejaVuSans-Bold.ttf", "Inter-SemiBold.ttf", "segoeuib.ttf", "HelveticaNeue.ttc", "Arial Bold.ttf")
_KEPT = 8
_Stencil = tuple[str, tuple[int, int], Image.Image]
"""A colour, and the place and opacities of the pixels that get it."""


@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> Font:
    """The first known font that this machine has, else the one that Pillow brings."""
    for name in _BOLD if bold else _REGULAR:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def faces() -> Faces:
    """The files of the two faces; "" for one that Pillow brings itself."""
    regular, bold = (getattr(font(12, is_bold), "path", "") for is_bold in (False, True))
    return Faces(regular if isinstance(regular, str) else "", bold if isinstance(bold, str) else "")


@lru_cache(maxsize=512)
def length(text: str, size: int, bold: bool = False) -> float:
    """Pixels of a line of text."""
    return float(font(size, bold).getlength(text))


class Letterer:
    """Draws words and blocks onto pictures of one size; keeps the stencils of the latest few sets of them.

    Args:
        width, height: of the pictures.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._kept: OrderedDict[tuple[Words | Block, ...], list[_Stencil]] = OrderedDict()

    def draw(self, picture: Image.Image, items: tuple[Words | Block, ...]) -> None:
        """Draw onto an RGB or RGBA picture, in place."""
        if items not in self._kept:
            self._kept[items] = list(self._stencils(items))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(items)
        for colour, place, stencil in self._kept[items]:
            if picture.mode == "RGBA":
                solid = Image.new("RGBA", stencil.size, colour)
                solid.putalpha(stencil)
                picture.alpha_composite(solid, place)
            else:
                picture.paste(colour, place, stencil)

    def _stencils(self, items: Sequence[Words | Block]) -> list[_Stencil]:
        """One for each run of items of one colour."""
        found: list[_Stencil] = []
        start = 0
        for index in range(1, len(items) + 1):
            if index == len(items) or items[index].colour != items[start].colour:
                mask = Image.new("L", self._size, 0)
                for item in items[start:index]:
                    _draw(ImageDraw.Draw(mask), item)
                box = mask.getbbox()
                if box is not None:
                    found.append((items[start].colour, box[:2], mask.crop(box)))
                start = index
        return found


def _draw(draw: ImageDraw.ImageDraw, item: Words | Block) -> None:
    shade = round(255 * item.alpha)
    if isinstance(item, Words):
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[item.anchor]
        draw.text((item.x, item.y), item.text, shade, font(item.size, item.bold), anchor=anchor)
        return
    left, top, width, height = item.box
    right, bottom = max(round(left + width), round(left) + 1), max(round(top + height), round(top) + 1)
    draw.rectangle((round(left), round(top), right - 1, bottom - 1), shade)
