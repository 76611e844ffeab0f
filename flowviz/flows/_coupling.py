"""Which source point goes with which data point: nobody's choice, the cheapest assignment, or an entropic plan.

Any doubly stochastic coupling of a minibatch keeps both marginals (Pooladian et al. 2023, arXiv 2304.14772, lemma
4.1), so that the flow ends at the data whichever is taken; cheaper pairs make straighter paths and a smaller loss.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from flowviz.core.spec import Array

BLOCK, KINSHIP = 128, 0.6
"""Points among which the cheapest pairs are sought, and the correlation of their coordinates that a network starts
from: below that of most such pairs, for a source off the centre has less."""
ROUNDS = 300
"""Most Sinkhorn rounds on a block.

Blocks of 128 points with eps = 0.5 (sigma = 0.5) settle within 60 rounds, in 1 ms, and with eps = 0.18 within 100; with
eps = 0.08 they need 300, in 5 ms, for column sums within 0.3 %, where 100 would leave them 2 to 5 % off.
"""
SETTLED = 1e-3
"""Relative error of the column sums at which they end."""
DEEPEST = 1500.0
"""Largest reduced cost, in units of eps, with which Sinkhorn rounds get anywhere."""


class Pairs(NamedTuple):
    """x0 (n, d) of the source, each with its x1 (n, d) of the data."""

    x0: Tensor
    x1: Tensor

    def cost(self) -> Tensor:
        """Mean squared distance, ()."""
        return (self.x1 - self.x0).square().sum(1).mean()


class Reused:
    """Batches of pairs of which a quarter is new: pairing costs more than a training step, and a pair serves again.

    A pair is looked at in USES batches that follow each other, each time at another time t.

    Args:
        make: n -> that many fresh pairs.
    """

    USES = 4

    def __init__(self, make: Callable[[int], Pairs]) -> None:
        self._make = make
        self._groups: deque[Pairs] = deque(maxlen=self.USES)

    def take(self, n: int) -> Pairs:
        """n pairs."""
        size = -(-n // self.USES)
        if self._groups and len(self._groups[0].x0) != size:
            self._groups.clear()
        for _ in range(self.USES - len(self._groups) or 1):
            self._groups.append(self._make(size))
        x0, x1 = (torch.cat(parts)[:n] for parts in zip(*self._groups, strict=True))
        return Pairs(x0, x1)


def exact(x0: Tensor, x1: Tensor, block: int) -> Pairs:
    """The cheapest assignment within every block of so many points (Tong et al. 2024, arXiv 2302.00482, section 3.3).

    Args:
        x0, x1: (n, d), (n, d) in random order.
        block: points of a block; its work grows with the cube.
    """
    from scipy.optimize import linear_sum_assignment

    order = np.arange(len(x0))
    for rows, cost in _blocks(x0, x1, block):
        order[rows] = rows.start + linear_sum_assignment(cost)[1]
    return Pairs(x0, x1[torch.from_numpy(order).to(x1.device)])


def entropic(x0: Tensor, x1: Tensor, block: int, eps: float, generator: torch.Generator) -> Pairs:
    """Pairs drawn from the plan of least E|x0 - x1|^2 + eps KL(plan || product) within every block.

    With eps = 2 sigma^2 these are the ends of the Schroedinger bridge of a Brownian motion of variance sigma^2
    (Tong et al. 2024, arXiv 2302.00482, proposition 3.4).

    Args:
        generator: on the CPU.
    """
    order = np.arange(len(x0))
    for rows, cost in _blocks(x0, x1, block):
        plan = sinkhorn(cost, eps)
        edges = np.cumsum(plan, axis=1)
        u = torch.rand(len(plan), 1, generator=generator, dtype=torch.float64).numpy() * edges[:, -1:]
        order[rows] = rows.start + np.minimum((edges < u).sum(axis=1), len(plan) - 1)
    return Pairs(x0, x1[torch.from_numpy(order).to(x1.device)])


def sinkhorn(cost: Array, eps: float) -> Array:
    """The plan (n, n) that minimises <plan, cost> + eps KL(plan || product) with equal masses 1/n (Cuturi 2013).

    Its rows sum to 1/n exactly; its columns do as far as the rounds have come. Where eps is so small that the plan
    is practically the cheapest assignment, it is that.
    """
    n = len(cost)
    if n == 0:
        return np.zeros((0, 0))
    # Constants of a row or a column change nothing; with these, every row and column of the kernel holds a 1.
    scaled = (cost - cost.min(axis=1, keepdims=True)) / eps
    scaled = scaled - scaled.min(axis=0)
    if scaled.max() > DEEPEST:
        return _assignment(cost)
    kernel = np.exp(-scaled)
    u, v = np.full(n, 1.0), np.full(n, 1.0)
    for i in range(ROUNDS):
        columns = kernel.T @ u
        if i % 5 == 4 and np.abs(v * columns * n - 1).max() < SETTLED:
            break
        v = 1 / (n * np.maximum(columns, 1e-300))
        u = 1 / (n * np.maximum(kernel @ v, 1e-300))
    return np.asarray(u[:, None] * kernel * v)


def _assignment(cost: Array) -> Array:
    from scipy.optimize import linear_sum_assignment

    plan = np.zeros(cost.shape)
    plan[linear_sum_assignment(cost)] = 1 / len(cost)
    return plan


def _blocks(x0: Tensor, x1: Tensor, block: int) -> list[tuple[slice, Array]]:
    """Rows of each block, and the squared distances between its points; those that are no numbers count as 0."""
    parts = []
    for start in range(0, len(x0), block):
        rows = slice(start, min(len(x0), start + block))
        cost = torch.cdist(x0[rows].double(), x1[rows].double()).square() if x0.device.type != "mps" else (
            torch.cdist(x0[rows], x1[rows]).square())  # fmt: skip
        parts.append((rows, np.nan_to_num(cost.cpu().numpy().astype(np.float64), nan=0.0, posinf=1e300)))
    return parts
