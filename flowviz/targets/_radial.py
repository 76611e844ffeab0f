"""Distributions whose density depends on the distance from the origin alone, peaked at given radii."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._base import HasLogDensity
from flowviz.targets._preset import Preset


class RadialPreset(Preset, HasLogDensity):
    """Equal shares on circles or spheres of given radii, plus N(0, sd^2 I)."""

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self._radii = self.radii()
        self._sd = self.sd()
        self._entropy: float | None = None

    def radii(self) -> Array:
        """Radii (m,), positive."""
        raise NotImplementedError

    def sd(self) -> float:
        """Standard deviation of the noise."""
        raise NotImplementedError

    def radial(self, r: Array) -> Array:
        """Log-density (n,) at distances r (n,) from the origin."""
        raise NotImplementedError

    def bounds(self) -> tuple[Array, Array]:
        reach = float(self._radii.max()) + 5.5 * self._sd
        return np.full(self.dim, -reach), np.full(self.dim, reach)

    def log_density(self, x: Array) -> Array:
        return self.radial(np.linalg.norm(np.asarray(x, dtype=np.float64), axis=1))

    def entropy(self) -> float:
        """-int p log p 2 pi r dr, in space 4 pi r^2 dr, by the trapezoid rule (error below 1e-6)."""
        if self._entropy is None:
            r = np.arange(0.0, float(self._radii.max()) + 9 * self._sd, self._sd / 50)
            logs = self.radial(r)
            shares = np.exp(logs) * 2 * math.pi * r * (2 * r if self.dim == 3 else 1.0)
            self._entropy = float(-np.sum(shares * logs) / np.sum(shares))
        return self._entropy
