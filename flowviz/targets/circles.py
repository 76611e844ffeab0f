"""Two concentric circles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._rings import RingsPreset

_SCALE = 3.0


@dataclass(frozen=True, slots=True)
class CirclesParams:
    factor: float = param(0.5, "Inner radius", lo=0.0, hi=1.0, help="Radius of the inner circle over the outer.")
    noise: float = param(0.08, "Noise", lo=0.02, hi=0.3, log=True, help="Noise over the radius of the outer circle.")


@TARGETS.register("circles")
@final
class Circles(RingsPreset):
    """FFJORD's "circles": 3 make_circles(factor=0.5, noise=0.08)."""

    label = "Circles"
    summary = "A circle within a circle: the inner one cannot leave without crossing the outer."
    Params = CirclesParams

    def radii(self) -> Array:
        return np.array([_SCALE, _SCALE * self.params.factor])

    def sd(self) -> float:
        return float(_SCALE * self.params.noise)
