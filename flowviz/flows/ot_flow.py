"""OT-Flow: a flow along the gradient of a potential, fitted by likelihood with the costs of optimal transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flowviz.core.params import from_mapping, param, restated
from flowviz.flows._base import FLOWS, Problem
from flowviz.flows._params import NetworkParams, SolvedParams, steps_of_a_run
from flowviz.flows._potential import PotentialNet
from flowviz.flows._schemes import GAUSS
from flowviz.flows._warm_start import StartParams, WarmStarted


@dataclass(frozen=True)
class OtFlowParams(SolvedParams, StartParams):
    """Declared parameters of OT-Flow."""

    learning_rate: float = restated(SolvedParams, "learning_rate", 1e-2)
    steps: int = steps_of_a_run(2000)
    solver: str = restated(SolvedParams, "solver", GAUSS)
    solver_steps: int = restated(SolvedParams, "solver_steps", 1)
    width: int = restated(NetworkParams, "width", 48, help="Units in each of the potential's two layers.")
    alpha_c: float = param(
        100.0, "Likelihood weight", lo=1e-3, hi=1e4, log=True, live=True,
        help="alpha_C: how much the fit counts against the costs of transport.",
    )  # fmt: skip
    alpha_l: float = param(
        1.0, "Transport cost weight", lo=0.0, hi=1e4, live=True,
        help="alpha_L: of half the mean squared speed along the paths.",
    )  # fmt: skip
    alpha_r: float = param(
        1.0, "HJB penalty weight", lo=0.0, hi=1e4, live=True,
        help="alpha_R: of the Hamilton-Jacobi-Bellman equation, which optimal paths fulfil: straight, at even speed.",
    )  # fmt: skip


@FLOWS.register("ot_flow")
class OtFlow(WarmStarted[OtFlowParams]):
    """Minimises C + (alpha_L L + alpha_R R) / alpha_C along v = grad Phi, with

        C = E[-log p(x)],  L = E int |v|^2 / 2,  R = E int |d Phi/d tau - |grad Phi|^2 / 2|, tau = 1 - t:

    Onken, Wu Fung, Li & Ruthotto 2021 (arXiv 2006.00104), equation 10, divided by alpha_C, so that the loss is near
    the NLL. The trace is exact (`_potential`).
    """

    label = "OT-Flow"
    summary = "A potential whose gradient moves the points, fitted by likelihood; it pays for distance and for bends."
    Params = OtFlowParams
    source_need = "density"

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> OtFlow:
        """A fresh flow near the identity."""
        chosen = from_mapping(OtFlowParams, params)
        return cls(chosen, problem, PotentialNet(problem.dim, chosen.width))

    def _cost_weights(self) -> dict[str, float]:
        p = self._params
        return {"energy": 0.5 * p.alpha_l / p.alpha_c, "hjb": p.alpha_r / p.alpha_c}
