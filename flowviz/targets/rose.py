"""A rose: petals r = cos(k theta) with Gaussian noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._gaussians import GaussianCloud
from flowviz.targets._preset import MixturePreset, gauss_legendre

_TABLE = 16384  # steps of the arc-length table; chords stray under 1e-5 from the default curve (3e-4 at k = 9)


@dataclass(frozen=True, slots=True)
class RoseParams:
    k: int = param(4, "k", lo=1, hi=9, help="r = cos(k theta): k petals when k is odd, 2k when it is even.")
    radius: float = param(3.5, "Radius", lo=1.0, hi=4.0, help="Length of a petal.")
    noise: float = param(0.07, "Noise", lo=0.03, hi=0.4, log=True, help="Standard deviation of the noise.")


@TARGETS.register("rose")
@final
class Rose(MixturePreset):
    """Even ink along r = R cos(k theta), 0 <= theta < 2 pi, plus N(0, noise^2 I)."""

    label = "Rose"
    summary = "Thin petals that all meet in one point."
    Params = RoseParams

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        # Arc length by the midpoint rule, and places at even distances along the curve.
        middles = 2 * math.pi * (np.arange(_TABLE) + 0.5) / _TABLE
        length = np.concatenate([[0.0], np.cumsum(self._speed(middles))])
        even = np.linspace(0.0, length[-1], _TABLE + 1)
        self._places = self._curve(np.interp(even, length, np.linspace(0.0, 2 * math.pi, _TABLE + 1)))

    def _curve(self, theta: Array) -> Array:
        r = self.params.radius * np.cos(self.params.k * theta)
        return np.stack([r * np.cos(theta), r * np.sin(theta)], axis=1)

    def _speed(self, theta: Array) -> Array:
        p = self.params
        return np.asarray(p.radius * np.hypot(np.cos(p.k * theta), p.k * np.sin(p.k * theta)))

    def cloud(self) -> GaussianCloud:
        p = self.params
        fastest = p.radius * max(1, p.k) * 2 * math.pi
        theta, weights = gauss_legendre(0.0, 2 * math.pi, max(8 * p.k, math.ceil(fastest / (3 * p.noise))))
        shares = weights * self._speed(theta)
        return GaussianCloud(self._curve(theta), shares / shares.sum(), np.full(len(theta), p.noise))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        index, part = np.divmod(_TABLE * rng.random(n), 1.0)
        cell = index.astype(np.intp)
        start = self._places[cell]
        x = start + part[:, None] * (self._places[cell + 1] - start)
        return np.asarray(x + self.params.noise * rng.standard_normal((n, 2)))
