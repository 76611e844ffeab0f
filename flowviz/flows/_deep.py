"""Velocity and exact divergence of a tanh network with three hidden layers, and its backward pass.

The Jacobian is W4 D3 W3 D2 W2 D1 W1, so with a factor for each coordinate k, pushed forward from the input and
pulled back from the output,

    div v = sum_k sum_i s2'_i (W2 D1 W1 e_k)_i (W3^T D3 W4^T e_k)_i,

2 d matrix products where the network of two hidden layers needs one.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from flowviz.flows._divergence import collect, slope, through_first


class DeepKept(NamedTuple):
    """What an evaluation leaves for its backward pass.

    x (n, d); y1, y2, y3 (n, width) the hidden values; forward and back (d, n, width), the factors of the divergence
    behind the second and before the third layer, where the divergence was wanted.
    """

    x: Tensor
    y1: Tensor
    y2: Tensor
    y3: Tensor
    forward: Tensor | None = None
    back: Tensor | None = None


class DeepLayers(NamedTuple):
    """Like `Layers`, with one hidden layer more.

    w1 (d, width), b1 (width), w2, w3 (width, width), b2, b3 (width), w4 (d, width), b4 (d); stacked over times
    everything but w4 has a first axis more.
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    w4: Tensor
    b4: Tensor

    def evaluate(self, x: Tensor) -> tuple[Tensor, DeepKept]:
        """See Instant."""
        y1 = torch.addmm(self.b1, x, self.w1).sigmoid_()
        y2 = torch.addmm(self.b2, y1, self.w2.t()).sigmoid_()
        y3 = torch.addmm(self.b3, y2, self.w3.t()).sigmoid_()
        return torch.addmm(self.b4, y3, self.w4.t()), DeepKept(x, y1, y2, y3)

    def evaluate_with_divergence(self, x: Tensor) -> tuple[Tensor, Tensor, DeepKept]:
        """See Instant."""
        v, (_, y1, y2, y3, *_) = self.evaluate(x)
        forward = (slope(y1) * self.w1.unsqueeze(1)) @ self.w2.t()
        back = (slope(y3) * self.w4.unsqueeze(1)) @ self.w3
        divergence = ((forward * back).sum(0) * slope(y2)).sum(1)
        return v, divergence, DeepKept(x, y1, y2, y3, forward, back)

    def backward(self, kept: DeepKept, grad_v: Tensor, grad_divergence: Tensor | None, into: DeepLayers) -> Tensor:
        """See Instant."""
        x, y1, y2, y3, forward, back = kept
        g3, g2, g1 = grad_v @ self.w4, None, None
        if forward is not None and back is not None and grad_divergence is not None:
            by_s1, by_s2, by_s3 = self._divergence_backward(kept, grad_divergence, into)
            # The slope s = y - y^2 changes by 1 - 2 y with y.
            g3 = g3.addcmul_(by_s3, 1 - 2 * y3)
            g2, g1 = by_s2 * (1 - 2 * y2), by_s1 * (1 - 2 * y1)
        g3 = g3 * slope(y3)
        g2 = (g3 @ self.w3 if g2 is None else torch.addmm(g2, g3, self.w3)) * slope(y2)
        g1 = (g2 @ self.w2 if g1 is None else torch.addmm(g1, g2, self.w2)) * slope(y1)
        collect(into.w4, into.b4, grad_v, y3)
        collect(into.w3, into.b3, g3, y2)
        collect(into.w2, into.b2, g2, y1)
        return through_first(self.w1, into.w1, into.b1, g1, x)

    def _divergence_backward(
        self, kept: DeepKept, grad_divergence: Tensor, into: DeepLayers
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients of sum(grad_divergence * div v) by the slopes of the three layers; weights go to `into`."""
        _, y1, y2, y3, forward, back = kept
        assert forward is not None and back is not None
        s1, s3 = slope(y1), slope(y3)
        weighted = slope(y2) * grad_divergence
        by_forward, by_back = back * weighted, forward * weighted
        into.w2.add_((by_forward.transpose(1, 2) @ (s1 * self.w1.unsqueeze(1))).sum(0))
        into.w3.add_(((s3 * self.w4.unsqueeze(1)).transpose(1, 2) @ by_back).sum(0))
        by_first, by_last = by_forward @ self.w2, by_back @ self.w3.t()
        into.w1.add_((by_first * s1).sum(1))
        into.w4.add_((by_last * s3).sum(1))
        by_s1 = (by_first * self.w1.unsqueeze(1)).sum(0)
        by_s3 = (by_last * self.w4.unsqueeze(1)).sum(0)
        return by_s1, (forward * back).sum(0) * grad_divergence, by_s3

    def at(self, i: int) -> DeepLayers:
        """See Instant."""
        return DeepLayers(self.w1[i], self.b1[i], self.w2[i], self.b2[i], self.w3[i], self.b3[i], self.w4, self.b4[i])

    @property
    def times(self) -> int:
        """See Instant."""
        return len(self.b1)

    @property
    def width(self) -> int:
        """See Instant."""
        return self.b1.shape[-1]
