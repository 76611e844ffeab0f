"""A ring with a hollow tube."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS, HasLogDensity
from flowviz.targets._preset import Preset

_TABLE = 20_000


@dataclass(frozen=True, slots=True)
class TorusParams:
    radius: float = param(2.5, "Radius", lo=1.6, hi=3.0, help="Distance of the tube's middle from the axis.")
    tube: float = param(1.1, "Tube", lo=0.3, hi=1.4, help="Radius of the tube.")
    noise: float = param(0.12, "Thickness", lo=0.05, hi=0.5, log=True, help="Standard deviation across the surface.")


@TARGETS.register("torus")
@final
class Torus(Preset, HasLogDensity):
    """p(x) proportional to exp(-(rho - tube)^2 / 2 noise^2) for rho < radius, rho the distance from the circle.

    In the coordinates (angle a about the axis, angle b about the tube, rho) the volume element is
    rho (radius + rho cos b), so that a is uniform, rho has the density of rho exp(...), and b given rho
    that of 1 + (rho / radius) cos b: the normaliser is 4 pi^2 radius int rho exp(...) drho.
    """

    label = "Torus"
    summary = "A hollow ring: a hole for the noise to open, and a tube to hollow out."
    Params = TorusParams
    dims = (3,)

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        p = self.params
        low, high = max(0.0, p.tube - 9 * p.noise), min(p.radius, p.tube + 9 * p.noise)
        self._rho = np.linspace(low, high, _TABLE + 1)
        middles = (self._rho[1:] + self._rho[:-1]) / 2
        # midpoint rule; its cells are far finer than the profile, so that the error lies below 1e-7
        shares = middles * np.exp(self._profile(middles)) * (high - low) / _TABLE
        self._log_mass = math.log(4 * math.pi**2 * p.radius * float(shares.sum()))
        self._cumulative = np.concatenate([[0.0], np.cumsum(shares) / shares.sum()])
        self._entropy = self._log_mass - float(shares @ self._profile(middles) / shares.sum())

    def _profile(self, rho: Array) -> Array:
        return np.asarray(-0.5 * ((rho - self.params.tube) / self.params.noise) ** 2)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        rho = np.interp(rng.random(n), self._cumulative, self._rho)
        around, about = 2 * math.pi * rng.random(n), 2 * math.pi * rng.random(n)
        # A uniform angle, turned by pi with probability (1 - (rho / radius) cos) / 2, has the density wanted.
        side = np.cos(about) * np.where(rng.random(n) < (1 + rho / self.params.radius * np.cos(about)) / 2, 1.0, -1.0)
        reach = self.params.radius + rho * side
        return np.stack([reach * np.cos(around), reach * np.sin(around), rho * np.sin(about)], axis=1)

    def bounds(self) -> tuple[Array, Array]:
        thick = self.params.tube + 5.5 * self.params.noise
        reach = np.array([self.params.radius + thick, self.params.radius + thick, thick])
        return -reach, reach

    def log_density(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        rho = np.hypot(np.hypot(x[:, 0], x[:, 1]) - self.params.radius, x[:, 2])
        return np.where(rho < self.params.radius, self._profile(rho) - self._log_mass, -np.inf)

    def entropy(self) -> float:
        """log of the normaliser plus the mean of the squared profile over two, in nats (error below 1e-6)."""
        return self._entropy
