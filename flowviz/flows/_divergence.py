"""Velocity of a two-hidden-layer tanh network together with its exact divergence, and their joint gradient.

For v(x) = W3 s(W2 s(W1 x + b1) + b2) + b3 the Jacobian is W3 D2 W2 D1 W1 with D_i = diag s_i', so

    div v = tr(W3 D2 W2 D1 W1) = s2'^T M s1',   M = W2 * (W1 W3)^T (elementwise),

one extra matrix product whatever the dimension, where autograd needs one pass per coordinate (the exact trace
of FFJORD, Grathwohl et al. 2019, arXiv 1810.01367, section 3.1, written out for this shape of network).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor


class Layers(NamedTuple):
    """The network at one instant, its time dependence already folded in.

    w1 (width, d), b1 (width), w2 (width, width), b2 (width), w3 (d, width), b3 (d), m (width, width).
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    m: Tensor


def divergence_matrix(w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """M = W2 * (W1 W3)^T, (width, width)."""
    return w2 * (w1 @ w3).t()


def velocity(x: Tensor, layers: Layers) -> Tensor:
    """v (n, d) at points (n, d); no gradient bookkeeping of its own."""
    a1 = torch.addmm(layers.b1, x, layers.w1.t()).tanh_()
    a2 = torch.addmm(layers.b2, a1, layers.w2.t()).tanh_()
    return torch.addmm(layers.b3, a2, layers.w3.t())


def velocity_and_divergence(x: Tensor, layers: Layers) -> tuple[Tensor, Tensor]:
    """v (n, d) and div v (n,) at points (n, d), differentiable once in x and in every layer."""
    if torch.is_grad_enabled():
        v, divergence = _VelocityAndDivergence.apply(x, *layers)  # type: ignore[no-untyped-call]
        return v, divergence
    return _forward(x, layers)[:2]


def _forward(x: Tensor, layers: Layers) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    a1 = torch.addmm(layers.b1, x, layers.w1.t()).tanh_()
    a2 = torch.addmm(layers.b2, a1, layers.w2.t()).tanh_()
    v = torch.addmm(layers.b3, a2, layers.w3.t())
    one = x.new_ones(())
    s1 = torch.addcmul(one, a1, a1, value=-1)
    s2 = torch.addcmul(one, a2, a2, value=-1)
    q = s1 @ layers.m.t()
    return v, (q * s2).sum(1), a1, a2, s1, s2, q


class _VelocityAndDivergence(torch.autograd.Function):
    """(x, layers) -> (v, div v) with a backward pass of four matrix products."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *parts: Tensor) -> tuple[Tensor, Tensor]:
        layers = Layers(*parts)
        v, divergence, a1, a2, s1, s2, q = _forward(x, layers)
        ctx.save_for_backward(x, layers.w1, layers.w2, layers.w3, layers.m, a1, a2, s1, s2, q)
        return v, divergence

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_v: Tensor, grad_div: Tensor) -> tuple[Tensor, ...]:
        x, w1, w2, w3, m, a1, a2, s1, s2, q = ctx.saved_tensors
        grad_div = grad_div.unsqueeze(1)
        # s' = 1 - a^2, hence d s'/d(pre-activation) = -2 a s'.
        g2 = torch.addmm(a2 * (q * grad_div), grad_v, w3, beta=-2).mul_(s2)
        r = s2 * grad_div
        g1 = torch.addmm(a1 * (r @ m), g2, w2, beta=-2).mul_(s1)
        return (
            g1 @ w1,
            g1.t() @ x,
            g1.sum(0),
            g2.t() @ a1,
            g2.sum(0),
            grad_v.t() @ a2,
            grad_v.sum(0),
            r.t() @ s1,
        )
