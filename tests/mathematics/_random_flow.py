"""A CNF with random weights, strong enough to bend space, in float64, and its field as the formula stands.

No training stands between theory and code, and nothing of the fast field between the code and its judge.
"""

import math

import numpy as np
import torch

from flowviz.flows import Problem
from flowviz.flows.cnf import CnfFlow


def random_cnf(dim, harmonics=1, width=12, hidden=2, strength=0.8, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def sample(n):
        return torch.randn(n, dim, generator=generator, dtype=torch.float64)

    params = {"width": width, "harmonics": harmonics, "hidden_layers": hidden}
    flow = CnfFlow.create(params, Problem(dim, sample, seed=seed, dtype=torch.float64))
    flat = flow._net.initial(generator, torch.float64, output_scale=strength, sharpness=1.0)
    flow.load({"weights": flat.numpy(), "average": flat.numpy(), "steps": np.array([0, 8])})
    return flow


def plain_velocity(flow, x, t):
    """v (n, d) at x (n, d): tanh layers with affine gates and biases in time; differentiable."""
    net, p = flow._net, flow._net.unpack(flow._average)
    time = torch.tensor(float(t), dtype=x.dtype)
    waves = [wave(2 * math.pi * k * time) for k in range(1, net.harmonics + 1) for wave in (torch.sin, torch.cos)]
    phi, last = torch.stack([time, *waves]), net.hidden + 1
    for i in range(1, last):
        x = torch.tanh((1 + phi @ p[f"g{i}"]) * (x @ p[f"w{i}"].t()) + p[f"b{i}"] + phi @ p[f"u{i}"])
    return x @ p[f"w{last}"].t() + p[f"b{last}"] + phi @ p[f"u{last}"]


def plain_map(flow, x, t0, t1, steps=60):
    """The flow map x(t0) -> x(t1) (n, d) by the classic Runge-Kutta method, through which autograd sees."""
    h = (t1 - t0) / steps
    for i in range(steps):
        t = t0 + i * h
        k1 = plain_velocity(flow, x, t)
        k2 = plain_velocity(flow, x + h / 2 * k1, t + h / 2)
        k3 = plain_velocity(flow, x + h / 2 * k2, t + h / 2)
        k4 = plain_velocity(flow, x + h * k3, t + h)
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def jacobian(function, x):
    """The Jacobian (n, d, d) of a map of points (n, d) that treats each point alone."""
    x = x.detach().requires_grad_()
    y = function(x)
    rows = [torch.autograd.grad(y[:, i].sum(), x, retain_graph=True)[0] for i in range(y.shape[1])]
    return torch.stack(rows, dim=1)
