"""Flow matching to the Schroedinger bridge: entropic pairs, and Brownian bridges between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from flowviz.core.params import from_mapping, param, restated
from flowviz.core.spec import Array
from flowviz.flows._base import FLOWS, Problem
from flowviz.flows._coupling import Pairs, entropic
from flowviz.flows._interpolants import LINEAR
from flowviz.flows._matching import MatchingFlow, MatchingParams, matching_net
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.gaussian_paths import Coefficients, bridge_cross

MARGIN = 0.01
"""The bridge's velocity grows like t^(-1/2) at both ends, and its square like 1/t: nothing is looked at nearer."""

KINSHIP = 0.5
"""Correlation that the network starts from; below that of most pairs, for a source off the centre has less."""


@dataclass(frozen=True)
class SbCfmParams(MatchingParams):
    """Declared parameters of SB-CFM."""

    interpolant: str = restated(
        MatchingParams, "interpolant", LINEAR, choices=(LINEAR,), help="The mean of a Brownian bridge is a line."
    )
    sigma: float = restated(
        MatchingParams, "sigma", 0.5, lo=0.01, live=False,
        help="Deviation of the Brownian motion; pairs are coupled with entropy weight 2 sigma^2.",
    )  # fmt: skip
    block: int = param(
        128, "Coupling block", lo=2, hi=2048, log=True, live=True, unit="points",
        help="Points among which the entropic plan is computed; more come nearer to the bridge, at growing price.",
    )  # fmt: skip


@FLOWS.register("sb_cfm")
@final
class SbCfm(MatchingFlow[SbCfmParams]):
    """x_t ~ N((1 - t) x0 + t x1, sigma^2 t (1 - t) I), pairs from the entropic plan with eps = 2 sigma^2.

    Its velocity given the pair is (1 - 2t) / (2 t (1 - t)) (x_t - mu_t) + x1 - x0, and the marginals of the flow are
    those of the Schroedinger bridge: Tong et al. 2024 (arXiv 2302.00482), definition 3.3 and proposition 3.4.
    """

    label = "Bridge CFM"
    summary = "Flow matching along the Schrödinger bridge: the least-effort way from noise to data under diffusion."
    Params = SbCfmParams
    source_need = "samples"
    pairing_costs = True

    @classmethod
    def create(cls, params: Mapping[str, object], problem: Problem) -> SbCfm:
        """A fresh flow near the identity."""
        chosen = from_mapping(SbCfmParams, params)
        return cls(chosen, problem, matching_net(problem, chosen, KINSHIP, chosen.sigma))

    def _couple(self, x0: Tensor, x1: Tensor, generator: torch.Generator) -> Pairs:
        return entropic(x0, x1, self._params.block, 2 * self._params.sigma**2, generator)

    def _path(self, pairs: Pairs, t: Tensor) -> tuple[Tensor, Tensor]:
        z = self._params.sigma * self._gauss(pairs.x0)
        spread = torch.sqrt(t * (1 - t))
        return torch.lerp(pairs.x0, pairs.x1, t) + spread * z, pairs.x1 - pairs.x0 + (1 - 2 * t) / (2 * spread) * z

    def _margin(self) -> float:
        return MARGIN

    def _cross(self, source: Gaussian, target: Gaussian) -> Array:
        return bridge_cross(source, target, self._params.sigma)

    def _numbers(self, t: float) -> Coefficients:
        variance = self._params.sigma**2
        return Coefficients(1 - t, t, -1.0, 1.0, variance * t * (1 - t), variance * (0.5 - t))
