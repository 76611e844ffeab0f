"""Paths between a source point and a data point, and how to choose the times at which they are looked at.

x_t = a(t) x0 + b(t) x1, with a(0) = b(1) = 1 and a(1) = b(0) = 0: Albergo & Vanden-Eijnden 2023 (arXiv 2209.15571),
equation 3; Lipman et al. 2023 (arXiv 2210.02747), section 4.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

LINEAR, TRIGONOMETRIC, PRESERVING = "linear", "trigonometric", "variance preserving"
UNIFORM, LATE, LOGIT_NORMAL, BETA = "uniform", "more late", "logit-normal", "beta"
LATE_CENTRE, LATE_SPREAD = 1.2, 1.6
"""Mean and standard deviation of the logit of a late time: half of them lie above 0.77."""
BETA_MIN, BETA_MAX = 0.1, 20.0
TABLE = 4097

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Interpolant:
    """The two coefficients of a path and their slopes; t and the results have one shape.

    Attributes:
        coefficients: t -> (a, b).
        slopes: t -> (a', b').
        margin: times nearer than this to 0 or 1 are not looked at: a slope is infinite there.
    """

    coefficients: Callable[[Tensor], Pair]
    slopes: Callable[[Tensor], Pair]
    margin: float = 0.0


def _linear(t: Tensor) -> Pair:
    return 1 - t, t


def _linear_slopes(t: Tensor) -> Pair:
    return -torch.ones_like(t), torch.ones_like(t)


def _trigonometric(t: Tensor) -> Pair:
    angle = 0.5 * math.pi * t
    return torch.cos(angle), torch.sin(angle)


def _trigonometric_slopes(t: Tensor) -> Pair:
    angle = 0.5 * math.pi * t
    return -0.5 * math.pi * torch.sin(angle), 0.5 * math.pi * torch.cos(angle)


def _integrated_rate(s: Tensor) -> Tensor:
    """int_0^s beta, of the variance-preserving SDE dX = -beta X / 2 ds + sqrt(beta) dW (Song et al. 2021)."""
    return BETA_MIN * s + 0.5 * (BETA_MAX - BETA_MIN) * s * s


def _preserving(t: Tensor) -> Pair:
    whole = _integrated_rate(torch.ones_like(t))
    gone = _integrated_rate(1 - t)
    # exp(-gone / 2) alone would leave exp(-5) of the data at t = 0; shifted and scaled, it begins at the source.
    b = (torch.exp(-0.5 * gone) - torch.exp(-0.5 * whole)) / (1 - torch.exp(-0.5 * whole))
    return torch.sqrt(((1 - b) * (1 + b)).clamp(min=0.0)), b


def _preserving_slopes(t: Tensor) -> Pair:
    rate = BETA_MIN + (BETA_MAX - BETA_MIN) * (1 - t)
    end = math.exp(-0.5 * (0.5 * (BETA_MAX + BETA_MIN)))
    db = 0.5 * rate * torch.exp(-0.5 * _integrated_rate(1 - t)) / (1 - end)
    a, b = _preserving(t)
    return -b * db / a, db


INTERPOLANTS = {
    LINEAR: Interpolant(_linear, _linear_slopes),
    TRIGONOMETRIC: Interpolant(_trigonometric, _trigonometric_slopes),
    PRESERVING: Interpolant(_preserving, _preserving_slopes, margin=1e-3),
}


def draw_times(n: int, how: str, shape: float, margin: float, generator: torch.Generator, like: Tensor) -> Tensor:
    """n times (n,) in [margin, 1 - margin], spread evenly over the law's quantiles so that no part is missed.

    Args:
        how: "uniform"; "more late", every second time uniform and the other the sigmoid of N(1.2, 1.6^2), for what is
            sharp in a field lies near the data; "logit-normal", the sigmoid of N(0, shape^2) (Esser et al. 2024, arXiv
            2403.03206, section 3.1); or "beta", Beta(shape, shape).
        margin: times nearer to 0 or 1 are moved there.
        like: a tensor of the precision and on the device wanted.
    """
    dtype, device = like.dtype, like.device
    ranks = torch.arange(n, dtype=dtype, device=device)
    u = (ranks + torch.rand(n, generator=generator, dtype=dtype, device=device)) / n
    if how == LOGIT_NORMAL:
        u = torch.sigmoid(shape * torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6)))
    elif how in (BETA, LATE):
        table = (_beta_quantiles(shape) if how == BETA else _late_quantiles()).to(device, dtype)
        index = (u * (TABLE - 1)).long().clamp(max=TABLE - 2)
        u = torch.lerp(table[index], table[index + 1], u * (TABLE - 1) - index)
    return u.clamp(margin, 1 - margin)


def evenness(t: Tensor, how: str) -> Tensor | None:
    """What to multiply values at drawn times t (n, 1) by, so that their mean is that over even times; None for 1.

    For "more late" times; the others have weights without bound, and their mean stays one over their own law.
    """
    if how != LATE:
        return None
    z = (torch.logit(t, 1e-6) - LATE_CENTRE) / LATE_SPREAD
    late = torch.exp(-0.5 * z * z) / (math.sqrt(2 * math.pi) * LATE_SPREAD * (t * (1 - t)).clamp(min=1e-6))
    return 2 / (1 + late)


@lru_cache(maxsize=1)
def _late_quantiles() -> Tensor:
    logits = torch.linspace(-16, 16, 20 * TABLE, dtype=torch.float64)
    t = torch.sigmoid(logits)
    shares = 0.5 * (t + torch.special.ndtr((logits - LATE_CENTRE) / LATE_SPREAD))
    table = np.interp(np.linspace(0.0, 1.0, TABLE), shares.numpy(), t.numpy())
    table[0], table[-1] = 0.0, 1.0
    return torch.from_numpy(table)


@lru_cache(maxsize=16)
def _beta_quantiles(shape: float) -> Tensor:
    from scipy.special import betaincinv

    return torch.from_numpy(np.asarray(betaincinv(shape, shape, np.linspace(0.0, 1.0, TABLE))))
