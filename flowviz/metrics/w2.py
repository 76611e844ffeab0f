"""The Wasserstein distance of order 2 between two samples, exactly, by linear programming."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from flowviz.core.spec import Array
from flowviz.metrics._base import METRICS, Metric, checked


@METRICS.register("w2")
class Wasserstein2(Metric):
    """W2(x, y) = (min over couplings of E|x - y|^2)^(1/2), the network simplex of POT.

    Cost grows with about the square to the cube of the sample size: 20 ms at 500 points, 0.5 s at 2000.
    """

    label: ClassVar[str] = "W2"
    summary: ClassVar[str] = "Exact Wasserstein-2 distance: the least root-mean-square way between two samples."

    def value(self, x: Array, y: Array, rng: np.random.Generator) -> float:
        """The distance (not squared), in the unit of length of x and y. See Metric.value."""
        import ot  # takes more than a second to import

        first, second = checked(x, y)
        cost = ot.dist(first, second)
        weights = np.full(len(first), 1 / len(first)), np.full(len(second), 1 / len(second))
        return math.sqrt(max(0.0, float(ot.emd2(*weights, cost, numItermax=10_000_000))))
