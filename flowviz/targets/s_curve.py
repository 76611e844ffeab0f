"""A sheet bent into an S."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._bands import BandPreset
from flowviz.targets._base import TARGETS

_GROW = 1.7


@dataclass(frozen=True, slots=True)
class SCurveParams:
    noise: float = param(0.07, "Noise", lo=0.03, hi=0.3, log=True, help="Noise of the sheet before it is enlarged.")
    width: float = param(2.0, "Width", lo=0.5, hi=4.0, help="Width of the sheet before it is enlarged.")


@TARGETS.register("s_curve")
@final
class SCurve(BandPreset):
    """scikit-learn's make_s_curve: (sin t, 2v, sign(t) (cos t - 1)) + noise, t = 3 pi (u - 1/2), times 1.7
    and centred."""

    label = "S-curve"
    summary = "A sheet bent into an S: smooth, without an inside."
    Params = SCurveParams

    def curve(self, u: Array) -> Array:
        t = 3 * math.pi * (u - 0.5)
        return np.asarray(_GROW * np.stack([np.sin(t), np.sign(t) * (np.cos(t) - 1)], axis=1))

    def fastest(self) -> float:
        return 3 * math.pi * _GROW

    def width(self) -> float:
        return float(_GROW * self.params.width)

    def sd(self) -> float:
        return float(_GROW * self.params.noise)
