"""Sums of Gaussians, the densities that every room can compute with: numpy here, torch where flows train."""

from __future__ import annotations

from typing import NamedTuple

from flowviz.core.spec import Array


class GaussianMixture(NamedTuple):
    """sum_m weights[m] N(means[m], covariances[m]).

    Attributes:
        weights: (m,), positive, summing to 1.
        means: (m, d).
        covariances: (m, d, d), positive definite.
    """

    weights: Array
    means: Array
    covariances: Array
