"""What looking at a trained flow costs with torchdiffeq: trajectories and exact densities, one solve a block."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchdiffeq import odeint

from tests.bench.reference.cnf import WithDivergence, normal_log_density
from tests.bench.reference.network import ReferenceNet

TOLERANCE = 1e-5


@torch.no_grad()
def trajectories(blocks: Sequence[ReferenceNet], x: Tensor, times: int, reverse: bool) -> Tensor:
    """Paths (about `times`, n, d) of noise (n, d) through blocks, the one nearest the data first, by dopri5.

    Args:
        blocks: velocity fields.
        x: starting points.
        times: how many times are asked for over all blocks together.
        reverse: whether the fields lead from data to noise, so that they are solved from 1 back to 0.
    """
    ends = (1.0, 0.0) if reverse else (0.0, 1.0)
    grid = torch.linspace(*ends, max(2, round((times - 1) / len(blocks)) + 1), dtype=x.dtype)
    paths = [x.unsqueeze(0)]
    for block in reversed(blocks):
        legs = odeint(block, paths[-1][-1], grid, rtol=TOLERANCE, atol=TOLERANCE, method="dopri5")
        paths.append(legs[1:])
    return torch.cat(paths)


@torch.no_grad()
def log_density(blocks: Sequence[ReferenceNet], x: Tensor, reverse: bool) -> Tensor:
    """log p (n,) at points (n, d), solved from data to noise; the divergence by autograd."""
    # `reverse` as above: fields that lead from data to noise run from 0 to 1, the others from 1 to 0.
    span = torch.tensor([0.0, 1.0] if reverse else [1.0, 0.0], dtype=x.dtype)
    gained = torch.zeros_like(x[:, 0])
    for block in blocks:
        path, sums = odeint(WithDivergence(block), (x, gained), span, rtol=TOLERANCE, atol=TOLERANCE, method="dopri5")
        x, gained = path[-1].detach(), sums[-1].detach()
    return normal_log_density(x) + gained
