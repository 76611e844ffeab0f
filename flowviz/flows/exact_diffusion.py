"""The Ornstein-Uhlenbeck flow between a sample and noise, without a network: its score is known in closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import StepInfo
from flowviz.core.losses import NATS, LossTerm
from flowviz.core.params import ADVANCED, ParamValue, from_mapping, param
from flowviz.core.solver import METHOD_SOLVER, Solver
from flowviz.core.spec import Array, Budget
from flowviz.flows._base import FLOWS, Flow, HasLogDensity, HasSde, HasVelocity, Problem, Transport
from flowviz.flows._diffusion import CLOCKS, random_paths
from flowviz.flows._ode import State, in_chunks, solve, steps_for
from flowviz.flows._training import Export, Stretch, changed, take_array
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import GaussianPath, HasGaussianPath, regressed

LOOK_STEPS = 16
GROWTH = 50
"""Training steps in which the data points are taken in."""
OTHERS = 400
"""Draws whose likelihood a step tells: a few of them lie far from all data points, and fewer would be all noise."""
AT_ONCE = 1000
"""Points whose distances to all data points are held at once."""


@dataclass(frozen=True)
class ExactDiffusionParams:
    """Declared parameters of the exact diffusion."""

    points: int = param(
        1000, "Data points", lo=2, hi=20_000, log=True, unit="points", help="Draws of the data that the flow ends at."
    )
    bandwidth: float = param(
        0.06, "Blur", lo=0.0, hi=1.0, live=True,
        help="Standard deviation of the Gaussian around each data point; 0 leads to just these points.",
    )  # fmt: skip
    schedule: str = param(
        "cosine", "Noise schedule", choices=tuple(CLOCKS),
        help="The clock of the noise: an even fade, or the usual linear beta, which does most near the data.",
    )  # fmt: skip
    random_steps: int = param(
        100, "Random steps", lo=10, hi=1000, log=True, live=True, group=ADVANCED,
        help="Steps of the reverse SDE from noise to data where the look does not say.",
    )  # fmt: skip


@FLOWS.register("exact_diffusion")
@final
class ExactDiffusion(Flow, HasLogDensity, HasVelocity, HasSde, HasGaussianPath):
    """x_t = alpha x1 + sigma z, where x1 is one of n draws of the data, blurred by h: all in closed form.

    Noising is the Ornstein-Uhlenbeck process, which is the Wasserstein gradient flow of KL(. || N(0, I)) (Jordan,
    Kinderlehrer & Otto 1998, theorem 5.1); run backwards, it is the flow from noise to data whose steps JKO blocks
    learn. Its marginals are sums of the Gaussians N(alpha y_i, (alpha^2 h^2 + sigma^2) I), and the score is theirs. A
    training step takes in further draws.
    """

    label = "Exact diffusion"
    summary = "The Ornstein-Uhlenbeck flow of a sample, its score known in closed form: what a network would learn."
    Params = ExactDiffusionParams
    group = "Without a network"
    terms = (LossTerm("loss", "NLL of other draws", NATS, "Negative log-likelihood of draws that are not taken in"),)

    def __init__(self, params: ExactDiffusionParams, problem: Problem) -> None:
        self._params, self._problem = params, problem
        self._clock = CLOCKS[params.schedule]
        self._points = problem.sample(1).to(problem.dtype)
        self._stretch = Stretch(Budget(), GROWTH)
        self._export = Export()

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> ExactDiffusion:
        """The flow to a single draw of the data."""
        return cls(from_mapping(ExactDiffusionParams, params), problem)

    def plan(self, budget: Budget) -> None:
        """Begin a stretch; without a budget all data points are taken in."""
        self._stretch = Stretch(budget, GROWTH)

    @property
    def progress(self) -> float:
        """Share of the stretch that is done."""
        return self._stretch.progress

    @property
    def parameter_count(self) -> int:
        """There is nothing to train."""
        return 0

    def step(self, seconds: float) -> StepInfo:
        """Take in some more draws; "loss" is the mean negative log-likelihood of others, in nats."""
        count = -(-self._params.points // GROWTH)
        fresh, others = self._problem.sample(count + OTHERS).to(self._problem.dtype).split([count, OTHERS])
        self._points = torch.cat([self._points, fresh])[: self._params.points]
        self._stretch.advance(seconds)
        return StepInfo({"loss": -self.log_density(others).mean()})

    def _levels(self, t: float) -> tuple[float, float, float]:
        """alpha, sigma and the variance of each Gaussian at flow time t."""
        alpha, sigma = (float(value) for value in self._clock.level(torch.tensor(t, dtype=torch.float64)))
        return alpha, sigma, alpha**2 * self._params.bandwidth**2 + sigma**2

    def _shares(self, x: Tensor, t: float) -> tuple[Tensor, Tensor]:
        """The data points y (m, d), and log N(x; alpha y_i, variance) but for what all share (n, m)."""
        alpha, _, variance = self._levels(t)
        y = self._points.to(x.dtype)
        return y, torch.addmm(y.square().sum(1) * (-0.5 * alpha**2 / variance), x, y.t(), alpha=alpha / variance)

    def _velocity(self, x: Tensor, t: float) -> Tensor:
        alpha, sigma, variance = self._levels(t)
        y, logits = self._shares(x, t)
        kept = alpha**2 * self._params.bandwidth**2 / variance
        data = (1 - kept) * (torch.softmax(logits, dim=1) @ y) + (kept / alpha) * x  # E[x1 | x_t = x]
        return (data - alpha * x) * (self._clock.speed(t) / sigma)

    def _rates(self, x: Tensor, t: float) -> State:
        return (torch.cat([self._velocity(part, t) for part in x.split(AT_ONCE)]),)

    @torch.no_grad()
    def velocity(self, x: Tensor, t: float) -> Tensor:
        """dx/dt (n, d) of the probability-flow ODE, as in `_diffusion`."""
        return self._rates(x, t)[0]

    @torch.no_grad()
    def transport(self, x: Tensor, times: Sequence[float], solver: Solver = METHOD_SOLVER) -> Transport:
        """Move points (n, d) from times[0] along the probability-flow ODE to every one of the monotone times."""
        steps = steps_for(solver.steps or LOOK_STEPS, times[-1] - times[0])
        solution = in_chunks(
            lambda state: solve(self._rates, state, times, solver.name, steps, solver.tolerance), (x,), solver
        )
        return Transport(solution.paths(), solution.nfe, solution.grid)

    @torch.no_grad()
    def random_paths(self, x: Tensor, times: Sequence[float], steps: int, generator: torch.Generator) -> Transport:
        """See HasSde, and `random_paths` of `_diffusion`."""
        return random_paths(self._rates, self._clock, x, times, steps or self._params.random_steps, generator)

    @torch.no_grad()
    def log_density(self, x: Tensor, t: float = 1.0, solver: Solver = METHOD_SOLVER) -> Tensor:
        """Natural log-density (n,) of the noised sample at flow time t, exact whatever the solver.

        At t = 0 it is N(0, I) but for alpha(0), 0.03 or less.
        """
        _, _, variance = self._levels(t)
        parts = [torch.logsumexp(self._shares(part, t)[1], dim=1) for part in x.split(AT_ONCE)]
        total = torch.cat(parts) if parts else x.new_zeros(0)
        d = x.shape[1]
        return (
            total
            - 0.5 * (x.square().sum(1) / variance + d * math.log(2 * math.pi * variance))
            - math.log(len(self._points))
        )

    def gaussian_path(self, source: Gaussian, target: Gaussian, backwards: bool = False) -> GaussianPath | None:
        """The noised laws of the target itself, blurred like its draws, of which this flow knows only so many."""
        blurred = Gaussian(target.mean, target.cov + self._params.bandwidth**2 * np.eye(len(target.mean)))
        return regressed(source, blurred, np.zeros_like(source.cov), self._clock.numbers)

    def weights(self) -> dict[str, Array]:
        """The data points taken in."""
        return {"points": self._export.array("points", len(self._points), lambda: self._points.flatten())}

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over data points."""
        flat = torch.from_numpy(np.array(take_array(weights, "points")))
        self._points = flat.to(self._problem.device, self._problem.dtype).reshape(-1, self._problem.dim)
        self._export = Export()

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter."""
        self._params = changed(self._params, name, value)
