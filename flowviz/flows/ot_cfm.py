"""Flow matching with pairs of a minibatch optimal transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from flowviz.core.params import from_mapping, param
from flowviz.core.spec import Array
from flowviz.flows._base import FLOWS, Problem
from flowviz.flows._coupling import BLOCK, KINSHIP, Pairs, exact
from flowviz.flows._matching import MatchingFlow, MatchingParams, matching_net
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import bridge_cross


@dataclass(frozen=True)
class OtCfmParams(MatchingParams):
    """Declared parameters of OT-CFM."""

    block: int = param(
        BLOCK, "Coupling block", lo=2, hi=2048, log=True, live=True, unit="points",
        help="Points among which the cheapest pairs are sought; more make straighter paths, at growing price.",
    )  # fmt: skip


@FLOWS.register("ot_cfm")
@final
class OtCfm(MatchingFlow[OtCfmParams]):
    """Pairs are the cheapest assignment within a block: optimal-transport CFM (Tong et al. 2024, arXiv 2302.00482)."""

    label = "OT-CFM"
    summary = "Flow matching between noise and data points paired at the least distance: nearly straight paths."
    Params = OtCfmParams
    source_need = "samples"
    pairing_costs = True

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> OtCfm:
        """A fresh flow near the identity."""
        chosen = from_mapping(OtCfmParams, params)
        return cls(chosen, problem, matching_net(problem, chosen, KINSHIP))

    def _couple(self, x0: Tensor, x1: Tensor, generator: torch.Generator) -> Pairs:
        return exact(x0, x1, self._params.block)

    def _cross(self, source: Gaussian, target: Gaussian) -> Array:
        return bridge_cross(source, target, 0.0)
