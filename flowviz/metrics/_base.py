"""What a metric is: a number that says how far two samples are apart, and what it says of equal distributions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.registry import Registry
from flowviz.core.spec import Array

Sampler = Callable[[int], Array]


class Metric(ABC):
    """A distance between two samples.

    Class attributes:
        label: its name for people.
        summary: one sentence.
        symmetric: whether value(x, y) = value(y, x).
        power: of the unit of length in its value: 1 for a distance, 2 for a squared one, 0 for a pure number.
    """

    label: ClassVar[str]
    summary: ClassVar[str]
    symmetric: ClassVar[bool] = True
    power: ClassVar[int] = 1

    @abstractmethod
    def value(self, x: Array, y: Array, rng: np.random.Generator) -> float:
        """The distance between two samples.

        Args:
            x: (n, d), in whatever unit of length.
            y: (m, d), in the same unit.
            rng: for metrics that draw (directions, subsets).

        Raises:
            UserError: the samples are empty, differ in dimension or hold values that are not finite.
        """

    def noise_floor(
        self, sampler: Sampler, n: int, repeats: int = 10, rng: np.random.Generator | None = None
    ) -> tuple[float, float, float]:
        """What the metric says of two independent samples of size n of one distribution; see `noise_floor`."""
        return noise_floor(self, sampler, n, repeats, rng)


def noise_floor(
    metric: Metric, sampler: Sampler, n: int, repeats: int = 10, rng: np.random.Generator | None = None
) -> tuple[float, float, float]:
    """What a metric says when there is nothing to say: the least value that a perfect model reaches.

    Args:
        metric: the metric.
        sampler: n -> (n, d) fresh independent draws of the target.
        n: size of both samples.
        repeats: independent pairs of samples.
        rng: handed to the metric.

    Returns:
        (mean, low, high) over the pairs; low and high are the 5 % and 95 % quantiles.
    """
    source = rng or np.random.default_rng(0)
    return summarise([metric.value(sampler(n), sampler(n), source) for _ in range(repeats)])


def summarise(values: list[float]) -> tuple[float, float, float]:
    """(mean, 5 % quantile, 95 % quantile) of some values."""
    low, high = np.quantile(values, (0.05, 0.95))
    return float(np.mean(values)), float(low), float(high)


def checked(x: Array, y: Array) -> tuple[Array, Array]:
    """Both samples as (n, d) and (m, d) float64, moved together so that they lie around 0: squared distances are
    computed as |x|^2 + |y|^2 - 2xy, and would drown in a common offset (data at 1e6 that spread by 1e-3).

    Raises:
        UserError: the samples are empty, differ in dimension or hold values that are not finite.
    """
    pair = []
    for sample in (x, y):
        points = np.ascontiguousarray(sample, dtype=np.float64)
        if points.ndim != 2 or not points.size:
            raise UserError(f"A sample has the shape {points.shape}.", "It must hold points, one to a row.")
        if not np.isfinite(points).all():
            raise UserError("A sample holds values that are not finite.", "Leave out rows with nan or inf.")
        pair.append(points)
    if pair[0].shape[1] != pair[1].shape[1]:
        dims = f"{pair[0].shape[1]} and {pair[1].shape[1]}"
        raise UserError(f"The samples have {dims} coordinates to a point.", "They must have equally many.")
    centre = (pair[0].mean(axis=0) + pair[1].mean(axis=0)) / 2
    return pair[0] - centre, pair[1] - centre


METRICS: Registry[Metric] = Registry("metric", "flowviz.metrics")
