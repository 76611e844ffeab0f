"""Velocity, exact divergence and squared Frobenius norm of the Jacobian of a two-hidden-layer network; their backward.

With F_j = D1 W1 e_j, G_j = W2 F_j, H_j = D2 G_j column j of the Jacobian is W3 H_j: d matrix products in place of the
one that the divergence alone takes (`_divergence`), and nothing random, where Finlay et al. 2020 (RNODE, arXiv
2002.02798, section 3.2) estimate |J'e|^2 with one Gaussian probe e.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from flowviz.flows._divergence import Kept, Layers, collect, slope, through_first
from flowviz.flows._nets import VelocityNet, WrappedNet


class JacobianKept(NamedTuple):
    """What an evaluation leaves for its backward pass.

    plain: as Layers keeps it. Where the rates were wanted: s1, s2 (n, width) slopes; f, g, h (d, n, width) and the
    columns of the Jacobian (d, n, d), as above.
    """

    plain: Kept
    s1: Tensor | None = None
    s2: Tensor | None = None
    f: Tensor | None = None
    g: Tensor | None = None
    h: Tensor | None = None
    columns: Tensor | None = None


class JacobianLayers(NamedTuple):
    """`Layers` without its m, that tell the Jacobian's squared norm beside the divergence."""

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor

    def evaluate(self, x: Tensor) -> tuple[Tensor, JacobianKept]:
        """See Instant."""
        v, plain = Layers(*self, m=x).evaluate(x)  # m is for the divergence only
        return v, JacobianKept(plain)

    def evaluate_with_divergence(self, x: Tensor) -> tuple[Tensor, Tensor, JacobianKept]:
        """See Instant. The second rate is the squared Frobenius norm |dv/dx|^2."""
        v, (plain, *_) = self.evaluate(x)
        s1, s2 = slope(plain.y1), slope(plain.y2)
        f = s1 * self.w1.unsqueeze(1)
        g = (f.flatten(0, 1) @ self.w2.t()).view_as(f)
        h = s2 * g
        columns = (h.flatten(0, 1) @ self.w3.t()).view(len(f), len(x), -1)
        divergence = columns.diagonal(dim1=0, dim2=2).sum(1)
        rates = torch.stack([divergence, columns.square().sum((0, 2))], dim=1)
        return v, rates, JacobianKept(plain, s1, s2, f, g, h, columns)

    def backward(
        self, kept: JacobianKept, grad_v: Tensor, grad_divergence: Tensor | None, into: JacobianLayers
    ) -> Tensor:
        """See Instant."""
        x, y1, y2, *_ = kept.plain
        by_pre2, by_pre1 = grad_v @ self.w3, None
        if grad_divergence is None:
            by_pre2 = torch.ops.aten.sigmoid_backward(by_pre2, y2)
            by_pre1 = torch.ops.aten.sigmoid_backward(by_pre2 @ self.w2, y1)
        else:
            by_s1, by_s2 = self._through_columns(kept, grad_divergence, into)
            assert kept.s1 is not None and kept.s2 is not None
            # With s = y - y^2 the slope of s by the pre-activation is s (1 - 2 y).
            by_pre2.add_(by_s2).addcmul_(by_s2, y2, value=-2).mul_(kept.s2)
            by_pre1 = torch.addmm(by_s1, by_pre2, self.w2).addcmul_(by_s1, y1, value=-2).mul_(kept.s1)
        collect(into.w3, into.b3, grad_v, y2)
        collect(into.w2, into.b2, by_pre2, y1)
        return through_first(self.w1, into.w1, into.b1, by_pre1, x)

    def _through_columns(self, kept: JacobianKept, grad: Tensor, into: JacobianLayers) -> tuple[Tensor, Tensor]:
        """The gradients of sum(grad * rates), grad (n, 2), by s1 and s2; those by the weights are added up."""
        s1, s2, f, g, h, columns = kept[1:]
        assert isinstance(columns, Tensor) and s1 is not None and s2 is not None
        assert f is not None and g is not None and h is not None
        by_columns = columns * (2 * grad[:, 1:])
        by_columns.diagonal(dim1=0, dim2=2).add_(grad[:, :1])
        by_h = (by_columns.flatten(0, 1) @ self.w3).view_as(h)
        into.w3.addmm_(by_columns.flatten(0, 1).t(), h.flatten(0, 1))
        by_s2 = (by_h * g).sum(0)
        by_g = by_h.mul_(s2).flatten(0, 1)
        into.w2.addmm_(by_g.t(), f.flatten(0, 1))
        by_f = (by_g @ self.w2).view_as(f)
        into.w1.add_((by_f * s1).sum(1))
        return (by_f * self.w1.unsqueeze(1)).sum(0), by_s2

    def at(self, i: int) -> JacobianLayers:
        """See Instant."""
        return JacobianLayers(self.w1[i], self.b1[i], self.w2[i], self.b2[i], self.w3, self.b3[i])

    @property
    def times(self) -> int:
        """See Instant."""
        return len(self.b1)

    @property
    def width(self) -> int:
        """See Instant."""
        return self.b1.shape[-1]


@dataclass(frozen=True, slots=True)
class JacobianNet(WrappedNet[VelocityNet]):
    """A velocity network of two hidden layers that tells its Jacobian's norm while it is trained."""

    def fold(self, flat: Tensor, times: Sequence[float]) -> JacobianLayers:
        """The network at each of the times, stacked; differentiable in `flat`."""
        return JacobianLayers(*self.plain.fold(flat, times)[:6])

    def at_points(self, flat: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """v (n, d) at points x (n, d), each at a time of its own t (n, 1); differentiable in `flat` and x."""
        return self.plain.at_points(flat, x, t)

    def at(self, flat: Tensor, times: Sequence[float]) -> list[Layers]:
        """The network at each of the times, without the norm."""
        return [layers for layers in self.plain.at(flat, times) if isinstance(layers, Layers)]
