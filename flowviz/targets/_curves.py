"""Curves in space with even ink and Gaussian noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._gaussians import GaussianCloud
from flowviz.targets._preset import MixturePreset, gauss_legendre

FINE = 8192  # points of a strand; its chords stray less than 1e-5 from the curve


class CurvePreset(MixturePreset):
    """Uniform in arc length along one or more strands of equal mass, plus N(0, sd^2 I)."""

    dims = (3,)

    def __init__(self, params: Any) -> None:
        self._strands = tuple(_evenly(strand) for strand in self.strands(params))
        self._vertices = np.concatenate(self._strands)
        super().__init__(params)

    def strands(self, params: Any) -> tuple[Array, ...]:
        """Points (FINE + 1, 3) along each strand, from end to end."""
        raise NotImplementedError

    def sd(self) -> float:
        """Standard deviation of the noise."""
        raise NotImplementedError

    def cloud(self) -> GaussianCloud:
        centres, shares = [], []
        for strand in self._strands:
            length = float(np.linalg.norm(np.diff(strand, axis=0), axis=1).sum())
            u, weights = gauss_legendre(0.0, 1.0, max(8, math.ceil(length / (3 * self.sd()))))
            centres.append(_along(strand, u))
            shares.append(weights / len(self._strands))
        points = np.concatenate(centres)
        return GaussianCloud(points, np.concatenate(shares), np.full(len(points), self.sd()))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        index, part = np.divmod(FINE * rng.random(n), 1.0)
        index += (FINE + 1) * rng.integers(0, len(self._strands), n)
        start = np.take(self._vertices, index.astype(np.intp), axis=0)
        end = np.take(self._vertices, index.astype(np.intp) + 1, axis=0)
        return start + part[:, None] * (end - start) + self.sd() * rng.standard_normal((n, 3))


def _evenly(points: Array) -> Array:
    """The same polygon (FINE + 1, 3) with vertices at even distances along it."""
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    even = np.linspace(0.0, length[-1], FINE + 1)
    return np.stack([np.interp(even, length, points[:, axis]) for axis in range(3)], axis=1)


def _along(strand: Array, u: Array) -> Array:
    """Points (n, 3) at the shares u (n,) of the strand's length."""
    index, part = np.divmod(FINE * u, 1.0)
    cell = np.minimum(index.astype(np.intp), FINE - 1)
    return np.asarray(strand[cell] + part[:, None] * (strand[cell + 1] - strand[cell]))
