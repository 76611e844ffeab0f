"""Circles about the origin with Gaussian noise, in closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import Array
from flowviz.targets._base import HasLogDensity, HasMixture
from flowviz.targets._gaussians import isotropic, log_sum_exp
from flowviz.targets._preset import Preset


class RingsPreset(Preset, HasLogDensity, HasMixture):
    """Equal shares on circles of given radii, plus N(0, sd^2 I).

    A uniform angle on a circle of radius R with Gaussian noise has the Rice density
    p(x) = exp(-(r^2 + R^2) / 2 sd^2) I0(r R / sd^2) / (2 pi sd^2), r = |x|.
    """

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self._radii = self.radii()
        self._sd = self.sd()
        self._entropy: float | None = None

    def radii(self) -> Array:
        """Radii (m,) of the circles."""
        raise NotImplementedError

    def sd(self) -> float:
        """Standard deviation of the noise."""
        raise NotImplementedError

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        angles = 2 * math.pi * rng.random(n)
        radii = self._radii[rng.integers(0, len(self._radii), n)]
        x = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
        return x + self._sd * rng.standard_normal((n, 2))

    def bounds(self) -> tuple[Array, Array]:
        reach = float(self._radii.max()) + 5.5 * self._sd
        return np.full(2, -reach), np.full(2, reach)

    def log_density(self, x: Array) -> Array:
        return self._radial(np.linalg.norm(np.asarray(x, dtype=np.float64), axis=1))

    def _radial(self, r: Array) -> Array:
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

    def entropy(self) -> float:
        """-int p log p 2 pi r dr by the trapezoid rule (error below 1e-6)."""
        if self._entropy is None:
            r = np.arange(0.0, float(self._radii.max()) + 9 * self._sd, self._sd / 50)
            logs = self._radial(r)
            shares = np.exp(logs) * 2 * math.pi * r
            self._entropy = float(-np.sum(shares * logs) / np.sum(shares))
        return self._entropy
