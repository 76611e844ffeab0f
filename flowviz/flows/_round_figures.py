"""What one round of reflow comes to: how straight its paths are, what they cost, and how few solver steps do."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from flowviz.core.frames import ROUND_MISS
from flowviz.flows._coupling import exact
from flowviz.flows._divergence import velocity
from flowviz.flows._nets import FieldNet
from flowviz.flows._ode import State, integrate

POINTS = 500
FINE = 40
"""RK4 steps that stand for the flow itself."""
EULER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Numbers of Euler steps that are tried."""


class RoundFigures(NamedTuple):
    """Of one round; see RoundInfo. No number of Euler steps that does is 0 here."""

    straightness: float
    energy: float
    euler_steps: float
    miss: float
    w2: float


@torch.no_grad()
def round_figures(net: FieldNet, flat: Tensor, start: Tensor, data: Tensor) -> RoundFigures:
    """The figures of the field with these weights, from points of the source to as many of the data, both (n, d).

    Straightness is E|z1 - z0|^2 over the energy E int |v|^2 dt of Benamou and Brenier (energy times one less the
    straightness is the S of Liu, Gong & Liu 2023, arXiv 2209.03003, equation 8). W2 is that of the exact assignment.
    """
    ends, energy = _paths(net, flat, start, FINE)
    moved = float((ends - start).square().sum(1).mean())
    steps, miss = 0.0, 0.0
    for count in EULER:
        missed = float((_euler(net, flat, start, count) - ends).norm(dim=1).mean())
        miss = missed if count == 1 else miss
        if missed < ROUND_MISS:
            steps = float(count)
            break
    w2 = float(exact(ends, data, len(ends)).cost().sqrt())
    return RoundFigures(moved / energy if energy > 0 else 1.0, energy, steps, miss, w2)


def _paths(net: FieldNet, flat: Tensor, x: Tensor, steps: int) -> tuple[Tensor, float]:
    """Where points (n, d) end, and the energy of their ways by the midpoint rule."""
    layers = net.at(flat, [i / (2 * steps) for i in range(2 * steps + 1)])

    def field(y: Tensor, t: float) -> State:
        return (velocity(y, layers[round(2 * steps * t)]),)

    energy = 0.0
    for i in range(steps):
        middle = integrate(field, (x,), i / steps, (i + 0.5) / steps, 1, "euler")[0]
        energy += float(field(middle, (i + 0.5) / steps)[0].square().sum(1).mean()) / steps
        x = integrate(field, (x,), i / steps, (i + 1) / steps, 1, "rk4")[0]
    return x, energy


def _euler(net: FieldNet, flat: Tensor, x: Tensor, steps: int) -> Tensor:
    for layers in net.at(flat, [i / steps for i in range(steps)]):
        x = x + velocity(x, layers) / steps
    return x
