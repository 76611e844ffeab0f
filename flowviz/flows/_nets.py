"""The velocity network: two hidden tanh layers over one flat parameter vector, time as bias and gate.

One flat vector keeps the optimiser to a handful of operations a step, and a checkpoint to one array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from flowviz.flows._divergence import Layers


@dataclass(frozen=True, slots=True)
class VelocityNet:
    """The shape of a velocity network v(x, t) or, without harmonics, v(x); it holds no weights.

    v(x, t) = W3 tanh(g2(t) * (W2 tanh(g1(t) * (W1 x) + b1(t))) + b2(t)) + b3(t), where every g and b is affine in
    the time features (t, sin and cos of 2 pi k t): the concatsquash layer of FFJORD (Grathwohl et al. 2019,
    released code, `ConcatSquashLinear`) with an affine gate and a few more features of time.

    Attributes:
        dim: dimension d.
        width: units of each hidden layer.
        harmonics: -1 for a field that does not depend on time; k >= 0 for t and its first k harmonics.
    """

    dim: int
    width: int
    harmonics: int = -1

    @property
    def features(self) -> int:
        """Number of time features."""
        return 0 if self.harmonics < 0 else 1 + 2 * self.harmonics

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter by name, in the order of the flat vector."""
        d, w, f = self.dim, self.width, self.features
        shapes: dict[str, tuple[int, ...]] = {
            "w1": (w, d),
            "b1": (w,),
            "w2": (w, w),
            "b2": (w,),
            "w3": (d, w),
            "b3": (d,),
        }
        if f:
            shapes |= {"u1": (f, w), "u2": (f, w), "u3": (f, d), "g1": (f, w), "g2": (f, w)}
        return shapes

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def initial(self, generator: torch.Generator, dtype: torch.dtype, output_scale: float = 0.1) -> Tensor:
        """A fresh flat vector on the CPU: a field near zero, hence a flow near the identity."""

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        d, w = self.dim, self.width
        parts = {
            # Hidden units whose slopes sit all over the shared frame (a few units wide), at several sharpnesses.
            "w1": normal(w, d) / math.sqrt(d),
            "b1": normal(w),
            "w2": normal(w, w) / math.sqrt(w),
            "b2": normal(w) * 0.1,
            "w3": normal(d, w) * (output_scale / math.sqrt(w)),
            "b3": torch.zeros(d, dtype=torch.float64),
        }
        if self.features:
            f = self.features
            parts |= {name: normal(f, w) * 0.3 for name in ("u1", "u2", "g1", "g2")}
            parts["u3"] = torch.zeros(f, d, dtype=torch.float64)
        return torch.cat([parts[name].reshape(-1) for name in self.shapes]).to(dtype)

    def unpack(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of the flat vector by parameter name."""
        shapes = self.shapes
        pieces = flat.split([math.prod(shape) for shape in shapes.values()])
        return {name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}

    def fold(self, flat: Tensor, times: Sequence[float]) -> Layers:
        """The network at each of the times, stacked along a first axis; differentiable in `flat`.

        A field without time has one entry, whatever the times. With tanh u = 2 s(2u) - 1, s the sigmoid, and gates
        g: w1 = 2 g1 W1^T, b1' = 2 b1, w2 = 4 g2 W2, b2' = 2 b2 - 2 g2 (W2 1), w3 = 2 W3, b3' = b3 - W3 1; and
        m = w2 * (w1^T w3)^T = 16 g2 (W2 * (W1 W3)^T) g1^T.
        """
        p = self.unpack(flat)
        w1, w2, w3 = p["w1"].t().contiguous(), p["w2"], p["w3"]
        base = w2 * (p["w1"] @ w3).t()
        row_sums, end_sums = w2.sum(1), w3.sum(1)
        if not self.features:
            parts = (2 * w1, 2 * p["b1"], 4 * w2, 2 * (p["b2"] - row_sums), p["b3"] - end_sums, 16 * base)
            first, second, third, fourth, sixth, seventh = (part.unsqueeze(0) for part in parts)
            return Layers(first, second, third, fourth, 2 * w3, sixth, seventh)
        phi = time_features(tuple(times), self.harmonics, flat.dtype, flat.device)
        gate1, gate2 = 1 + phi @ p["g1"], 1 + phi @ p["g2"]
        rows, columns = (4 * gate2).unsqueeze(2), (4 * gate1).unsqueeze(1)
        return Layers(
            (2 * gate1).unsqueeze(1) * w1,
            2 * torch.addmm(p["b1"], phi, p["u1"]),
            rows * w2,
            torch.addcmul(2 * torch.addmm(p["b2"], phi, p["u2"]), gate2, row_sums, value=-2),
            2 * w3,
            torch.addmm(p["b3"], phi, p["u3"]) - end_sums,
            (rows * base) * columns,
        )

    def at(self, flat: Tensor, times: Sequence[float]) -> list[Layers]:
        """The network at each of the times; a field without time has the same layers at all of them."""
        table = self.fold(flat, times)
        entries = [at_index(table, i) for i in range(len(table.b1))]
        return entries if self.features else entries * len(times)


@lru_cache(maxsize=256)
def time_features(times: tuple[float, ...], harmonics: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """t and the sines and cosines of 2 pi k t, k = 1 .. harmonics, (times, features).

    Kept, because making a tensor from numbers would make the processor wait for a GPU in every step.
    """
    t = torch.tensor(times, dtype=dtype, device=device).unsqueeze(1)
    waves = [wave(2 * math.pi * k * t) for k in range(1, harmonics + 1) for wave in (torch.sin, torch.cos)]
    return torch.cat([t, *waves], dim=1)


def at_index(table: Layers, i: int) -> Layers:
    """Entry i of layers that are stacked along a first axis (w3 does not change with time)."""
    return Layers(table.w1[i], table.b1[i], table.w2[i], table.b2[i], table.w3, table.b3[i], table.m[i])
