"""The canvas of the painter, and the one way in which marks get onto it.

A mark adds *optical depth* to pixels: a dot of opacity a that covers the share c of a pixel adds
-log(1 - a c). Depths add up, and 1 - exp(-depth) is the opacity of everything together, which for marks of
one colour is exactly what painting them one over another gives, in any order, without ever saturating.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene.colour_maps import ENTRIES, colour_map, mix, rgb, token_rgb
from flowviz.scene.tokens import Tokens

CHUNK = 16384
"""Most elements handled by one numpy call, so that no call holds the interpreter long (about 0.1 ms)."""
PAD = 24
"""Pixels around the picture on which marks may hang over its edge."""
_MANY = 1024
_LEVELS = 1024
_DEEPEST = 7.0
_local = threading.local()


class _Scratch:
    """Arrays kept between pictures, one set per thread: fresh megabytes cost more than the painting."""

    def __init__(self, size: int) -> None:
        self.pixels = np.zeros(size, np.uint32)
        self.depth = np.zeros(size, np.float32)
        self.value = np.zeros(size, np.float32)
        self.touched = np.zeros(size, np.bool_)
        self.numbers: Array | None = None


def _scratch(size: int) -> _Scratch:
    scratch: _Scratch | None = getattr(_local, "scratch", None)
    if scratch is None or not size <= scratch.depth.size <= 16 * size:
        scratch = _local.scratch = _Scratch(size)
    return scratch


class Surface:
    """A picture in the making, with a margin of PAD pixels all around.

    Args:
        width, height: of the picture without its margin.
        tokens: colours.
        breathe: called between pieces of work of a fraction of a millisecond each.
    """

    def __init__(self, width: int, height: int, tokens: Tokens, breathe: Callable[[], object] | None = None) -> None:
        self.width, self.height = width, height
        self.breathe = breathe or _go_on
        self.tokens = tokens
        self.stride = width + 2 * PAD
        self.pristine = not tokens.ground
        size = self.stride * (height + 2 * PAD)
        self._scratch = _scratch(size)
        self._touched = self._scratch.touched[:size]
        self._pixels = self._scratch.pixels[:size]
        self._pixels.fill(packed(rgb(tokens.ground or tokens.stage)[None])[0])
        self._first, self._end = size, 0
        self.rows = self._pixels.reshape(height + 2 * PAD, self.stride)[PAD:-PAD, PAD:-PAD]

    def add(self, flat: Array, depth: Array, value: Array | None = None) -> None:
        """Add optical depth (n,) float32 at flat indices (n,) intp of the padded picture.

        An index is (row + PAD) * stride + column + PAD. numpy's add.at is quick for exactly these types.
        """
        self.breathe()
        np.add.at(self._scratch.depth, flat, depth)
        self._touched[flat] = True
        if flat.size > _MANY:  # they reach far, and looking how far takes longer than it saves
            self._first, self._end = 0, self._touched.size
        elif flat.size:
            self._first = min(self._first, int(flat.min()))
            self._end = max(self._end, int(flat.max()) + 1)
        if value is not None:
            np.add.at(self._scratch.value, flat, depth * value)

    def numbers(self) -> Array:
        """A number for each pixel of the padded picture, int32, all 0; whoever takes them leaves them so."""
        if self._scratch.numbers is None:
            self._scratch.numbers = np.zeros(self._scratch.depth.size, np.int32)
        return self._scratch.numbers[: self._touched.size]

    def copy(self) -> Array:
        """All settled pixels."""
        return self._pixels.copy()

    def restore(self, pixels: Array) -> None:
        """Go back to what `copy` gave."""
        self.pristine = False
        self._pixels[:] = pixels

    def lay(self, flat: Array, colours: Array, alphas: Array) -> None:
        """Lay colours (n, 3) RGB float32 with opacities (n,) float32 over pixels at flat indices (n,)."""
        self.pristine = False
        for start in range(0, flat.size, CHUNK // 2):
            self.breathe()
            part = slice(start, start + CHUNK // 2)
            here, alpha = flat[part], alphas[part, None]
            under = np.take(self._pixels, here).view(np.uint8).reshape(-1, 4)
            over = np.full((here.size, 4), 255.0, np.float32)
            over[:, :3] = colours[part, ::-1]
            over *= alpha
            over += under * (1 - alpha)
            over += 0.5
            self._pixels[here] = over.astype(np.uint8).view(np.uint32).ravel()

    def settle(self, colour: str, single: float, coloured: bool = False, fog: float = 0.0) -> None:
        """Blend all depth added since the last call onto the picture.

        Args:
            colour: token; where many marks lie over each other it glows (dark) or deepens (light).
            single: optical depth of one mark alone, which shows the plain colour.
            coloured: colour each pixel through the colour map `colour` by its mean value instead.
            fog: share of the stage's colour mixed in.
        """
        self.pristine = False
        keep, give = _ramp(self.tokens, "" if coloured else colour, round(single, 3), round(fog, 3))
        table = _fogged(colour_map(colour, self.tokens), self.tokens, fog)[:, ::-1] if coloured else None
        scratch = self._scratch
        touched = np.flatnonzero(self._touched[self._first : self._end]) + self._first
        self._first, self._end = self._touched.size, 0
        for start in range(0, touched.size, CHUNK // 2):
            self.breathe()
            here = touched[start : start + CHUNK // 2]
            depth = np.take(scratch.depth, here)
            scratch.depth[here] = 0
            self._touched[here] = False
            level = np.minimum(depth * np.float32(_LEVELS / _DEEPEST), np.float32(_LEVELS - 1)).astype(np.intp)
            share = np.take(keep, level)[:, None]
            if table is None:
                added = np.take(give, level, axis=0)
            else:
                entry = np.take(scratch.value, here) / np.maximum(depth, 1e-9) * (ENTRIES - 1)
                scratch.value[here] = 0
                added = np.full((here.size, 4), 255.0, np.float32)
                added[:, :3] = table[np.clip(entry, 0, ENTRIES - 1).astype(np.intp)]
                added *= 1 - share
                added += 0.5
            added += np.take(self._pixels, here).view(np.uint8).reshape(-1, 4) * share
            self._pixels[here] = added.astype(np.uint8).view(np.uint32).ravel()


def _go_on() -> None:
    """Nobody waits for the interpreter."""


def packed(colours: Array) -> Array:
    """(n,) uint32 whose bytes in memory are B, G, R, 255, from (n, 3) RGB in [0, 255]."""
    pixels = np.full((len(colours), 4), 255, np.uint8)
    pixels[:, :3] = np.rint(np.asarray(colours))[:, ::-1]
    return pixels.view(np.uint32).ravel()


def _fogged(colours: Array, tokens: Tokens, fog: float) -> Array:
    """Colours (..., 3) with a share of the stage's colour mixed in."""
    return colours if fog == 0 else np.asarray(colours + fog * (rgb(tokens.stage) - colours), dtype=colours.dtype)


@lru_cache(maxsize=256)
def _ramp(tokens: Tokens, colour: str, single: float, fog: float) -> tuple[Array, Array]:
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
        give[:, :3] = _fogged(plain + (many - plain) * crowd[:, None], tokens, fog)[:, ::-1]
    give = give * opacity[:, None] + 0.5
    give[:, 3] = 255.0 * opacity + 0.5
    return (1.0 - opacity).astype(np.float32), give.astype(np.float32)
