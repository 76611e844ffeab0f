"""How much of the world is in view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene.marks import Extent, Volume

_ROOM = 0.1
Corners = tuple[Array, Array]
NOISE_REACH = 3.2
"""Half side of the square that holds practically all noise particles (99.7 % of N(0, I) in 2D)."""
_NARROWEST, _WIDEST = 0.002, 50.0
"""Widths in view, as shares of the width in which everything is."""


def world_extent(
    low: Array, high: Array, points: Array | None = None, margin: float = 0.05, source: Corners | None = None
) -> Extent:
    """The square around a target and its source, in the plane of the first two axes.

    Args:
        low, high: (d,), (d,) the target's bounds.
        points: (n, d) draws of the target; bounds far beyond them (long tails) are not worth the room.
        margin: added on each side, as a share of the side.
        source: corners of the box around the source; the noise unless given.
    """
    begin, end = seen_box(low, high, points)
    around = None if source is None else (source[0][:2], source[1][:2])
    low, high = _cube(begin[:2], end[:2], margin, around)
    return (float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def world_volume(
    low: Array, high: Array, points: Array | None = None, margin: float = 0.02, source: Corners | None = None
) -> Volume | None:
    """The cube around a target of three dimensions and its source, as `world_extent`; None where d is not 3."""
    if len(low) != 3:
        return None
    low, high = _cube(*seen_box(low, high, points), margin, source)
    return ((float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2])))


def _cube(low: Array, high: Array, margin: float, source: Corners | None) -> tuple[Array, Array]:
    """Corners (d,), (d,) of the smallest cube around both, with its margin."""
    begin, end = (np.full(len(low), -NOISE_REACH), np.full(len(low), NOISE_REACH)) if source is None else source
    low, high = np.minimum(low, begin), np.maximum(high, end)
    centre = (low + high) / 2
    half = float((high - low).max()) / 2 * (1 + 2 * margin)
    return centre - half, centre + half


def seen_box(low: Array, high: Array, points: Array | None = None) -> Corners:
    """The part of a distribution's bounds that draws of it (n, d) reach: corners (d,), (d,)."""
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if points is not None and len(points):
        low = np.maximum(low, points.min(axis=0) - _ROOM)
        high = np.minimum(high, points.max(axis=0) + _ROOM)
    return low, high


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


@dataclass(frozen=True, slots=True)
class Gaze:
    """How a person looks at a plane, relative to the view in which everything fits.

    Attributes:
        zoom: how many times nearer.
        shift: (x, y) of the middle, in units of the world.
    """

    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def extent(self, home: Extent) -> Extent:
        """What is in view where `home` would be with no gaze."""
        x, y = (home[0] + home[1]) / 2 + self.shift[0], (home[2] + home[3]) / 2 + self.shift[1]
        half_x, half_y = (home[1] - home[0]) / (2 * self.zoom), (home[3] - home[2]) / (2 * self.zoom)
        return (x - half_x, x + half_x, y - half_y, y + half_y)

    def moved(self, x: float, y: float) -> Gaze:
        """The middle moved by (x, y), in units of the world."""
        return replace(self, shift=(self.shift[0] + x, self.shift[1] + y))

    def nearer(self, factor: float, home: Extent, x: float, y: float) -> Gaze:
        """Nearer by a factor; the point (x, y) of the world keeps its place in the picture."""
        zoom = min(1 / _NARROWEST, max(1 / _WIDEST, self.zoom * factor))
        keep = 1 - self.zoom / zoom
        seen = self.extent(home)
        middle = ((seen[0] + seen[1]) / 2, (seen[2] + seen[3]) / 2)
        return replace(self, zoom=zoom).moved((x - middle[0]) * keep, (y - middle[1]) * keep)
