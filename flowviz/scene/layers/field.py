"""What moves the particles: the velocity field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from flowviz.core.queries import FieldQuery, Query
from flowviz.core.spec import Array, frozen_array
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Arrows, Extent, Mark, Points
from flowviz.scene.motion import at_time

CELLS = 22
_LONGEST = 0.92
"""Length of the longest arrow in grid spacings."""


@LAYERS.register("field")
class FieldLayer(Layer):
    """Arrows on a regular grid, in the direction of travel.

    Length grows with speed but never beyond the grid: length = longest * tanh(speed / reference), where
    the reference is the frame's 85 % quantile of speed over all times, so arrows can be compared along t.
    """

    label = "Velocity field"
    summary = "Direction and speed in which the flow moves a particle from each place."
    order = 30
    number = 5

    def query(self, moment: Moment) -> Query | None:
        """The velocity on the grid at all recorded times: one answer for every t."""
        return FieldQuery(grid_points(moment.extent), tuple(float(t) for t in moment.frame.times))

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """Arrows and a dot at each tail; nothing until the answer is there."""
        if answer is None or "velocity" not in answer:
            return ()
        points = grid_points(moment.extent)
        velocity = np.nan_to_num(at_time(answer["velocity"], np.asarray(moment.frame.times), moment.t)[:, :2])
        if moment.options.direction == "encode":
            velocity = -velocity
        spacing = (moment.extent[1] - moment.extent[0]) / CELLS
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        length = _LONGEST * spacing * np.tanh(speed / _reference_speed(answer["velocity"]))
        vectors = velocity * (length / np.maximum(speed, 1e-12))[:, None]
        return (Points(points, "field", 1.8, 0.55), Arrows(points, vectors, "field", 1.15, 0.85))


@lru_cache(maxsize=8)
def grid_points(extent: Extent) -> Array:
    """(CELLS^2, 2) float32 cell centres of a regular grid; the same array for the same extent."""
    x = extent[0] + (np.arange(CELLS) + 0.5) * ((extent[1] - extent[0]) / CELLS)
    y = extent[2] + (np.arange(CELLS) + 0.5) * ((extent[3] - extent[2]) / CELLS)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return frozen_array(grid.astype(np.float32))


def _reference_speed(velocity: Array) -> float:
    """85 % quantile of the speed over all places and times (T, n, d)."""
    speed = np.hypot(velocity[..., 0], velocity[..., 1]).ravel()
    speed = speed[np.isfinite(speed)]
    return max(float(np.quantile(speed, 0.85)), 1e-6) if speed.size else 1.0
