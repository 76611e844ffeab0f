"""The fixed-step solvers that training differentiates through, each written as a list of stages.

Euler, midpoint and the classic Runge-Kutta method of order 4 are those of `_ode`. "gauss" takes the positions of its
stages from the step before as well (an explicit two-step Runge-Kutta method; Jackiewicz & Tracogna 1995, A general
class of two-step Runge-Kutta methods for ordinary differential equations, SIAM J. Numer. Anal. 32):

- the stages of a step sit at the three Gauss-Legendre points, whose quadrature is exact up to degree 5;
- the position of a stage is the start of the step plus the integral, up to the stage's time, of the polynomial through
  the newest velocities: two from the step before, and those of this step that are known already.

Every evaluation serves the quadrature of points, divergence and costs, where midpoint throws away every other one.
Order 3, since two velocities from before predict the first position of a step to that order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flowviz.flows._ode import stage_times

GAUSS = "gauss"
POINTS = 3
FROM_BEFORE = 2


class Stage(NamedTuple):
    """One velocity evaluation.

    Attributes:
        node: which of the scheme's times it looks at.
        weight: in the quadrature over the whole way, which has length 1.
        first: number, counted from the beginning of the solve, of the first stage whose velocity it reads.
        reads: its position is the start of its step plus this much of the velocities first, first + 1, ...
    """

    node: int
    weight: float
    first: int = 0
    reads: tuple[float, ...] = ()


class Scheme(NamedTuple):
    """A whole solve over a way of length 1.

    Attributes:
        times: the distinct times at which it looks at the field, in order, 0 to 1.
        steps: the stages of each step.
    """

    times: tuple[float, ...]
    steps: tuple[tuple[Stage, ...], ...]

    @property
    def evaluations(self) -> int:
        """Velocity evaluations."""
        return sum(map(len, self.steps))

    @property
    def divergences(self) -> int:
        """Evaluations that need the divergence as well."""
        return sum(stage.weight != 0 for stages in self.steps for stage in stages)


@lru_cache(maxsize=256)
def scheme(name: str, steps: int) -> Scheme:
    """`steps` equal steps of the named solver: "euler", "midpoint", "rk4" or "gauss"."""
    return _gauss(steps) if name == GAUSS else _runge_kutta(name, steps)


# (share of the step that the velocity before moves a stage, weight, place in `stage_times` from the step's own)
_TABLEAUS = {
    "euler": ((0.0, 1.0, 0),),
    "midpoint": ((0.0, 0.0, 0), (0.5, 1.0, 1)),
    "rk4": ((0.0, 1 / 6, 0), (0.5, 1 / 3, 1), (0.5, 1 / 3, 1), (1.0, 1 / 6, 2)),
}


def _runge_kutta(name: str, steps: int) -> Scheme:
    tableau, found = _TABLEAUS[name], []
    for step in range(steps):
        node = step * (1 if name == "euler" else 2)
        stages = []
        for i, (shift, weight, place) in enumerate(tableau):
            before = step * len(tableau) + i - 1
            reads = (shift / steps,) if shift else ()
            stages.append(Stage(node + place, weight / steps, before if shift else 0, reads))
        found.append(tuple(stages))
    return Scheme(tuple(stage_times(0.0, 1.0, steps, name)), tuple(found))


def _gauss(steps: int) -> Scheme:
    roots, weights = np.polynomial.legendre.leggauss(POINTS)
    nodes, weights = (roots + 1) / 2, weights / 2
    # The very first stage only looks where to go: the first step has no step before it.
    times, found = [0.0], []
    for step in range(steps):
        stages = [Stage(0, 0.0)] if step == 0 else []
        for i in range(POINTS):
            first = max(0, len(times) - FROM_BEFORE - i)
            known = np.array(times[first:]) * steps - step
            reads = _integral(known, nodes[i]) / steps
            stages.append(Stage(len(times), float(weights[i] / steps), first, tuple(reads.tolist())))
            times.append((step + float(nodes[i])) / steps)
        found.append(tuple(stages))
    return Scheme(tuple(times), tuple(found))


def _integral(known: np.ndarray, end: float) -> np.ndarray:
    """Weights (k,) of values at times `known` (k,) in the integral from 0 to `end` of the polynomial through them."""
    powers = np.arange(len(known))
    return np.asarray(np.linalg.solve(np.vander(known, increasing=True).T, end ** (powers + 1) / (powers + 1)))
