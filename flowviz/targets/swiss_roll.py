"""A rolled-up band seen from its side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._gaussians import GaussianCloud
from flowviz.targets._preset import MixturePreset, gauss_legendre

_SHRINK = 5.0
START = 1.5 * math.pi


@dataclass(frozen=True, slots=True)
class SwissRollParams:
    noise: float = param(1.0, "Noise", lo=0.2, hi=3.0, log=True, help="Noise of the roll before it is shrunk fivefold.")
    turns: float = param(1.5, "Turns", lo=0.5, hi=2.0, help="How often the band is rolled up.")


@TARGETS.register("swiss_roll")
@final
class SwissRoll(MixturePreset):
    """FFJORD's "swissroll": the (x, z) plane of scikit-learn's make_swiss_roll(noise=1), over 5."""

    label = "Swiss roll"
    summary = "One long spiral band: nearby points of the plane lie far apart along the band."
    Params = SwissRollParams

    def _curve(self, u: Array) -> Array:
        return spiral(u, self.params.turns) / _SHRINK

    def cloud(self) -> GaussianCloud:
        sd = self.params.noise / _SHRINK
        end = START + 2 * math.pi * self.params.turns
        fastest = end * 2 * math.pi * self.params.turns / _SHRINK
        u, weights = gauss_legendre(0.0, 1.0, max(8, math.ceil(fastest / (3 * sd))))
        return GaussianCloud(self._curve(u), weights, np.full(len(u), sd))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._curve(rng.random(n)) + self.params.noise / _SHRINK * rng.standard_normal((n, 2))


def spiral(u: Array, turns: float) -> Array:
    """scikit-learn's roll from the side, (t cos t, t sin t) (n, 2) at u (n,) in [0, 1]: t goes up from 1.5 pi."""
    t = START + 2 * math.pi * turns * u
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
