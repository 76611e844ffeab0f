"""The velocity network: two hidden tanh layers over one flat parameter vector, time as bias and gate.

One flat vector keeps the optimiser to a handful of operations a step, and a checkpoint to one array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from flowviz.flows._divergence import Layers, divergence_matrix


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

    def at(self, flat: Tensor, times: Sequence[float]) -> list[Layers]:
        """The network at each of the times; a field without time has the same layers at all of them."""
        p = self.unpack(flat)
        if not self.features:
            m = divergence_matrix(p["w1"], p["w2"], p["w3"])
            return [Layers(p["w1"], p["b1"], p["w2"], p["b2"], p["w3"], p["b3"], m)] * len(times)
        phi = self._time_features(flat, times)
        b1 = torch.addmm(p["b1"], phi, p["u1"]).unbind(0)
        b2 = torch.addmm(p["b2"], phi, p["u2"]).unbind(0)
        b3 = torch.addmm(p["b3"], phi, p["u3"]).unbind(0)
        # The gates only rescale rows of W1 and W2, so M is rescaled by their outer product.
        gate1, gate2 = (1 + phi @ p["g1"]).unsqueeze(2), (1 + phi @ p["g2"]).unsqueeze(2)
        w1, w2 = (gate1 * p["w1"]).unbind(0), (gate2 * p["w2"]).unbind(0)
        base = divergence_matrix(p["w1"], p["w2"], p["w3"])
        ms = (base * gate2 * gate1.transpose(1, 2)).unbind(0)
        return [Layers(w1[i], b1[i], w2[i], b2[i], p["w3"], b3[i], ms[i]) for i in range(len(times))]

    def _time_features(self, flat: Tensor, times: Sequence[float]) -> Tensor:
        t = flat.new_tensor(list(times)).unsqueeze(1)
        waves = [wave(2 * math.pi * k * t) for k in range(1, self.harmonics + 1) for wave in (torch.sin, torch.cos)]
        return torch.cat([t, *waves], dim=1)
