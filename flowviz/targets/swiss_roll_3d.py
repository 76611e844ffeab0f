"""A rolled-up sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._bands import BandPreset
from flowviz.targets._base import TARGETS
from flowviz.targets.swiss_roll import START, spiral

_SHRINK = 4.0


@dataclass(frozen=True, slots=True)
class SwissRoll3DParams:
    noise: float = param(0.6, "Noise", lo=0.2, hi=2.0, log=True, help="Noise of the roll before it is shrunk fourfold.")
    turns: float = param(1.5, "Turns", lo=0.5, hi=1.6, help="How often the sheet is rolled up.")
    width: float = param(21.0, "Width", lo=4.0, hi=28.0, help="Width of the sheet before it is shrunk fourfold.")


@TARGETS.register("swiss_roll_3d")
@final
class SwissRoll3D(BandPreset):
    """scikit-learn's make_swiss_roll: (t cos t, 21 v, t sin t) + noise, t = 1.5 pi (1 + 2u), over 4 and centred."""

    label = "Swiss roll"
    summary = "A rolled-up sheet: nearby points in space lie far apart on the sheet."
    Params = SwissRoll3DParams

    def curve(self, u: Array) -> Array:
        return spiral(u, self.params.turns) / _SHRINK

    def fastest(self) -> float:
        turn = 2 * math.pi * self.params.turns
        return turn * math.hypot(1.0, START + turn) / _SHRINK

    def width(self) -> float:
        return float(self.params.width / _SHRINK)

    def sd(self) -> float:
        return float(self.params.noise / _SHRINK)
