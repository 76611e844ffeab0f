"""A CNF as FFJORD describes it: an adaptive solver, the adjoint equation, the divergence by autograd."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torchdiffeq import odeint, odeint_adjoint

from tests.bench.reference.network import ReferenceNet


class WithDivergence(nn.Module):
    """(x, l) -> (v, div v), the divergence as the trace of d vector-Jacobian products."""

    def __init__(self, net: ReferenceNet) -> None:
        super().__init__()
        self.net = net
        self.evaluations = 0

    def forward(self, t: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Rates of points (n, d) and of the log-density (n,)."""
        self.evaluations += 1
        x = state[0]
        with torch.enable_grad():
            x = x.requires_grad_(True)
            v = self.net(t, x)
            divergence = torch.zeros_like(v[:, 0])
            for i in range(x.shape[1]):
                (row,) = torch.autograd.grad(v[:, i].sum(), x, create_graph=True)
                divergence = divergence + row[:, i]
        return v, divergence


def normal_log_density(z: Tensor) -> Tensor:
    """log N(z; 0, I) (n,)."""
    return -0.5 * (z**2).sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


def cnf_loss(net: ReferenceNet, x: Tensor, tolerance: float = 1e-5, adjoint: bool = True) -> Tensor:
    """-E log p(x) over a batch (n, d): log p(x) = log N(z) - int_0^1 div v dt, dopri5 from t = 1 back to 0.

    Chen et al. 2018 (arXiv 1806.07366), equation 8; Grathwohl et al. 2019 (arXiv 1810.01367), equation 4.
    """
    solver = odeint_adjoint if adjoint else odeint
    span = torch.tensor([1.0, 0.0], dtype=x.dtype, device=x.device)
    start = (x, torch.zeros_like(x[:, 0]))
    z, gained = solver(WithDivergence(net), start, span, rtol=tolerance, atol=tolerance, method="dopri5")
    return -(normal_log_density(z[-1]) + gained[-1]).mean()


class CnfTrainer:
    """FFJORD's training: Adam on fresh batches.

    Args:
        net: trained in place.
        decay: weight decay.
    """

    def __init__(self, net: ReferenceNet, learning_rate: float = 1e-3, decay: float = 1e-5) -> None:
        self.net = net
        self.adam = torch.optim.Adam(net.parameters(), lr=learning_rate, weight_decay=decay)

    def step(self, x: Tensor) -> Tensor:
        """One step; the loss before it."""
        self.adam.zero_grad()
        loss = cnf_loss(self.net, x)
        loss.backward()
        self.adam.step()
        return loss.detach()
