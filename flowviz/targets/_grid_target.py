"""What drawings, images and texts share: a grid density that came with the spec."""

from __future__ import annotations

from typing import Any

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.spec import Array, TargetSpec
from flowviz.targets._base import HasLogDensity, Target
from flowviz.targets._grid import EXTENT, Extent, GridDensity


class GridTarget(Target, HasLogDensity):
    """A target whose density is a grid.

    Args:
        params: an instance of the class's `Params`.
        density: (rows, columns), row 0 at y_low; or (layers, rows, columns), layer 0 at z_low.
        extent: (x_low, x_high, y_low, y_high), in space (..., z_low, z_high).
    """

    is_preset = False

    def __init__(self, params: Any, density: Array, extent: Extent = EXTENT) -> None:
        self.params = params
        self.grid = GridDensity(density, extent)

    @property
    def dim(self) -> int:
        return self.grid.dim

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.grid.sample(n, rng)

    def bounds(self) -> tuple[Array, Array]:
        return self.grid.bounds()

    def log_density(self, x: Array) -> Array:
        return self.grid.log_density(x)

    def entropy(self) -> float:
        return self.grid.entropy()


def grid_of(spec: TargetSpec, name: str, what: str, dim: int = 2) -> Array:
    """The (rows, columns) or (layers, rows, columns) float64 array `name` of a spec's data, checked.

    Raises:
        UserError: it is missing, has another shape, or holds numbers that are no density.
    """
    if name not in spec.data:
        raise UserError(f"The {what} has no pixels.", "Draw or load it again.")
    grid = np.asarray(spec.data[name])
    if grid.ndim != dim or grid.size == 0 or grid.dtype.kind not in "fiub":
        wanted = "rows and columns" if dim == 2 else "layers, rows and columns"
        raise UserError(f"The {what} holds an array of shape {grid.shape}, not {wanted} of numbers.")
    grid = grid.astype(np.float64)
    if not np.isfinite(grid).all() or float(grid.min()) < 0:
        raise UserError(f"The {what} holds negative or infinite densities.", "Draw or load it again.")
    return grid


def centred_extent(rows: int, columns: int, longest: float) -> Extent:
    """The extent about the origin with square cells whose longer side is `longest`."""
    unit = longest / max(rows, columns)
    half_x, half_y = columns * unit / 2, rows * unit / 2
    return -half_x, half_x, -half_y, half_y
