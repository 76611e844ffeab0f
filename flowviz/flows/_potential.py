"""The potential of OT-Flow with its gradient, exact Laplacian and Hamilton-Jacobi-Bellman residual, and their backward.

Phi(s) = w'N(s) + s'A'As / 2 + b's with s = (x, tau) and N a residual network of two layers,

    u0 = f(K0 s + b0),  u1 = u0 + f(K1 u0 + b1),  f(p) = log(2 cosh p),  f' = tanh,

as Onken, Wu Fung, Li & Ruthotto 2021 (OT-Flow, arXiv 2006.00104), equations 12 to 14 with M = 1 and h = 1. With
p, q the arguments of f, z = w + K1'(tanh q * w) and y = tanh p * z (elementwise),

    grad Phi = K0'y + A'As + b,
    Laplacian over x = sum_k (1 - tanh^2 p)_k z_k |K0_k|^2 + tr (A'A)_xx
                       + sum_k (1 - tanh^2 q)_k w_k sum_j (K1 diag(tanh p) K0 e_j)_k^2,

their equation 15. The time tau is theirs and runs from data (0) to noise (1); flow time is t = 1 - tau, and the
velocity dx/dt = grad_x Phi.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from flowviz.flows._divergence import collect, through_first
from flowviz.flows._nets import time_features

RANK = 10


class PotentialKept(NamedTuple):
    """What an evaluation leaves for its backward pass.

    x (n, d); slopes (n, d + 1) = grad Phi by x and tau; t0, t1 (n, width) = tanh p, tanh q; u = f(p); z as above. Where
    the Laplacian was wanted: residual (n,) of the Hamilton-Jacobi-Bellman equation; moved (n, d width), the
    K1 diag(t0) K0 e_j side by side; square (n, width), the sum of their squares over j.
    """

    x: Tensor
    slopes: Tensor
    t0: Tensor
    u: Tensor
    t1: Tensor
    z: Tensor
    residual: Tensor | None = None
    moved: Tensor | None = None
    square: Tensor | None = None


class PotentialLayers(NamedTuple):
    """grad Phi, its divergence and |d Phi/d tau - |grad Phi|^2 / 2| at one instant, or stacked over several.

    k (d + 1, width) is K0', its last row that of time; b0 (width) has the time folded in; k1 (width, width), b1, w
    (width); spread (width, d width) is the side-by-side (K1 diag(K0 e_j))'; norms (width) the |K0_k|^2; quad
    (d + 1, d + 1) = A'A; line (d + 1) = b with the time folded in. Stacked, b0 and line have a first axis more.
    """

    k: Tensor
    b0: Tensor
    k1: Tensor
    b1: Tensor
    w: Tensor
    spread: Tensor
    norms: Tensor
    quad: Tensor
    line: Tensor

    def evaluate(self, x: Tensor) -> tuple[Tensor, PotentialKept]:
        """See Instant."""
        d = x.shape[1]
        p = torch.addmm(self.b0, x, self.k[:d])
        # tanh |p| = 2 s(2|p|) - 1 and log(2 cosh p) = |p| - log s(2|p|), s the sigmoid: twice as fast as their own...
        size = p.abs()
        s = (2 * size).sigmoid_()
        t0 = s.mul(2).sub_(1).copysign_(p)
        u = size.sub_(s.log_())
        t1 = torch.addmm(self.b1, u, self.k1.t()).mul_(2).sigmoid_().mul_(2).sub_(1)
        z = torch.addmm(self.w, t1 * self.w, self.k1)
        slopes = torch.addmm(torch.addmm(self.line, t0 * z, self.k.t()), x, self.quad[:d])
        return slopes[:, :d], PotentialKept(x, slopes, t0, u, t1, z)

    def evaluate_with_divergence(self, x: Tensor) -> tuple[Tensor, Tensor, PotentialKept]:
        """See Instant. The second rate is the absolute residual of the Hamilton-Jacobi-Bellman equation."""
        d = x.shape[1]
        v, (_, slopes, t0, u, t1, z, *_) = self.evaluate(x)
        moved = t0 @ self.spread
        square, *others = (part.square() for part in moved.split(self.width, 1))
        for other in others:
            square.add_(other)
        first = torch.addcmul(z, z, t0.square(), value=-1) @ self.norms
        second = torch.addcmul(square, square, t1.square(), value=-1) @ self.w
        laplacian = first.add_(second).add_(self.quad[:d, :d].diagonal().sum())
        residual = torch.add(slopes[:, d], v.square().sum(1), alpha=-0.5)
        kept = PotentialKept(x, slopes, t0, u, t1, z, residual, moved, square)
        return v, torch.stack([laplacian, residual.abs()], dim=1), kept

    def backward(
        self, kept: PotentialKept, grad_v: Tensor, grad_divergence: Tensor | None, into: PotentialLayers
    ) -> Tensor:
        """See Instant."""
        x, slopes, t0, u, t1, z, residual, moved, square = kept
        d = x.shape[1]
        grad = torch.zeros_like(slopes)
        grad[:, :d] = grad_v
        grad_t0, grad_z, grad_s1 = None, None, None
        if grad_divergence is not None:
            assert residual is not None and moved is not None and square is not None
            c = grad_divergence[:, :1]
            grad[:, d:] = grad_divergence[:, 1:] * residual.sign().unsqueeze(1)
            grad[:, :d].addcmul_(slopes[:, :d], grad[:, d:], value=-1)
            grad_t0, grad_z = self._through_laplacian(kept, c, into)
            grad_s1 = c * square * self.w
        y = t0 * z
        grad_y = grad @ self.k
        into.k.addmm_(grad.t(), y)
        into.line.add_(grad.sum(0))
        into.quad[:d].addmm_(x.t(), grad)
        grad_t0 = grad_y * z if grad_t0 is None else grad_t0.addcmul_(grad_y, z)
        grad_z = grad_y * t0 if grad_z is None else grad_z.addcmul_(grad_y, t0)
        into.k1.addmm_((t1 * self.w).t(), grad_z)
        back = grad_z @ self.k1.t()
        into.w.add_(grad_z.sum(0)).add_((back * t1).sum(0))
        grad_t1 = back.mul_(self.w)
        if grad_s1 is not None:
            grad_t1.addcmul_(t1, grad_s1, value=-2)
        grad_q = _through_tanh(grad_t1, t1)
        collect(into.k1, into.b1, grad_q, u)
        grad_p = _through_tanh(grad_t0, t0).addcmul_(grad_q @ self.k1, t0)
        return through_first(self.k[:d], into.k[:d], into.b0, grad_p, x).addmm_(grad, self.quad[:d].t())

    def _through_laplacian(self, kept: PotentialKept, c: Tensor, into: PotentialLayers) -> tuple[Tensor, Tensor]:
        """Gradients of sum(c * Laplacian) by t0, without what goes through p, and by z; c (n, 1)."""
        x, t0, t1, z, moved, square = kept.x, kept.t0, kept.t1, kept.z, kept.moved, kept.square
        assert moved is not None and square is not None
        n, d = x.shape
        slope0, weighted1 = torch.addcmul(c, c, t0.square(), value=-1), torch.addcmul(c, c, t1.square(), value=-1)
        into.norms.add_((slope0 * z).sum(0))
        into.w.add_((weighted1 * square).sum(0))
        into.quad[:d, :d].diagonal().add_(c.sum())
        by_moved = (moved.view(n, d, -1) * weighted1.mul_(2 * self.w).unsqueeze(1)).view(n, -1)
        into.spread.addmm_(t0.t(), by_moved)
        grad_t0 = by_moved @ self.spread.t()
        grad_t0.addcmul_(t0 * self.norms, z * c, value=-2)
        return grad_t0, slope0.mul_(self.norms)

    def at(self, i: int) -> PotentialLayers:
        """See Instant."""
        return self._replace(b0=self.b0[i], line=self.line[i])

    @property
    def times(self) -> int:
        """See Instant."""
        return len(self.b0)

    @property
    def width(self) -> int:
        """See Instant."""
        return self.b0.shape[-1]


def _through_tanh(grad: Tensor, t: Tensor) -> Tensor:
    """grad * (1 - t^2)."""
    return torch.addcmul(grad, grad * t, t, value=-1)


@dataclass(frozen=True, slots=True)
class PotentialNet:
    """The shape of OT-Flow's potential; it holds no weights.

    Attributes:
        dim: dimension d.
        width: units m of each layer. Parameters: m (d + 2) + m (m + 1) + m + r (d + 1) + d + 1 with the rank
            r = min(10, d + 1) of A, which is 1,228 for m = 32 and d = 2; the paper counts a constant as well.
    """

    dim: int
    width: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter by name, in the order of the flat vector."""
        s, m = self.dim + 1, self.width
        return {"k0": (m, s), "b0": (m,), "k1": (m, m), "b1": (m,), "w": (m,), "a": (min(RANK, s), s), "line": (s,)}

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        """A fresh flat vector on the CPU: a potential near zero, hence a flow near the identity."""

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        m = self.width
        scales = {"k0": 2.0 / math.sqrt(self.dim), "b0": 2.5, "k1": 2 / math.sqrt(m), "b1": 0.1, "w": 0.3 / m, "a": 0.1}
        parts = [normal(*shape) * scales.get(name, 0.0) for name, shape in self.shapes.items()]
        return torch.cat([part.reshape(-1) for part in parts]).to(dtype)

    def unpack(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of the flat vector by parameter name."""
        shapes = self.shapes
        pieces = flat.split([math.prod(shape) for shape in shapes.values()])
        return {name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}

    def fold(self, flat: Tensor, times: Sequence[float]) -> PotentialLayers:
        """The potential at each of the flow times; differentiable in `flat`."""
        p, d = self.unpack(flat), self.dim
        tau = 1 - time_features(tuple(times), 0, flat.dtype, flat.device)
        quad = p["a"].t() @ p["a"]
        spread = (p["k0"][:, :d].unsqueeze(2) * p["k1"].t().unsqueeze(1)).flatten(1)
        return PotentialLayers(
            k=p["k0"].t().contiguous(),
            b0=torch.addcmul(p["b0"], tau, p["k0"][:, d]),
            k1=p["k1"],
            b1=p["b1"],
            w=p["w"],
            spread=spread,
            norms=p["k0"][:, :d].square().sum(1),
            quad=quad,
            line=torch.addcmul(p["line"], tau, quad[d]),
        )

    def at_points(self, flat: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """grad_x Phi (n, d) at points x (n, d), each at a flow time of its own t (n, 1); differentiable in `flat`."""
        parts, s = self.unpack(flat), torch.cat([x, 1 - t], dim=1)
        p = torch.addmm(parts["b0"], s, parts["k0"].t())
        u = torch.logaddexp(p, -p)  # log(2 cosh p)
        t1 = torch.tanh(torch.addmm(parts["b1"], u, parts["k1"].t()))
        z = torch.addmm(parts["w"], t1 * parts["w"], parts["k1"])
        quad = parts["a"].t() @ parts["a"]
        return (torch.addmm(parts["line"], torch.tanh(p) * z, parts["k0"]) + s @ quad)[:, : self.dim]

    def at(self, flat: Tensor, times: Sequence[float]) -> list[PotentialLayers]:
        """The potential at each of the flow times."""
        table = self.fold(flat, times)
        return [table.at(i) for i in range(table.times)]
