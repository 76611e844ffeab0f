"""Score-based diffusion: noise the data, learn to undo it, and flow or wander back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import StepInfo
from flowviz.core.losses import LossTerm
from flowviz.core.params import ADVANCED, from_mapping, param, restated
from flowviz.flows._base import FLOWS, HasSde, Problem, Transport
from flowviz.flows._diffusion import CLOCKS, DiffusionNet, DiffusionScaling, random_paths
from flowviz.flows._field_flow import FieldFlow
from flowviz.flows._params import WidthParams, steps_of_a_run
from flowviz.flows._waves import WaveNet
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import GaussianPath, HasGaussianPath, regressed

LOOK_STEPS = 24
TIMES_CENTRE, TIMES_SPREAD = 1.5, 1.6
"""Mean and standard deviation of the training times' logit: the median time is 0.82."""


@dataclass(frozen=True)
class DiffusionParams(WidthParams):
    """Declared parameters of score-based diffusion."""

    learning_rate: float = restated(WidthParams, "learning_rate", 5e-3)
    width: int = restated(WidthParams, "width", 96)
    waves: int = param(
        128, "Waves", lo=4, hi=1024, log=True, group=ADVANCED,
        help="Sines of the position in the first layer, from broad to narrow; more show finer detail.",
    )  # fmt: skip
    averaging: float = restated(WidthParams, "averaging", 0.995)
    steps: int = steps_of_a_run(6000)
    schedule: str = param(
        "cosine", "Noise schedule", choices=tuple(CLOCKS),
        help="The clock of the noise: an even fade, or the usual linear beta, which does most near the data.",
    )  # fmt: skip
    harmonics: int = param(
        1, "Time harmonics", lo=0, hi=8, group=ADVANCED, help="Sines and cosines of time that may bend the field."
    )
    random_steps: int = param(
        100, "Random steps", lo=10, hi=1000, log=True, live=True, group=ADVANCED,
        help="Steps of the reverse SDE from noise to data where the look does not say.",
    )  # fmt: skip


@FLOWS.register("score_diffusion")
@final
class ScoreDiffusion(FieldFlow[DiffusionParams], HasSde, HasGaussianPath):
    """Denoising score matching on x_t = alpha x1 + sigma z; the flow is the probability-flow ODE.

    Minimises E|F(x_t, t) - (alpha z - sigma x1)|^2, which is E[(sigma / alpha)^2 |score(x_t) + z / sigma|^2]: Vincent
    2011 (Neural Computation 23), equation 11, with the weight and the unknown of Salimans & Ho 2022 (arXiv
    2202.00512), section 4; the gradient counts every time in units of what the known linear part of F leaves there.
    ODE: Song et al. 2021 (arXiv 2011.13456), equation 13; random paths of the same marginals: their reverse SDE,
    equation 6.
    """

    label = "Score diffusion"
    summary = "Learns to take noise out of noised data; the same marginals by smooth paths (ODE) or rough ones (SDE)."
    Params = DiffusionParams
    group = "Simulation-free"
    terms = (
        LossTerm(
            "loss",
            "score error",
            "weighted square",
            "E (σ/α)²|score + z/σ|²: how far the score is from the noise",
        ),
    )

    def __init__(self, params: DiffusionParams, problem: Problem, net: DiffusionNet) -> None:
        super().__init__(params, problem, net, LOOK_STEPS)
        self._unknown, self._clock = net.plain, net.clock
        self._noise = torch.Generator(problem.device).manual_seed(problem.seed + 1)

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> ScoreDiffusion:
        """A fresh flow near the identity."""
        chosen = from_mapping(DiffusionParams, params)
        clock = CLOCKS[chosen.schedule]
        plain = WaveNet(problem.dim, chosen.width, chosen.waves, chosen.harmonics, DiffusionScaling(clock))
        return cls(chosen, problem, DiffusionNet(plain, clock))

    def step(self, seconds: float) -> StepInfo:
        """One Adam step on a fresh batch; its loss."""
        x1 = self._stream.take(self._params.batch_size)
        t = self._times(x1)
        z = torch.randn(x1.shape, generator=self._noise, dtype=x1.dtype, device=x1.device)
        alpha, sigma = self._clock.level(t)
        x, unknown = alpha * x1 + sigma * z, alpha * z - sigma * x1
        loss, gradient = self._unknown.regress(self._flat, x, t, unknown)
        self._descend(gradient)
        self._count(seconds)
        return StepInfo({"loss": loss})

    def _times(self, like: Tensor) -> Tensor:
        """A time in [0, 1] for each point (n, d): (n, 1), logit-normal, evenly over its quantiles.

        Most of them lie where shapes appear: earlier nothing has a shape, later the noise cannot be told from the data.
        """
        n, device = len(like), like.device
        u = torch.rand(n, 1, generator=self._noise, dtype=like.dtype, device=device)
        ranks = torch.arange(n, dtype=like.dtype, device=device).unsqueeze(1)
        return torch.sigmoid(TIMES_CENTRE + TIMES_SPREAD * torch.special.ndtri(((ranks + u) / n).clamp(1e-6, 1 - 1e-6)))

    @torch.no_grad()
    def random_paths(self, x: Tensor, times: Sequence[float], steps: int, generator: torch.Generator) -> Transport:
        """See HasSde, and `random_paths` of `_diffusion`."""
        field = self._field(x.dtype, False)
        return random_paths(field, self._clock, x, times, steps or self._params.random_steps, generator)

    def gaussian_path(self, source: Gaussian, target: Gaussian, backwards: bool = False) -> GaussianPath | None:
        """The laws of the noised data; at t = 0 N(0, I) but for alpha(0), 0.03 or less."""
        return regressed(source, target, np.zeros_like(source.cov), self._clock.numbers)

    def _restarted(self) -> None:
        pass
