"""Continuous normalizing flow trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from flowviz.core.frames import StepInfo
from flowviz.core.params import ADVANCED, from_mapping, param, restated
from flowviz.flows._base import FLOWS, Problem
from flowviz.flows._interpolants import UNIFORM, draw_times
from flowviz.flows._jko_params import FLOW_MATCHING, FRESH
from flowviz.flows._likelihood import LikelihoodFlow
from flowviz.flows._nets import VelocityNet
from flowviz.flows._params import LikelihoodParams, steps_of_a_run
from flowviz.flows._schemes import GAUSS
from flowviz.flows._training import Stream


@dataclass(frozen=True)
class CnfParams(LikelihoodParams):
    """Declared parameters of the CNF."""

    steps: int = steps_of_a_run(3000)
    solver: str = restated(LikelihoodParams, "solver", GAUSS)
    solver_steps: int = restated(LikelihoodParams, "solver_steps", 2)
    harmonics: int = param(
        0, "Time harmonics", lo=0, hi=8, help="Sines and cosines of time that may bend the field.", group=ADVANCED
    )
    start: str = param(
        FRESH, "Start", choices=(FRESH, FLOW_MATCHING), group=ADVANCED,
        help="From nothing, or from a short flow-matching fit of the same field, which costs no solver.",
    )  # fmt: skip
    start_steps: int = param(
        400, "Steps of the start", lo=1, hi=100_000, log=True, group=ADVANCED,
        help="Training steps of the flow-matching fit, where training starts with one.",
    )  # fmt: skip
    energy: float = param(
        0.03, "Kinetic energy weight", lo=0.0, hi=100.0, live=True, group=ADVANCED,
        help="Weight of the mean squared speed in the loss: straighter, shorter paths.",
    )  # fmt: skip


@FLOWS.register("cnf")
class CnfFlow(LikelihoodFlow[CnfParams]):
    """A continuous normalizing flow as LikelihoodFlow has it, with a little kinetic energy as its only other cost.

    It may start from a flow-matching fit with independent pairs (Lipman et al. 2023, arXiv 2210.02747): the same field
    without a solver, whose flow is not the shortest but already ends at the data. The phase then tells what it brought.
    """

    label = "CNF"
    summary = "One velocity field over all of time, trained by maximum likelihood."
    Params = CnfParams
    source_need = "density"

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> CnfFlow:
        """A fresh flow near the identity."""
        chosen = from_mapping(CnfParams, params)
        return cls(chosen, problem, VelocityNet(problem.dim, chosen.width, chosen.harmonics, chosen.hidden_layers))

    def __init__(self, params: CnfParams, problem: Problem, net: VelocityNet) -> None:
        super().__init__(params, problem, net)
        self._matching_net = net
        self._times = torch.Generator(problem.device).manual_seed(problem.seed + 1)
        self._begin = Stream(problem.source.sample)
        self._nll_before: float | None = None
        self._phase = ""

    def step(self, seconds: float) -> StepInfo:
        """One Adam step: of the flow-matching start while it lasts, then of the likelihood."""
        p = self._params
        if p.start == FLOW_MATCHING and self._done < p.start_steps:
            return self._starting_step(seconds)
        if self._nll_before is not None:
            took = "" if seconds <= 0 else f" in {seconds:.1f} s"
            self._phase = f"flow matching took the NLL from {self._nll_before:.2f} to {self._nll():.2f}{took}"
            self._nll_before = None
            self._adam.forget()
        return replace(super().step(seconds), phase=self._phase)

    def _starting_step(self, seconds: float) -> StepInfo:
        if self._done == 0:
            self._nll_before = self._nll()
        x1 = self._stream.take(self._params.batch_size)
        x0 = self._begin.take(len(x1))
        t = draw_times(len(x1), UNIFORM, 1.0, 0.0, self._times, x1).unsqueeze(1)
        v = self._matching_net.at_points(self._flat, torch.lerp(x0, x1, t), t)
        loss = (v - (x1 - x0)).square().sum(1).mean()
        (gradient,) = torch.autograd.grad(loss, self._flat)
        self._descend(gradient)
        self._count(seconds)
        return StepInfo({"matching": loss.detach()}, f"flow matching {self._done} of {self._params.start_steps}")

    @torch.no_grad()
    def _nll(self) -> float:
        """Of a batch, with the averaged weights."""
        return float(-self.log_density(self._stream.take(self._params.batch_size)).mean())

    def _cost_weights(self) -> dict[str, float]:
        return {"energy": self._params.energy}
