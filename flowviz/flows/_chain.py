"""Flow time over a chain of blocks: block k of n fills [edges[k+1], edges[k]]; a block not begun is the identity."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from flowviz.core.solver import Solver
from flowviz.flows._base import VelocityFunction
from flowviz.flows._block import Block
from flowviz.flows._divergence import Instant, velocity, velocity_and_divergence
from flowviz.flows._nets import BlockNet, Moments
from flowviz.flows._ode import Field, Solution, State, solve, steps_for

Edges = Sequence[float]
"""Flow times (n + 1,) between n blocks, nearest the data first: falling from 1 to 0."""


def chain_velocity(net: BlockNet, blocks: Sequence[Block], edges: Edges, x: Tensor, t: float) -> Tensor:
    """dx/dt (n, d) at flow time t: the block's velocity, reversed and scaled to its share of flow time.

    At a boundary the block nearer the data counts.
    """
    planned = len(edges) - 1
    k = bisect.bisect_left([1 - edge for edge in edges], 1 - t - 1e-9 / planned) - 1
    k = min(planned - 1, max(0, k))
    if k >= len(blocks):
        return x.new_zeros(x.shape)
    return _field(net, blocks[k], edges, k, (x,))(x, t)[0]


def traceable_chain(net: BlockNet, blocks: Sequence[Block], edges: Edges) -> VelocityFunction:
    """`chain_velocity` as a function of tensors alone: the block is looked up, not branched to."""
    planned = len(edges) - 1
    known = [block.average.detach().to("cpu", torch.float32) for block in blocks]
    flats = torch.stack([*known, *[torch.zeros(net.size)] * (planned - len(known))])
    starts = 1 - torch.tensor(edges, dtype=torch.float64)
    rates = torch.tensor([_rate(edges, k) for k in range(planned)], dtype=torch.float32)

    def field(x: Tensor, t: Tensor) -> Tensor:
        place = 1 - t.to(torch.float64) - 1e-9 / planned
        k = ((starts < place).sum() - 1).clamp(0, planned - 1).reshape(1)
        s = (place - starts.index_select(0, k)[0]).to(torch.float32) * -rates.index_select(0, k)[0]
        layers = net.at(flats.index_select(0, k)[0], [cast(float, s)])[0]
        return velocity(x, layers) * rates.index_select(0, k)

    return field


def follow(
    net: BlockNet,
    blocks: Sequence[Block],
    edges: Edges,
    state: State,
    times: Sequence[float],
    solver: Solver,
) -> Solution:
    """States at every one of the monotone flow times, starting from `state` = (x,) or (x, accumulator) at times[0].

    Each block is solved by itself, with at least one step, since the velocity jumps from block to block; a solver's
    steps are shared equally among the blocks. An accumulator collects the integral of div(dx/dt) dt.
    """
    planned = len(edges) - 1
    forward = times[-1] >= times[0]
    states: list[State] = []
    nfe, grid = 0, [times[0]]
    # Legs in the order of travel: (block index, flow time at entry, at exit).
    order = range(planned - 1, -1, -1) if forward else range(planned)
    for k in order:
        low, high = edges[k + 1], edges[k]
        enter, leave = (max(low, times[0]), min(high, times[-1])) if forward else (
            min(high, times[0]), max(low, times[-1]))  # fmt: skip
        if (leave - enter if forward else enter - leave) <= 1e-12:
            continue
        rest = times[len(states) :]
        here = [t for t in rest if (t <= leave + 1e-12 if forward else t >= leave - 1e-12)]
        if k >= len(blocks):
            states += [state] * len(here)
            continue
        stops = [enter, *(min(max(t, min(enter, leave)), max(enter, leave)) for t in here), leave]
        per_block = math.ceil(solver.steps / planned) if solver.steps else blocks[k].own_steps
        steps = steps_for(per_block, (leave - enter) / (high - low))
        field = _field(net, blocks[k], edges, k, state)
        leg = solve(field, state, stops, solver.name, steps, solver.tolerance)
        states += leg.states[1:-1]
        state = leg.states[-1]
        nfe += leg.nfe
        grid += leg.grid[1:]
    states += [state] * (len(times) - len(states))
    return Solution(states, nfe, tuple(grid))


def _rate(edges: Edges, k: int) -> float:
    """d(block time) / d(flow time) of block k: negative, for a block runs from data to noise."""
    return -1.0 / (edges[k] - edges[k + 1])


def _field(net: BlockNet, block: Block, edges: Edges, k: int, state: State) -> Field:
    at, rate = Moments(net, block.average.to(state[0].dtype)), _rate(edges, k)

    def layers(t: float) -> Instant:
        return at((t - edges[k]) * rate if net.features else 0.0)

    if len(state) == 1:
        return lambda y, t: (velocity(y, layers(t)) * rate,)

    def field(y: Tensor, t: float) -> State:
        v, divergence = velocity_and_divergence(y, layers(t))
        return v * rate, divergence * rate

    return field
