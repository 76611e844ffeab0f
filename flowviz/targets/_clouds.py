"""Rows of numbers on their way to become a target of points: cleaned, weighed, blurred where they must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from flowviz.core.errors import FileError
from flowviz.core.params import ParamValue
from flowviz.core.spec import Array, TargetSpec, frozen_array
from flowviz.targets._base import build
from flowviz.targets._degenerate import JITTER, far_away, without_density

LARGEST = 1e100  # beyond this, squares overflow


@dataclass(slots=True)
class Cloud:
    """Points of a file.

    Attributes:
        name: what people call the file.
        points: (n, d) float64.
        names: what its axes are called.
        weights: (n,) float64, or None.
        notes: what people should know of how it was read; grows.
    """

    name: str
    points: Array
    names: tuple[str, ...] = ("x", "y", "z")
    weights: Array | None = None
    notes: list[str] = field(default_factory=list)

    def clean(self) -> None:
        """Drop the rows that lack a number; the notes gain a sentence.

        Raises:
            FileError: infinite or enormous numbers, no rows at all, wrong weights, or all points equal.
        """
        name = self.name
        if len(self.points) == 0:
            raise FileError(f"{name} has no rows of numbers.", "Choose a file with two columns of numbers.")
        missing = np.isnan(self.points).any(axis=1)
        if self.weights is not None:
            missing |= np.isnan(self.weights)
        if missing.all():
            raise FileError(
                f"Every row of {name} lacks a number.", "Choose other columns, or fill the missing numbers."
            )
        self._check_sizes()
        if dropped := int(missing.sum()):
            self.points = self.points[~missing]
            self.weights = None if self.weights is None else self.weights[~missing]
            self.notes.append(
                "1 row with a missing number was dropped."
                if dropped == 1
                else f"{dropped:,} rows with missing numbers were dropped."
            )
        if len(self.points) == 1:
            raise FileError(f"{name} holds a single point, which is no distribution.", "Choose a file with more rows.")
        if self.weights is not None:
            check_weights(self.weights, name)
        if np.array_equal(self.points.min(axis=0), self.points.max(axis=0)):
            raise FileError(
                f"All {len(self.points):,} points of {name} are equal, so there is no distribution to learn.",
                "Choose other columns or another file.",
            )

    def _check_sizes(self) -> None:
        bad = np.abs(self.points) > LARGEST
        if not bad.any():
            return
        row = int(np.argmax(bad.any(axis=1)))
        value = self.points[row][bad[row]][0]
        what = "an infinite number" if np.isinf(value) else f"the number {value:g}, which is too large"
        raise FileError(f"{self.name}, row {row + 1} of the numbers holds {what}.", "Correct or remove that row.")

    def target(self, params: Mapping[str, ParamValue]) -> TargetSpec:
        """The target made of clean points, blurred where they have no density; the notes say so.

        Raises:
            UserError: wrong parameters.
        """
        data = {"points": frozen_array(np.ascontiguousarray(self.points))}
        if self.weights is not None:
            data["weights"] = frozen_array(np.ascontiguousarray(self.weights))
        spec = TargetSpec("points", dict(params), data, self.name)
        where = self._flat() or without_density(self.points, build(spec).frame)
        if where and "jitter" not in spec.params:
            spec = replace(spec, params={**spec.params, "jitter": JITTER})
            self.notes.append(
                f"{where}, where there is no density, so Gaussian noise is added to each draw; "
                f"the parameter jitter ({JITTER:g}) is its width in units of the stage."
            )
        elif where and float(spec.params["jitter"]) == 0:
            self.notes.append(
                f"{where}, where there is no density: the NLL falls without end unless jitter is above 0."
            )
        if outliers := far_away(self.points):
            self.notes.append(outliers)
        return spec

    def _flat(self) -> str:
        dim = self.points.shape[1]
        constant = [self.names[axis] for axis in range(dim) if np.ptp(self.points[:, axis]) == 0]
        flat = "line" if dim == 2 else "plane"
        return f"{constant[0]} is constant: all points lie on one {flat}" if constant else ""


def check_weights(weights: Array, name: str) -> None:
    """Whether weights (n,) can be weights.

    Raises:
        FileError: one is negative or infinite, or all are zero.
    """
    bad = ~np.isfinite(weights) | (weights < 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise FileError(f"{name} has the weight {weights[row]:g} at point {row + 1}.", "Weights are 0 or more.")
    if not weights.max() > 0:
        raise FileError(f"All weights of {name} are zero, so that no point counts.", "Give some a weight above 0.")
