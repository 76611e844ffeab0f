"""What flows made of a chain of blocks share: how points, densities and velocities come from the blocks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.flows._base import Flow, HasBlocks, HasLogDensity, HasVelocity, Transport, VelocityFunction
from flowviz.flows._block import Block
from flowviz.flows._chain import chain_velocity, follow, traceable_chain
from flowviz.flows._nets import BlockNet
from flowviz.flows._ode import in_chunks, standard_normal_log_density
from flowviz.flows.gaussian_paths import HasGaussianPath


class ChainFlow(Flow, HasLogDensity, HasVelocity, HasBlocks, HasGaussianPath):
    """A flow through blocks that run from data to noise, N(0, I), each in its own time."""

    @abstractmethod
    def _chain(self) -> tuple[BlockNet, list[Block], list[float]]:
        """The blocks' network, the blocks that have begun, nearest the data first, and the flow times between all."""

    @torch.no_grad()
    def transport(self, x: Tensor, times: Sequence[float], solver: Solver = METHOD_SOLVER) -> Transport:
        """Move points (n, d) from times[0] along the flow to every one of the monotone times."""
        solution = in_chunks(lambda state: follow(*self._chain(), state, times, solver), (x,), solver)
        return Transport(solution.paths(), solution.nfe, solution.grid)

    @torch.no_grad()
    def log_density(self, x: Tensor, t: float = 1.0, solver: Solver = METHOD_SOLVER) -> Tensor:
        """Natural log-density (n,) of the push-forward of N(0, I) at flow time t, by solving back to t = 0."""
        start = (x, x.new_zeros(len(x)))
        solution = in_chunks(lambda state: follow(*self._chain(), state, [t, 0.0], solver), start, solver)
        z, gained = solution.states[-1]
        return standard_normal_log_density(z) + gained

    @torch.no_grad()
    def velocity(self, x: Tensor, t: float) -> Tensor:
        """dx/dt (n, d) at points (n, d) and flow time t, per unit of flow time from noise to data."""
        return chain_velocity(*self._chain(), x, t)

    def traceable(self) -> VelocityFunction | None:
        """The chain's field."""
        return traceable_chain(*self._chain())
