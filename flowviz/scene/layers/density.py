"""Where probability is: the density that the flow pushes forward."""

from __future__ import annotations

import weakref
from collections.abc import Mapping

import numpy as np

from flowviz.core.frames import Frame
from flowviz.core.queries import DensityQuery, Query, Start, TransportQuery
from flowviz.core.spec import Array
from flowviz.scene._base_paths import SHOWN_SEED, shown_paths
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene._space_density import Cloud, estimate, mass_surface, model_cloud
from flowviz.scene.marks import Extent, Heatmap, Mark, Shell, Volume
from flowviz.scene.motion import at_time
from flowviz.scene.smoothing import bandwidth, smooth_density

PARTICLES = 12_000
EXACT_CELLS = 96
_CELLS = 160
_GAMMA = np.float32(0.65)
_CONTRAST = np.float32(1.35)
_FEW = 2.0
_PEAK_CELLS = 80
EXACT_SPACE_CELLS = 32
_DISC = 1.75
"""Diameter of the dots of a surface, in cells: wide enough to leave no gap between them."""


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

    def query(self, moment: Moment) -> Query | None:
        """Many particles at all recorded times, or the exact log-density at the recorded time nearest to t."""
        if moment.options.density != "exact":
            return many_query(moment)
        if moment.volume is None:
            return DensityQuery(moment.extent, EXACT_CELLS, recorded_time(moment), moment.options.solver)
        edges = tuple(edge for ends in zip(*moment.volume, strict=True) for edge in ends)
        return DensityQuery(edges, EXACT_SPACE_CELLS, recorded_time(moment), moment.options.solver)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """One heat map, or two surfaces in space; until the answer is there, an estimate with a wider kernel from
        the frame's particles."""
        if moment.volume is not None:
            return self._surfaces(moment, moment.volume, answer)
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
        return (Heatmap(glow(density, reference_density(moment.frame, moment.extent)), moment.extent, "density"),)

    @staticmethod
    def _surfaces(moment: Moment, volume: Volume, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """The surfaces within which the inner and the outer share of the mass lies, the outer one like glass."""
        cloud, options = cloud_of(moment, volume, answer), moment.options
        # where particles are shown as well, they must be seen inside
        solid = 0.42 if {"particles", "trails"} & options.layers else 0.95
        marks = []
        for mass, alpha in ((options.outer_mass, 0.13), (options.inner_mass, solid)):
            points, normals = mass_surface(cloud, mass)
            if len(points):
                marks.append(Shell(points, normals, _DISC * cloud.cell, "shell", alpha))
        return tuple(marks)


def recorded_time(moment: Moment) -> float:
    """The recorded time nearest to t: questions that cost much are asked for those alone."""
    return min((float(t) for t in moment.frame.times), key=lambda time: abs(time - moment.t))


def many_query(moment: Moment) -> TransportQuery:
    """Many particles at all recorded times."""
    options = moment.options
    times = tuple(float(t) for t in moment.frame.times)
    start: Start = "data" if options.direction == "encode" else "noise"
    times = times[::-1] if options.direction == "encode" else times
    return TransportQuery(start, times, PARTICLES, SHOWN_SEED + 1, solver=options.solver)


def glow(density: Array, reference: float) -> Array:
    """Brightness in [0, 1] of a density; see DensityLayer."""
    level = density * np.float32(1.0 / reference)
    return np.asarray(np.tanh(_CONTRAST * level**_GAMMA), dtype=np.float32)


def cloud_of(moment: Moment, volume: Volume, answer: Mapping[str, Array] | None) -> Cloud:
    """The density over space at t: the model's own where that was asked, else estimated."""
    if answer is not None and "log_density" in answer:
        return model_cloud(answer["log_density"], volume)
    paths, times = many_particles(moment, answer)
    return estimate(paths, times, moment.t, volume)


def many_particles(moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Array, Array]:
    """The many particles of an answer as positions (T, n, d) and times (T,), or until it comes the frame's few."""
    if answer is not None and "paths" in answer:
        return answer["paths"], np.asarray(answer["times"], np.float64)
    return shown_paths(moment, None)


def particles_of(moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Array, Array]:
    """The many particles of an answer as positions (T, n, 2) and times (T,), or until it comes the frame's few."""
    paths, times = many_particles(moment, answer)
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
