"""Flow matching with independent pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.params import from_mapping
from flowviz.flows._base import FLOWS, HasLossFloor, Problem
from flowviz.flows._coupling import Pairs
from flowviz.flows._interpolants import LATE, UNIFORM
from flowviz.flows._matching import MatchingFlow, MatchingParams, matching_net
from flowviz.flows._matching_floor import matching_floor


@FLOWS.register("flow_matching")
@final
class FlowMatching(MatchingFlow[MatchingParams], HasLossFloor):
    """Pairs are drawn independently: conditional flow matching (Lipman et al. 2023, arXiv 2210.02747)."""

    label = "Flow matching"
    summary = "A field learnt from straight lines between random noise and data points; nothing is solved in training."
    Params = MatchingParams
    source_need = "samples"
    floor_params = frozenset({"sigma", "times", "times_shape"})

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> FlowMatching:
        """A fresh flow near the identity."""
        chosen = from_mapping(MatchingParams, params)
        return cls(chosen, problem, matching_net(problem, chosen))

    @classmethod
    def loss_floor(cls, params: Mapping[str, object], source: GaussianMixture, target: GaussianMixture) -> float | None:
        """See `matching_floor`; known where the loss is a mean over even times."""
        chosen = from_mapping(MatchingParams, params)
        return (
            matching_floor(source, target, chosen.interpolant, chosen.sigma)
            if chosen.times in (UNIFORM, LATE)
            else None
        )

    def _couple(self, x0: Tensor, x1: Tensor, generator: torch.Generator) -> Pairs:
        return Pairs(x0, x1)
