"""The times of a chain of JKO steps: step sizes, re-timing to equal distances, and each block's part of flow time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEAST_SHARE = 0.3
"""Of an equal part of flow time: what a block gets at least, so that it can be seen and clicked."""


def step_size(k: int, h0: float, rho: float, h_max: float) -> float:
    """h_k = min(rho^k h0, h_max): the schedule of JKO-iFlow's released runs (arXiv 2212.14424)."""
    if k * math.log(rho) > 600:  # rho^k is too large for a number
        return h_max
    return min(rho**k * h0, h_max)


def equalised(steps: Sequence[float], distances: Sequence[float], eta: float) -> list[float]:
    """JKO steps (n,) of the same total, re-timed so that blocks cover more nearly equal distances.

    The chain's arc length as a function of time is taken to be linear within each block; the times at which it has
    gone equal parts of the way are the goal, and `eta` of the way there is gone. Xu, Cheng & Xie 2023
    (arXiv 2212.14424), section 4.3 and Algorithm 2.

    Args:
        steps: h_k, finite.
        distances: W2 = sqrt(E|x(1)-x(0)|^2) that each block covers now.
        eta: in (0, 1].
    """
    times = np.concatenate([[0.0], np.cumsum(steps)])
    # A block that stands still must not take a time of its own away from the others' inverse function.
    lengths = np.maximum(distances, 1e-6 * max(float(np.mean(distances)), 1e-300))
    arc = np.concatenate([[0.0], np.cumsum(lengths)])
    goal = np.interp(np.linspace(0.0, arc[-1], len(times)), arc, times)
    return [float(h) for h in np.diff((1 - eta) * times + eta * goal)]


def overlaps(old: Sequence[float], new: Sequence[float]) -> list[list[float]]:
    """Which parts of the old blocks each new one covers: row k holds the covered part of every old block, in [0, 1].

    Args:
        old, new: step sizes of the same total.
    """
    before = np.concatenate([[0.0], np.cumsum(old)])
    after = np.concatenate([[0.0], np.cumsum(new)])
    after *= before[-1] / after[-1]
    places = np.interp(after, before, np.arange(len(before)))  # in old blocks
    places[-1] = len(old)
    k = np.arange(len(old))
    rows = np.clip(np.minimum(places[1:, None], k + 1) - np.maximum(places[:-1, None], k), 0.0, 1.0)
    return [[float(part) for part in row] for row in rows]


def shares_of(distances: Sequence[float]) -> list[float]:
    """Parts of flow time in proportion to distances, none under LEAST_SHARE of an equal part; their mean is 1."""
    mean = float(np.mean(distances))
    if not math.isfinite(mean) or mean <= 0:
        return [1.0] * len(distances)
    return [LEAST_SHARE + (1 - LEAST_SHARE) * d / mean for d in distances]


def edges_of(shares: Sequence[float]) -> list[float]:
    """Flow times (n + 1,) between blocks with these parts of it, nearest the data first: from 1 down to 0."""
    total = math.fsum(shares)
    inner = [1 - math.fsum(shares[:k]) / total for k in range(1, len(shares))]
    return [1.0, *inner, 0.0]
