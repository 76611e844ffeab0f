"""Circles about the origin with Gaussian noise, in closed form."""

from __future__ import annotations

import math

import numpy as np

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import Array
from flowviz.targets._base import HasMixture
from flowviz.targets._gaussians import isotropic, log_sum_exp
from flowviz.targets._radial import RadialPreset


class RingsPreset(RadialPreset, HasMixture):
    """Equal shares on circles of given radii, plus N(0, sd^2 I).

    A uniform angle on a circle of radius R with Gaussian noise has the Rice density
    p(x) = exp(-(r^2 + R^2) / 2 sd^2) I0(r R / sd^2) / (2 pi sd^2), r = |x|.
    """

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        angles = 2 * math.pi * rng.random(n)
        radii = self._radii[rng.integers(0, len(self._radii), n)]
        x = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
        return x + self._sd * rng.standard_normal((n, 2))

    def radial(self, r: Array) -> Array:
        from scipy.special import i0e

        variance = self._sd**2
        table = -((r[:, None] - self._radii) ** 2) / (2 * variance) + np.log(i0e(r[:, None] * self._radii / variance))
        return log_sum_exp(table) - math.log(2 * math.pi * variance * len(self._radii))

    def mixture(self) -> GaussianMixture:
        """Each circle as evenly spaced Gaussians, less than one standard deviation apart."""
        counts = [max(1, math.ceil(2 * math.pi * radius / (0.9 * self._sd))) for radius in self._radii]
        angles = [2 * math.pi * np.arange(count) / count for count in counts]
        centres = [r * np.stack([np.cos(a), np.sin(a)], axis=1) for r, a in zip(self._radii, angles, strict=True)]
        weights = [np.full(count, 1 / (count * len(counts))) for count in counts]
        return isotropic(np.concatenate(weights), np.concatenate(centres), np.full(sum(counts), self._sd))
