"""A mixture of Gaussians whose layout is drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._gaussians import GaussianCloud, well_spaced
from flowviz.targets._preset import MixturePreset


@dataclass(frozen=True, slots=True)
class MixtureParams:
    components: int = param(6, "Components", lo=1, hi=50, help="How many Gaussians.")
    radius: float = param(3.0, "Radius", lo=0.0, hi=4.0, help="The centres lie in a disc of this radius.")
    spread: float = param(0.35, "Spread", lo=0.05, hi=1.5, log=True, help="Standard deviation of each Gaussian.")
    unevenness: float = param(
        0.6, "Unevenness", lo=0.0, hi=2.0, help="How unequal the weights are: log-weights scatter with this deviation."
    )
    layout: int = param(0, "Layout", lo=0, hi=9999, help="Seed of the centres and weights.")


@TARGETS.register("mixture")
@final
class Mixture(MixturePreset):
    """Equally wide Gaussians at well-spaced random centres with uneven weights."""

    label = "Gaussian mixture"
    summary = "Several Gaussians at random places, some heavier than others."
    Params = MixtureParams

    def cloud(self) -> GaussianCloud:
        p = self.params
        rng = np.random.default_rng(p.layout)
        centres = well_spaced(p.components, lambda n: _in_disc(n, rng)) * p.radius
        weights = np.exp(p.unevenness * rng.standard_normal(p.components))
        return GaussianCloud(centres, weights / weights.sum(), np.full(p.components, p.spread))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._cloud.sample(n, rng)


def _in_disc(n: int, rng: np.random.Generator) -> Array:
    angles, radii = 2 * np.pi * rng.random(n), np.sqrt(rng.random(n))
    return np.asarray(radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))
