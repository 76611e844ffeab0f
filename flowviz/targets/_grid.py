"""A density given by a grid of cells: exact sampler, exact log-density, exact entropy."""

from __future__ import annotations

import math

import numpy as np

from flowviz.core.spec import Array

Extent = tuple[float, float, float, float]
EXTENT: Extent = (-4.0, 4.0, -4.0, 4.0)  # the square that people draw in


class GridDensity:
    """Piecewise constant density on a regular grid.

    Args:
        density: (rows, columns) non-negative, not all zero; row 0 lies at y_low. Need not be normalised.
        extent: (x_low, x_high, y_low, y_high) of the grid's outer edges.

    Raises:
        ValueError: negative, not finite, or without any mass.
    """

    def __init__(self, density: Array, extent: Extent = EXTENT) -> None:
        values = np.asarray(density, dtype=np.float64)
        if values.ndim != 2 or values.size == 0:
            raise ValueError(f"a density grid has rows and columns, not the shape {values.shape}")
        total = float(values.sum())
        if not math.isfinite(total) or total <= 0 or float(values.min()) < 0:
            raise ValueError("a density grid must be finite, non-negative and not empty")
        self.extent = extent
        self._shape = values.shape
        x_low, x_high, y_low, y_high = extent
        self._low = np.array([x_low, y_low])
        self._cell = np.array([(x_high - x_low) / values.shape[1], (y_high - y_low) / values.shape[0]])
        self._filled = np.flatnonzero(values)
        shares = values.ravel()[self._filled] / total
        self._edges = np.cumsum(shares)
        self._log_cell = math.log(float(np.prod(self._cell)))
        self._entropy = float(-np.sum(shares * np.log(shares))) + self._log_cell
        with np.errstate(divide="ignore"):
            self._logs = np.log(values) - math.log(total) - self._log_cell

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws (n, 2): a cell by its mass, then evenly within the cell."""
        place = np.searchsorted(self._edges, rng.random(n) * self._edges[-1], side="right")
        cells = self._filled[np.minimum(place, len(self._filled) - 1)]
        rows, columns = np.divmod(cells, self._shape[1])
        x = rng.random((n, 2))
        x[:, 0] += columns
        x[:, 1] += rows
        return np.asarray(self._low + self._cell * x)

    def log_density(self, x: Array) -> Array:
        """Natural log-density (n,) at (n, 2); -inf where there is none."""
        cells = np.floor((np.asarray(x, dtype=np.float64) - self._low) / self._cell)
        with np.errstate(invalid="ignore"):
            inside = np.all((cells >= 0) & (cells < np.array(self._shape[::-1])), axis=1)
        result = np.full(len(cells), -np.inf)
        columns, rows = cells[inside].astype(np.intp).T
        result[inside] = self._logs[rows, columns]
        return result

    def entropy(self) -> float:
        """-sum p log p + log(cell area), in nats; exact."""
        return self._entropy

    def bounds(self) -> tuple[Array, Array]:
        """Corners (2,), (2,) of the filled cells' bounding box."""
        rows, columns = np.divmod(self._filled, self._shape[1])
        low = np.array([columns.min(), rows.min()])
        high = np.array([columns.max() + 1, rows.max() + 1])
        return self._low + self._cell * low, self._low + self._cell * high
