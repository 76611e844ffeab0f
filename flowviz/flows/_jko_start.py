"""What a block's training starts from: weights made of those of other blocks, or a short local flow-matching fit."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from flowviz.flows._divergence import velocity
from flowviz.flows._nets import VelocityNet
from flowviz.flows._training import FlatAdam, learning_rate

FIT_STEPS = 40
FIT_BATCH = 1000
FIT_RATE = 1e-2


def scaled(net: VelocityNet, flat: Tensor, factor: float) -> Tensor:
    """The weights of `factor` times the field: the last layer is linear."""
    result = flat.detach().clone()
    parts, last = net.unpack(result), net.hidden + 1
    for name in (f"w{last}", f"b{last}"):
        parts[name] *= factor
    return result


def flow_matching_start(
    net: VelocityNet, flat: Tensor, step_size: float, take: Callable[[int], Tensor], generator: torch.Generator
) -> Tensor:
    """The weights after a short fit of the field to the local problem p_(k-1) -> OU(p_(k-1), g), 1 + h = e^g.

    Local flow matching (Xu, Cheng & Xie 2024, arXiv 2410.02548, section 4.1): x0 ~ p_(k-1),
    x1 = e^-g x0 + sqrt(1 - e^-2g) z, x_s = (1 - s) x0 + s x1, and the field is regressed on x1 - x0. With
    1 + h = e^g the mean moves exactly as in the JKO step, m -> m / (1 + h). The field of a block does not depend on s,
    so the fit is the mean of the path's field over s: a start, not the solution.

    Args:
        flat: where the fit begins; not changed.
        step_size: h; a free block (h infinite) is fitted to the flow to N(0, I) itself.
        take: n -> (n, d) samples of p_(k-1).
        generator: of times and noise, on the samples' device.
    """
    average = flat.detach().clone()
    trained = average.clone().requires_grad_()
    adam = FlatAdam(trained, average)
    keep = 1 / (1 + step_size)
    spread = math.sqrt(1 - keep**2)
    for i in range(FIT_STEPS):
        x0 = take(FIT_BATCH)
        x1 = keep * x0 + spread * torch.randn(x0.shape, generator=generator, dtype=x0.dtype, device=x0.device)
        s = torch.rand(len(x0), 1, generator=generator, dtype=x0.dtype, device=x0.device)
        v = velocity(torch.lerp(x0, x1, s), net.at(trained, [0.0])[0])
        loss = (v - (x1 - x0)).square().sum(1).mean()
        (gradient,) = torch.autograd.grad(loss, trained)
        adam.update(gradient, learning_rate(FIT_RATE, i / FIT_STEPS, i, warm_up=5), 5.0, 0.9)
    return average
