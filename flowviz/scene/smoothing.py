"""Particles as a smooth density on a grid."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene.marks import Extent, Volume

_BANDWIDTH = 0.1
"""Standard deviation of the kernel in world units at 10 000 particles; about half that of the finest usual blobs."""

_SPACE_BANDWIDTH = 0.17
"""The same in space, where as many particles are fewer in each place."""


def bandwidth(n: int) -> float:
    """Kernel width for n particles; it shrinks like n^(-1/6), the best rate in two dimensions (Silverman 1986)."""
    return _BANDWIDTH * (10_000 / max(n, 100)) ** (1 / 6)


def smooth_density(xy: Array, extent: Extent, cells: int, width: float) -> Array:
    """Kernel density estimate (cells, cells) float32 of points (n, 2), row 0 at y_low.

    Points are shared bilinearly among cell centres and blurred by a Gaussian of standard deviation
    `width` (world units). Points outside count in the normalisation but show nowhere.
    """
    x_low, x_high, y_low, y_high = extent
    u = (xy[:, 0] - x_low) * (cells / (x_high - x_low)) - 0.5
    v = (xy[:, 1] - y_low) * (cells / (y_high - y_low)) - 0.5
    inside = (u > -1) & (u < cells) & (v > -1) & (v < cells)
    u, v = u[inside], v[inside]
    # one cell of margin on each side takes the shares of points near the edge
    column, row = np.floor(u), np.floor(v)
    u, v = (u - column).astype(np.float32), (v - row).astype(np.float32)
    stride = cells + 2
    base = (row.astype(np.intp) + 1) * stride + column.astype(np.intp) + 1
    grid = np.zeros(stride * stride, np.float32)
    for shift, share in (
        (0, (1 - u) * (1 - v)),
        (1, u * (1 - v)),
        (stride, (1 - u) * v),
        (stride + 1, u * v),
    ):
        np.add.at(grid, base + shift, share)
    counts = grid.reshape(stride, stride)[1:-1, 1:-1]
    cell_x, cell_y = (x_high - x_low) / cells, (y_high - y_low) / cells
    blurred = _blur(_blur(counts, width / cell_y).T, width / cell_x).T
    return np.asarray(blurred * np.float32(1.0 / (max(1, len(xy)) * cell_x * cell_y)))


def smooth_columns(values: Array, reach: tuple[float, float], cells: int) -> Array:
    """Kernel density estimates (T, cells) float32 of T sets of numbers (T, n), cell 0 at the low end of `reach`.

    The kernel is a Gaussian of standard deviation 0.9 s n^(-1/5) / 3 (Silverman 1986, a third of the rule for one
    bump, since flows make several), s the standard deviation of the whole set; at least three fifths of a cell.
    """
    low, high = reach
    times, n = values.shape
    cell = (high - low) / cells
    place = (np.nan_to_num(values, nan=low - 9 * cell) - low) / cell - 0.5
    first = np.floor(place)
    share = (place - first).astype(np.float32)
    column = np.clip(first, -2, cells + 1).astype(np.intp) + 2
    base = column + (np.arange(times) * (cells + 5))[:, None]
    grid = np.bincount(base.ravel(), (1 - share).ravel(), times * (cells + 5))
    grid += np.bincount(base.ravel() + 1, share.ravel(), times * (cells + 5))
    counts = grid.reshape(times, cells + 5)[:, 2 : cells + 2].astype(np.float32)
    spread = float(np.nanstd(values)) or 1.0
    sigma = max(0.6, 0.3 * spread * max(n, 1) ** (-0.2) / cell)
    return np.asarray(_blur(counts.T, sigma).T * np.float32(1.0 / (max(n, 1) * cell)))


def space_bandwidth(n: int) -> float:
    """Kernel width for n particles in space; it shrinks like n^(-1/7), the best rate there (Silverman 1986)."""
    return _SPACE_BANDWIDTH * (10_000 / max(n, 100)) ** (1 / 7)


def smooth_volume(points: Array, volume: Volume, cells: int, width: float) -> Array:
    """Kernel density estimate (cells, cells, cells) float32 of points (n, 3), indexed [z, y, x]; as `smooth_density`,
    but a cube."""
    low, high = np.asarray(volume, np.float64)
    sides = (high - low) / cells
    place = ((points - low) / sides - 0.5).astype(np.float32)
    inside = ((place > -1) & (place < cells)).all(axis=1)
    place = place[inside]
    whole = np.floor(place)
    share = place - whole
    stride = cells + 2
    index = whole.astype(np.intp) + 1
    base = (index[:, 2] * stride + index[:, 1]) * stride + index[:, 0]
    grid = np.zeros(stride**3, np.float32)
    for corner in range(8):
        x, y, z = corner & 1, corner >> 1 & 1, corner >> 2 & 1
        parts = [share[:, axis] if high_end else 1 - share[:, axis] for axis, high_end in enumerate((x, y, z))]
        np.add.at(grid, base + (z * stride + y) * stride + x, parts[0] * parts[1] * parts[2])
    counts = np.ascontiguousarray(grid.reshape(stride, stride, stride)[1:-1, 1:-1, 1:-1])
    for axis in (2, 1, 0):  # z, y, x in turn become the first axis, and come back
        counts = _blur(counts.reshape(cells, -1), width / sides[axis]).reshape(cells, cells, cells)
        counts = np.ascontiguousarray(np.moveaxis(counts, 0, -1))
    return np.asarray(counts * np.float32(1.0 / (max(1, len(points)) * float(np.prod(sides)))))


def _blur(grid: Array, sigma: float) -> Array:
    """Gaussian blur of an (r, c) grid along its rows' axis, zero outside."""
    kernel = _kernel(round(sigma, 3))
    reach = len(kernel) // 2
    padded = np.zeros((grid.shape[0] + 2 * reach, grid.shape[1]), np.float32)
    padded[reach : reach + grid.shape[0]] = grid
    result = padded[reach : reach + grid.shape[0]] * kernel[reach]
    for distance in range(1, reach + 1):
        before = padded[reach - distance : reach - distance + grid.shape[0]]
        after = padded[reach + distance : reach + distance + grid.shape[0]]
        result += (before + after) * kernel[reach + distance]
    return result


@lru_cache(maxsize=32)
def _kernel(sigma: float) -> Array:
    """Gaussian weights (2 * reach + 1,) float32 that sum to 1."""
    sigma = max(sigma, 0.2)
    reach = int(np.ceil(3.2 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum(), dtype=np.float32)
