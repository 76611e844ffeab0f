"""Maximum mean discrepancy with a Gaussian kernel."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from flowviz.core.spec import Array
from flowviz.metrics._base import METRICS, Metric, checked

MEDIAN_POINTS = 1000
CHUNK = 1024


@METRICS.register("mmd")
class MaximumMeanDiscrepancy(Metric):
    """MMD^2(x, y) = E k(x, x') + E k(y, y') - 2 E k(x, y), k(a, b) = exp(-|a - b|^2 / (2 l^2)).

    The unbiased estimate of Gretton et al. 2012, Lemma 6: near 0, of either sign, for equal distributions.
    The bandwidth l is the median distance between points of the pooled sample ("median heuristic").
    """

    label: ClassVar[str] = "MMD²"
    summary: ClassVar[str] = "Unbiased squared maximum mean discrepancy, Gaussian kernel, median bandwidth; 0 is best."
    power: ClassVar[int] = 0

    def value(self, x: Array, y: Array, rng: np.random.Generator) -> float:
        """The squared discrepancy, without unit. Needs two points in each sample. See Metric.value."""
        first, second = checked(x, y)
        return mmd_squared(first, second, median_distance(first, second))


def mmd_squared(x: Array, y: Array, bandwidth: float) -> float:
    """The unbiased estimate of MMD^2 of (n, d) and (m, d) at a given bandwidth."""
    n, m = len(x), len(y)
    within_x = (_kernel_sum(x, x, bandwidth) - n) / max(1, n * (n - 1))
    within_y = (_kernel_sum(y, y, bandwidth) - m) / max(1, m * (m - 1))
    return within_x + within_y - 2 * _kernel_sum(x, y, bandwidth) / (n * m)


def median_distance(x: Array, y: Array) -> float:
    """The median distance between different points of both samples together (at most 1000 of each are looked at)."""
    # Every k-th point: not dependent on chance, so that the metric is symmetric and repeatable.
    parts = [sample[:: -(-len(sample) // MEDIAN_POINTS)] for sample in (x, y)]
    pooled = np.concatenate(parts)
    upper = np.triu_indices(len(pooled), 1)
    median = float(np.median(np.sqrt(_squared_distances(pooled, pooled)[upper])))
    return median if median > 0 else 1.0


def _squared_distances(x: Array, y: Array) -> Array:
    result = np.add.outer(np.sum(x * x, axis=1), np.sum(y * y, axis=1)) - 2 * x @ y.T
    return np.asarray(np.maximum(result, 0.0))


def _kernel_sum(x: Array, y: Array, bandwidth: float) -> float:
    total = 0.0
    for start in range(0, len(x), CHUNK):  # memory stays CHUNK * len(y)
        total += float(np.exp(_squared_distances(x[start : start + CHUNK], y) / (-2 * bandwidth**2)).sum())
    return total
