"""The sliced Wasserstein distance of order 2: the mean over directions of a distance in one dimension."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from flowviz.core.spec import Array
from flowviz.metrics._base import METRICS, Metric, checked

DIRECTIONS = 64


@METRICS.register("sliced_w2")
class SlicedWasserstein2(Metric):
    """SW2(x, y) = (mean over directions u of W2(u.x, u.y)^2)^(1/2).

    In one dimension W2^2 is the integral of the squared difference of the quantile functions (MATH.md T7).
    In the plane the directions are evenly spaced and turned by a random angle; else they are random.
    """

    label: ClassVar[str] = "Sliced W2"
    summary: ClassVar[str] = "Wasserstein-2 distance along 64 directions, root mean square; quick for large samples."

    def value(self, x: Array, y: Array, rng: np.random.Generator) -> float:
        """The distance (not squared), in the unit of length of x and y. See Metric.value."""
        first, second = checked(x, y)
        directions = _directions(first.shape[1], rng)
        a, b = np.sort(first @ directions, axis=0), np.sort(second @ directions, axis=0)
        return math.sqrt(float(np.mean(_squared_distances(a, b))))


def _directions(dim: int, rng: np.random.Generator) -> Array:
    """(dim, DIRECTIONS) unit vectors."""
    if dim == 2:
        angles = (np.arange(DIRECTIONS) + rng.random()) * math.pi / DIRECTIONS
        return np.stack([np.cos(angles), np.sin(angles)])
    vectors = rng.standard_normal((dim, DIRECTIONS))
    return vectors / np.linalg.norm(vectors, axis=0)


def _squared_distances(a: Array, b: Array) -> Array:
    """W2^2 between the columns of sorted (n, k) and (m, k): exact, also for n != m."""
    n, m = len(a), len(b)
    if n == m:
        return np.asarray(np.mean((a - b) ** 2, axis=0))
    # Quantile functions are step functions: sum over the pieces between all of their jumps.
    edges = np.union1d(np.arange(1, n + 1) / n, np.arange(1, m + 1) / m)
    edges = edges[np.append(np.diff(edges) > 1e-12, True)]
    middles = edges - np.diff(edges, prepend=0.0) / 2
    i, j = np.minimum((middles * n).astype(int), n - 1), np.minimum((middles * m).astype(int), m - 1)
    return np.asarray(np.diff(edges, prepend=0.0) @ (a[i] - b[j]) ** 2)
