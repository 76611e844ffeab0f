"""What is too rare to be believed: the level that a share of the model's own samples falls below."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flowviz.core.queries import AnomalyQuery, Query
from flowviz.core.spec import Array
from flowviz.scene._contour import contour
from flowviz.scene._layer import LAYERS, Layer, Moment
from flowviz.scene.marks import Lines, Mark

CELLS = 96
_LEAST = -60.0


@LAYERS.register("anomaly")
class AnomalyLayer(Layer):
    """The contour {log p = c} with c the false-alarm quantile of log p over samples of the model, at t = 1.

    A test that calls everything outside an anomaly raises false alarms at exactly that rate if data follow the model.
    """

    label = "Anomaly level"
    summary = "Outside this line a point would be called an anomaly at the chosen rate of false alarms; hover for p."
    order = 55
    number = 8
    dims = frozenset({2})

    def query(self, moment: Moment) -> Query | None:
        """The exact density on a grid and the levels of samples: one answer for every t and every rate."""
        return AnomalyQuery(moment.extent, CELLS, solver=moment.options.solver.ode)

    def marks(self, moment: Moment, answer: Mapping[str, Array] | None) -> tuple[Mark, ...]:
        """One line around the model's mass; nothing until the answer is there."""
        if answer is None or "levels" not in answer:
            return ()
        level = float(np.quantile(answer["levels"], moment.options.false_alarm))
        lines = contour(np.maximum(answer["log_density"], _LEAST), level, moment.extent)
        return (Lines(lines, "danger", 1.8, 0.95),) if len(lines) else ()
