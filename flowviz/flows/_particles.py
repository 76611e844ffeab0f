"""Sums of Gaussian kernels over a cloud of particles, and the forces of functionals of its density."""

from __future__ import annotations

import math

import torch
from torch import Tensor

FLOOR = 0.1
"""delta of `entropy_force`, in units of what a lone particle's own kernel is where it sits."""
AT_ONCE = 1000
"""Points whose kernels with all particles are held at once."""


def log_kernel_mean(x: Tensor, cloud: Tensor, width: float) -> Tensor:
    """log of the mean of N(x; y_j, width^2 I) over a cloud y (m, d), at points x (n, d): (n,)."""
    d = x.shape[1]
    parts = [torch.logsumexp(_exponents(part, cloud, width), dim=1) for part in x.split(AT_ONCE)]
    total = torch.cat(parts) if parts else x.new_zeros(0)
    return total - math.log(len(cloud)) - 0.5 * d * math.log(2 * math.pi * width**2)


def kernel_score(x: Tensor, cloud: Tensor, width: float) -> Tensor:
    """The gradient of `log_kernel_mean` by x (n, d)."""
    parts = [torch.softmax(_exponents(part, cloud, width), dim=1) @ cloud - part for part in x.split(AT_ONCE)]
    return torch.cat(parts) / width**2 if parts else x


def crowding(cloud: Tensor, width: float) -> Tensor:
    """FLOOR + sum_k exp(-|y_j - y_k|^2 / (2 width^2)) at every particle of a cloud (m, d): (m,)."""
    return _exponents(cloud, cloud, width).exp().sum(1) + FLOOR


def entropy_force(x: Tensor, cloud: Tensor, crowd: Tensor, width: float) -> Tensor:
    """-grad of the first variation of int rho log(K * rho + delta), K a Gaussian, where rho is the cloud: (n, d).

    -grad log(K * rho + delta) - grad K * (rho / (K * rho + delta)): the blob method of Carrillo, Craig & Patacchini
    2019 (Calc. Var. 58, arXiv 1709.09195), section 3, the Wasserstein gradient flow of that energy, which tends to the
    entropy as the kernel narrows. delta is there for points beyond the cloud, which it would push ever further.

    Args:
        x: points (n, d).
        cloud: particles (m, d).
        crowd: `crowding` of the cloud.
        width: of the kernel.
    """
    d, ones = cloud.shape[1], cloud.new_ones(len(cloud), 1)
    table = torch.cat([cloud, ones, cloud / crowd.unsqueeze(1), ones / crowd.unsqueeze(1)], dim=1)
    parts = []
    for part in x.split(AT_ONCE):
        near, mass, far, share = (_exponents(part, cloud, width).exp() @ table).split([d, 1, d, 1], dim=1)
        parts.append((part * mass - near) / (mass + FLOOR) + part * share - far)
    return torch.cat(parts) / width**2 if parts else x


def _exponents(x: Tensor, cloud: Tensor, width: float) -> Tensor:
    """-|x_i - y_j|^2 / (2 width^2) (n, m)."""
    squares = x.square().sum(1, keepdim=True) + cloud.square().sum(1)
    return torch.addmm(squares, x, cloud.t(), beta=-0.5 / width**2, alpha=1 / width**2)
