"""Two strands wound about one axis."""

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
class DoubleHelixParams:
    turns: float = param(2.0, "Turns", lo=0.25, hi=4.0, help="How often each strand goes round the axis.")
    radius: float = param(1.6, "Radius", lo=0.5, hi=3.5, help="Distance of the strands from the axis.")
    height: float = param(7.0, "Height", lo=2.0, hi=8.0, help="Length along the axis.")
    noise: float = param(0.15, "Noise", lo=0.08, hi=0.5, log=True, help="Standard deviation of the noise.")


@TARGETS.register("double_helix")
@final
class DoubleHelix(CurvePreset):
    """(r cos a, r sin a, z) and its mirror image through the z axis, with a in step with z."""

    label = "Double helix"
    summary = "Two strands wound about each other, never touching."
    Params = DoubleHelixParams

    def strands(self, params: DoubleHelixParams) -> tuple[Array, ...]:
        u = np.linspace(0.0, 1.0, FINE + 1)
        angle = 2 * math.pi * params.turns * u
        x, y, z = params.radius * np.cos(angle), params.radius * np.sin(angle), params.height * (u - 0.5)
        return np.stack([x, y, z], axis=1), np.stack([-x, -y, z], axis=1)

    def sd(self) -> float:
        return float(self.params.noise)
