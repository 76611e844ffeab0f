"""Densities in space: on a grid, at mass levels, as surfaces, and through a slice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from flowviz.core.camera import SLICE_AXES, SliceAxis
from flowviz.core.frames import Frame
from flowviz.core.spec import Array
from flowviz.scene._identity import ByIdentity
from flowviz.scene.marks import Extent, Volume
from flowviz.scene.motion import at_time
from flowviz.scene.smoothing import smooth_volume, space_bandwidth

CELLS = 56
_PEAK_CELLS = 40
_QUARTER = (-0.0703125, 0.8671875, 0.2265625, -0.0234375)
"""Weights of the neighbours before, at, behind and two behind a place a quarter of the way between the middle two."""
_LEAST_LOG = -40.0
_LEAST = 1e-4
"""Length of a gradient, relative to the largest, below which it points nowhere."""
_NOTHING, _NEGLIGIBLE = 1e-9, 1e-5
"""A density that counts as none, and the share of the highest that no mass level needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """A density on a grid over space.

    Attributes:
        values: (layers, rows, columns) float32, indexed [z, y, x], at cell centres.
        volume: outer edges of the grid.
    """

    values: Array
    volume: Volume

    @classmethod
    def of(cls, points: Array, volume: Volume, cells: int = CELLS) -> Cloud:
        """The kernel estimate from points (n, 3)."""
        finite = points[np.isfinite(points).all(axis=1)]
        return cls(smooth_volume(finite, volume, cells, space_bandwidth(len(finite))), volume)

    @property
    def cell(self) -> float:
        """The longest side of a cell."""
        return float(self._sides().max())

    def _sides(self) -> Array:
        low, high = np.asarray(self.volume, np.float64)
        return np.asarray((high - low) / self.values.shape[::-1])

    def at(self, points: Array) -> Array:
        """The density (n,) of the cells around points (n, 3); 0 outside."""
        index = np.floor((points - np.asarray(self.volume[0])) / self._sides()).astype(int)
        inside = ((index >= 0) & (index < self.values.shape[::-1])).all(axis=1)
        result = np.zeros(len(points), np.float32)
        x, y, z = index[inside].T
        result[inside] = self.values[z, y, x]
        return result

    def mass_level(self, mass: float) -> float:
        """The density c for which {density >= c} holds this share of the mass on the grid: the smallest region that
        does (Hyndman 1996)."""
        relevant = self.values[self.values > _NEGLIGIBLE * self.values.max()]
        ordered = np.sort(relevant)[::-1]
        total = np.cumsum(ordered, dtype=np.float64)
        if not ordered.size or total[-1] <= 0:
            return 0.0
        return float(ordered[min(int(np.searchsorted(total, mass * total[-1])), ordered.size - 1)])

    def surface(self, level: float) -> tuple[Array, Array]:
        """Where the density passes a level: points (n, 3) and unit normals (n, 3) pointing to lower density.

        The points are where the edges between neighbouring cell centres cross the level (the corners that
        marching cubes would join: Lorensen and Cline 1987), placed linearly in the logarithm, in which Gaussian
        flanks are smooth. Outside the grid there is nothing, so every surface is closed.
        """
        logs = np.log(np.pad(np.maximum(self.values, _NOTHING), 1, constant_values=_NOTHING))
        shape, flat, target = logs.shape, logs.ravel(), float(np.log(max(level, _NOTHING)))
        strides = (1, shape[2], shape[1] * shape[2])  # of x, y and z
        above = flat >= target
        spots, slopes = [], []
        for axis, stride in enumerate(strides):
            here = np.flatnonzero(above[:-stride] != above[stride:])
            there = here + stride
            share = (target - flat[here]) / (flat[there] - flat[here])
            z, y, x = np.unravel_index(here, shape)
            spot = np.stack([x, y, z], axis=1).astype(np.float32)
            spot[:, axis] += share
            spots.append(spot)
            slopes.append(
                _slopes(flat, here, strides) * (1 - share[:, None]) + _slopes(flat, there, strides) * share[:, None]
            )
        slope = np.concatenate(slopes) / self._sides()
        steep = np.linalg.norm(slope, axis=1)
        sound = steep > _LEAST * max(float(steep.max(initial=0.0)), 1e-12)
        # padding moved every index by one
        points = np.asarray(self.volume[0]) + (np.concatenate(spots)[sound] - 0.5) * self._sides()
        return points.astype(np.float32), (-slope[sound] / steep[sound, None]).astype(np.float32)

    def slice(self, axis: SliceAxis, place: float) -> tuple[Array, Extent]:
        """The density (rows, columns) on the plane across an axis, linear between layers; and its outer edges."""
        across = SLICE_AXES.index(axis)
        layer = (place - self.volume[0][across]) / float(self._sides()[across]) - 0.5
        last = self.values.shape[2 - across] - 1
        before = int(np.clip(np.floor(layer), 0, last))
        after = min(before + 1, last)
        share = np.float32(np.clip(layer - before, 0.0, 1.0))
        low, high = (np.take(self.values, index, axis=2 - across) for index in (before, after))
        return np.asarray(low * (1 - share) + high * share), slice_extent(self.volume, axis)


@lru_cache(maxsize=3)
def _estimate(paths: ByIdentity[Array], times: tuple[float, ...], t: float, volume: Volume) -> Cloud:
    return Cloud.of(at_time(paths.value, np.asarray(times), t), volume)


def estimate(paths: Array, times: Array, t: float, volume: Volume) -> Cloud:
    """The kernel estimate from paths (T, n, 3) at t; layers that show the same moment share it."""
    return _estimate(ByIdentity(paths), tuple(times.tolist()), t, volume)


def _doubled(values: Array, axis: int) -> Array:
    """Twice as many cells along an axis, by the cubic through four neighbours (Catmull and Rom 1974)."""
    moved = np.moveaxis(values, axis, 0)
    padded = np.concatenate([moved[:1], moved[:1], moved, moved[-1:], moved[-1:]])
    n = len(moved)
    # the new centres lie a quarter of a cell before and behind the old ones
    high = sum(weight * padded[1 + shift : 1 + shift + n] for shift, weight in enumerate(_QUARTER))
    low = sum(weight * padded[3 - shift : 3 - shift + n] for shift, weight in enumerate(_QUARTER))
    pairs = np.stack([low, high], axis=1).reshape(2 * n, *moved.shape[1:])
    return np.moveaxis(pairs, 0, axis)


@lru_cache(maxsize=3)
def _model_cloud(logs: ByIdentity[Array], volume: Volume) -> Cloud:
    fine = np.clip(logs.value, _LEAST_LOG, 30.0)
    for axis in range(3):
        fine = _doubled(fine, axis)
    return Cloud(np.exp(fine), volume)


def model_cloud(log_density: Array, volume: Volume) -> Cloud:
    """A model's own density over space, on a grid twice as fine: its logarithm is smooth enough to be interpolated."""
    return _model_cloud(ByIdentity(log_density), volume)


@lru_cache(maxsize=6)
def _mass_surface(cloud: ByIdentity[Cloud], mass: float) -> tuple[Array, Array]:
    return cloud.value.surface(cloud.value.mass_level(mass))


def mass_surface(cloud: Cloud, mass: float) -> tuple[Array, Array]:
    """The surface around the smallest region with this share of the mass, as Cloud.surface; kept while one turns it."""
    return _mass_surface(ByIdentity(cloud), mass)


def slice_extent(volume: Volume, axis: SliceAxis) -> Extent:
    """The outer edges of a slice: along the two axes that it spans, in the order of the alphabet."""
    first, second = (index for index, letter in enumerate(SLICE_AXES) if letter != axis)
    return (volume[0][first], volume[1][first], volume[0][second], volume[1][second])


def in_volume(place: float, axis: SliceAxis, volume: Volume) -> float:
    """The place of a slice, held within space."""
    across = SLICE_AXES.index(axis)
    return float(np.clip(place, volume[0][across], volume[1][across]))


def _slopes(flat: Array, index: Array, strides: tuple[int, int, int]) -> Array:
    """Central differences (n, 3) along x, y and z at flat indices (n,) of a grid."""
    last = flat.size - 1
    parts = [flat[np.minimum(index + stride, last)] - flat[np.maximum(index - stride, 0)] for stride in strides]
    return np.stack(parts, axis=1) / 2


@lru_cache(maxsize=8)
def _reference(frame: ByIdentity[Frame], volume: Volume) -> float:
    peaks = [1e-6]
    paths = frame.value.paths
    for index in np.unique(np.linspace(0, len(paths) - 1, 5).astype(int)):
        points = paths[index][np.isfinite(paths[index]).all(axis=1)]
        if len(points):
            peaks.append(float(np.quantile(Cloud.of(points, volume, _PEAK_CELLS).at(points), 0.97)))
    return max(peaks)


def reference_density(frame: Frame, volume: Volume) -> float:
    """The density shown at full brightness in slices of this frame: see `layers.density.reference_density`."""
    return _reference(ByIdentity(frame), volume)
