"""The surface of a ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._spheres import SpheresPreset


@dataclass(frozen=True, slots=True)
class SphericalShellParams:
    radius: float = param(3.0, "Radius", lo=0.5, hi=3.7, help="Radius of the sphere.")
    noise: float = param(0.15, "Thickness", lo=0.05, hi=1.0, log=True, help="Standard deviation of the noise.")


@TARGETS.register("spherical_shell")
@final
class SphericalShell(SpheresPreset):
    """A uniform point of a sphere plus Gaussian noise."""

    label = "Spherical shell"
    summary = "A hollow ball: mass must leave the middle on all sides."
    Params = SphericalShellParams

    def radii(self) -> Array:
        return np.array([self.params.radius])

    def sd(self) -> float:
        return float(self.params.noise)
