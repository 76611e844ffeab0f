"""A mixture of Gaussians in space whose layout is drawn from a seed."""

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
class Mixture3DParams:
    components: int = param(8, "Components", lo=1, hi=50, help="How many Gaussians.")
    radius: float = param(3.0, "Radius", lo=0.0, hi=4.0, help="The centres lie in a ball of this radius.")
    spread: float = param(0.4, "Spread", lo=0.1, hi=1.5, log=True, help="Mean standard deviation of the Gaussians.")
    variety: float = param(0.3, "Variety", lo=0.0, hi=0.8, help="How unlike the Gaussians' sizes are.")
    unevenness: float = param(
        0.6, "Unevenness", lo=0.0, hi=2.0, help="How unequal the weights are: log-weights scatter with this deviation."
    )
    layout: int = param(0, "Layout", lo=0, hi=9999, help="Seed of the centres, sizes and weights.")


@TARGETS.register("mixture_3d")
@final
class Mixture3D(MixturePreset):
    """Gaussians of different sizes at well-spaced random centres with uneven weights."""

    label = "Gaussian mixture"
    summary = "Several Gaussians at random places in space, some wider or heavier than others."
    Params = Mixture3DParams
    dims = (3,)

    def cloud(self) -> GaussianCloud:
        p = self.params
        rng = np.random.default_rng(p.layout)
        centres = well_spaced(p.components, lambda n: _in_ball(n, rng)) * p.radius
        weights = np.exp(p.unevenness * rng.standard_normal(p.components))
        sds = p.spread * (1 + p.variety * rng.uniform(-1, 1, p.components))
        return GaussianCloud(centres, weights / weights.sum(), sds)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._cloud.sample(n, rng)


def _in_ball(n: int, rng: np.random.Generator) -> Array:
    directions = rng.standard_normal((n, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(directions * np.cbrt(rng.random(n))[:, None])
