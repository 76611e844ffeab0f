"""Four concentric rings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._rings import RingsPreset


@dataclass(frozen=True, slots=True)
class RingsParams:
    count: int = param(4, "Rings", lo=1, hi=8, help="How many rings.")
    radius: float = param(3.0, "Radius", lo=0.5, hi=4.0, help="Radius of the outermost; the others divide it evenly.")
    noise: float = param(0.08, "Noise", lo=0.02, hi=0.5, log=True, help="Standard deviation of the noise.")


@TARGETS.register("rings")
@final
class Rings(RingsPreset):
    """FFJORD's "rings": radii 3, 2.25, 1.5, 0.75, equal shares, noise 0.08."""

    label = "Rings"
    summary = "Four concentric rings: thin closed curves inside one another."
    Params = RingsParams

    def radii(self) -> Array:
        return np.asarray(self.params.radius * np.arange(self.params.count, 0, -1) / self.params.count)

    def sd(self) -> float:
        return float(self.params.noise)
