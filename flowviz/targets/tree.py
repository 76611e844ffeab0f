"""A recursive tree: each branch bears two shorter, thinner ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from flowviz.core.params import param
from flowviz.core.spec import Array
from flowviz.targets._base import TARGETS
from flowviz.targets._gaussians import GaussianCloud, pick
from flowviz.targets._preset import MixturePreset, gauss_legendre

_HEIGHT = 7.0  # the tree is scaled so that its longer side spans this


@dataclass(frozen=True, slots=True)
class TreeParams:
    levels: int = param(6, "Levels", lo=1, hi=9, help="How often the branches fork, the trunk included.")
    angle: float = param(28.0, "Angle", lo=5.0, hi=80.0, unit="°", help="Angle between a branch and its children.")
    shrink: float = param(0.76, "Shrink", lo=0.5, hi=0.9, help="Length of a branch over that of its parent.")
    lean: float = param(0.15, "Lean", lo=-0.6, hi=0.6, help="How far the forks turn to one side.")
    noise: float = param(
        0.1, "Thickness", lo=0.03, hi=0.3, log=True, help="Width (sd) of the trunk; twigs are thinner."
    )


@TARGETS.register("tree")
@final
class Tree(MixturePreset):
    """A mixture of straight segments, each with Gaussian noise of its own width.

    Branch m of level l has length shrink^l and width noise * max(shrink^l, 0.4); its share of the mass
    is proportional to length * width, so that thick and thin branches look equally dark.
    """

    label = "Tree"
    summary = "A trunk that forks again and again: detail at every scale."
    Params = TreeParams

    def __init__(self, params: Any) -> None:
        self._starts, self._ends, self._sds = _grow(params)
        lengths = np.linalg.norm(self._ends - self._starts, axis=1)
        self._shares = lengths * self._sds / np.sum(lengths * self._sds)
        super().__init__(params)

    def cloud(self) -> GaussianCloud:
        centres, weights, sds = [], [], []
        for start, end, sd, share in zip(self._starts, self._ends, self._sds, self._shares, strict=True):
            panels = max(1, math.ceil(float(np.linalg.norm(end - start)) / (3 * sd)))
            u, w = gauss_legendre(0.0, 1.0, panels)
            centres.append(start + u[:, None] * (end - start))
            weights.append(share * w)
            sds.append(np.full(len(u), sd))
        return GaussianCloud(np.concatenate(centres), np.concatenate(weights), np.concatenate(sds))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        branch = pick(self._shares, n, rng)
        along = rng.random(n)[:, None]
        x = self._starts[branch] + along * (self._ends - self._starts)[branch]
        return np.asarray(x + self._sds[branch, None] * rng.standard_normal((n, 2)))


def _grow(p: TreeParams) -> tuple[Array, Array, Array]:
    """Starts (m, 2), ends (m, 2) and widths (m,) of the branches, scaled and centred."""
    starts, ends, levels = [], [], []
    tips = [(0.0, 0.0, math.pi / 2)]
    turn = math.radians(p.angle)
    for level in range(p.levels):
        next_tips = []
        for x, y, heading in tips:
            length = p.shrink**level
            end = (x + length * math.cos(heading), y + length * math.sin(heading))
            starts.append((x, y))
            ends.append(end)
            levels.append(level)
            next_tips += [(*end, heading + turn * (p.lean + side)) for side in (-1, 1)]
        tips = next_tips
    corners = np.array(starts + ends)
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale, middle = _HEIGHT / float((high - low).max()), (low + high) / 2
    sds = p.noise * np.maximum(p.shrink ** np.array(levels, dtype=np.float64), 0.4)
    return (np.array(starts) - middle) * scale, (np.array(ends) - middle) * scale, sds
