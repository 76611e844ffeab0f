"""One Gaussian in space with free mean and covariance."""

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
class Gaussian3DParams:
    mean_x: float = param(0.6, "Mean x", lo=-4.0, hi=4.0)
    mean_y: float = param(0.3, "Mean y", lo=-4.0, hi=4.0)
    mean_z: float = param(-0.4, "Mean z", lo=-4.0, hi=4.0)
    sd_1: float = param(1.5, "Width 1", lo=0.05, hi=3.0, help="Standard deviation along its first axis, x if unturned.")
    sd_2: float = param(0.8, "Width 2", lo=0.05, hi=3.0, help="Standard deviation along its second axis.")
    sd_3: float = param(0.35, "Width 3", lo=0.05, hi=3.0, help="Standard deviation along its third axis.")
    turn_x: float = param(20.0, "Turn about x", lo=-180.0, hi=180.0, unit="°", help="Turned about x first.")
    turn_y: float = param(-30.0, "Turn about y", lo=-180.0, hi=180.0, unit="°", help="Then about y.")
    turn_z: float = param(40.0, "Turn about z", lo=-180.0, hi=180.0, unit="°", help="Last about z.")


@TARGETS.register("gaussian_3d")
@final
class Gaussian3D(Preset, HasLogDensity, HasMixture):
    """N(mean, R diag(sd^2) R'), R = Rz Ry Rx: six numbers that make every covariance; all in closed form."""

    label = "Gaussian"
    summary = "One Gaussian with free mean and covariance: every step of the flow has a closed form."
    Params = Gaussian3DParams
    dims = (3,)

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self.mean = np.array([params.mean_x, params.mean_y, params.mean_z])
        self._sds = np.array([params.sd_1, params.sd_2, params.sd_3])
        turns = np.radians([params.turn_x, params.turn_y, params.turn_z])
        self._axes = _rotation(2, turns[2]) @ _rotation(1, turns[1]) @ _rotation(0, turns[0])
        self.covariance = (self._axes * self._sds**2) @ self._axes.T

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return np.asarray(self.mean + (self._sds * rng.standard_normal((n, 3))) @ self._axes.T)

    def bounds(self) -> tuple[Array, Array]:
        reach = 5.5 * np.sqrt(np.diag(self.covariance))
        return self.mean - reach, self.mean + reach

    def log_density(self, x: Array) -> Array:
        z = (np.asarray(x, dtype=np.float64) - self.mean) @ self._axes / self._sds
        return np.asarray(-0.5 * np.sum(z * z, axis=1) - 1.5 * math.log(2 * math.pi) - np.sum(np.log(self._sds)))

    def mixture(self) -> GaussianMixture:
        return GaussianMixture(np.ones(1), self.mean[None], self.covariance[None])

    def entropy(self) -> float:
        """(3/2)(1 + log 2 pi) + sum log sd."""
        return 1.5 * (1 + math.log(2 * math.pi)) + float(np.sum(np.log(self._sds)))


def _rotation(axis: int, angle: float) -> Array:
    """(3, 3): right-handed rotation about a coordinate axis."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = math.cos(angle)
    matrix[first, second], matrix[second, first] = -math.sin(angle), math.sin(angle)
    return matrix
