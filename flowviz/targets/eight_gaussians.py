"""Eight Gaussians on a circle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._gaussians import GaussianCloud
from flowviz.targets._preset import MixturePreset

_SHRINK = 1.414  # FFJORD's lib/toy_data.py divides by this, not by sqrt(2)


@dataclass(frozen=True, slots=True)
class EightGaussiansParams:
    count: int = param(8, "Gaussians", lo=1, hi=24, help="How many Gaussians stand on the circle.")
    radius: float = param(4 / _SHRINK, "Radius", lo=0.0, hi=4.0, help="Radius of the circle of centres.")
    spread: float = param(0.5 / _SHRINK, "Spread", lo=0.05, hi=1.5, log=True, help="Standard deviation of each.")


@TARGETS.register("eight_gaussians")
@final
class EightGaussians(MixturePreset):
    """FFJORD's "8gaussians" (lib/toy_data.py): (4 (cos, sin) + 0.5 randn) / 1.414."""

    label = "Eight Gaussians"
    summary = "Eight separate clusters on a circle: mass must be torn apart."
    Params = EightGaussiansParams

    def cloud(self) -> GaussianCloud:
        p = self.params
        angles = 2 * np.pi * np.arange(p.count) / p.count
        centres = p.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return GaussianCloud(centres, np.full(p.count, 1 / p.count), np.full(p.count, p.spread))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        chosen = rng.integers(0, self.params.count, n)
        return np.asarray(self._cloud.centres[chosen] + self.params.spread * rng.standard_normal((n, 2)))
