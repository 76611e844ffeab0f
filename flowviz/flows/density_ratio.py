"""A flow between two sample sets, and the log-ratio of their densities as an integral along it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import StepInfo
from flowviz.core.losses import LossTerm
from flowviz.core.params import ADVANCED, from_mapping, param
from flowviz.core.spec import Array
from flowviz.flows._base import FLOWS, HasLogRatio, Problem
from flowviz.flows._coupling import Pairs
from flowviz.flows._matching import MatchingFlow, MatchingParams, matching_net
from flowviz.flows._training import FlatAdam, learning_rate, take_array
from flowviz.flows._waves import WaveNet

INTEGRAL_STEPS = 32
"""Midpoints of the integral over time when looking."""
RATIO_SHARE = 4
"""One pair in so many teaches the time score, which asks its network six times for each: the flow learns twice as fast,
and the log-ratio is no worse after the same time."""


@dataclass(frozen=True)
class DensityRatioParams(MatchingParams):
    """Declared parameters of density-ratio estimation."""

    gap: float = param(
        0.4, "Time between neighbours", lo=0.01, hi=1.0, log=True, live=True,
        help="Apart in flow time are the two clouds that the time score learns to tell from each other.",
    )  # fmt: skip
    ratio_rate: float = param(
        1e-2, "Rate of the ratio", lo=1e-6, hi=0.1, log=True, live=True, group=ADVANCED,
        help="Peak step size of Adam for the time score.",
    )  # fmt: skip


@FLOWS.register("density_ratio")
@final
class DensityRatio(MatchingFlow[DensityRatioParams], HasLogRatio):
    """log p_1(x) - log p_0(x) = int_0^1 s(x, t) dt, s(x, t) = d/dt log p_t(x) the time score of the marginals p_t.

    s is learnt as the infinitesimal classifier between p_t and p_(t + gap), whose logit is int s dt, with the logistic
    loss: Rhodes, Xu & Gutmann 2020 (telescoping, arXiv 2006.12204), Choi et al. 2022 (infinitesimal, arXiv
    2111.11010), equation 5, along a flow as Xu, Cheng & Xie 2025 (Q-flow, arXiv 2305.11857), section 4.2. Where two
    clouds are far apart one classifier between them knows nothing; between neighbours in time each one does.
    The p_t here are those of the flow-matching paths between independent pairs, from samples alone on both sides.
    """

    label = "Density ratio"
    summary = "A flow between two samples; a score of time along it adds up to the logarithm of their density ratio."
    Params = DensityRatioParams
    source_need = "samples"
    group = "Between two data sets"
    terms = (
        MatchingFlow.terms[0],
        LossTerm(
            "ratio",
            "classifier",
            "nats / gap²",
            "Logistic loss of telling neighbours in time apart, less a guess",
        ),
    )

    def __init__(self, params: DensityRatioParams, problem: Problem, net: WaveNet) -> None:
        super().__init__(params, problem, net)
        generator = torch.Generator().manual_seed(problem.seed + 3)
        self._score = net.initial(generator, problem.dtype).to(problem.device).requires_grad_()
        self._score_average = self._score.detach().clone()
        self._score_adam = FlatAdam(self._score, self._score_average)

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> DensityRatio:
        """A fresh flow near the identity, and a ratio near one."""
        chosen = from_mapping(DensityRatioParams, params)
        return cls(chosen, problem, matching_net(problem, chosen))

    def _couple(self, x0: Tensor, x1: Tensor, generator: torch.Generator) -> Pairs:
        return Pairs(x0, x1)

    def _time_score(self, flat: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """s (n,) at points (n, d) and times (n, 1): the sum of a network's outputs."""
        return self._wave_net.at_points(flat, x, t).sum(1)

    def step(self, seconds: float) -> StepInfo:
        """One step of both networks; losses "loss" of the flow and "ratio" of the classifiers, 0 for a coin's toss."""
        p = self._params
        pairs = self._batch(p.batch_size)
        loss, gradient = self._loss_and_gradient(pairs, self._flat)
        few = max(1, p.batch_size // RATIO_SHARE)
        earlier = Pairs(pairs.x0[:few], pairs.x1[:few])
        ratio, by_score = self._ratio_loss_and_gradient(earlier, self._fresh(few))
        rate = learning_rate(p.ratio_rate, self._stretch.progress, self._stretch.done)
        self._score_adam.update(by_score, rate, p.clip, p.averaging)
        self._descend(gradient)
        self._count(seconds)
        return StepInfo({"loss": loss, "ratio": ratio})

    def _ratio_loss_and_gradient(self, earlier: Pairs, later: Pairs) -> tuple[Tensor, Tensor]:
        """Logistic loss of telling points at t from others at t + gap, less that of guessing, in units of gap^2.

        The logit is the integral of s by Simpson's rule.
        """
        n, gap = len(earlier.x0), self._params.gap
        u = torch.rand(n, 1, generator=self._noise, dtype=earlier.x0.dtype, device=earlier.x0.device)
        ranks = torch.arange(n, dtype=u.dtype, device=u.device).unsqueeze(1)
        t = (1 - gap) * (ranks + u) / n
        before, after = self._path(earlier, t)[0], self._path(later, t + gap)[0]
        x, t = torch.cat([before, after]), t.repeat(2, 1)
        knots = torch.cat([t, t + gap / 2, t + gap])
        scores = self._time_score(self._score, x.repeat(3, 1), knots).view(3, 2 * n)
        logits = gap / 6 * (scores[0] + 4 * scores[1] + scores[2])
        losses = torch.nn.functional.softplus(torch.cat([logits[:n], -logits[n:]])) - np.log(2)
        loss = 2 * losses.mean() / gap**2
        (gradient,) = torch.autograd.grad(loss, self._score)
        return loss.detach(), gradient

    @torch.no_grad()
    def log_ratio(self, x: Tensor) -> Tensor:
        """See HasLogRatio; the integral by the midpoint rule."""
        flat, total = self._score_average.to(x.dtype), x.new_zeros(len(x))
        for layers in self._wave_net.at(flat, [(i + 0.5) / INTEGRAL_STEPS for i in range(INTEGRAL_STEPS)]):
            total += layers.evaluate(x)[0].sum(1)
        return total / INTEGRAL_STEPS

    def weights(self) -> dict[str, Array]:
        """Those of the flow, and both vectors of the time score."""
        return super().weights() | {
            "score": self._export.array("score", self._done, lambda: self._score),
            "score_average": self._export.array("score_average", self._done, lambda: self._score_average),
        }

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over weights; training goes on from them with fresh optimisers."""
        arrays = [take_array(weights, name, self._net.size) for name in ("score", "score_average")]
        super().load(weights)
        with torch.no_grad():
            for tensor, array in zip((self._score, self._score_average), arrays, strict=True):
                tensor.copy_(torch.from_numpy(np.array(array)))
        self._score_adam = FlatAdam(self._score, self._score_average)
