"""A surface as opaque discs: the nearer hides the farther, then all of it is laid over the picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene._surface import CHUNK, PAD, Surface
from flowviz.scene.colour_maps import mix, rgb, token_rgb
from flowviz.scene.marks import Splats
from flowviz.scene.tokens import Tokens

_LARGEST = 120.0
_TONES = 256


def draw_splats(surface: Surface, splats: Splats, pixels: Array, per_unit: float) -> None:
    """Draw discs whose places in the picture are `pixels` (n, 2), x to the right and y down, from back to front.

    Args:
        surface: the picture.
        splats: their looks.
        pixels: their places.
        per_unit: pixels per world unit of their size.
    """
    offsets, reach = _disc(round(float(np.clip(splats.size * per_unit, 1.0, _LARGEST)), 1), surface.stride)
    # a disc is drawn whole or not at all: large ones that would hang over the margin are left out
    over = min(reach, PAD - reach - 1)
    limit = np.array([surface.width + over, surface.height + over])
    seen = np.flatnonzero(((pixels > -over) & (pixels < limit)).all(axis=1))
    if not seen.size:
        return
    cells = np.floor(pixels[seen]).astype(np.intp) + PAD
    base = cells[:, 1] * surface.stride + cells[:, 0]
    # number in `tone` of each disc, plus one: 0 is untouched
    order = np.arange(1, seen.size + 1, dtype=np.int32)
    nearest = surface.numbers()
    step = max(1, CHUNK // offsets.size)
    for start in range(0, seen.size, step):
        part = slice(start, start + step)
        # disc by disc from back to front: where indices repeat, numpy keeps the last value
        nearest[(base[part, None] + offsets).ravel()] = np.repeat(order[part], offsets.size)
        if start % (4 * step) == 0:
            surface.breathe()
    first, end = int(base.min() + offsets.min()), int(base.max() + offsets.max()) + 1
    touched = np.flatnonzero(nearest[first:end] != 0) + first
    disc = seen[nearest[touched] - 1]
    nearest[touched] = 0
    tone = np.clip(np.asarray(splats.shades)[disc] * (_TONES - 1), 0, _TONES - 1).astype(np.intp)
    surface.lay(touched, tones(splats.colour, surface.tokens)[tone], np.asarray(splats.alphas, np.float32)[disc])


@lru_cache(maxsize=32)
def _disc(diameter: float, stride: int) -> tuple[Array, int]:
    """Flat offsets (k,) of the pixels of a disc, and how far it reaches."""
    reach = int(np.ceil(diameter / 2))
    row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = row**2 + column**2 <= max(diameter / 2, 0.5) ** 2 + 0.1
    return (row[inside] * stride + column[inside]).astype(np.intp), reach


@lru_cache(maxsize=32)
def tones(colour: str, tokens: Tokens) -> Array:
    """(256, 3) float32 RGB from the colour in shadow to the colour in full light, with a gleam at its end."""
    plain = rgb(colour) if colour.startswith("#") else token_rgb(tokens, colour)
    name = "#" + "".join(f"{int(channel):02x}" for channel in plain)
    dark, light = mix(name, "#000000", 0.72), mix(name, "#ffffff", 0.62)
    anchors = np.stack([rgb(dark), plain, rgb(light)])
    place = np.linspace(0, 1, _TONES)
    tones = [np.interp(place, [0.0, 0.72, 1.0], anchors[:, channel]) for channel in range(3)]
    return np.stack(tones, axis=1).astype(np.float32)
