"""One Gaussian with free mean and covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS, HasLogDensity, HasMixture
from flowviz.targets._preset import Preset


@dataclass(frozen=True, slots=True)
class GaussianParams:
    mean_x: float = param(1.0, "Mean x", lo=-4.0, hi=4.0)
    mean_y: float = param(0.5, "Mean y", lo=-4.0, hi=4.0)
    sd_x: float = param(1.2, "Width x", lo=0.05, hi=3.0, help="Standard deviation along x.")
    sd_y: float = param(0.6, "Width y", lo=0.05, hi=3.0, help="Standard deviation along y.")
    correlation: float = param(0.7, "Correlation", lo=-0.99, hi=0.99, help="Correlation of x and y.")


@TARGETS.register("gaussian")
@final
class Gaussian(Preset, HasLogDensity, HasMixture):
    """N(mean, covariance); everything in closed form."""

    label = "Gaussian"
    summary = "One Gaussian with free mean and covariance: every step of the flow has a closed form."
    Params = GaussianParams

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self.mean = np.array([params.mean_x, params.mean_y])
        cross = params.correlation * params.sd_x * params.sd_y
        self.covariance = np.array([[params.sd_x**2, cross], [cross, params.sd_y**2]])
        self._root = np.linalg.cholesky(self.covariance)
        self._log_det_root = float(np.sum(np.log(np.diag(self._root))))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return np.asarray(self.mean + rng.standard_normal((n, 2)) @ self._root.T)

    def bounds(self) -> tuple[Array, Array]:
        reach = 5.5 * np.sqrt(np.diag(self.covariance))
        return self.mean - reach, self.mean + reach

    def log_density(self, x: Array) -> Array:
        z = np.linalg.solve(self._root, (np.asarray(x, dtype=np.float64) - self.mean).T)
        return np.asarray(-0.5 * np.sum(z * z, axis=0) - math.log(2 * math.pi) - self._log_det_root)

    def entropy(self) -> float:
        """1 + log 2 pi + (1/2) log det covariance."""
        return 1.0 + math.log(2 * math.pi) + self._log_det_root

    def mixture(self) -> GaussianMixture:
        return GaussianMixture(np.ones(1), self.mean[None], self.covariance[None])
