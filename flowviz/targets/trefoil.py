"""A trefoil knot, and every other torus knot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._curves import FINE, CurvePreset


@dataclass(frozen=True, slots=True)
class TrefoilParams:
    around: int = param(2, "Turns round", lo=1, hi=5, help="How often the curve goes round the middle (p).")
    through: int = param(
        3, "Turns through", lo=1, hi=7, help="How often it dives through the hole (q); 2 and 3 make a trefoil."
    )
    radius: float = param(2.3, "Radius", lo=1.5, hi=2.8, help="Radius of the torus on which the curve runs.")
    tube: float = param(1.1, "Tube", lo=0.3, hi=1.3, help="Radius of that torus's tube.")
    noise: float = param(0.15, "Noise", lo=0.08, hi=0.5, log=True, help="Standard deviation of the noise.")


@TARGETS.register("trefoil")
@final
class Trefoil(CurvePreset):
    """The (p, q) torus knot ((R + r cos qt) cos pt, -r sin qt, (R + r cos qt) sin pt), with even ink and noise;
    upright, its axis along y."""

    label = "Trefoil knot"
    summary = "A knotted string: no flow of space can untie it, yet noise becomes it."
    Params = TrefoilParams

    def strands(self, params: TrefoilParams) -> tuple[Array, ...]:
        t = 2 * math.pi * np.linspace(0.0, 1.0, FINE + 1)
        reach = params.radius + params.tube * np.cos(params.through * t)
        depth = -params.tube * np.sin(params.through * t)
        return (np.stack([reach * np.cos(params.around * t), depth, reach * np.sin(params.around * t)], axis=1),)

    def sd(self) -> float:
        return float(self.params.noise)
