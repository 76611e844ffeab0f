"""Level lines of a grid of values (marching squares)."""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene.marks import Extent


def contour(values: Array, level: float, extent: Extent) -> Array:
    """Segments (m, 2, 2) of the line where a function has a value, linear between the centres of the grid's cells.

    Args:
        values: (rows, columns) at cell centres, row 0 at y_low.
        level: the value.
        extent: outer edges of the grid.
    """
    rows, columns = values.shape
    x = extent[0] + (np.arange(columns) + 0.5) * (extent[1] - extent[0]) / columns
    y = extent[2] + (np.arange(rows) + 0.5) * (extent[3] - extent[2]) / rows
    z = np.asarray(values, np.float64) - level
    low_left, low_right, high_right, high_left = z[:-1, :-1], z[:-1, 1:], z[1:, 1:], z[1:, :-1]
    left, right = np.meshgrid(x[:-1], y[:-1])[0], np.meshgrid(x[1:], y[:-1])[0]
    low, high = np.meshgrid(x[:-1], y[:-1])[1], np.meshgrid(x[:-1], y[1:])[1]
    edges = (
        _crossing(low_left, low_right, (left, low), (right, low)),
        _crossing(low_right, high_right, (right, low), (right, high)),
        _crossing(high_left, high_right, (left, high), (right, high)),
        _crossing(low_left, high_left, (left, low), (left, high)),
    )
    places = np.stack([place for place, _ in edges], axis=2)
    hit = np.stack([crossed for _, crossed in edges], axis=2)
    count = hit.sum(axis=2)
    two = np.argwhere(count == 2)
    ends = np.argsort(~hit[two[:, 0], two[:, 1]], axis=1, kind="stable")[:, :2]
    simple = places[two[:, 0, None], two[:, 1, None], ends]
    four = np.argwhere(count == 4)
    saddle = places[four[:, 0], four[:, 1]][:, [[0, 3], [1, 2]]].reshape(-1, 2, 2)
    return np.concatenate([simple, saddle]).astype(np.float32)


def _crossing(a: Array, b: Array, start: tuple[Array, Array], end: tuple[Array, Array]) -> tuple[Array, Array]:
    """Where (rows, columns, 2) values a and b at the ends of an edge have 0 between them, and whether they do."""
    crossed = (a > 0) != (b > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(crossed, a / (a - b), 0.0)
    place = np.stack([s + share * (e - s) for s, e in zip(start, end, strict=True)], axis=-1)
    return place, crossed
