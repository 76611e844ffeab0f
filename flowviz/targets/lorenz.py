"""The Lorenz attractor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array, frozen_array
from flowviz.targets._base import TARGETS
from flowviz.targets._preset import Preset

_SIGMA, _BETA = 10.0, 8.0 / 3.0
_SHRINK = 6.5
_STEP = 0.01
_ORBITS, _SETTLE, _KEPT, _BETWEEN = 2048, 1200, 50, 4
_HIGHEST = 50.0


@dataclass(frozen=True, slots=True)
class LorenzParams:
    drive: float = param(28.0, "rho", lo=25.0, hi=_HIGHEST, help="Lorenz's rho (1963: 28); the orbits grow with it.")
    noise: float = param(0.05, "Noise", lo=0.02, hi=0.5, log=True, help="Standard deviation of the noise.")


@TARGETS.register("lorenz")
@final
class Lorenz(Preset):
    """The natural measure of x' = 10 (y - x), y' = x (rho - z) - y, z' = x y - 8/3 z (Lorenz 1963), plus noise.

    A uniform choice among 102,400 states of 2,048 orbits after 12 time units, about (0, 0, rho - 3), over 6.5
    (less for a large rho). It has no density: the attractor's dimension is about 2.06.
    """

    label = "Lorenz attractor"
    summary = "Where a chaotic system spends its time: two thin wings of folded layers."
    Params = LorenzParams
    dims = (3,)

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self._states = _attractor(params.drive)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        chosen = self._states[rng.integers(0, len(self._states), n)]
        return np.asarray(chosen + self.params.noise * rng.standard_normal((n, 3)))

    def bounds(self) -> tuple[Array, Array]:
        reach = 5.5 * self.params.noise
        return self._states.min(axis=0) - reach, self._states.max(axis=0) + reach


@lru_cache(maxsize=8)
def _attractor(drive: float) -> Array:
    """States (m, 3) of orbits that have settled, by the classic Runge-Kutta method; read-only."""
    x = np.random.default_rng(0).normal((0.0, 0.0, drive - 3.0), 8.0, (_ORBITS, 3)).T.copy()
    kept = []
    for step in range(_SETTLE + _KEPT * _BETWEEN):
        k1 = _slope(x, drive)
        k2 = _slope(x + _STEP / 2 * k1, drive)
        k3 = _slope(x + _STEP / 2 * k2, drive)
        x = x + _STEP / 6 * (k1 + 2 * (k2 + k3) + _slope(x + _STEP * k3, drive))
        if step >= _SETTLE and step % _BETWEEN == 0:
            kept.append(x)
    states = np.concatenate(kept, axis=1).T - (0.0, 0.0, drive - 3.0)
    return frozen_array(np.ascontiguousarray(states / (_SHRINK * max(1.0, drive / 28.0))))


def _slope(x: Array, drive: float) -> Array:
    """The system's velocity (3, m) at states (3, m)."""
    slope = np.empty_like(x)
    slope[0] = _SIGMA * (x[1] - x[0])
    slope[1] = x[0] * (drive - x[2]) - x[1]
    slope[2] = x[0] * x[1] - _BETA * x[2]
    return slope
