"""The canvas of the painter, and the one way in which marks get onto it.

A mark adds *optical depth* to pixels: a dot of opacity a that covers the share c of a pixel adds
-log(1 - a c). Depths add up, and 1 - exp(-depth) is the opacity of everything together, which for marks of
one colour is exactly what painting them one over another gives, in any order, without ever saturating.
"""

from __future__ import annotations

import threading
from functools import lru_cache

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene.colour_maps import ENTRIES, colour_map, is_map, mix, rgb, token_rgb
from flowviz.scene.tokens import Tokens

CHUNK = 65536
"""Most elements handled by one numpy call, so that no call holds the interpreter long (about half a millisecond)."""
PAD = 48
"""Pixels around the picture on which marks may hang over its edge."""
_LEVELS = 1024
_DEEPEST = 7.0
_local = threading.local()


class _Scratch:
    """Arrays kept between pictures, one set per thread: fresh megabytes cost more than the painting."""

    def __init__(self, size: int) -> None:
        self.depth = np.zeros(size, np.float32)
        self.value = np.zeros(size, np.float32)
        self.touched = np.zeros(size, np.bool_)


def _scratch(size: int) -> _Scratch:
    scratch: _Scratch | None = getattr(_local, "scratch", None)
    if scratch is None or scratch.depth.size < size or scratch.depth.size > 4 * size:
        scratch = _local.scratch = _Scratch(size)
    return scratch


class Surface:
    """A picture in the making.

    Args:
        out: (height, width, 4) uint8, C-contiguous; gets BGRA bytes.
        tokens: colours.
    """

    def __init__(self, out: Array, tokens: Tokens) -> None:
        self.height, self.width = out.shape[:2]
        self.tokens = tokens
        self.stride = self.width + 2 * PAD
        self.pristine = True
        self.pixels = out.reshape(-1, 4).view(np.uint32).ravel()
        self.rows = self.pixels.reshape(self.height, self.width)
        self._depths = _scratch(self.stride * (self.height + 2 * PAD))
        self.pixels.fill(packed(rgb(tokens.stage)[None])[0])

    def add(self, flat: Array, depth: Array, value: Array | None = None) -> None:
        """Add optical depth at flat indices of the padded picture (row + PAD) * stride + column + PAD."""
        np.add.at(self._depths.depth, flat, depth)
        self._depths.touched[flat] = True
        if value is not None:
            np.add.at(self._depths.value, flat, depth * value)

    def settle(self, colour: str, single: float, coloured: bool = False) -> None:
        """Blend all depth added since the last call onto the picture.

        Args:
            colour: token; where many marks lie over each other it glows (dark) or deepens (light).
            single: optical depth of one mark alone, which shows the plain colour.
            coloured: colour each pixel through the colour map `colour` by its mean value instead.
        """
        self.pristine = False
        keep, give = _ramp(self.tokens, "" if coloured else colour, round(single, 3))
        table = colour_map(colour, self.tokens)[:, ::-1] if coloured else None
        scratch = self._depths
        size = self.stride * (self.height + 2 * PAD)
        touched = np.flatnonzero(scratch.touched[:size])
        for start in range(0, touched.size, CHUNK):
            here = touched[start : start + CHUNK]
            depth = scratch.depth[here]
            level = np.minimum(depth * (_LEVELS / _DEEPEST), _LEVELS - 1).astype(np.intp)
            share = keep[level][:, None]
            if table is None:
                added = give[level]
            else:
                entry = np.clip(scratch.value[here] / np.maximum(depth, 1e-9) * (ENTRIES - 1), 0, ENTRIES - 1)
                added = np.full((here.size, 4), 255.0, np.float32)
                added[:, :3] = table[entry.astype(np.intp)]
                added = added * (1 - share) + 0.5
            scratch.depth[here] = 0
            scratch.value[here] = 0
            scratch.touched[here] = False
            self._blend(here, share, added)

    def _blend(self, padded: Array, keep: Array, give: Array) -> None:
        row, column = np.divmod(padded, self.stride)
        row -= PAD
        column -= PAD
        inside = (row >= 0) & (row < self.height) & (column >= 0) & (column < self.width)
        if not inside.all():
            row, column, keep, give = row[inside], column[inside], keep[inside], give[inside]
        row *= self.width
        row += column
        under = self.pixels[row].view(np.uint8).reshape(-1, 4)
        self.pixels[row] = (under * keep + give).astype(np.uint8).view(np.uint32).ravel()


def packed(colours: Array) -> Array:
    """(n,) uint32 whose bytes in memory are B, G, R, 255, from (n, 3) RGB in [0, 255]."""
    pixels = np.full((len(colours), 4), 255, np.uint8)
    pixels[:, :3] = np.rint(np.asarray(colours))[:, ::-1]
    return pixels.view(np.uint32).ravel()


@lru_cache(maxsize=64)
def _ramp(tokens: Tokens, colour: str, single: float) -> tuple[Array, Array]:
    """What stays of the background (levels,) and what is added to it (levels, 4) BGRA, by optical depth."""
    depth = (np.arange(_LEVELS) + 0.5) * (_DEEPEST / _LEVELS)
    depth[0] = 0.0
    opacity = 1.0 - np.exp(-depth)
    give = np.full((_LEVELS, 4), 255.0)
    if colour:
        plain = rgb(colour) if colour.startswith("#") else token_rgb(tokens, colour)
        name = "#" + "".join(f"{int(channel):02x}" for channel in plain)
        # white light on a dark stage, ink on a light one
        many = rgb(mix(name, "#ffffff", 0.72) if tokens.name == "dark" else mix(name, tokens.text, 0.42))
        crowd = 1.0 - np.exp(-np.maximum(depth - 1.15 * single, 0.0) / 2.2)
        give[:, :3] = (plain + (many - plain) * crowd[:, None])[:, ::-1]
    give = give * opacity[:, None] + 0.5
    give[:, 3] = 255.0 * opacity + 0.5
    return (1.0 - opacity).astype(np.float32), give.astype(np.float32)


__all__ = ["CHUNK", "PAD", "Surface", "is_map", "packed"]
