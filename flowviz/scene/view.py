"""How much of the world is in view."""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene.marks import Extent

NOISE_REACH = 3.2
"""Half side of the square that holds practically all noise particles (99.7 % of N(0, I) in 2D)."""


def world_extent(low: Array, high: Array, margin: float = 0.05) -> Extent:
    """The square around a target's bounds (2,), (2,) and the noise, with a margin (share of the side)."""
    corner = np.minimum(np.asarray(low, np.float64)[:2], -NOISE_REACH)
    other = np.maximum(np.asarray(high, np.float64)[:2], NOISE_REACH)
    centre = (corner + other) / 2
    half = float((other - corner).max()) / 2 * (1 + 2 * margin)
    return (centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half)


def fit_extent(extent: Extent, width: float, height: float) -> Extent:
    """The smallest extent of the shape width : height around `extent`, so that circles stay round."""
    x_low, x_high, y_low, y_high = extent
    wide, tall = x_high - x_low, y_high - y_low
    if wide * height < tall * width:
        wide = tall * width / height
    else:
        tall = wide * height / width
    x, y = (x_low + x_high) / 2, (y_low + y_high) / 2
    return (x - wide / 2, x + wide / 2, y - tall / 2, y + tall / 2)
