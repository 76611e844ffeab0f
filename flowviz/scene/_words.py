"""Short texts within a picture."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from flowviz.core.spec import Array
from flowviz.scene._surface import PAD, Surface
from flowviz.scene.colour_maps import rgb, token_rgb
from flowviz.scene.letters import font
from flowviz.scene.marks import Words


def draw_words(surface: Surface, words: Words, pixels: Array, scale: float) -> None:
    """Write texts centred at `pixels` (n, 2), x to the right and y down, moved by their offsets."""
    offsets = np.zeros((len(words.texts), 2)) if words.offsets is None else np.asarray(words.offsets)
    plain = rgb(words.colour) if words.colour.startswith("#") else token_rgb(surface.tokens, words.colour)
    flats, covers = [], []
    for text, place, offset in zip(words.texts, pixels.tolist(), offsets.tolist(), strict=True):
        if not (math.isfinite(place[0]) and math.isfinite(place[1])):
            continue
        row, column, cover, height, width = _letters(text, max(6, round(words.size * scale)), words.is_bold)
        left = round(place[0] + offset[0] * scale - width / 2)
        top = round(place[1] - offset[1] * scale - height / 2)
        if left < 0 or top < 0 or left + width > surface.width or top + height > surface.height:
            # what hangs over the edge is cut off
            x, y = column + left, row + top
            inside = (x >= 0) & (y >= 0) & (x < surface.width) & (y < surface.height)
            row, column, cover = row[inside], column[inside], cover[inside]
        flats.append((row + (top + PAD)) * surface.stride + column + (left + PAD))
        covers.append(cover)
    if flats:
        flat = np.concatenate(flats)
        colours = np.broadcast_to(plain.astype(np.float32), (flat.size, 3))
        surface.lay(flat, colours, np.concatenate(covers) * np.float32(words.alpha))


@lru_cache(maxsize=256)
def _letters(text: str, size: int, is_bold: bool) -> tuple[Array, Array, Array, int, int]:
    """A text as rows, columns and coverage (k,) of its pixels, and its height and width."""
    face = font(size, is_bold)
    left, _, right, _ = face.getbbox(text)
    image = Image.new("L", (max(1, int(right - left) + 2), round(1.3 * size)), 0)
    ImageDraw.Draw(image).text((image.width / 2, image.height / 2), text, 255, face, anchor="mm")
    mask = np.asarray(image)
    row, column = np.nonzero(mask)
    return row, column, mask[row, column].astype(np.float32) / np.float32(255), image.height, image.width
