"""What moves the particles: the velocity field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from flowviz.core.camera import SLICE_AXES, SliceAxis
from flowviz.core.frames import Frame
from flowviz.core.queries import FieldQuery, Query
from flowviz.core.spec import Array, frozen_array
from flowviz.scene._identity import ByIdentity
from flowviz.scene._layer import LAYERS, Layer, Moment, foot_of
from flowviz.scene._space_density import estimate, in_volume, slice_extent
from flowviz.scene.marks import Arrows, Extent, Mark, Points, Volume, Words
from flowviz.scene.motion import at_time
from flowviz.scene.smoothing import smooth_density

CELLS, SPACE_CELLS = 22, 17
_LONGEST = 0.95
"""Length of the longest arrow in grid spacings."""
_NEARBY = 0.45
"""Within about this distance of particles a velocity matters, because it moves some of them."""
_LEVELS = (0.95, 0.5, 0.2)
"""Opacity of arrows where many particles are, few, and none."""
_STILL = "nothing moves at this flow time"


@LAYERS.register("field")
class FieldLayer(Layer):
    """Arrows in the direction of travel, on a regular grid, in space over the movable slice; faint where there is
    nothing to move.

    Length grows with speed but never beyond the grid: length = longest * tanh(speed / reference), where
    the reference belongs to the frame (90 % of its particles' speeds, over all times, are below it), so
    arrows can be compared along t.
    """

    label = "Velocity field"
    summary = "Direction and speed in which the flow moves a particle from each place."
    order = 30
    number = 5

    def query(self, moment: Moment) -> Query | None:
        """The velocity on the grid at all recorded times: one answer for every t."""
        return FieldQuery(_places(moment), tuple(float(t) for t in moment.frame.times))

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """Arrows and a dot at each tail, or words where nothing moves; nothing until the answer is there."""
        if answer is None or "velocity" not in answer:
            return ()
        points = _places(moment)
        velocity = np.nan_to_num(at_time(answer["velocity"], np.asarray(moment.frame.times), moment.t))
        velocity = velocity[:, : moment.dim] * np.float32(-1.0 if moment.options.direction == "encode" else 1.0)
        spacing = (moment.extent[1] - moment.extent[0]) / (CELLS if moment.volume is None else SPACE_CELLS)
        speed = np.linalg.norm(velocity, axis=1)
        if not speed.any():
            return (Words(foot_of(moment), (_STILL,), "muted", offsets=np.array([[0.0, 16.0]])),)
        length = _LONGEST * spacing * np.tanh(speed / reference_speed(moment.frame))
        vectors = velocity * (length / np.maximum(speed, 1e-12))[:, None]
        # shifted back by half, so that an arrow stands on its place and not beside it
        tails = points - vectors / 2
        crowd = self._crowd(moment, points)
        marks: list[Mark] = []
        for index, alpha in enumerate(_LEVELS):
            here = crowd == index
            marks.append(Points(tails[here], "field", 1.9, 0.6 * alpha))
            marks.append(Arrows(tails[here], vectors[here], "field", 1.25, alpha))
        return tuple(marks)

    @staticmethod
    def _crowd(moment: Moment, points: Array) -> Array:
        """For each grid place the index in _LEVELS by how many particles are nearby at t."""
        times = np.asarray(moment.frame.times)
        if moment.volume is not None:
            near = estimate(moment.frame.paths, times, moment.t, moment.volume).at(points)
            return np.where(near > 0.008, 0, np.where(near > 0.0008, 1, 2))
        particles = at_time(moment.frame.paths, times, moment.t)
        near = smooth_density(particles[:, :2], moment.extent, CELLS, _NEARBY).ravel()
        return np.where(near > 0.02, 0, np.where(near > 0.002, 1, 2))


def _places(moment: Moment) -> Array:
    """Where arrows stand: on a grid over the plane, or over the slice through space."""
    if moment.volume is None:
        return grid_points(moment.extent)
    return slice_points(moment.volume, moment.options.slice_axis, moment.options.slice_place)


@lru_cache(maxsize=8)
def slice_points(volume: Volume, axis: SliceAxis, place: float) -> Array:
    """(SPACE_CELLS^2, 3) float32 cell centres of a regular grid on a slice; the same array for the same slice."""
    plane = _grid(slice_extent(volume, axis), SPACE_CELLS)
    space = np.insert(plane, SLICE_AXES.index(axis), in_volume(place, axis, volume), axis=1)
    return frozen_array(space.astype(np.float32))


@lru_cache(maxsize=8)
def grid_points(extent: Extent) -> Array:
    """(CELLS^2, 2) float32 cell centres of a regular grid; the same array for the same extent."""
    return frozen_array(_grid(extent, CELLS).astype(np.float32))


def _grid(extent: Extent, cells: int) -> Array:
    x = extent[0] + (np.arange(cells) + 0.5) * ((extent[1] - extent[0]) / cells)
    y = extent[2] + (np.arange(cells) + 0.5) * ((extent[3] - extent[2]) / cells)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


@lru_cache(maxsize=8)
def _reference_speed(key: ByIdentity[Frame]) -> float:
    frame = key.value
    gaps = np.diff(np.asarray(frame.times, np.float32))[:, None]
    speed = np.linalg.norm(np.diff(frame.paths[:, :500], axis=0), axis=-1) / np.maximum(gaps, 1e-6)
    speed = speed[np.isfinite(speed)]
    return max(float(np.quantile(speed, 0.9)), 1e-6) if speed.size else 1.0


def reference_speed(frame: Frame) -> float:
    """The speed below which 90 % of the frame's particles move, over all times; kept for the latest frames."""
    return _reference_speed(ByIdentity(frame))
