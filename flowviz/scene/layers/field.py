"""What moves the particles: the velocity field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from flowviz.core.frames import Frame
from flowviz.core.queries import FieldQuery, Query
from flowviz.core.spec import Array, frozen_array
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Arrows, Extent, Mark, Points
from flowviz.scene.motion import at_time
from flowviz.scene.smoothing import smooth_density

CELLS = 22
_LONGEST = 0.95
"""Length of the longest arrow in grid spacings."""
_NEARBY = 0.45
"""Within about this distance of particles a velocity matters, because it moves some of them."""
_LEVELS = (0.95, 0.5, 0.2)
"""Opacity of arrows where many particles are, few, and none."""


@LAYERS.register("field")
class FieldLayer(Layer):
    """Arrows on a regular grid, in the direction of travel; faint where there is nothing to move.

    Length grows with speed but never beyond the grid: length = longest * tanh(speed / reference), where
    the reference belongs to the frame (90 % of its particles' speeds, over all times, are below it), so
    arrows can be compared along t.
    """

    label = "Velocity field"
    summary = "Direction and speed in which the flow moves a particle from each place."
    order = 30
    number = 5
    dims = frozenset({2})

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
        length = _LONGEST * spacing * np.tanh(speed / reference_speed(moment.frame))
        vectors = velocity * (length / np.maximum(speed, 1e-12))[:, None]
        # shifted back by half, so that an arrow stands on its place and not beside it
        tails = points - vectors / 2
        crowd = self._crowd(moment)
        marks: list[Mark] = []
        for index, alpha in enumerate(_LEVELS):
            here = crowd == index
            marks.append(Points(tails[here], "field", 1.9, 0.6 * alpha))
            marks.append(Arrows(tails[here], vectors[here], "field", 1.25, alpha))
        return tuple(marks)

    @staticmethod
    def _crowd(moment: Moment) -> Array:
        """For each grid place the index in _LEVELS by how many particles are nearby at t."""
        particles = at_time(moment.frame.paths, np.asarray(moment.frame.times), moment.t)
        near = smooth_density(particles[:, :2], moment.extent, CELLS, _NEARBY).ravel()
        return np.where(near > 0.02, 0, np.where(near > 0.002, 1, 2))


@lru_cache(maxsize=8)
def grid_points(extent: Extent) -> Array:
    """(CELLS^2, 2) float32 cell centres of a regular grid; the same array for the same extent."""
    x = extent[0] + (np.arange(CELLS) + 0.5) * ((extent[1] - extent[0]) / CELLS)
    y = extent[2] + (np.arange(CELLS) + 0.5) * ((extent[3] - extent[2]) / CELLS)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return frozen_array(grid.astype(np.float32))


class _ByIdentity:
    """A frame as a dictionary key: by identity, since frames hold arrays."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.frame is self.frame

    def __hash__(self) -> int:
        return id(self.frame)


@lru_cache(maxsize=8)
def _reference_speed(key: _ByIdentity) -> float:
    frame = key.frame
    gaps = np.diff(np.asarray(frame.times, np.float32))[:, None]
    steps = np.diff(frame.paths[:, :500, :2], axis=0)
    speed = np.hypot(steps[..., 0], steps[..., 1]) / np.maximum(gaps, 1e-6)
    speed = speed[np.isfinite(speed)]
    return max(float(np.quantile(speed, 0.9)), 1e-6) if speed.size else 1.0


def reference_speed(frame: Frame) -> float:
    """The speed below which 90 % of the frame's particles move, over all times; kept for the latest frames."""
    return _reference_speed(_ByIdentity(frame))
