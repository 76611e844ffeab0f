"""A block of JKO-iFlow: three RK4 sub-steps, the adjoint equation, a finite difference along one probe."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torchdiffeq import odeint, odeint_adjoint

from tests.bench.reference.cnf import WithDivergence
from tests.bench.reference.network import ReferenceNet

SUB_STEPS = 3


class WithProbe(nn.Module):
    """(x, l) -> (v, (v(x + s e) - v(x)) . e / s) with one Gaussian probe e that stays the same over a solve.

    Hutchinson's estimate; MATH.md T4 gives its variance. s = 0.02 / sqrt(d).
    """

    def __init__(self, net: ReferenceNet, probe: Tensor) -> None:
        super().__init__()
        self.net = net
        self.probe = probe
        self.shift = 0.02 / math.sqrt(probe.shape[1])

    def forward(self, t: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Rates of points (n, d) and of the log-density (n,)."""
        x = state[0]
        v = self.net(t, x)
        moved = self.net(t, x + self.shift * self.probe)
        return v, ((moved - v) * self.probe).sum(1) / self.shift


def block_objective(x: Tensor, end: Tensor, gained: Tensor, h: float) -> Tensor:
    """E|x(1)|^2 / 2 - E int_0^1 div v ds + E|x(1) - x(0)|^2 / (2h): Xu, Cheng & Xie 2023, equation 7."""
    potential = 0.5 * (end**2).sum(1)
    transport = ((end - x) ** 2).sum(1) / (2 * h)
    return (potential - gained + transport).mean()


def jko_loss(net: ReferenceNet, x: Tensor, h: float, probe: Tensor) -> Tensor:
    """The objective of a block on a batch (n, d), as the paper's code estimates it."""
    return _solved(WithProbe(net, probe), x, h, SUB_STEPS)


def traced_jko_loss(net: ReferenceNet, x: Tensor, h: float, sub_steps: int) -> Tensor:
    """The same with the exact divergence by autograd: what the paper's way has to do to be accurate."""
    return _solved(WithDivergence(net), x, h, sub_steps)


def _solved(rates: nn.Module, x: Tensor, h: float, sub_steps: int) -> Tensor:
    grid = torch.linspace(0.0, 1.0, sub_steps + 1, dtype=x.dtype, device=x.device)
    start = (x, torch.zeros_like(x[:, 0]))
    path, gained = odeint_adjoint(rates, start, grid, method="rk4")
    return block_objective(x, path[-1], gained[-1], h)


def exact_jko_loss(net: ReferenceNet, x: Tensor, h: float, tolerance: float = 1e-9) -> Tensor:
    """The same objective with the exact divergence and a converged solver, differentiable without adjoint."""
    span = torch.tensor([0.0, 1.0], dtype=x.dtype, device=x.device)
    start = (x, torch.zeros_like(x[:, 0]))
    path, gained = odeint(WithDivergence(net), start, span, rtol=tolerance, atol=tolerance, method="dopri5")
    return block_objective(x, path[-1], gained[-1], h)


class JkoTrainer:
    """Training of one block: Adam on batches, a fresh probe for each.

    Args:
        net: trained in place; a field without time.
        h: size of the JKO step.
        exact_steps: sub-steps with the exact divergence; 0 for the paper's own estimate.
    """

    def __init__(self, net: ReferenceNet, h: float, learning_rate: float = 1e-3, exact_steps: int = 0) -> None:
        self.net = net
        self.h = h
        self.exact_steps = exact_steps
        self.adam = torch.optim.Adam(net.parameters(), lr=learning_rate)

    def step(self, x: Tensor) -> Tensor:
        """One step; the loss before it."""
        self.adam.zero_grad()
        if self.exact_steps:
            loss = traced_jko_loss(self.net, x, self.h, self.exact_steps)
        else:
            loss = jko_loss(self.net, x, self.h, torch.randn_like(x))
        loss.backward()
        self.adam.step()
        return loss.detach()
