"""A start by flow matching for flows that are trained by likelihood: the same field, fitted without a solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from flowviz.core.frames import StartInfo, StepInfo
from flowviz.core.params import ADVANCED, param
from flowviz.core.spec import Array
from flowviz.flows._base import HasStart, Problem
from flowviz.flows._interpolants import UNIFORM, draw_times
from flowviz.flows._jko_params import FLOW_MATCHING, FRESH
from flowviz.flows._likelihood import LikelihoodFlow, SolverParams
from flowviz.flows._nets import SolvedNet
from flowviz.flows._training import Stream, take_array

POINTS = 2048
"""On which the NLL before and after the fit is measured."""


@dataclass(frozen=True)
class StartParams:
    """Of every method whose training may start from a flow-matching fit."""

    start: str = param(
        FRESH, "Start", choices=(FRESH, FLOW_MATCHING), group=ADVANCED,
        help="From nothing, or from a short flow-matching fit of the same field, which costs no solver.",
    )  # fmt: skip
    start_steps: int = param(
        400, "Steps of the start", lo=1, hi=100_000, log=True, group=ADVANCED,
        help="Training steps of the flow-matching fit, where training starts with one.",
    )  # fmt: skip


class StartedParams(SolverParams, Protocol):
    """The parameters that a WarmStarted flow looks at."""

    @property
    def start(self) -> str: ...
    @property
    def start_steps(self) -> int: ...


class RegressedNet(SolvedNet, Protocol):
    """A network whose field can be looked at wherever and whenever each point is."""

    def at_points(self, flat: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """v (n, d) at points x (n, d), each at a time of its own t (n, 1); differentiable in `flat`."""
        ...


P = TypeVar("P", bound=StartedParams)


class WarmStarted(LikelihoodFlow[P], HasStart):
    """May start from a flow-matching fit with independent pairs (Lipman et al. 2023, arXiv 2210.02747, equation 9).

    The fit's flow is not the shortest, but it already ends at the data. The steps of the fit count as steps of the run.
    """

    def __init__(self, params: P, problem: Problem, net: RegressedNet) -> None:
        super().__init__(params, problem, net)
        self._regressed = net
        self._times = torch.Generator(problem.device).manual_seed(problem.seed + 1)
        self._begin = Stream(problem.source.sample)
        self._nll_before: float | None = None
        self._start: StartInfo | None = None

    def step(self, seconds: float) -> StepInfo:
        """One Adam step: of the flow-matching start while it lasts, then of the likelihood."""
        p = self._params
        if p.start == FLOW_MATCHING and self._done < p.start_steps:
            return self._starting_step(seconds)
        if self._nll_before is not None:
            self._start = StartInfo(p.start_steps, seconds, self._nll_before, self._nll())
            self._nll_before = None
            self._adam.forget()
        info, start = super().step(seconds), self._start
        if start is None:
            return info
        took = f" in {start.seconds:.1f} s" if start.seconds > 0 else ""
        return replace(info, phase=f"flow matching took the NLL from {start.nll_before:.2f} to {start.nll:.2f}{took}")

    def _starting_step(self, seconds: float) -> StepInfo:
        if self._done == 0:
            self._nll_before = self._nll()
        x1 = self._stream.take(self._params.batch_size)
        x0 = self._begin.take(len(x1))
        t = draw_times(len(x1), UNIFORM, 1.0, 0.0, self._times, x1).unsqueeze(1)
        v = self._regressed.at_points(self._flat, torch.lerp(x0, x1, t), t)
        loss = (v - (x1 - x0)).square().sum(1).mean()
        (gradient,) = torch.autograd.grad(loss, self._flat)
        self._descend(gradient)
        self._count(seconds)
        return StepInfo({"matching": loss.detach()}, f"flow matching {self._done} of {self._params.start_steps}")

    @torch.no_grad()
    def _nll(self) -> float:
        """Of fresh data, with the averaged weights."""
        return float(-self.log_density(self._stream.take(POINTS)).mean())

    def start_info(self) -> StartInfo | None:
        """See HasStart."""
        return self._start

    def weights(self) -> dict[str, Array]:
        """Those of the field, and what the start came to."""
        start = self._start
        figures = () if start is None else (start.steps, start.seconds, start.nll_before, start.nll)
        return super().weights() | {"start": self._export.array("start", figures, lambda: np.array(figures))}

    def load(self, weights: Mapping[str, Array]) -> None:
        """Take over weights; a start is not done again."""
        super().load(weights)
        figures = take_array(weights, "start").tolist() if "start" in weights else []
        self._start = StartInfo(int(figures[0]), *figures[1:]) if figures else None
