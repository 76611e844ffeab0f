"""The network of the flow-matching family: waves of the position, two tanh layers, and a known linear part.

Thin curves are sharp features of the field near the data, and a plain tanh network learns them last (spectral bias).
Three known remedies are built in, none of which changes what is learnt:

- the first layer is sin(W x + b), with frequencies over a decade: Fourier features, here trained (Tancik et al. 2020,
  arXiv 2006.10739, section 5; Sitzmann et al. 2020, arXiv 2006.09661);
- what the network has to tell is the velocity less its best linear guess, in units of what that leaves
  (`Scaling`; Karras et al. 2022, arXiv 2206.00364, section 5 and appendix B.6);
- time is told on the scale of log t and log(1 - t) as well, for near the data all happens within the last 0.05.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from flowviz.flows._divergence import slope
from flowviz.flows._interpolants import INTERPOLANTS
from flowviz.flows._nets import unpacked

SOURCE_SPREAD, DATA_SPREAD = 1.0, 1.6
"""Nominal standard deviations of a coordinate at both ends; only how quickly training goes depends on them."""
LOWEST, HIGHEST = 0.5, 5.0
"""Scales of the first frequencies, per unit of the scaled position."""
NEAR = 0.02
"""Times nearer to the ends are hardly told apart by the logarithmic clock."""
EDGE = 1e-2
"""How far from the ends the scales stay of a path whose speed there is infinite."""


class Scales(NamedTuple):
    """Of the velocity skip x + gain F(shrink x, t): one number for each time, (n, 1)."""

    shrink: Tensor
    skip: Tensor
    gain: Tensor


class Scaler(Protocol):
    """What is known beforehand of what a network has to tell."""

    def at(self, t: Tensor) -> Scales:
        """At times (n, 1)."""
        ...


@dataclass(frozen=True, slots=True)
class Scaling:
    """What one knows of the velocity u at x_t = a x0 + b x1 (+ a bridge's noise) when both ends are nearly normal.

    skip = Cov(u, x_t) / Var(x_t) makes skip x the best linear guess, gain^2 = Var(u) - skip^2 Var(x_t) is the variance
    that it leaves, and shrink = Var(x_t)^(-1/2): as in Karras et al. 2022
    (arXiv 2206.00364), appendix B.6, for a regression on u instead of x1.

    Attributes:
        interpolant: key of INTERPOLANTS.
        kinship: nominal correlation of a coordinate of x0 with that of its x1; 0 for independent pairs.
        bridge: standard deviation of the Brownian motion between them, or 0.
    """

    interpolant: str
    kinship: float = 0.0
    bridge: float = 0.0

    def at(self, t: Tensor) -> Scales:
        """At times (n, 1)."""
        path = INTERPOLANTS[self.interpolant]
        if path.margin or self.bridge:
            t = EDGE + (1 - 2 * EDGE) * t
        (a, b), (da, db) = path.coefficients(t), path.slopes(t)
        p, q = SOURCE_SPREAD**2, DATA_SPREAD**2
        r, s = self.kinship * SOURCE_SPREAD * DATA_SPREAD, self.bridge**2
        both = a * da * p + (a * db + da * b) * r + b * db * q + 0.5 * s * (1 - 2 * t)
        position = a * a * p + 2 * a * b * r + b * b * q + s * t * (1 - t)
        velocity = da * da * p + 2 * da * db * r + db * db * q
        if s:
            velocity = velocity + 0.25 * s * (1 - 2 * t) ** 2 / (t * (1 - t))
        left = velocity - both * both / position
        return Scales(position.rsqrt(), both / position, left.sqrt())


class WaveKept(NamedTuple):
    """What an evaluation leaves: z (n, waves) behind the first layer, y2 and y3 (n, width) the hidden values."""

    z: Tensor
    y2: Tensor
    y3: Tensor


class WaveLayers(NamedTuple):
    """The network at one time, with its time dependence, its scales and the factors of tanh folded in.

    v(x) = skip x + s(s(sin(x w1 + b1) w2^T + b2) w3^T + b3) w4^T + b4 with s the sigmoid; w1 (d, waves), b1 (waves),
    w2 (width, waves), w3 (width, width), b2, b3 (width), w4 (d, width), b4 (d), skip (). Stacked over times
    everything but b1 has a first axis more.
    """

    skip: Tensor
    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor
    b3: Tensor
    w4: Tensor
    b4: Tensor

    def evaluate(self, x: Tensor) -> tuple[Tensor, WaveKept]:
        """See Instant."""
        z = torch.addmm(self.b1, x, self.w1)
        y2 = torch.addmm(self.b2, torch.sin(z), self.w2.t()).sigmoid_()
        y3 = torch.addmm(self.b3, y2, self.w3.t()).sigmoid_()
        return torch.addmm(self.b4, y3, self.w4.t()).addcmul_(x, self.skip), WaveKept(z, y2, y3)

    def evaluate_with_divergence(self, x: Tensor) -> tuple[Tensor, Tensor, WaveKept]:
        """See Instant; the factors are those of DeepLayers with the cosine for the first slope."""
        v, kept = self.evaluate(x)
        forward = (torch.cos(kept.z) * self.w1.unsqueeze(1)) @ self.w2.t()
        back = (slope(kept.y3) * self.w4.unsqueeze(1)) @ self.w3
        divergence = ((forward * back).sum(0) * slope(kept.y2)).sum(1)
        return v, divergence + x.shape[1] * self.skip, kept

    def at(self, i: int) -> WaveLayers:
        """See Instant."""
        return WaveLayers(*(part if part is self.b1 else part[i] for part in self))

    @property
    def times(self) -> int:
        """See Instant."""
        return len(self.b2)

    @property
    def width(self) -> int:
        """See Instant."""
        return self.b3.shape[-1]


@dataclass(frozen=True, slots=True)
class WaveNet:
    """The shape of a velocity network v(x, t) = skip(t) x + gain(t) F(shrink(t) x, t); it holds no weights.

    F = W4 tanh(g3 * (W3 tanh(g2 * (W2 sin(W1 x + b1)) + c2)) + c3) + c4, where every gate g(t) and bias c(t) is affine
    in the time features, as in VelocityNet. The sines see time only through the shrinking.

    Attributes:
        dim: dimension d.
        width: units of each tanh layer.
        waves: sines.
        harmonics: sines and cosines of the logarithmic clock among the time features.
        scaling: of the paths; None for skip = 0 and gain = 1.
    """

    dim: int
    width: int
    waves: int
    harmonics: int
    scaling: Scaler | None

    @property
    def features(self) -> int:
        """Number of time features."""
        return 2 + 2 * self.harmonics

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter by name, in the order of the flat vector."""
        d, w, k, f = self.dim, self.width, self.waves, self.features
        return {
            "w1": (k, d), "b1": (k,), "w2": (w, k), "b2": (w,), "w3": (w, w), "b3": (w,), "w4": (d, w), "b4": (d,),
            "u2": (f, w), "u3": (f, w), "u4": (f, d), "g2": (f, w), "g3": (f, w),
        }  # fmt: skip

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def initial(self, generator: torch.Generator, dtype: torch.dtype) -> Tensor:
        """A fresh flat vector on the CPU: a field near its linear part."""

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        d, w, k, f = self.dim, self.width, self.waves, self.features
        scales = torch.logspace(math.log10(LOWEST), math.log10(HIGHEST), k, dtype=torch.float64).unsqueeze(1)
        phases = 2 * math.pi * torch.rand(k, generator=generator, dtype=torch.float64)
        parts = {"w1": scales * normal(k, d) * math.sqrt(2 / d), "b1": phases}
        loudness = scales.reshape(-1).rsqrt()
        loudness = loudness * math.sqrt(2 * k / float(loudness.square().sum()))
        parts |= {"w2": normal(w, k) * loudness / math.sqrt(k), "w3": normal(w, w) / math.sqrt(w)}
        parts |= {"w4": normal(d, w) * 0.1 / math.sqrt(w), "b4": normal(d) * 0, "u4": normal(f, d) * 0}
        parts |= {name: normal(w) * 0.1 for name in ("b2", "b3")}
        parts |= {name: normal(f, w) * 0.3 for name in ("u2", "u3", "g2", "g3")}
        return torch.cat([parts[name].reshape(-1) for name in self.shapes]).to(dtype)

    def unpack(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of the flat vector by parameter name."""
        return unpacked(flat, self.shapes)

    def _scales(self, t: Tensor) -> Scales:
        if self.scaling is not None:
            return self.scaling.at(t)
        one = torch.ones_like(t)
        return Scales(one / DATA_SPREAD, 0 * one, one)

    def _features(self, t: Tensor) -> Tensor:
        """t, the clock log((t + e) / (1 - t + e)) from -1 to 1, and its harmonics, at times (n, 1): (n, features)."""
        clock = torch.log((t + NEAR) / (1 + NEAR - t)) / math.log((1 + NEAR) / NEAR)
        waves = [wave(math.pi * k * clock) for k in range(1, self.harmonics + 1) for wave in (torch.sin, torch.cos)]
        return torch.cat([t, clock, *waves], dim=1)

    def fold(self, flat: Tensor, times: Sequence[float]) -> WaveLayers:
        """The network at each of the times, stacked along a first axis."""
        p = self.unpack(flat)
        t = torch.stack([torch.as_tensor(time, dtype=flat.dtype, device=flat.device) for time in times]).unsqueeze(1)
        phi, (shrink, skip, gain) = self._features(t), self._scales(t)
        g2, g3 = (1 + phi @ p[f"g{i}"] for i in (2, 3))
        c2, c3, c4 = (torch.addmm(p[f"b{i}"], phi, p[f"u{i}"]) for i in (2, 3, 4))
        # tanh u = 2 s(2u) - 1 with s the sigmoid, which torch computes several times faster.
        return WaveLayers(
            skip, shrink.unsqueeze(2) * p["w1"].t(), p["b1"], (2 * g2).unsqueeze(2) * p["w2"], 2 * c2,
            (4 * g3).unsqueeze(2) * p["w3"], 2 * c3 - 2 * g3 * p["w3"].sum(1),
            2 * gain.unsqueeze(2) * p["w4"], gain * (c4 - p["w4"].sum(1)),
        )  # fmt: skip

    def at(self, flat: Tensor, times: Sequence[float]) -> list[WaveLayers]:
        """The network at each of the times."""
        table = self.fold(flat, times)
        return [table.at(i) for i in range(table.times)]

    def at_points(self, flat: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """v (n, d) at points x (n, d), each at a time of its own t (n, 1); differentiable in `flat` and x."""
        p, phi, (shrink, skip, gain) = self.unpack(flat), self._features(t), self._scales(t)
        y = torch.sin(torch.addmm(p["b1"], shrink * x, p["w1"].t()))
        for i in (2, 3):
            y = y @ p[f"w{i}"].t()
            y = torch.addcmul(torch.addmm(p[f"b{i}"], phi, p[f"u{i}"]), y, 1 + phi @ p[f"g{i}"])
            y = 2 * torch.sigmoid(2 * y) - 1
        return skip * x + gain * (y @ p["w4"].t() + torch.addmm(p["b4"], phi, p["u4"]))

    @torch.no_grad()
    def regress(
        self, flat: Tensor, x: Tensor, t: Tensor, velocity: Tensor, shares: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The mean of |v - u|^2 over points, and the gradient by `flat` of the mean of |v - u|^2 / gain^2.

        Dividing by the variance that the linear part leaves makes all times equally loud; the field at which both
        means are least is the same. The pass back is written out: a batch is too small for a graph of operations.

        Args:
            flat: the weights.
            x, t, velocity: points (n, d), their times (n, 1), and the velocities u (n, d) to regress on.
            shares: (n, 1) weights of the points in the first mean, not in the gradient; None for 1.
        """
        p, phi, (shrink, skip, gain) = self.unpack(flat), self._features(t), self._scales(t)
        scaled = shrink * x
        z = torch.addmm(p["b1"], scaled, p["w1"].t())
        y1 = torch.sin(z)
        gates, products, values = [], [], [y1]
        for i in (2, 3):
            gates.append(1 + phi @ p[f"g{i}"])
            products.append(values[-1] @ p[f"w{i}"].t())
            y = torch.addmm(p[f"b{i}"], phi, p[f"u{i}"]).addcmul_(products[-1], gates[-1])
            values.append(y.mul_(2).sigmoid_().mul_(2).sub_(1))
        guess = torch.addmm(p["b4"], phi, p["u4"]).addmm_(values[2], p["w4"].t())
        miss = guess.addcmul_(skip, x / gain).sub_(velocity / gain)
        loss = (gain * miss).square_().mul_(1.0 if shares is None else shares).sum(1).mean()
        back = miss.mul_(2 / len(x))
        grads = {"w4": back.t() @ values[2], "b4": back.sum(0), "u4": phi.t() @ back}
        back = back @ p["w4"]
        for i in (3, 2):
            back = torch.ops.aten.tanh_backward(back, values[i - 1])
            grads |= {f"b{i}": back.sum(0), f"u{i}": phi.t() @ back, f"g{i}": phi.t() @ (back * products[i - 2])}
            back.mul_(gates[i - 2])
            grads[f"w{i}"] = back.t() @ values[i - 2]
            back = back @ p[f"w{i}"]
        back.mul_(torch.cos(z))
        grads |= {"w1": (scaled.t() @ back).t(), "b1": back.sum(0)}  # this way round the thin product is quick
        return loss, torch.cat([grads[name].reshape(-1) for name in self.shapes])
