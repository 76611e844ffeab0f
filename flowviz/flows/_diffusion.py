"""The variance-preserving diffusion x_t = alpha(t) x1 + sigma(t) z on flow time (0 noise, 1 data), and its clocks.

It is the Ornstein-Uhlenbeck process dX = -(beta/2) X ds + sqrt(beta) dW in its own time s, run backwards: Song et al.
2021 (arXiv 2011.13456), equation 11. Every schedule beta(s) is the same process by another clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor

from flowviz.flows._base import Transport
from flowviz.flows._nets import WrappedNet
from flowviz.flows._ode import Field, one_step
from flowviz.flows._sde import wander
from flowviz.flows._waves import DATA_SPREAD, Scales, WaveLayers, WaveNet
from flowviz.flows.gaussian_paths import Coefficients

BETA_MIN, BETA_MAX = 0.1, 20.0


class Level(NamedTuple):
    """alpha and sigma of x_t = alpha x1 + sigma z; floats, or tensors of one shape. alpha^2 + sigma^2 = 1."""

    alpha: Tensor
    sigma: Tensor


@dataclass(frozen=True, slots=True)
class Clock:
    """A schedule of noise.

    Attributes:
        log_alpha: s -> log alpha.
        beta: s -> beta(s) = -2 d log alpha / ds.
        first, last: the diffusion's time s at t = 1 (nearly no noise) and t = 0 (nearly no data).
    """

    log_alpha: Callable[[Tensor], Tensor]
    beta: Callable[[Tensor], Tensor]
    first: float
    last: float

    def level(self, t: Tensor) -> Level:
        """alpha and sigma at flow times t."""
        log_alpha = self.log_alpha(self.last + t * (self.first - self.last))
        return Level(torch.exp(log_alpha), torch.sqrt(-torch.expm1(2 * log_alpha)))

    def numbers(self, t: float) -> Coefficients:
        """x_t as a path from z (t = 0) to x1 (t = 1), with its slopes in flow time."""
        time = torch.tensor(t, dtype=torch.float64)
        alpha, sigma = (float(value) for value in self.level(time))
        slope = 0.5 * float(self.beta(self.last + time * (self.first - self.last))) * (self.last - self.first) * alpha
        return Coefficients(sigma, alpha, -alpha * slope / sigma, slope)

    def speed(self, t: float) -> float:
        """beta alpha / (2 sigma) in units of flow time: dx/dt is minus this times E[alpha z - sigma x1 | x_t].

        t, and then the result, may be 0-d tensors (see Flow.traceable).
        """
        time = torch.as_tensor(t, dtype=torch.float64)
        level, s = self.level(time), self.last + time * (self.first - self.last)
        speed = 0.5 * self.beta(s) * (self.last - self.first) * level.alpha / level.sigma
        return cast(float, speed) if isinstance(t, Tensor) else float(speed)


def _linear_log_alpha(s: Tensor) -> Tensor:
    return -0.5 * (BETA_MIN * s + 0.5 * (BETA_MAX - BETA_MIN) * s * s)


CLOCKS = {
    "cosine": Clock(
        lambda s: torch.log(torch.cos(0.5 * math.pi * s)), lambda s: math.pi * torch.tan(0.5 * math.pi * s), 0.005, 0.98
    ),
    "linear": Clock(_linear_log_alpha, lambda s: BETA_MIN + s * (BETA_MAX - BETA_MIN), 1e-3, 1.0),
}


@dataclass(frozen=True, slots=True)
class DiffusionScaling:
    """The best linear guess of alpha z - sigma x1 and the spread that it leaves, at x_t of nearly normal data.

    As `Scaling` has it for velocities: Karras et al. 2022 (arXiv 2206.00364), appendix B.6, for another unknown.

    Attributes:
        clock: the schedule of noise.
    """

    clock: Clock

    def at(self, t: Tensor) -> Scales:
        """At times (n, 1). With V the variance of x_t and q that of the data, what is left is sqrt(q / V)."""
        alpha, sigma = self.clock.level(t)
        q = DATA_SPREAD**2
        position = alpha**2 * q + sigma**2
        return Scales(position.rsqrt(), alpha * sigma * (1 - q) / position, (q / position).sqrt())


@dataclass(frozen=True, slots=True)
class DiffusionNet(WrappedNet[WaveNet]):
    """The field of the probability-flow ODE: a network F(x, t) times a known factor of time.

    F stands for E[alpha z - sigma x1 | x_t = x], whose spread is that of the data at every t. With it the score is
    -x - (alpha / sigma) F, and the velocity (beta / 2) (x + score) towards the data is -(beta alpha / 2 sigma) F.

    Attributes:
        clock: the schedule of noise.
    """

    clock: Clock

    def at(self, flat: Tensor, times: Sequence[float]) -> list[WaveLayers]:
        """The velocity at each of the times."""
        layers = self.plain.at(flat, times)
        return [scaled(entry, -self.clock.speed(t)) for entry, t in zip(layers, times, strict=True)]


def scaled(layers: WaveLayers, factor: float) -> WaveLayers:
    """The network whose output is `factor` times that of `layers`."""
    return layers._replace(skip=factor * layers.skip, w4=factor * layers.w4, b4=factor * layers.b4)


def noising_step(x: Tensor, now: Level, then: Level, z: Tensor) -> Tensor:
    """A draw of the forward process at the noisier level `then`, given x (n, d) at `now`; exact whatever the step."""
    ratio = then.alpha / now.alpha
    return ratio * x + (then.sigma**2 - ratio**2 * now.sigma**2).clamp(min=0.0).sqrt() * z


def random_paths(
    field: Field, clock: Clock, x: Tensor, times: Sequence[float], steps: int, generator: torch.Generator
) -> Transport:
    """Points (n, d) moved at random: towards the noise by the noising, towards the data by its reverse.

    A step of the reverse SDE (Song et al. 2021, equation 6) goes a step back by noising, which is exact, and two steps
    on along the probability-flow ODE: the drifts and the noise add up to those of the SDE, and both halves keep the
    marginals whatever the step (Karras et al. 2022, arXiv 2206.00364, equation 6 and algorithm 2), where
    Euler-Maruyama loses variance.

    Args:
        field: of the probability-flow ODE.
        clock: its schedule of noise.
        x, times, steps, generator: as in HasSde.
    """

    def level(t: float) -> Level:
        return clock.level(torch.tensor(t, dtype=x.dtype, device=x.device))

    def move(y: Tensor, begin: float, end: float, z: Tensor) -> Tensor:
        back = end if end < begin else max(0.0, 2 * begin - end)
        y = noising_step(y, level(begin), level(back), z)
        return y if end < begin else one_step(field, (y,), back, end - back, "midpoint")[0]

    return wander(x, times, steps, generator, move, cost=2 if times[-1] > times[0] else 0)
