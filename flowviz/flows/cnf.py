"""Continuous normalizing flow trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flowviz.core.params import ADVANCED, from_mapping, param, restated
from flowviz.flows._base import FLOWS, Problem
from flowviz.flows._nets import VelocityNet
from flowviz.flows._params import LikelihoodParams, steps_of_a_run
from flowviz.flows._schemes import GAUSS
from flowviz.flows._warm_start import StartParams, WarmStarted


@dataclass(frozen=True)
class CnfParams(LikelihoodParams, StartParams):
    """Declared parameters of the CNF."""

    learning_rate: float = restated(LikelihoodParams, "learning_rate", 1.2e-2)
    steps: int = steps_of_a_run(3000)
    solver: str = restated(LikelihoodParams, "solver", GAUSS)
    solver_steps: int = restated(LikelihoodParams, "solver_steps", 1)
    harmonics: int = param(
        0, "Time harmonics", lo=0, hi=8, help="Sines and cosines of time that may bend the field.", group=ADVANCED
    )
    energy: float = param(
        0.03, "Kinetic energy weight", lo=0.0, hi=100.0, live=True, group=ADVANCED,
        help="Weight of the mean squared speed in the loss: straighter, shorter paths.",
    )  # fmt: skip


@FLOWS.register("cnf")
class CnfFlow(WarmStarted[CnfParams]):
    """A continuous normalizing flow as LikelihoodFlow has it, with a little kinetic energy as its only other cost."""

    label = "CNF"
    summary = "One velocity field over all of time, trained by maximum likelihood."
    Params = CnfParams
    source_need = "density"

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> CnfFlow:
        """A fresh flow near the identity."""
        chosen = from_mapping(CnfParams, params)
        return cls(chosen, problem, VelocityNet(problem.dim, chosen.width, chosen.harmonics, chosen.hidden_layers))

    def _cost_weights(self) -> dict[str, float]:
        return {"energy": self._params.energy}
