"""Round dots of any diameter, anti-aliased and placed to an eighth of a pixel."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene._surface import CHUNK, PAD, Surface
from flowviz.scene.marks import Points

_PHASES = 8
_SUPERSAMPLES = 8
_LARGEST = 2.0 * (PAD - 2)


def draw_dots(surface: Surface, points: Points, pixels: Array, scale: float) -> None:
    """Draw the points, whose places in the picture are `pixels` (n, 2), x to the right and y down."""
    diameter = float(np.clip(points.size * scale, 0.3, _LARGEST))
    alpha = float(np.clip(points.alpha, 0.0, 0.995))
    reach = int(np.ceil(diameter / 2))
    # the comparison is False for NaN, so lost particles vanish
    limit = np.array([surface.width + reach, surface.height + reach])
    near = ((pixels > -reach) & (pixels < limit)).all(axis=1)
    seen = pixels[near]
    values = None if points.values is None else np.asarray(points.values, np.float32)[near]
    if not len(seen) or alpha == 0.0:
        return
    kernels, offsets = _kernels(round(diameter * 16) / 16, round(alpha, 3), surface.stride)
    cells = np.floor(seen)
    phase = np.minimum((seen - cells) * _PHASES, _PHASES - 1).astype(np.intp)
    kernel = phase[:, 1] * _PHASES + phase[:, 0]
    whole = cells.astype(np.intp) + PAD
    base = whole[:, 1] * surface.stride + whole[:, 0]
    step = max(1, CHUNK // offsets.size)
    for start in range(0, len(base), step):
        part = slice(start, start + step)
        flat = (base[part, None] + offsets).ravel()
        depth = kernels[kernel[part]].ravel()
        surface.add(flat, depth, None if values is None else np.repeat(values[part], offsets.size))
    surface.settle(points.colour, -float(np.log1p(-alpha)), coloured=values is not None, fog=points.fog)


@lru_cache(maxsize=96)
def _kernels(diameter: float, alpha: float, stride: int) -> tuple[Array, Array]:
    """Optical depth (64, k*k) of a dot by its place within the pixel, and the flat offsets (k*k,) of its pixels."""
    radius = diameter / 2
    reach = int(np.ceil(radius))
    cells = np.arange(-reach, reach + 1)
    fine = (cells[:, None] + (np.arange(_SUPERSAMPLES) + 0.5) / _SUPERSAMPLES).ravel()
    # a dot thinner than the sample spacing would fall between samples: draw it wider and fainter
    drawn = max(radius, 0.35)
    thinning = (radius / drawn) ** 2
    side = cells.size
    kernels = np.empty((_PHASES * _PHASES, side * side), np.float32)
    for index in range(_PHASES * _PHASES):
        row, column = divmod(index, _PHASES)
        y = fine - (row + 0.5) / _PHASES
        x = fine - (column + 0.5) / _PHASES
        inside = (y[:, None] ** 2 + x[None, :] ** 2) <= drawn**2
        cover = inside.reshape(side, _SUPERSAMPLES, side, _SUPERSAMPLES).mean(axis=(1, 3)) * thinning
        kernels[index] = -np.log1p(-alpha * cover).ravel()
    offsets = (cells[:, None] * stride + cells[None, :]).ravel()
    return kernels, offsets
