"""Velocity of a two-hidden-layer tanh network together with its exact divergence, and its backward pass.

For v(x) = W3 s(W2 s(W1 x + b1) + b2) + b3 the Jacobian is W3 D2 W2 D1 W1 with D_i = diag s_i', so

    div v = tr(W3 D2 W2 D1 W1) = s2'^T M s1',   M = W2 * (W1 W3)^T (elementwise),

one extra matrix product whatever the dimension, where autograd needs one pass per coordinate (the exact trace
of FFJORD, Grathwohl et al. 2019, arXiv 1810.01367, section 3.1, written out for this shape of network).

tanh u = 2 sigmoid(2u) - 1 with the factors folded into the weights: torch computes a sigmoid several times faster.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Layers(NamedTuple):
    """The network at one instant, its time dependence and the factors of tanh folded in; s is the sigmoid.

    v(x) = s(s(x w1 + b1) w2^T + b2) w3^T + b3, with w1 (d, width), b1 (width), w2 (width, width), b2 (width),
    w3 (d, width), b3 (d), and m (width, width) = w2 * (w3^T w1)^T elementwise transposed like w2.
    The layout is the one in which thin matrix products are fastest.
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    m: Tensor


class Activations(NamedTuple):
    """What a velocity evaluation leaves for its backward pass.

    x (n, d), y1 and y2 (n, width) the hidden values; s1, s2 their slopes and q = s1 m^T where the divergence was
    wanted, else None.
    """

    x: Tensor
    y1: Tensor
    y2: Tensor
    s1: Tensor | None = None
    s2: Tensor | None = None
    q: Tensor | None = None


def velocity(x: Tensor, layers: Layers) -> Tensor:
    """v (n, d) at points (n, d)."""
    return velocity_keeping(x, layers)[0]


def velocity_and_divergence(x: Tensor, layers: Layers) -> tuple[Tensor, Tensor]:
    """v (n, d) and div v (n,) at points (n, d)."""
    v, divergence, _ = velocity_and_divergence_keeping(x, layers)
    return v, divergence


def velocity_keeping(x: Tensor, layers: Layers) -> tuple[Tensor, Activations]:
    """v (n, d), and what the backward pass needs."""
    y1 = torch.addmm(layers.b1, x, layers.w1).sigmoid_()
    y2 = torch.addmm(layers.b2, y1, layers.w2.t()).sigmoid_()
    return torch.addmm(layers.b3, y2, layers.w3.t()), Activations(x, y1, y2)


def velocity_and_divergence_keeping(x: Tensor, layers: Layers) -> tuple[Tensor, Tensor, Activations]:
    """v (n, d), div v (n,), and what the backward pass needs."""
    v, (_, y1, y2, *_) = velocity_keeping(x, layers)
    s1 = torch.addcmul(y1, y1, y1, value=-1)
    s2 = torch.addcmul(y2, y2, y2, value=-1)
    q = s1 @ layers.m.t()
    return v, (q * s2).sum(1), Activations(x, y1, y2, s1, s2, q)


class Gradients(NamedTuple):
    """Running sums of the gradients by the fields of Layers; changed in place."""

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    m: Tensor


def backward(
    kept: Activations, layers: Layers, grad_v: Tensor, grad_divergence: Tensor | None, into: Gradients
) -> Tensor:
    """The gradient by x (n, d) of sum(grad_v * v) + sum(grad_divergence * div v); adds those by the layers to `into`.

    Args:
        kept: of the evaluation.
        layers: of the evaluation.
        grad_v: (n, d).
        grad_divergence: (n, 1), or None where the divergence was not wanted.
        into: where the gradients by the layers are added.
    """
    x, y1, y2, s1, s2, q = kept
    g2 = grad_v @ layers.w3
    if s1 is None or s2 is None or q is None or grad_divergence is None:
        g2 = torch.ops.aten.sigmoid_backward(g2, y2)
        g1 = torch.ops.aten.sigmoid_backward(g2 @ layers.w2, y1)
    else:
        # With s = y - y^2 the slope of s by the pre-activation is s (1 - 2 y).
        weighted = s2 * grad_divergence
        q = q * grad_divergence
        g2.add_(q).addcmul_(q, y2, value=-2).mul_(s2)
        r = weighted @ layers.m
        g1 = torch.addmm(r, g2, layers.w2).addcmul_(r, y1, value=-2).mul_(s1)
        into.m.addmm_(weighted.t(), s1)
    into.w3.addmm_(grad_v.t(), y2)
    into.b3.add_(grad_v.sum(0))
    into.w2.addmm_(g2.t(), y1)
    into.b2.add_(g2.sum(0))
    into.w1.addmm_(x.t(), g1)
    into.b1.add_(g1.sum(0))
    return g1 @ layers.w1.t()
