"""The velocity network: two or three hidden tanh layers over one flat parameter vector, time as bias and gate.

One flat vector keeps the optimiser to a handful of operations a step, and a checkpoint to one array.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor

from flowviz.flows._deep import DeepLayers
from flowviz.flows._divergence import Differentiable, Instant, Layers

SHARPNESS = 2.0
"""Scale of a fresh first layer: with 1, thin branches of a likelihood fit stay blurred twice as long."""


class FieldNet(Protocol):
    """The shape of a network whose output is a velocity field; it holds no weights."""

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        ...

    @property
    def width(self) -> int:
        """Units of each hidden layer."""
        ...

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        """A fresh flat vector on the CPU."""
        ...

    def at(self, flat: Tensor, times: Sequence[float]) -> Sequence[Instant]:
        """The network at each of the times."""
        ...


N = TypeVar("N", bound=FieldNet)


class BlockNet(FieldNet, Protocol):
    """One of which a chain's blocks are made."""

    @property
    def features(self) -> int:
        """Number of time features; without any the field stands still within a block."""
        ...


class SolvedNet(FieldNet, Protocol):
    """One that training can differentiate through a whole solve (`_fused`)."""

    def fold(self, flat: Tensor, times: Sequence[float]) -> Differentiable:
        """The network at each of the times, stacked; differentiable in `flat`."""
        ...


class Moments:
    """A network with its weights, folded once for every time at which it is looked at.

    Args:
        net: its shape.
        flat: its weights.
    """

    def __init__(self, net: FieldNet, flat: Tensor) -> None:
        self._net, self._flat = net, flat
        self._known: dict[int, Instant] = {}

    def __call__(self, t: float) -> Instant:
        """The network at time t."""
        tick = round(t * 2**40)  # proof against rounding in the last digits
        if tick not in self._known:
            self._known[tick] = self._net.at(self._flat, [t])[0]
        return self._known[tick]


@dataclass(frozen=True, slots=True)
class VelocityNet:
    """The shape of a velocity network v(x, t) or, without harmonics, v(x); it holds no weights.

    v(x, t) = W3 tanh(g2(t) * (W2 tanh(g1(t) * (W1 x) + b1(t))) + b2(t)) + b3(t), where every g and b is affine in
    the time features (t, sin and cos of 2 pi k t): the concatsquash layer of FFJORD (Grathwohl et al. 2019,
    released code, `ConcatSquashLinear`) with an affine gate and a few more features of time.

    With three hidden layers there is one more of the same kind in between.

    Attributes:
        dim: dimension d.
        width: units of each hidden layer.
        harmonics: -1 for a field that does not depend on time; k >= 0 for t and its first k harmonics.
        hidden: hidden layers, 2 or 3.
    """

    dim: int
    width: int
    harmonics: int = -1
    hidden: int = 2

    @property
    def features(self) -> int:
        """Number of time features."""
        return 0 if self.harmonics < 0 else 1 + 2 * self.harmonics

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter by name, in the order of the flat vector."""
        d, w, f, last = self.dim, self.width, self.features, self.hidden + 1
        shapes: dict[str, tuple[int, ...]] = {"w1": (w, d), "b1": (w,)}
        for i in range(2, last):
            shapes |= {f"w{i}": (w, w), f"b{i}": (w,)}
        shapes |= {f"w{last}": (d, w), f"b{last}": (d,)}
        if f:
            shapes |= {f"u{i}": (f, w) for i in range(1, last)} | {f"u{last}": (f, d)}
            shapes |= {f"g{i}": (f, w) for i in range(1, last)}
        return shapes

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def initial(
        self, generator: torch.Generator, dtype: torch.dtype, output_scale: float = 0.1, sharpness: float = SHARPNESS
    ) -> Tensor:
        """A fresh flat vector on the CPU: a field near zero, hence a flow near the identity."""

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        d, w, f, last = self.dim, self.width, self.features, self.hidden + 1
        # Hidden units whose slopes sit all over the shared frame (a few units wide), at several sharpnesses.
        parts = {"w1": normal(w, d) * (sharpness / math.sqrt(d)), "b1": normal(w) * sharpness}
        for i in range(2, last):
            parts |= {f"w{i}": normal(w, w) / math.sqrt(w), f"b{i}": normal(w) * 0.1}
        parts |= {f"w{last}": normal(d, w) * (output_scale / math.sqrt(w)), f"b{last}": normal(d) * 0}
        if f:
            parts |= {f"{name}{i}": normal(f, w) * 0.3 for name in "ug" for i in range(1, last)}
            parts[f"u{last}"] = normal(f, d) * 0
        return torch.cat([parts[name].reshape(-1) for name in self.shapes]).to(dtype)

    def unpack(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of the flat vector by parameter name."""
        return unpacked(flat, self.shapes)

    def fold(self, flat: Tensor, times: Sequence[float]) -> Layers | DeepLayers:
        """The network at each of the times, stacked along a first axis; differentiable in `flat`.

        A field without time has one entry, whatever the times. With tanh u = 2 s(2u) - 1, s the sigmoid, gates g and
        biases c at a time: 2 g1 W1^T and 2 c1 for the first layer, 4 g W and 2 c - 2 g (W 1) for further hidden ones,
        2 W and c - W 1 for the last.
        """
        p, last = self.unpack(flat), self.hidden + 1
        phi = time_features(tuple(times), self.harmonics, flat.dtype, flat.device) if self.features else None

        def gate(i: int) -> Tensor:
            return flat.new_ones(1, 1) if phi is None else 1 + phi @ p[f"g{i}"]

        def bias(i: int) -> Tensor:
            return p[f"b{i}"].unsqueeze(0) if phi is None else torch.addmm(p[f"b{i}"], phi, p[f"u{i}"])

        gates = [gate(i) for i in range(1, last)]
        parts = [(2 * gates[0]).unsqueeze(1) * p["w1"].t().contiguous(), 2 * bias(1)]
        for i in range(2, last):
            weight, rows = p[f"w{i}"], gates[i - 1]
            parts += [(4 * rows).unsqueeze(2) * weight]
            parts += [torch.addcmul(2 * bias(i), rows, weight.sum(1), value=-2)]
        parts += [2 * p[f"w{last}"], bias(last) - p[f"w{last}"].sum(1)]
        if self.hidden == 3:
            return DeepLayers(*parts)
        # m = w2 * (w1^T w3)^T = 16 g2 (W2 * (W1 W3)^T) g1^T
        base = p["w2"] * (p["w1"] @ p["w3"]).t()
        parts.append((4 * gates[1]).unsqueeze(2) * base * (4 * gates[0]).unsqueeze(1))
        return Layers(*parts)

    def at_points(self, flat: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """v (n, d) at points x (n, d), each at a time of its own t (n, 1); differentiable in `flat` and x."""
        p, last = self.unpack(flat), self.hidden + 1
        phi = _features(t, self.harmonics) if self.features else None
        for i in range(1, last + 1):
            y = x @ p[f"w{i}"].t()
            if phi is not None and i < last:
                y = torch.addcmul(y, y, phi @ p[f"g{i}"])
            x = y + (p[f"b{i}"] if phi is None else torch.addmm(p[f"b{i}"], phi, p[f"u{i}"]))
            if i < last:
                x = torch.tanh(x)
        return x

    def at(self, flat: Tensor, times: Sequence[float]) -> list[Layers | DeepLayers]:
        """The network at each of the times; a field without time has the same layers at all of them."""
        table = self.fold(flat, times)
        entries = [table.at(i) for i in range(table.times)]
        return entries if self.features else entries * len(times)


def unpacked(flat: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Views of a flat vector by parameter name, given their shapes in its order."""
    pieces = flat.split([math.prod(shape) for shape in shapes.values()])
    return {name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}


def time_features(times: tuple[float, ...], harmonics: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """t and the sines and cosines of 2 pi k t, k = 1 .. harmonics, (times, features).

    Times stand for 0-d tensors where a network is traced for use elsewhere (Flow.traceable).
    """
    if any(isinstance(t, Tensor) for t in times):
        stacked = torch.stack([torch.as_tensor(t, dtype=dtype, device=device) for t in times])
        return _features(stacked.unsqueeze(1), harmonics)
    return _known_features(times, harmonics, dtype, device)


@dataclass(frozen=True, slots=True)
class WrappedNet(Generic[N]):
    """What a FieldNet shares with the network that it makes something of.

    Attributes:
        plain: that network.
    """

    plain: N

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return self.plain.size

    @property
    def width(self) -> int:
        """Units of each hidden layer."""
        return self.plain.width

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        """A fresh flat vector on the CPU: a field near zero, hence a flow near the identity."""
        return self.plain.initial(generator, dtype)


@lru_cache(maxsize=256)
def _known_features(times: tuple[float, ...], harmonics: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Kept, because making a tensor from numbers would make the processor wait for a GPU in every step."""
    return _features(torch.tensor(times, dtype=dtype, device=device).unsqueeze(1), harmonics)


def _features(t: Tensor, harmonics: int) -> Tensor:
    """The same at times (n, 1): (n, features)."""
    waves = [wave(2 * math.pi * k * t) for k in range(1, harmonics + 1) for wave in (torch.sin, torch.cos)]
    return torch.cat([t, *waves], dim=1)
