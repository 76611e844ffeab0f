"""A pinwheel: Gaussian arms, twisted more the farther out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS, HasLogDensity
from flowviz.targets._gaussians import log_sum_exp
from flowviz.targets._preset import Preset, entropy_on_grid

_SCALE = 2.0
_REACH = 6.0  # arms are searched within this many radial standard deviations
_CELLS = 48  # intervals in which a root is looked for
_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class PinwheelParams:
    arms: int = param(5, "Arms", lo=1, hi=12)
    radial: float = param(0.3, "Arm length", lo=0.1, hi=0.5, help="Standard deviation along an arm.")
    tangential: float = param(0.1, "Arm width", lo=0.03, hi=0.3, log=True, help="Standard deviation across an arm.")
    twist: float = param(0.25, "Twist", lo=0.0, hi=0.5, help="Arms turn by twist * exp(distance along the arm).")


@TARGETS.register("pinwheel")
@final
class Pinwheel(Preset, HasLogDensity):
    """FFJORD's "pinwheel": f ~ (1, 0) + (0.3, 0.1) randn, turned by 2 pi k / 5 + 0.25 exp(f_0), times 2.

    With a(f_0) the angle of turn, x = 2 R(-a) f has the Jacobian 4 (1 + a'(f_0) f_1); the density at x is the
    sum over the arms and over the roots f_0 of f_0 = (R(a(f_0)) x / 2)_0, found by bracketing and Newton steps.
    """

    label = "Pinwheel"
    summary = "Five curved arms: clusters bent into sickles."
    Params = PinwheelParams

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self._turns = 2 * math.pi * np.arange(params.arms) / params.arms
        self._entropy: float | None = None

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        p = self.params
        along = 1.0 + p.radial * rng.standard_normal(n)
        across = p.tangential * rng.standard_normal(n)
        angle = self._turns[rng.integers(0, p.arms, n)] + p.twist * np.exp(along)
        cos, sin = np.cos(angle), np.sin(angle)
        return _SCALE * np.stack([along * cos + across * sin, across * cos - along * sin], axis=1)

    def bounds(self) -> tuple[Array, Array]:
        reach = _SCALE * (1 + 4.5 * self.params.radial + 2 * self.params.tangential)
        return np.full(2, -reach), np.full(2, reach)

    def log_density(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        parts = [self._block(x[start : start + _CHUNK]) for start in range(0, len(x), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _block(self, x: Array) -> Array:
        p = self.params
        radius = np.hypot(x[:, 0], x[:, 1]) / _SCALE
        polar = np.arctan2(x[:, 1], x[:, 0])
        edges = np.linspace(1 - _REACH * p.radial, 1 + _REACH * p.radial, _CELLS + 1)
        table = np.full((len(x), 1), -np.inf)
        for turn in self._turns:
            angle = polar[:, None] + turn + p.twist * np.exp(edges)
            signs = edges - radius[:, None] * np.cos(angle) > 0
            rows, cells = np.nonzero(signs[:, :-1] != signs[:, 1:])
            if len(rows) == 0:
                continue
            terms = self._terms(radius[rows], polar[rows] + turn, edges[cells], edges[cells + 1])
            table = _add(table, rows, terms)
        return log_sum_exp(table) - math.log(p.arms * _SCALE**2)

    def _terms(self, radius: Array, phase: Array, low: Array, high: Array) -> Array:
        """log of N(f) / |1 + a' f_1| at the root in each bracket [low, high]."""
        p = self.params
        rising = high - radius * np.cos(phase + p.twist * np.exp(high)) > 0
        f = (low + high) / 2
        for _ in range(60):
            grown = p.twist * np.exp(f)
            value = f - radius * np.cos(phase + grown)
            above = (value > 0) == rising
            high, low = np.where(above, f, high), np.where(above, low, f)
            slope = 1 + radius * np.sin(phase + grown) * grown
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = f - value / slope
            good = (newton > low) & (newton < high)
            step = np.where(good, newton, (low + high) / 2)
            done = float(np.abs(step - f).max()) < 1e-13
            f = step
            if done:
                break
        grown = p.twist * np.exp(f)
        across = radius * np.sin(phase + grown)
        slope = np.abs(1 + across * grown)
        gauss = -0.5 * ((f - 1) / p.radial) ** 2 - 0.5 * (across / p.tangential) ** 2
        return np.asarray(gauss - np.log(2 * math.pi * p.radial * p.tangential) - np.log(np.maximum(slope, 1e-12)))

    def entropy(self) -> float:
        """Entropy in nats by a grid quadrature whose error is below 1e-3."""
        if self._entropy is None:
            low, high = self.bounds()
            spacing = max(_SCALE * min(self.params.tangential, self.params.radial) / 3, 0.02)
            self._entropy = entropy_on_grid(self.log_density, low - 0.5, high + 0.5, spacing)
        return self._entropy


def _add(table: Array, rows: Array, terms: Array) -> Array:
    """The table (n, k) of log-terms with one more column for each root that a row has."""
    order = np.argsort(rows, kind="stable")
    rows, terms = rows[order], terms[order]
    first = np.searchsorted(rows, rows, side="left")
    rank = np.arange(len(rows)) - first
    extra = np.full((len(table), int(rank.max()) + 1), -np.inf)
    extra[rows, rank] = terms
    return np.concatenate([table, extra], axis=1)
