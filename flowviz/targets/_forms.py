"""Volumes made of flat pictures: extruded along an axis, or turned about one."""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._grid import CUBE, EXTENT, Extent
from flowviz.targets._strokes_3d import IN_PLANE


def extruded(picture: Array, axis: int, depth: float, cells: int, extent: Extent = EXTENT) -> Array:
    """A picture drawn through space along an axis.

    Args:
        picture: (rows, columns) of ink, row 0 at the bottom.
        axis: 0, 1 or 2: it lies in the planes across x, y or z, upright as they are drawn on.
        depth: how far it reaches, half to each side of the middle.
        cells: of the volume, along each side.
        extent: (x_low, x_high, y_low, y_high) of the picture in its plane.

    Returns:
        (cells, cells, cells) float32 of ink on [-4, 4]^3, layer 0 at z = -4.
    """
    middles = _middles(cells)
    flat = _looked_up(picture, *np.meshgrid(middles, middles), extent)
    half = (CUBE[1] - CUBE[0]) / cells / 2
    shares = np.clip((depth / 2 - np.abs(middles)) / (2 * half) + 0.5, 0.0, 1.0)  # of each cell that lies within
    volume = shares[:, None, None] * flat  # (across, up, right)
    right, up = IN_PLANE[axis]
    order = {2 - axis: 0, 2 - up: 1, 2 - right: 2}  # the volume's axes are z, y, x
    return np.ascontiguousarray(volume.transpose([order[place] for place in range(3)]), dtype=np.float32)


def revolved(picture: Array, axis: int, cells: int, extent: Extent = EXTENT) -> Array:
    """A picture turned about its own upright middle line, which becomes an axis of space.

    At a distance from the axis the ink is the larger one of the picture's two sides there, so that half a
    profile is enough.

    Args:
        picture: (rows, columns) of ink, row 0 at the bottom.
        axis: 0, 1 or 2: the upright line becomes x, y or z.
        cells: of the volume, along each side.
        extent: (x_low, x_high, y_low, y_high) of the picture.

    Returns:
        (cells, cells, cells) float32 of ink on [-4, 4]^3, layer 0 at z = -4.
    """
    middles = _middles(cells)
    reach = np.hypot(middles[:, None], middles)
    upright = np.broadcast_to(middles[:, None, None], (cells, cells, cells))
    distance = np.broadcast_to(reach, (cells, cells, cells))
    volume = np.maximum(
        _looked_up(picture, distance, upright, extent), _looked_up(picture, -distance, upright, extent)
    )  # (along the axis, and the two others)
    return np.ascontiguousarray(np.moveaxis(volume, 0, 2 - axis), dtype=np.float32)


def _middles(cells: int) -> Array:
    return CUBE[0] + (CUBE[1] - CUBE[0]) * (np.arange(cells) + 0.5) / cells


def _looked_up(picture: Array, x: Array, y: Array, extent: Extent) -> Array:
    """The picture's ink at places of any shape, linear between its cells' middles, 0 beyond its edges."""
    rows, columns = picture.shape
    u = (x - extent[0]) / (extent[1] - extent[0]) * columns + 0.5  # in the padded picture
    v = (y - extent[2]) / (extent[3] - extent[2]) * rows + 0.5
    padded = np.pad(np.asarray(picture, dtype=np.float64), (1, 2))
    u, v = np.clip(u, 0.0, columns + 1.0), np.clip(v, 0.0, rows + 1.0)
    column, row = u.astype(np.intp), v.astype(np.intp)
    right, up = u - column, v - row
    low = padded[row, column] * (1 - right) + padded[row, column + 1] * right
    high = padded[row + 1, column] * (1 - right) + padded[row + 1, column + 1] * right
    return np.asarray(low * (1 - up) + high * up)
