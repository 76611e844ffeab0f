"""A continuous normalizing flow regularised by kinetic energy and by the Jacobian of its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flowviz.core.params import from_mapping, param, restated
from flowviz.flows._base import FLOWS, Problem
from flowviz.flows._jacobian import JacobianNet
from flowviz.flows._nets import VelocityNet
from flowviz.flows._params import NetworkParams, SolvedParams, steps_of_a_run
from flowviz.flows._schemes import GAUSS
from flowviz.flows._warm_start import StartParams, WarmStarted


@dataclass(frozen=True)
class RnodeParams(SolvedParams, StartParams):
    """Declared parameters of RNODE."""

    learning_rate: float = restated(SolvedParams, "learning_rate", 1.5e-2)
    batch_size: int = restated(SolvedParams, "batch_size", 256)
    steps: int = steps_of_a_run(3000)
    solver: str = restated(SolvedParams, "solver", GAUSS)
    solver_steps: int = restated(SolvedParams, "solver_steps", 1)
    width: int = restated(NetworkParams, "width", 64)
    energy: float = param(
        0.1, "Kinetic energy weight", lo=0.0, hi=100.0, live=True,
        help="Of the mean squared speed: short, straight paths at even speed.",
    )  # fmt: skip
    jacobian: float = param(
        0.01, "Jacobian weight", lo=0.0, hi=100.0, live=True,
        help="Of the field's mean squared Jacobian norm: neighbours stay together, and few solver steps do.",
    )  # fmt: skip


@FLOWS.register("rnode")
class RnodeFlow(WarmStarted[RnodeParams]):
    """Minimises E[-log p(x)] + lambda_K E int |v|^2 dt + lambda_J E int |dv/dx|_F^2 dt along the paths.

    Finlay, Jacobsen, Nurbekyan & Oberman 2020 (How to train your neural ODE, arXiv 2002.02798), equation 9, with
    both integrands exact (`_jacobian`).
    """

    label = "RNODE"
    summary = "A CNF that also pays for kinetic energy and for a field that differs between neighbours."
    Params = RnodeParams
    source_need = "density"

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> RnodeFlow:
        """A fresh flow near the identity."""
        chosen = from_mapping(RnodeParams, params)
        return cls(chosen, problem, JacobianNet(VelocityNet(problem.dim, chosen.width, harmonics=0)))

    def _cost_weights(self) -> dict[str, float]:
        return {"energy": self._params.energy, "jacobian": self._params.jacobian}
