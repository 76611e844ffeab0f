"""Two interleaved half circles."""

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

_SCALE = 2.0
_SHIFT = np.array([-1.0, -0.2])


@dataclass(frozen=True, slots=True)
class TwoMoonsParams:
    noise: float = param(0.1, "Noise", lo=0.02, hi=0.5, log=True, help="Noise, as a share of the moons' radius.")
    gap: float = param(0.5, "Offset", lo=-0.5, hi=1.5, help="How far the lower moon is pushed up into the upper one.")


@TARGETS.register("two_moons")
@final
class TwoMoons(MixturePreset):
    """FFJORD's "moons": 2 make_moons(noise) + (-1, -0.2)."""

    label = "Two moons"
    summary = "Two interleaved half circles: two curved modes side by side."
    Params = TwoMoonsParams

    def _arcs(self, angles: Array, upper: Array) -> Array:
        x = np.where(upper, np.cos(angles), 1 - np.cos(angles))
        y = np.where(upper, np.sin(angles), 1 - np.sin(angles) - self.params.gap)
        return np.asarray(_SCALE * np.stack([x, y], axis=1) + _SHIFT)

    def cloud(self) -> GaussianCloud:
        sd = _SCALE * self.params.noise
        panels = max(4, math.ceil(_SCALE * math.pi / (3 * sd)))
        angles, weights = gauss_legendre(0.0, math.pi, panels)
        both = np.concatenate([angles, angles])
        centres = self._arcs(both, np.arange(len(both)) < len(angles))
        shares = np.concatenate([weights, weights]) / (2 * math.pi)
        return GaussianCloud(centres, shares, np.full(len(both), sd))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        centres = self._arcs(math.pi * rng.random(n), rng.random(n) < 0.5)
        return centres + _SCALE * self.params.noise * rng.standard_normal((n, 2))
