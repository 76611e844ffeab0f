"""Random paths: steps of a stochastic differential equation from one asked time to the next."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from flowviz.flows._base import Transport
from flowviz.flows._ode import steps_for

Move = Callable[[Tensor, float, float, Tensor], Tensor]
"""(points (n, d), their time, the next time, standard normal draws (n, d)) -> points at the next time."""


def wander(
    x: Tensor, times: Sequence[float], steps: int, generator: torch.Generator, move: Move, cost: int
) -> Transport:
    """Points (n, d), which sit at times[0], moved at random to every one of the monotone times.

    Args:
        x: the points.
        times: flow times.
        steps: equal steps for the whole of flow time; each stretch between two asked times takes its share of them.
        generator: of the random draws, on the device of x.
        move: one step.
        cost: velocity evaluations that it takes.
    """
    paths, nfe, grid = [x], 0, [times[0]]
    for begin, end in itertools.pairwise(times):
        parts = steps_for(steps, end - begin) if end != begin else 0
        for i in range(parts):
            z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
            grid.append(begin + (end - begin) * (i + 1) / parts)
            x = move(x, begin + (end - begin) * i / parts, grid[-1], z)
        nfe += cost * parts
        paths.append(x)
    return Transport(torch.stack(paths), nfe, tuple(grid))
