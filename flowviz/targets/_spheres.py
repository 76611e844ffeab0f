"""Spheres about the origin with Gaussian noise, in closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._base import HasLogDensity
from flowviz.targets._gaussians import log_sum_exp
from flowviz.targets._preset import Preset


class SpheresPreset(Preset, HasLogDensity):
    """Equal shares on spheres of given radii, plus N(0, sd^2 I).

    A uniform point of a sphere of radius R with Gaussian noise has the density, r = |x|,
    p(x) = exp(-(r^2 + R^2) / 2 sd^2) sinh(a) / a / (2 pi sd^2)^(3/2), a = r R / sd^2
    (the mean of the noise's density over the sphere; the Rice density's analogue in space).
    """

    dims = (3,)

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self._radii = self.radii()
        self._sd = self.sd()
        self._entropy: float | None = None

    def radii(self) -> Array:
        """Radii (m,) of the spheres, positive."""
        raise NotImplementedError

    def sd(self) -> float:
        """Standard deviation of the noise."""
        raise NotImplementedError

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        x = rng.standard_normal((n, 3))
        x *= (self._radii[rng.integers(0, len(self._radii), n)] / np.linalg.norm(x, axis=1))[:, None]
        return x + self._sd * rng.standard_normal((n, 3))

    def bounds(self) -> tuple[Array, Array]:
        reach = float(self._radii.max()) + 5.5 * self._sd
        return np.full(3, -reach), np.full(3, reach)

    def log_density(self, x: Array) -> Array:
        return self._radial(np.linalg.norm(np.asarray(x, dtype=np.float64), axis=1))

    def _radial(self, r: Array) -> Array:
        variance = self._sd**2
        a = np.maximum(r[:, None] * self._radii / variance, 1e-9)  # sinh(a) / a = 1 + O(a^2)
        table = -((r[:, None] - self._radii) ** 2) / (2 * variance) + np.log(-np.expm1(-2 * a)) - np.log(2 * a)
        return log_sum_exp(table) - 1.5 * math.log(2 * math.pi * variance) - math.log(len(self._radii))

    def entropy(self) -> float:
        """-int p log p 4 pi r^2 dr by the trapezoid rule (error below 1e-6)."""
        if self._entropy is None:
            r = np.arange(0.0, float(self._radii.max()) + 9 * self._sd, self._sd / 50)
            logs = self._radial(r)
            shares = np.exp(logs) * 4 * math.pi * r**2
            self._entropy = float(-np.sum(shares * logs) / np.sum(shares))
        return self._entropy
