"""Two spirals wound into each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._gaussians import GaussianCloud
from flowviz.targets._preset import CloudPreset, gauss_legendre

_SHRINK = 3.0
_BOX = 0.5 / _SHRINK


@dataclass(frozen=True, slots=True)
class TwoSpiralsParams:
    noise: float = param(0.1, "Noise", lo=0.02, hi=0.4, log=True, help="Standard deviation of the Gaussian noise.")
    turns: float = param(1.5, "Turns", lo=0.5, hi=1.75, help="How often each spiral winds round the centre.")


@TARGETS.register("two_spirals")
@final
class TwoSpirals(CloudPreset):
    """FFJORD's "2spirals": a(-cos a, sin a) + U[0, 1/2]^2, mirrored, over 3, plus 0.1 randn,
    with a = 3 pi sqrt(U)."""

    label = "Two spirals"
    summary = "Two arms wound into each other: a long way to comb them apart."
    Params = TwoSpiralsParams

    def _arm(self, root: Array) -> Array:
        a = 2 * math.pi * self.params.turns * root
        return np.asarray(np.stack([-a * np.cos(a), a * np.sin(a)], axis=1) / _SHRINK)

    def cloud(self) -> GaussianCloud:
        sd, end = self.params.noise, 2 * math.pi * self.params.turns
        fastest = end * math.hypot(1.0, end) / _SHRINK
        root, weights = gauss_legendre(0.0, 1.0, max(8, math.ceil(fastest / (3 * sd))))
        arm = self._arm(root)
        # The mirrored arm's square is [-1/6, 0]^2: the same square after a shift of its centres.
        centres = np.concatenate([arm, -arm - _BOX])
        shares = np.concatenate([root * weights, root * weights])  # a = end sqrt(U) has density 2 root
        return GaussianCloud(centres, shares, np.full(len(centres), sd), _BOX)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        x = self._arm(np.sqrt(rng.random(n))) + _BOX * rng.random((n, 2))
        x *= np.where(rng.random(n) < 0.5, 1.0, -1.0)[:, None]
        return np.asarray(x + self.params.noise * rng.standard_normal((n, 2)))
