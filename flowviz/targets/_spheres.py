"""Spheres about the origin with Gaussian noise, in closed form."""

from __future__ import annotations

import math

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._gaussians import log_sum_exp
from flowviz.targets._radial import RadialPreset


class SpheresPreset(RadialPreset):
    """Equal shares on spheres of given radii, plus N(0, sd^2 I).

    A uniform point of a sphere of radius R with Gaussian noise has the density, r = |x|,
    p(x) = exp(-(r^2 + R^2) / 2 sd^2) sinh(a) / a / (2 pi sd^2)^(3/2), a = r R / sd^2
    (the mean of the noise's density over the sphere; the Rice density's analogue in space).
    """

    dims = (3,)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        x = rng.standard_normal((n, 3))
        x *= (self._radii[rng.integers(0, len(self._radii), n)] / np.linalg.norm(x, axis=1))[:, None]
        return x + self._sd * rng.standard_normal((n, 3))

    def radial(self, r: Array) -> Array:
        variance = self._sd**2
        a = np.maximum(r[:, None] * self._radii / variance, 1e-9)  # sinh(a) / a = 1 + O(a^2)
        table = -((r[:, None] - self._radii) ** 2) / (2 * variance) + np.log(-np.expm1(-2 * a)) - np.log(2 * a)
        return log_sum_exp(table) - 1.5 * math.log(2 * math.pi * variance) - math.log(len(self._radii))
