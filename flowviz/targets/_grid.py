"""A density given by a grid of cells: exact sampler, exact log-density, exact entropy."""

from __future__ import annotations

import math

import numpy as np

from flowviz.core.spec import Array

Extent = tuple[float, ...]
EXTENT: Extent = (-4.0, 4.0, -4.0, 4.0)  # the square that people draw in
CUBE: Extent = (-4.0, 4.0, -4.0, 4.0, -4.0, 4.0)  # the cube that people draw in


class GridDensity:
    """Piecewise constant density on a regular grid in the plane or in space.

    Args:
        density: (rows, columns) or (layers, rows, columns) non-negative, not all zero; row 0 lies at y_low,
            layer 0 at z_low. Need not be normalised.
        extent: (x_low, x_high, y_low, y_high) of the grid's outer edges, in space (..., z_low, z_high).

    Raises:
        ValueError: negative, not finite, or without any mass.
    """

    def __init__(self, density: Array, extent: Extent = EXTENT) -> None:
        values = np.asarray(density, dtype=np.float64)
        if 2 * values.ndim != len(extent) or values.size == 0:
            raise ValueError(f"a density grid has {len(extent) // 2} axes, not the shape {values.shape}")
        total = float(values.sum())
        if not math.isfinite(total) or total <= 0 or float(values.min()) < 0:
            raise ValueError("a density grid must be finite, non-negative and not empty")
        self.extent = extent
        self._shape = values.shape
        self._low = np.array(extent[::2])
        self._cell = (np.array(extent[1::2]) - self._low) / np.array(values.shape[::-1])
        self._filled = np.flatnonzero(values)
        shares = values.ravel()[self._filled] / total
        self._edges = np.cumsum(shares)
        self._log_cell = math.log(float(np.prod(self._cell)))
        self._entropy = float(-np.sum(shares * np.log(shares))) + self._log_cell
        with np.errstate(divide="ignore"):
            self._logs = np.log(values) - math.log(total) - self._log_cell

    @property
    def dim(self) -> int:
        """Dimension d: 2 or 3."""
        return len(self._shape)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws (n, d): a cell by its mass, then evenly within the cell."""
        place = np.searchsorted(self._edges, rng.random(n) * self._edges[-1], side="right")
        cells = self._filled[np.minimum(place, len(self._filled) - 1)]
        x = rng.random((n, self.dim))
        for axis, index in enumerate(reversed(np.unravel_index(cells, self._shape))):
            x[:, axis] += index
        return np.asarray(self._low + self._cell * x)

    def log_density(self, x: Array) -> Array:
        """Natural log-density (n,) at (n, d); -inf where there is none."""
        cells = np.floor((np.asarray(x, dtype=np.float64) - self._low) / self._cell)
        with np.errstate(invalid="ignore"):
            inside = np.all((cells >= 0) & (cells < np.array(self._shape[::-1])), axis=1)
        result = np.full(len(cells), -np.inf)
        result[inside] = self._logs[tuple(cells[inside].astype(np.intp).T[::-1])]
        return result

    def entropy(self) -> float:
        """-sum p log p + log(cell volume), in nats; exact."""
        return self._entropy

    def bounds(self) -> tuple[Array, Array]:
        """Corners (d,), (d,) of the filled cells' bounding box."""
        places = np.unravel_index(self._filled, self._shape)[::-1]
        low = np.array([place.min() for place in places])
        high = np.array([place.max() + 1 for place in places])
        return self._low + self._cell * low, self._low + self._cell * high
