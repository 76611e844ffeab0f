"""Flow matching: regress a field on the velocity of paths between pairs of points. No solver in the training."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import StepInfo
from flowviz.core.losses import SQUARED_DISTANCE, SQUARED_VELOCITY, LossTerm
from flowviz.core.method_groups import MethodGroup
from flowviz.core.params import ADVANCED, param, restated
from flowviz.core.spec import Array
from flowviz.flows._base import HasCoupling, Problem
from flowviz.flows._coupling import Pairs, Reused
from flowviz.flows._field_flow import FieldFlow, FieldParams
from flowviz.flows._interpolants import (
    BETA,
    INTERPOLANTS,
    LATE,
    LINEAR,
    LOGIT_NORMAL,
    UNIFORM,
    draw_times,
    evenness,
)
from flowviz.flows._params import WidthParams, steps_of_a_run
from flowviz.flows._training import Stream
from flowviz.flows._waves import Scaling, WaveNet
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import Coefficients, GaussianPath, HasGaussianPath, regressed

LOOK_STEPS = 20
"""Solver steps of a look: nobody adapts them in the training, and fields at crossings of paths bend sharply."""


@dataclass(frozen=True)
class MatchingParams(WidthParams):
    """Of every method that regresses a velocity field on paths between pairs."""

    learning_rate: float = restated(WidthParams, "learning_rate", 5e-3)
    batch_size: int = restated(WidthParams, "batch_size", 512)
    averaging: float = restated(WidthParams, "averaging", 0.995)
    waves: int = param(
        128, "Waves", lo=4, hi=1024, log=True, group=ADVANCED,
        help="Sines of the position in the first layer, from broad to narrow; more show finer detail.",
    )  # fmt: skip
    steps: int = steps_of_a_run(7000)
    interpolant: str = param(
        LINEAR, "Interpolant", choices=tuple(INTERPOLANTS),
        help="The path between two points: a straight line, an arc of constant spread, or that of a diffusion.",
    )  # fmt: skip
    sigma: float = param(
        0.0, "Noise level", lo=0.0, hi=1.0, live=True,
        help="Standard deviation of the noise around a path; the flow then learns the data blurred by it.",
    )  # fmt: skip
    times: str = param(
        LATE, "Times", choices=(LATE, UNIFORM, LOGIT_NORMAL, BETA), live=True, group=ADVANCED,
        help="Law of the times at which paths are looked at: more near the data, even, in the middle or at the ends.",
    )  # fmt: skip
    times_shape: float = param(
        1.0, "Shape of the times", lo=0.1, hi=10.0, log=True, live=True, group=ADVANCED,
        help="Width of the logit-normal law, or both exponents of the Beta law (below 1: more at the ends).",
    )  # fmt: skip
    harmonics: int = param(
        1, "Time harmonics", lo=0, hi=8, group=ADVANCED, help="Sines and cosines of time that may bend the field."
    )


class PathParams(FieldParams, Protocol):
    """The parameters that a MatchingFlow looks at."""

    @property
    def interpolant(self) -> str: ...
    @property
    def sigma(self) -> float: ...
    @property
    def times(self) -> str: ...
    @property
    def times_shape(self) -> float: ...


P = TypeVar("P", bound=PathParams)


class MatchingFlow(FieldFlow[P], HasCoupling, HasGaussianPath):
    """Minimises E|v(x_t, t) - d/dt x_t|^2, x_t = a(t) x0 + b(t) x1 + sigma z, over pairs (x0, x1) of a coupling.

    Lipman et al. 2023 (arXiv 2210.02747), equation 9, and Tong et al. 2024 (arXiv 2302.00482), equations 14 to 16.
    The field that minimises it is E[d/dt x_t | x_t], whose flow carries the source to the data; what is left of the
    loss is the variance of d/dt x_t given x_t, which no field can lower.

    Class attributes:
        pairing_costs: whether pairs are dear enough to be used again.
    """

    terms = (
        LossTerm(
            "loss", "matching error", SQUARED_VELOCITY, "E|v − dx/dt|²: how far the field is from that of the paths"
        ),
        LossTerm("cost", "pair cost", SQUARED_DISTANCE, "E|x₁ − x₀|² of the pairs that training draws"),
    )
    pairing_costs: ClassVar[bool] = False
    group: ClassVar[MethodGroup] = "Simulation-free"

    def __init__(self, params: P, problem: Problem, net: WaveNet) -> None:
        super().__init__(params, problem, net, LOOK_STEPS)
        self._wave_net = net
        self._noise = torch.Generator(problem.device).manual_seed(problem.seed + 1)
        self._choices = torch.Generator().manual_seed(problem.seed + 2)
        self._begin = Stream(problem.source.sample)
        self._pairs = Reused(self._fresh)

    @abstractmethod
    def _couple(self, x0: Tensor, x1: Tensor, generator: torch.Generator) -> Pairs:
        """Pairs of the points (n, d) of source and data; `generator` (CPU) for what is drawn."""

    def _fresh(self, n: int) -> Pairs:
        return self._couple(self._begin.take(n), self._stream.take(n), self._choices)

    def _batch(self, n: int) -> Pairs:
        """Pairs to train on."""
        return self._pairs.take(n) if self.pairing_costs else self._fresh(n)

    def _path(self, pairs: Pairs, t: Tensor) -> tuple[Tensor, Tensor]:
        """Positions (n, d) at times (n, 1) and the velocities (n, d) to regress on."""
        path, (x0, x1) = INTERPOLANTS[self._params.interpolant], pairs
        (a, b), (da, db) = path.coefficients(t), path.slopes(t)
        x = a * x0 + b * x1
        if self._params.sigma:
            x = x + self._params.sigma * self._gauss(x)
        return x, da * x0 + db * x1

    def _margin(self) -> float:
        """How near to 0 and 1 times may come."""
        return INTERPOLANTS[self._params.interpolant].margin

    def _gauss(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=self._noise, dtype=like.dtype, device=like.device)

    def step(self, seconds: float) -> StepInfo:
        """One Adam step on a fresh batch of pairs; losses "loss" and "cost", the pairs' mean squared distance."""
        pairs = self._batch(self._params.batch_size)
        loss, gradient = self._loss_and_gradient(pairs, self._flat)
        self._descend(gradient)
        self._count(seconds)
        return StepInfo({"loss": loss, "cost": pairs.cost()})

    def _times(self) -> str:
        """Law of the times at which paths are looked at."""
        return self._params.times

    def _loss_and_gradient(self, pairs: Pairs, flat: Tensor) -> tuple[Tensor, Tensor]:
        law, shape = self._times(), self._params.times_shape
        t = draw_times(len(pairs.x0), law, shape, self._margin(), self._noise, pairs.x0).unsqueeze(1)
        x, velocity = self._path(pairs, t)
        return self._wave_net.regress(flat, x, t, velocity, evenness(t, law))

    @torch.no_grad()
    def coupling(self, x0: Tensor, x1: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """See HasCoupling."""
        return self._couple(x0, x1, torch.Generator().manual_seed(seed))

    def gaussian_path(self, source: Gaussian, target: Gaussian, backwards: bool = False) -> GaussianPath | None:
        """The path of the exact field; see HasGaussianPath."""
        return regressed(source, target, self._cross(source, target), self._numbers)

    def _cross(self, source: Gaussian, target: Gaussian) -> Array:
        """Cov(x0, x1) (d, d) of the pairs between two Gaussians, were all points paired at once."""
        return np.zeros_like(source.cov)

    def _numbers(self, t: float) -> Coefficients:
        """The coefficients of the path at t."""
        path, time = INTERPOLANTS[self._params.interpolant], torch.tensor(t, dtype=torch.float64)
        (a, b), (da, db) = path.coefficients(time), path.slopes(time)
        return Coefficients(float(a), float(b), float(da), float(db), self._params.sigma**2)

    def _restarted(self) -> None:
        pass


def matching_net(problem: Problem, params: MatchingParams, kinship: float = 0.0, bridge: float = 0.0) -> WaveNet:
    """The network of a flow-matching method; kinship and bridge as in Scaling."""
    scaling = Scaling(params.interpolant, kinship, bridge)
    return WaveNet(problem.dim, params.width, params.waves, params.harmonics, scaling)
