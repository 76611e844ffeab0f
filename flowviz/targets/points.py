"""Points that a person has loaded: the empirical distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, final

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.params import from_mapping, param
from flowviz.core.spec import Array, TargetSpec
from flowviz.targets._base import TARGETS, Frame, Target

SPREAD = 1.5  # standard deviation of standardised data in the shared frame
UNLIKE = 4.0  # spreads that differ by more than this get a scale each
_LOOK = 200_000  # points that the standardisation looks at
_CLIP = (0.005, 0.995)  # quantiles beyond which a point does not count for the scale
AUTOMATIC, TOGETHER, EACH, OFF = "automatic", "together", "each axis", "off"


@dataclass(frozen=True, slots=True)
class PointsParams:
    standardise: str = param(
        AUTOMATIC,
        "Standardise",
        choices=(AUTOMATIC, TOGETHER, EACH, OFF),
        help="Move and scale the points into view: one scale for all axes (together), one for each, or none; "
        "automatic takes one scale unless the spreads differ more than fourfold.",
    )
    jitter: float = param(
        0.0, "Jitter", lo=0.0, hi=0.5, help="Gaussian noise added to each draw, in units of the stage (0: none)."
    )


@TARGETS.register("points")
@final
class Points(Target):
    """Draws with replacement from loaded points.

    data: "points" (n, 2) or (n, 3) in the data's own units, and maybe "weights" (n,), how much each counts.
    """

    label = "Points"
    summary = "Points from a file."
    Params = PointsParams
    is_preset = False
    dims = (2, 3)

    def __init__(self, params: PointsParams, points: Array, weights: Array | None = None) -> None:
        self.params = params
        self.points = points
        self._edges = None if weights is None else np.cumsum(weights / weights.sum())
        self._frame = standardising_frame(points, params.standardise)

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> Self:
        params = from_mapping(PointsParams, spec.params)
        points = np.asarray(spec.data.get("points", np.zeros((0, 2))))
        if points.ndim != 2 or points.shape[1] not in cls.dims or points.dtype.kind not in "fiu":
            raise UserError(f"Points come as two or three columns of numbers, not as an array of shape {points.shape}.")
        points = points if points.dtype == np.float64 else points.astype(np.float64)
        if len(points) == 0:
            raise UserError("There are no points.", "Load a file with two or three columns of numbers.")
        if not np.isfinite(points).all():
            raise UserError("Some points are infinite or not a number.", "Remove those rows.")
        if np.array_equal(points.min(axis=0), points.max(axis=0)):
            raise UserError(
                f"All {len(points)} points are equal, so there is no distribution to learn.",
                "Load points that differ, or choose other columns.",
            )
        return cls(params, points, weights_of(spec, len(points)))

    @classmethod
    def dim_of(cls, spec: TargetSpec) -> int:
        points = spec.data.get("points")
        return 2 if points is None or points.ndim != 2 else int(points.shape[1])

    @property
    def dim(self) -> int:
        return int(self.points.shape[1])

    @property
    def frame(self) -> Frame:
        return self._frame

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        x = self._frame.to_shared(np.take(self.points, self._chosen(n, rng), axis=0))
        if self.params.jitter > 0:
            x = x + self.params.jitter * rng.standard_normal(x.shape)
        return x

    def _chosen(self, n: int, rng: np.random.Generator) -> Array:
        if self._edges is None:
            return rng.integers(0, len(self.points), n)
        place = np.searchsorted(self._edges, rng.random(n) * self._edges[-1], side="right")
        return np.asarray(np.minimum(place, len(self._edges) - 1))

    def bounds(self) -> tuple[Array, Array]:
        margin = 4.5 * self.params.jitter
        corners = self._frame.to_shared(np.stack([self.points.min(axis=0), self.points.max(axis=0)]))
        return corners[0] - margin, corners[1] + margin


def weights_of(spec: TargetSpec, count: int) -> Array | None:
    """The weights (count,) float64 that came with a spec's points, or None.

    Raises:
        UserError: they are no weights.
    """
    if "weights" not in spec.data:
        return None
    weights = np.asarray(spec.data["weights"], dtype=np.float64)
    if weights.shape != (count,) or not np.isfinite(weights).all() or weights.min() < 0 or not weights.max() > 0:
        raise UserError("The weights are negative, infinite, all zero, or not one for each point.", "Load them again.")
    return weights


def standardising_frame(points: Array, choice: str) -> Frame:
    """The frame in which the points have mean about 0 and standard deviation about 1.5.

    Mean and deviation are taken after clipping each axis to its central 99 %, so that one wild point
    does not press the others into a dot.

    Args:
        points: (n, d) float64, not all equal.
        choice: "automatic", "together", "each axis" or "off".
    """
    dim = points.shape[1]
    if choice == OFF:
        return Frame.identity(dim)
    look = points[:: max(1, len(points) // _LOOK)]
    low, high = np.quantile(look, _CLIP, axis=0)
    clipped = np.clip(look, low, high)
    shift, spread = clipped.mean(axis=0), clipped.std(axis=0)
    floor = 1e-12 * np.maximum(np.abs(shift), np.finfo(np.float64).tiny)
    if np.any(spread <= floor):  # all but a few points agree along an axis: look at the whole range
        spread = np.where(spread <= floor, np.ptp(points, axis=0) / 4, spread)
    if np.all(spread > 0):
        together = choice == TOGETHER or (choice == AUTOMATIC and spread.max() <= UNLIKE * spread.min())
    else:
        together = True  # a constant column borrows the others' scale
    if together:  # divided by the largest first, so that no square is too small for a number
        spread = np.full(dim, spread.max() * np.sqrt(np.mean((spread / spread.max()) ** 2)))
    return Frame(shift, spread / SPREAD)
