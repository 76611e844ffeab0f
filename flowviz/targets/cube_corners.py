"""Eight Gaussians at the corners of a cube."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._gaussians import GaussianCloud
from flowviz.targets._preset import MixturePreset


@dataclass(frozen=True, slots=True)
class CubeCornersParams:
    side: float = param(4.4, "Side", lo=0.0, hi=6.0, help="Length of the cube's edges.")
    spread: float = param(0.4, "Spread", lo=0.1, hi=1.5, log=True, help="Standard deviation of each Gaussian.")


@TARGETS.register("cube_corners")
@final
class CubeCorners(MixturePreset):
    """Equal Gaussians at (+-s/2, +-s/2, +-s/2)."""

    label = "Eight Gaussians"
    summary = "Eight separate clusters at the corners of a cube: mass must be torn apart."
    Params = CubeCornersParams
    dims = (3,)

    def cloud(self) -> GaussianCloud:
        corners = np.array(list(product((-0.5, 0.5), repeat=3))) * self.params.side
        return GaussianCloud(corners, np.full(8, 1 / 8), np.full(8, self.params.spread))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self._cloud.sample(n, rng)
