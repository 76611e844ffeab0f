"""Where a flow begins at t = 0: samples, and the log-density where it is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from flowviz.core.errors import UserError
from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import Array
from flowviz.flows._ode import standard_normal_log_density

Density = Callable[[Tensor], Tensor]
AT_ONCE = 4_000_000
"""Numbers in one (points, components) table: 32 MB."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a flow is given to begin from.

    Attributes:
        sample: n -> (n, d) fresh draws in the problem's precision, on its device.
        density: x (n, d) -> log-density (n,) in the precision of x, or None where nobody knows it. That of a normal
            or a sum of Gaussians is differentiable in x; that of any other target is for evaluation only.
        name: what people call it.
    """

    sample: Callable[[int], Tensor]
    density: Density | None = standard_normal_log_density
    name: str = "noise"

    def log_density(self, x: Tensor) -> Tensor:
        """Natural log-density (n,) at points (n, d).

        Raises:
            UserError: nobody knows it.
        """
        if self.density is None:
            raise UserError(
                f"The source {self.name} has no known density, so the flow has none either.",
                "Show the estimate instead, or begin from a source with a density.",
            )
        return self.density(x)

    @classmethod
    def standard_normal(cls, dim: int, seed: int, device: torch.device, dtype: torch.dtype) -> Source:
        """N(0, I), drawn from a generator of its own."""
        generator = torch.Generator(device).manual_seed(seed)
        return cls(lambda n: torch.randn(n, dim, generator=generator, dtype=dtype, device=device))


def mixture_density(mixture: GaussianMixture) -> Density:
    """The log-density of a sum of Gaussians, differentiable; computed in float64 where the device has it."""
    precisions = np.linalg.inv(mixture.covariances)
    pulls = np.einsum("mij,mj->mi", precisions, mixture.means)
    dim = mixture.means.shape[1]
    heights = np.log(mixture.weights) - 0.5 * dim * math.log(2 * math.pi)
    heights -= 0.5 * (np.linalg.slogdet(mixture.covariances)[1] + np.sum(pulls * mixture.means, axis=1))
    # log w - (x' P x - 2 x' P mu + mu' P mu + ...) / 2 is linear in (x x', x, 1): one matrix product.
    table = np.concatenate([-0.5 * precisions.reshape(len(heights), -1), pulls, heights[:, None]], axis=1)
    kept: dict[tuple[torch.device, torch.dtype], Tensor] = {}

    def density(x: Tensor) -> Tensor:
        dtype = x.dtype if x.device.type == "mps" else torch.float64
        place = (x.device, dtype)
        if place not in kept:
            kept[place] = torch.as_tensor(table, dtype=dtype).t().contiguous().to(x.device)
        rows = max(1, AT_ONCE // len(heights))
        parts = [_terms(part.to(dtype), kept[place]) for part in x.split(rows)]
        return torch.cat(parts).to(x.dtype) if parts else x.new_zeros(0)

    return density


def _terms(x: Tensor, table: Tensor) -> Tensor:
    squares = (x.unsqueeze(2) * x.unsqueeze(1)).flatten(1)
    return torch.logsumexp(torch.cat([squares, x, torch.ones_like(x[:, :1])], dim=1) @ table, dim=1)


def numpy_density(log_density: Callable[[Array], Array]) -> Density:
    """A log-density that is known in numpy, for evaluation: it passes no gradient on."""

    @torch.no_grad()
    def density(x: Tensor) -> Tensor:
        values = log_density(x.detach().cpu().numpy().astype(np.float64))
        return torch.as_tensor(values).to(x.device, x.dtype)

    return density
