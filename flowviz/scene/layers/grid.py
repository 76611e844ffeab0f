"""How the flow bends space: a square lattice carried along."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from flowviz.core.queries import Query, TransportQuery
from flowviz.core.spec import Array, frozen_array
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Lines, Mark
from flowviz.scene.motion import at_time

_HALF_LINES = 6
_SPACING = 0.5
_SPACE_HALF, _SPACE_LINES, _SPACE_FINER = 2.4, 4, 33
"""In space there are fewer lines: half the lattice's side, lines along each side, points on each line."""
_FINER = 10
"""Points a cell side, so that bent lines look bent and not broken."""


@LAYERS.register("grid")
class GridLayer(Layer):
    """A lattice, straight where the journey starts (noise, or data when encoding), deformed along the way."""

    label = "Deformed grid"
    summary = "A square lattice of the starting space, carried along by the flow."
    order = 40
    number = 6

    def query(self, moment: Moment) -> Query | None:
        """The transport of the lattice points through all recorded times."""
        times = tuple(float(t) for t in moment.frame.times)
        if moment.options.direction == "encode":
            times = times[::-1]
        points = lattice() if moment.dim == 2 else space_lattice()
        return TransportQuery("points", times, len(points), points=points, solver=moment.options.solver.ode)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """Thin lines, the two axes stronger; nothing until the answer is there."""
        if answer is None or "paths" not in answer:
            return ()
        points = at_time(answer["paths"], np.asarray(answer["times"], np.float64), moment.t)[:, : moment.dim]
        if moment.dim == 3:
            return (Lines(points.reshape(-1, _SPACE_FINER, 3), "grid", 0.9, 0.55),)
        lines = points.reshape(2 * (2 * _HALF_LINES + 1), -1, 2)
        axes = [_HALF_LINES, 3 * _HALF_LINES + 1]
        others = np.delete(lines, axes, axis=0)
        return (Lines(others, "grid", 0.9, 0.42), Lines(lines[axes], "grid", 1.3, 0.85))


@lru_cache(maxsize=1)
def space_lattice() -> Array:
    """(n, 3) float32: lines along x, then along y, then along z, each of _SPACE_FINER points."""
    places = np.linspace(-_SPACE_HALF, _SPACE_HALF, _SPACE_LINES)
    first, second, along = np.meshgrid(
        places, places, np.linspace(-_SPACE_HALF, _SPACE_HALF, _SPACE_FINER), indexing="ij"
    )
    lines = np.stack([along, first, second], axis=-1).reshape(-1, 3)
    return frozen_array(np.concatenate([lines, lines[:, [1, 0, 2]], lines[:, [1, 2, 0]]]).astype(np.float32))


@lru_cache(maxsize=1)
def lattice() -> Array:
    """(n, 2) float32: lines of constant x from left to right, then lines of constant y from below."""
    places = np.arange(-_HALF_LINES, _HALF_LINES + 1) * _SPACING
    along = np.linspace(places[0], places[-1], 2 * _HALF_LINES * _FINER + 1)
    x, y = np.meshgrid(places, along, indexing="ij")
    upright = np.stack([x, y], axis=-1).reshape(-1, 2)
    return frozen_array(np.concatenate([upright, upright[:, ::-1]]).astype(np.float32))
