"""Velocity of a two-hidden-layer tanh network together with its exact divergence, and its backward pass.

For v(x) = W3 s(W2 s(W1 x + b1) + b2) + b3 the Jacobian is W3 D2 W2 D1 W1 with D_i = diag s_i', so

    div v = tr(W3 D2 W2 D1 W1) = s2'^T M s1',   M = W2 * (W1 W3)^T (elementwise),

one extra matrix product whatever the dimension, where autograd needs one pass per coordinate (the exact trace
of FFJORD, Grathwohl et al. 2019, arXiv 1810.01367, section 3.1, written out for this shape of network).

tanh u = 2 sigmoid(2u) - 1 with the factors folded into the weights: torch computes a sigmoid several times faster.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor


class Instant(Protocol):
    """A velocity network at one instant, or stacked over several, or the running sums of its gradients.

    Every implementation is a NamedTuple of tensors, such as Layers, or DeepLayers with one hidden layer more.
    """

    def evaluate(self, x: Tensor) -> tuple[Tensor, Any]:
        """v (n, d) at points (n, d), and what a pass back needs."""
        ...

    def evaluate_with_divergence(self, x: Tensor) -> tuple[Tensor, Tensor, Any]:
        """v (n, d), div v (n,), and what a pass back needs.

        A network may tell further rates along with it: (n, k), div v in the first column.
        """
        ...

    def at(self, i: int) -> Any:
        """Entry i of a network stacked over times."""
        ...

    @property
    def times(self) -> int:
        """How many times are stacked."""
        ...

    @property
    def width(self) -> int:
        """Units of each hidden layer."""
        ...


class Differentiable(Instant, Protocol):
    """One whose pass back is written out."""

    def backward(self, kept: Any, grad_v: Tensor, grad_divergence: Tensor | None, into: Any) -> Tensor:
        """The gradient by x (n, d) of sum(grad_v * v) + sum(grad_divergence * div v).

        Args:
            kept: of the evaluation.
            grad_v: (n, d).
            grad_divergence: (n, 1), or (n, k) for k rates, or None where the divergence was not wanted.
            into: of the same type as self; the gradients by its tensors are added to these in place.
        """
        ...


class Kept(NamedTuple):
    """What an evaluation leaves for its backward pass.

    x (n, d), y1 and y2 (n, width) the hidden values; s1, s2 their slopes and q = s1 m^T where the divergence was
    wanted, else None.
    """

    x: Tensor
    y1: Tensor
    y2: Tensor
    s1: Tensor | None = None
    s2: Tensor | None = None
    q: Tensor | None = None


class Layers(NamedTuple):
    """A network with two hidden layers, its time dependence and the factors of tanh folded in; s is the sigmoid.

    v(x) = s(s(x w1 + b1) w2^T + b2) w3^T + b3, with w1 (d, width), b1 (width), w2 (width, width), b2 (width),
    w3 (d, width), b3 (d), and m = w2 * (w1^T w3)^T (width, width). Stacked over times everything but w3 has a first
    axis more. The layout is the one in which thin matrix products are fastest.
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    m: Tensor

    def evaluate(self, x: Tensor) -> tuple[Tensor, Kept]:
        """See Instant."""
        y1 = torch.addmm(self.b1, x, self.w1).sigmoid_()
        y2 = torch.addmm(self.b2, y1, self.w2.t()).sigmoid_()
        return torch.addmm(self.b3, y2, self.w3.t()), Kept(x, y1, y2)

    def evaluate_with_divergence(self, x: Tensor) -> tuple[Tensor, Tensor, Kept]:
        """See Instant."""
        v, (_, y1, y2, *_) = self.evaluate(x)
        s1, s2 = slope(y1), slope(y2)
        q = s1 @ self.m.t()
        return v, (q * s2).sum(1), Kept(x, y1, y2, s1, s2, q)

    def backward(self, kept: Kept, grad_v: Tensor, grad_divergence: Tensor | None, into: Layers) -> Tensor:
        """See Instant."""
        x, y1, y2, s1, s2, q = kept
        g2 = grad_v @ self.w3
        if s1 is None or s2 is None or q is None or grad_divergence is None:
            g2 = torch.ops.aten.sigmoid_backward(g2, y2)
            g1 = torch.ops.aten.sigmoid_backward(g2 @ self.w2, y1)
        else:
            # With s = y - y^2 the slope of s by the pre-activation is s (1 - 2 y).
            weighted = s2 * grad_divergence
            q = q * grad_divergence
            g2.add_(q).addcmul_(q, y2, value=-2).mul_(s2)
            r = weighted @ self.m
            g1 = torch.addmm(r, g2, self.w2).addcmul_(r, y1, value=-2).mul_(s1)
            into.m.addmm_(weighted.t(), s1)
        collect(into.w3, into.b3, grad_v, y2)
        collect(into.w2, into.b2, g2, y1)
        return through_first(self.w1, into.w1, into.b1, g1, x)

    def at(self, i: int) -> Layers:
        """See Instant."""
        return Layers(self.w1[i], self.b1[i], self.w2[i], self.b2[i], self.w3, self.b3[i], self.m[i])

    @property
    def times(self) -> int:
        """See Instant."""
        return len(self.b1)

    @property
    def width(self) -> int:
        """See Instant."""
        return self.b1.shape[-1]


def collect(weight: Tensor, bias: Tensor, grad: Tensor, values: Tensor) -> None:
    """Add the gradients of a layer's weight (out, in) and bias (out), by what comes back to its output.

    Args:
        weight, bias: the sums; changed in place.
        grad: the gradient by the layer's output (n, out).
        values: its input (n, in).
    """
    weight.addmm_(grad.t(), values)
    bias.add_(grad.sum(0))


def through_first(first: Tensor, weight: Tensor, bias: Tensor, grad: Tensor, x: Tensor) -> Tensor:
    """The same for the first layer, whose weight `first` and its sum lie as (in, out); the gradient by x (n, in)."""
    weight.addmm_(x.t(), grad)
    bias.add_(grad.sum(0))
    return grad @ first.t()


def velocity(x: Tensor, layers: Instant) -> Tensor:
    """v (n, d) at points (n, d)."""
    return layers.evaluate(x)[0]


def velocity_and_divergence(x: Tensor, layers: Instant) -> tuple[Tensor, Tensor]:
    """v (n, d) and div v (n,) at points (n, d)."""
    v, rates, _ = layers.evaluate_with_divergence(x)
    return v, first_column(rates)


def first_column(rates: Tensor) -> Tensor:
    """div v (n,) of rates (n,) or (n, k)."""
    return rates if rates.ndim == 1 else rates[:, 0]


def slope(y: Tensor) -> Tensor:
    """The derivative y - y^2 of the sigmoid whose values are y."""
    return torch.addcmul(y, y, y, value=-1)
