"""Every second square of a board."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS, HasLogDensity
from flowviz.targets._preset import Preset


@dataclass(frozen=True, slots=True)
class CheckerboardParams:
    squares: int = param(4, "Squares a side", lo=2, hi=12)
    side: float = param(8.0, "Side", lo=2.0, hi=8.0, help="Length of the board's side.")


@TARGETS.register("checkerboard")
@final
class Checkerboard(Preset, HasLogDensity):
    """FFJORD's "checkerboard": uniform on eight squares of side 2 in [-4, 4]^2; entropy log 32."""

    label = "Checkerboard"
    summary = "Uniform on every second square: sharp edges and empty holes."
    Params = CheckerboardParams

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        columns, rows = np.meshgrid(np.arange(params.squares), np.arange(params.squares))
        filled = self._filled(columns, rows)
        self._corners = np.stack([columns[filled], rows[filled]], axis=1)
        self._square = params.side / params.squares

    @staticmethod
    def _filled(columns: Array, rows: Array) -> Array:
        return (columns + rows) % 2 == 0  # FFJORD fills the corner at (-4, -4)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        corners = self._corners[rng.integers(0, len(self._corners), n)]
        return np.asarray((corners + rng.random((n, 2))) * self._square - self.params.side / 2)

    def bounds(self) -> tuple[Array, Array]:
        half = self.params.side / 2
        return np.full(2, -half), np.full(2, half)

    def log_density(self, x: Array) -> Array:
        cells = np.floor((np.asarray(x, dtype=np.float64) + self.params.side / 2) / self._square)
        inside = np.all((cells >= 0) & (cells < self.params.squares), axis=1) & self._filled(cells[:, 0], cells[:, 1])
        return np.where(inside, -self.entropy(), -np.inf)

    def entropy(self) -> float:
        """log of the filled area."""
        return math.log(len(self._corners) * self._square**2)
