"""Loaded points that have no density, or whose scale a few of them set: what to say, and what to do about it.

On a set of area zero that holds mass (a point, a line) the likelihood has no upper bound: the NLL falls
without end and the flow learns nothing more. Gaussian noise of width s bounds it, at about log s per
direction that the set lacks.
"""

from __future__ import annotations

import math

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._base import Frame
from flowviz.targets.points import AUTOMATIC, standardising_frame

JITTER = 0.02  # standard deviation in the shared frame, where the data has 1.5: narrow, and quickly learnt
CELL = 3e-3  # what lies closer than this in the shared frame is one place
MOST_PLACES = 10
NEARLY_ALL, HALF = 0.9, 0.5  # shares of the points in ten places, and in a single one, that make a degenerate target
WORTH_COUNTING = 0.01  # share of the points below which a place is not spoken of
FAR = 30.0  # in the shared frame: twenty standard deviations
FEW = 0.01  # share of the points up to which those far away are outliers
_MIX = np.array([1.0, math.pi * 1e3, math.e * 1e6])
_LOOK = 200_000  # points that are looked at


def without_density(points: Array, frame: Frame) -> str:
    """On what nearly all points lie, where that has no density; "" where nothing is wrong.

    Looks for at most ten places, and for at most ten parallel lines (in space: planes): across an axis of the
    shared frame, or across the direction of the least variance. Curves that carry all points are not found.

    Args:
        points: (n, d) float64 in the data's own units, not all equal.
        frame: the frame in which they are learnt.
    """
    x = _looked_at(frame.to_shared(points))
    places, share = _fullest(x)
    if places:
        return f"{_share(share)} lie in {_count(places, 'place')}"
    # the central 99 % of each axis, so that one wild point does not turn the direction
    low, high = np.quantile(x, (0.005, 0.995), axis=0)
    central = x[np.all((x >= low) & (x <= high), axis=1)]
    narrow = np.linalg.eigh(np.cov(central if len(central) > 2 else x, rowvar=False))[1][:, 0]
    found = [_fullest(along) for along in (*x.T, (x - np.median(x, axis=0)) @ narrow)]
    lines, share = min((one for one in found if one[0]), default=(0, 0.0))
    if not lines:
        return ""
    return f"{_share(share)} lie on {_count(lines, 'straight line' if x.shape[1] == 2 else 'plane')}"


def far_away(points: Array) -> str:
    """A sentence about a few points so far away that they rule the scale or the loss; "" without such points.

    Args:
        points: (n, d) float64 in the data's own units, not all equal.
    """
    x = standardising_frame(points, AUTOMATIC).to_shared(points)
    middle = np.median(x, axis=0)
    distance = np.abs(x - middle).max(axis=1)
    near = distance < CELL
    alone = int(len(x) - near.sum())
    if near.mean() >= NEARLY_ALL and np.any(np.ptp(points[near], axis=0) > 0):
        who, sets, them = _few(alone, "sets", "set")
        rest = f"and the others shrink to a dot; remove {them} to see the rest."
        return f"{who} far away {sets} the scale of the data, {rest}"
    outliers = int((distance > FAR).sum())
    if not 0 < outliers <= max(1, FEW * len(x)):
        return ""
    who, weighs, them = _few(outliers, "lies", "lie")
    return (
        f"{who} {weighs} more than {FAR / 1.5:.0f} standard deviations from the rest and can outweigh all others "
        f"in the loss; remove {them} if training is unsteady."
    )


def _fullest(values: Array) -> tuple[int, float]:
    """The number of cells that hold nearly all values (n,) or (n, d) (or one of them half), and their share of
    the values; (0, 0.0) where the values are spread out."""
    cells = np.round(values.reshape(len(values), -1) / CELL)
    keys = cells @ _MIX[: cells.shape[1]]  # one number for each cell, so that sorting them is quick
    counts = np.sort(np.unique(keys, return_counts=True)[1])[::-1]
    shares = np.cumsum(counts[:MOST_PLACES]) / len(values)
    if shares[-1] >= NEARLY_ALL:
        few = max(1, int((counts[:MOST_PLACES] >= WORTH_COUNTING * len(values)).sum()))
        return few, float(shares[few - 1])
    return (1, float(shares[0])) if shares[0] >= HALF else (0, 0.0)


def _looked_at(x: Array) -> Array:
    return x[:: max(1, len(x) // _LOOK)]


def _share(share: float) -> str:
    return "All points" if share == 1 else f"{100 * share:.3g} % of the points"


def _count(n: int, what: str) -> str:
    return f"one {what}" if n == 1 else f"{n} {what}s"


def _few(n: int, one: str, more: str) -> tuple[str, str, str]:
    return ("1 point", one, "it") if n == 1 else (f"{n:,} points", more, "them")
