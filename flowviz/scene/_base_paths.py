"""The particles that a moment shows: the frame's own, or asked for where direction, solver or number differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import TransportQuery
from flowviz.core.solver import METHOD_SOLVER
from flowviz.core.spec import Array
from flowviz.scene._layer import Moment

SHOWN_SEED = 20_001
"""Seed of particles drawn for showing; always the same, so that a particle keeps its place from frame to frame."""


def shown_query(moment: Moment) -> TransportQuery | None:
    """The transport of the shown particles, or None when the frame has recorded exactly that (and still has it)."""
    options, frame = moment.options, moment.frame
    times = tuple(float(t) for t in frame.times)
    if options.direction == "encode":
        return TransportQuery("data", times[::-1], options.particles, SHOWN_SEED, solver=options.solver)
    if options.particles > frame.paths.shape[1]:
        # with the run's seed, these begin with the recorded particles, also with those that a thinned frame lost
        return TransportQuery("noise", times, options.particles, moment.seed, solver=options.solver)
    if options.solver != METHOD_SOLVER:
        # the same noise as the recorded particles, so that only the solver makes the difference
        return TransportQuery("points", times, options.particles, points=frame.paths[0], solver=options.solver)
    return None


def shown_paths(moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Array, Array]:
    """Positions (T, n, d) and their times (T,) in the order of travel.

    Until an answer is there, the frame's own particles stand in (backwards for "encode"): they are true
    trajectories of the same flow, only not yet from the asked start or with the asked solver.
    """
    count = max(0, moment.options.particles)
    if answer is not None and "paths" in answer:
        paths, times = answer["paths"], np.asarray(answer["times"], np.float64)
    else:
        paths, times = moment.frame.paths, np.asarray(moment.frame.times, np.float64)
        if moment.options.direction == "encode":
            paths, times = paths[::-1], times[::-1]
    return paths[:, :count, : moment.dim], times
