"""Hollow balls inside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._spheres import SpheresPreset


@dataclass(frozen=True, slots=True)
class NestedSpheresParams:
    count: int = param(2, "Spheres", lo=1, hi=5, help="How many spheres, evenly spaced from the middle.")
    radius: float = param(3.2, "Outer radius", lo=1.0, hi=3.7, help="Radius of the outermost sphere.")
    noise: float = param(0.12, "Thickness", lo=0.05, hi=0.5, log=True, help="Standard deviation of the noise.")


@TARGETS.register("nested_spheres")
@final
class NestedSpheres(SpheresPreset):
    """Equal shares on spheres with radii R/m, 2R/m, ..., R."""

    label = "Nested spheres"
    summary = "One hollow ball inside another: cut it open to see what the flow has learnt."
    Params = NestedSpheresParams

    def radii(self) -> Array:
        count = self.params.count
        return np.asarray(self.params.radius * np.arange(1, count + 1) / count)

    def sd(self) -> float:
        return float(self.params.noise)
