"""Where probability is: the density that the flow pushes forward."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

import numpy as np

from flowviz.core.frames import Frame
from flowviz.core.queries import DensityQuery, Query, TransportQuery
from flowviz.core.spec import Array
from flowviz.scene._base_paths import SHOWN_SEED, shown_paths
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Extent, Heatmap, Mark
from flowviz.scene.motion import at_time
from flowviz.scene.smoothing import bandwidth, smooth_density

PARTICLES = 12_000
EXACT_CELLS = 96
_CELLS = 160
_GAMMA = np.float32(0.65)
_CONTRAST = np.float32(1.35)
_FEW = 2.0
_PEAK_CELLS = 80


@LAYERS.register("density")
class DensityLayer(Layer):
    """A heat map of the density at t: an estimate from many particles, or the model's own.

    Brightness is tanh(1.35 (density / reference)^0.65): thin tails stay visible, and peaks never clip. The
    reference belongs to the frame, not to t; the same colour is therefore the same density all along the
    flow, and nothing flickers while t runs.
    """

    label = "Density"
    summary = "How densely probability lies: estimated from many particles, or exact from the model."
    order = 10
    number = 4
    dims = frozenset({2})

    def query(self, moment: Moment) -> Query | None:
        """Many particles at all recorded times, or the exact log-density at the recorded time nearest to t."""
        options = moment.options
        times = tuple(float(t) for t in moment.frame.times)
        if options.density == "exact":
            nearest = min(times, key=lambda time: abs(time - moment.t))
            return DensityQuery(moment.extent, EXACT_CELLS, nearest, options.solver)
        if options.direction == "encode":
            return TransportQuery("data", times[::-1], PARTICLES, SHOWN_SEED + 1, solver=options.solver)
        return TransportQuery("noise", times, PARTICLES, SHOWN_SEED + 1, solver=options.solver)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """One heat map; until the answer is there, an estimate with a wider kernel from the frame's particles."""
        if answer is not None and "log_density" in answer:
            density = np.exp(np.minimum(answer["log_density"], 30.0))
        else:
            paths, times = particles_of(moment, answer)
            points = at_time(paths, times, moment.t)
            width = bandwidth(len(points))
            density = smooth_density(points, moment.extent, _CELLS, width)
            # where less than a few particles speak, one sees their kernels and not the density: fade that out
            few = _FEW / (max(1, len(points)) * 2 * np.pi * width**2)
            density = density * (density / (density + np.float32(few)))
        level = density * np.float32(1.0 / reference_density(moment.frame, moment.extent))
        return (Heatmap(np.tanh(_CONTRAST * level**_GAMMA).astype(np.float32), moment.extent, "density"),)


def particles_of(moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Array, Array]:
    """The many particles of an answer as positions (T, n, 2) and times (T,), or until it comes the frame's few."""
    if answer is not None and "paths" in answer:
        return answer["paths"][..., :2], np.asarray(answer["times"], np.float64)
    paths, times = shown_paths(moment, None)
    return paths[..., :2], times


_references: dict[tuple[int, Extent], tuple[weakref.ref[Array], float]] = {}


def reference_density(frame: Frame, extent: Extent) -> float:
    """The density shown at full brightness in pictures of this frame.

    At five times along the flow, the density below which 97 % of the recorded particles lie; the largest of
    them. Robust, because single crowded spots do not decide, and cheap, because a frame keeps it.
    """
    key = (id(frame.paths), extent)
    kept = _references.get(key)
    if kept is not None and kept[0]() is frame.paths:
        return kept[1]
    peaks = []
    for index in np.unique(np.linspace(0, len(frame.times) - 1, 5).astype(int)):
        points = frame.paths[index, :, :2]
        points = points[np.isfinite(points).all(axis=1)]
        grid = smooth_density(points, extent, _PEAK_CELLS, bandwidth(len(points)))
        column = ((points[:, 0] - extent[0]) * (_PEAK_CELLS / (extent[1] - extent[0]))).astype(int)
        row = ((points[:, 1] - extent[2]) * (_PEAK_CELLS / (extent[3] - extent[2]))).astype(int)
        inside = (column >= 0) & (column < _PEAK_CELLS) & (row >= 0) & (row < _PEAK_CELLS)
        if inside.any():
            peaks.append(float(np.quantile(grid[row[inside], column[inside]], 0.97)))
    reference = max([*peaks, 1e-6])
    for old in [old for old, (paths, _) in _references.items() if paths() is None]:
        _references.pop(old, None)
    _references[key] = (weakref.ref(frame.paths), reference)
    return reference
