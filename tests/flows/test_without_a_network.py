"""Flows without a network against closed forms: heat, interaction, KL between Gaussians, and exact diffusion."""

import math

import numpy as np
import pytest
import torch

from flowviz.core.errors import UserError
from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Problem
from flowviz.flows._particles import crowding, entropy_force, kernel_score, log_kernel_mean
from flowviz.flows.closed_forms import Gaussian

MEAN, SD = np.array([0.8, -0.5]), np.array([0.5, 0.8])


def problem(seed=0, dim=2):
    generator = torch.Generator().manual_seed(seed)

    def sample(n):
        z = torch.randn(n, dim, generator=generator, dtype=torch.float64)
        return z * torch.as_tensor(SD[:dim]) + torch.as_tensor(MEAN[:dim]) if dim == 2 else z * 0.5 + 1.0

    return Problem(dim, sample, seed=seed, dtype=torch.float64)


def trained(key, dim=2, **params):
    flow = FLOWS.get(key).create(params, problem(dim=dim))
    flow.plan(Budget())
    losses = []
    while flow.progress < 1:
        losses.append(float(flow.step(0.0).losses["loss"]))
    return flow, losses


def normals(n, seed=1, dim=2):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def law(points):
    return Gaussian(points.mean(0).numpy(), np.cov(points.numpy().T))


def test_the_score_of_a_cloud_is_the_slope_of_its_log_density():
    x, cloud = normals(6).requires_grad_(), normals(40, 2)
    (slope,) = torch.autograd.grad(log_kernel_mean(x, cloud, 0.4).sum(), x)
    assert torch.allclose(kernel_score(x.detach(), cloud, 0.4), slope, atol=1e-12)


def test_the_entropy_force_is_minus_the_gradient_of_the_blob_energy():
    cloud, width, floor = normals(30, 2).requires_grad_(), 0.5, 0.1
    squares = (cloud.unsqueeze(1) - cloud).square().sum(2)
    energy = torch.log(torch.exp(-squares / (2 * width**2)).sum(1) + floor).sum()
    (slope,) = torch.autograd.grad(energy, cloud)
    fixed = cloud.detach()
    assert torch.allclose(entropy_force(fixed, fixed, crowding(fixed, width), width), -slope, atol=1e-12)


def test_the_simulated_particles_are_points_of_their_own_flow():
    flow, _ = trained("gradient_flow", steps=20, particles=60)
    paths = flow.transport(flow._clouds[0], [0.0, 0.5, 1.0]).paths
    assert torch.allclose(paths[1], flow._clouds[10], atol=1e-10)
    assert torch.allclose(paths[2], flow._clouds[20], atol=1e-10)


def test_diffusion_does_not_run_backwards():
    flow, _ = trained("gradient_flow", steps=5, particles=20)
    with pytest.raises(UserError, match="only run forwards"):
        flow.random_paths(normals(5), [1.0, 0.0], 0, torch.Generator())


def test_the_exact_diffusion_of_one_point_is_a_straight_shrinking_gaussian():
    flow = FLOWS.get("exact_diffusion").create({"bandwidth": 0.3}, problem())
    x, t = normals(9), 0.6
    alpha = float(flow._clock.level(torch.tensor(t, dtype=torch.float64)).alpha)
    variance = alpha**2 * 0.09 + 1 - alpha**2
    exact = -(x - alpha * flow._points).square().sum(1) / (2 * variance) - math.log(2 * math.pi * variance)
    assert torch.allclose(flow.log_density(x, t), exact, atol=1e-12)


def test_the_exact_velocity_is_the_one_that_its_density_needs():
    """The continuity equation d/dt log rho + v . grad log rho + div v = 0 by finite differences."""
    flow, _ = trained("exact_diffusion", points=30, bandwidth=0.2)
    x, t, h = normals(8, 3), 0.7, 1e-5
    rate = (flow.log_density(x, t + h) - flow.log_density(x, t - h)) / (2 * h)
    for axis in torch.eye(2, dtype=torch.float64):
        slope = (flow.log_density(x + h * axis, t) - flow.log_density(x - h * axis, t)) / (2 * h)
        stretch = ((flow.velocity(x + h * axis, t) - flow.velocity(x - h * axis, t)) @ axis) / (2 * h)
        rate = rate + flow.velocity(x, t) @ axis * slope + stretch
    assert torch.allclose(rate, torch.zeros(8, dtype=torch.float64), atol=1e-4)


@pytest.mark.parametrize("way", ["smooth", "rough"])
def test_exact_diffusion_without_blur_ends_at_the_draws_and_nowhere_else(way):
    flow, _ = trained("exact_diffusion", points=12, bandwidth=0.0)
    x, times = normals(200), [0.0, 1.0]
    paths = (
        flow.transport(x, times)
        if way == "smooth"
        else flow.random_paths(x, times, 80, torch.Generator().manual_seed(1))
    )
    assert float(torch.cdist(paths.paths[-1], flow._points).min(dim=1).values.quantile(0.9)) < 0.08
