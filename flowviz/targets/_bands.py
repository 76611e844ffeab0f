"""Bands: a noisy curve of the (x, z) plane, spread evenly along y."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._base import HasLogDensity
from flowviz.targets._gaussians import GaussianCloud
from flowviz.targets._preset import Preset, gauss_legendre


class BandPreset(Preset, HasLogDensity):
    """(x, z) uniform in the parameter of a curve, y uniform over a width, plus N(0, sd^2 I).

    x and z are independent of y: the density is that of a sum of Gaussians in the (x, z) plane times that
    of a smeared interval, (Phi((y + w/2) / sd) - Phi((y - w/2) / sd)) / w.
    """

    dims = (3,)

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        u, weights = gauss_legendre(0.0, 1.0, max(8, math.ceil(self.fastest() / (3 * self.sd()))))
        self._cloud = GaussianCloud(self.curve(u), weights, np.full(len(u), self.sd()))
        self._entropy: float | None = None

    def curve(self, u: Array) -> Array:
        """Points (n, 2) of the (x, z) plane at u (n,) in [0, 1]."""
        raise NotImplementedError

    def fastest(self) -> float:
        """The largest speed |d curve / du|."""
        raise NotImplementedError

    def width(self) -> float:
        """Length of the interval of y, about 0."""
        raise NotImplementedError

    def sd(self) -> float:
        """Standard deviation of the noise."""
        raise NotImplementedError

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        x = self.sd() * rng.standard_normal((n, 3))
        x[:, ::2] += self.curve(rng.random(n))
        x[:, 1] += self.width() * (rng.random(n) - 0.5)
        return x

    def bounds(self) -> tuple[Array, Array]:
        low, high = self._cloud.bounds()
        reach = self.width() / 2 + 5.5 * self.sd()
        return np.array([low[0], -reach, low[1]]), np.array([high[0], reach, high[1]])

    def log_density(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        return self._cloud.log_density(x[:, ::2]) + self._across(x[:, 1])

    def _across(self, y: Array) -> Array:
        """Log-density (n,) of the smeared interval; by symmetry in the tail that keeps its digits."""
        from scipy.special import log_ndtr

        far = np.abs(y)
        high = log_ndtr((self.width() / 2 - far) / self.sd())
        low = log_ndtr((-self.width() / 2 - far) / self.sd())
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = high + np.log(-np.expm1(np.minimum(low - high, -1e-300)))
        return np.asarray(np.where(np.isfinite(high), logs, -np.inf) - math.log(self.width()))

    def entropy(self) -> float:
        """Entropy of the (x, z) plane's density plus that of y, by quadrature (error below 1e-4)."""
        if self._entropy is None:
            reach = self.width() / 2 + 9 * self.sd()
            y = np.arange(-reach, reach, self.sd() / 20)
            logs = self._across(y)
            density = np.exp(logs)
            self._entropy = self._cloud.entropy() - float(np.sum(density * logs) / np.sum(density))
        return self._entropy
