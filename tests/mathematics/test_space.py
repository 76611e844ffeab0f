"""The closed forms in three dimensions: steps and flows of Gaussians, transport, flow matching, and whole flows.

What the other files state for any dimension (log-determinants, metrics, JKO decay, maps) is not said again here.
"""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import expm
from scipy.optimize import minimize

from flowviz.core.solver import Solver
from flowviz.flows.closed_forms import (
    Gaussian,
    entropy,
    jko_step,
    kl,
    optimal_map,
    ornstein_uhlenbeck,
    wasserstein_squared,
)
from flowviz.flows.closed_forms_functionals import entropy_step, interaction_step, potential_step
from tests.bench import ou_bench
from tests.mathematics._random_flow import jacobian, plain_map, plain_velocity, random_cnf

A = np.array([[1.5, 0.4, 0.1], [0.4, 0.7, -0.2], [0.1, -0.2, 1.0]])
START = Gaussian(np.array([1.0, -0.5, 0.3]), np.array([[2.0, 0.7, 0.2], [0.7, 1.0, -0.1], [0.2, -0.1, 0.5]]))
TARGET = Gaussian(np.array([0.3, 0.2, -0.6]), np.linalg.inv(A))
FINE = Solver("rk4", 80)

FUNCTIONALS = {
    "entropy": (lambda g: -entropy(g), entropy_step),
    "potential": (lambda g: 0.5 * (np.trace(A @ g.cov) + g.mean @ A @ g.mean), lambda g, h: potential_step(g, h, A)),
    "interaction": (lambda g: np.trace(g.cov) / 2, interaction_step),
    "kl": (lambda g: kl(g, TARGET), lambda g, h: jko_step(g, h, TARGET)),
}


def points(n, seed=3):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", FUNCTIONALS)
def test_each_step_in_space_is_where_a_general_minimiser_finds_the_least_of_its_objective(name):
    functional, step = FUNCTIONALS[name]
    below = np.tril_indices(3, -1)

    def gaussian(p):
        factor = np.diag(np.exp(p[3:6]))
        factor[below] = p[6:]
        return Gaussian(p[:3], factor @ factor.T)

    def objective(p):
        return functional(gaussian(p)) + wasserstein_squared(START, gaussian(p)) / 1.6

    found = gaussian(minimize(objective, np.zeros(9), tol=1e-10).x)
    assert step(START, 0.8).mean == pytest.approx(found.mean, abs=2e-4)
    assert step(START, 0.8).cov == pytest.approx(found.cov, abs=2e-4)


def test_the_ornstein_uhlenbeck_law_in_space_is_the_integral_of_its_noise():
    # Sigma_t = e^(-At) Sigma e^(-At) + 2 int_0^t e^(-2As) ds, the integral by Gauss-Legendre quadrature.
    t = 0.7
    nodes, weights = np.polynomial.legendre.leggauss(30)
    gained = sum(w * t * expm(-2 * A * t * (x + 1) / 2) for x, w in zip(nodes, weights, strict=True))
    law, decay = ornstein_uhlenbeck(START, t, TARGET), expm(-A * t)
    assert law.cov == pytest.approx(decay @ START.cov @ decay + gained, abs=1e-12)
    assert law.mean == pytest.approx(TARGET.mean + decay @ (START.mean - TARGET.mean), abs=1e-12)


def test_straight_paths_in_space_have_the_distance_as_energy_and_bent_ones_more():
    z = points(4000).numpy()
    z = (z - z.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T, bias=True))).T
    x = START.mean + z @ np.linalg.cholesky(START.cov).T  # sample moments are those of START exactly
    y = TARGET.mean + (x - START.mean) @ optimal_map(START, TARGET).T
    assert np.cov(y.T, bias=True) == pytest.approx(TARGET.cov, abs=1e-10)
    exact = wasserstein_squared(START, TARGET)
    assert np.mean(np.sum((y - x) ** 2, axis=1)) == pytest.approx(exact, rel=1e-9)
    t, bend = (np.arange(200) + 0.5) / 200, np.array([0.5, 0.0, -0.3])
    speeds = (y - x)[None] + (math.pi * np.cos(math.pi * t))[:, None, None] * bend  # x + t (y - x) + sin(pi t) bend
    energy = float(np.mean(np.sum(speeds**2, axis=2)))
    assert energy == pytest.approx(exact + math.pi**2 / 2 * bend @ bend, rel=1e-6)


def test_kinetic_energy_and_the_floor_of_flow_matching_in_space_add_up():
    m, s = np.array([1.0, -0.5, 0.2]), np.array([2.0, 0.6, 1.3])
    t = np.random.default_rng(0).random((200_000, 1))
    x0, z = (np.random.default_rng(seed).standard_normal((200_000, 3)) for seed in (1, 2))
    x1 = m + s * z
    x = (1 - t) * x0 + t * x1
    field = m + (t * s**2 - (1 - t)) / ((1 - t) ** 2 + t**2 * s**2) * (x - t * m)
    kinetic, floor = float(m @ m + np.sum(1 + s**2 - math.pi * s / 2)), float(np.sum(math.pi * s / 2))
    assert np.mean(np.sum(field**2, axis=1)) == pytest.approx(kinetic, rel=0.01)
    assert np.mean(np.sum((x1 - x0 - field) ** 2, axis=1)) == pytest.approx(floor, rel=0.01)
    assert m @ m + np.sum(1 + s**2) == pytest.approx(kinetic + floor)


def test_the_density_of_a_flow_in_space_obeys_the_continuity_equation():
    flow, x, h, t = random_cnf(3), 0.7 * points(10), 1e-3, 0.6

    def density(y, time=t):
        return flow.log_density(y, time, FINE).exp()

    change = (density(x, t + h) - density(x, t - h)) / (2 * h)
    spread = torch.zeros(len(x), dtype=torch.float64)
    for i, shift in enumerate(h * torch.eye(3, dtype=torch.float64)):
        ahead, behind = (density(y) * flow.velocity(y, t)[:, i] for y in (x + shift, x - shift))
        spread += (ahead - behind) / (2 * h)
    assert float(spread.abs().max()) > 1e-3
    assert torch.allclose(change, -spread, atol=1e-5)


def test_the_log_density_along_a_path_in_space_falls_by_the_divergence():
    flow, z, h, t = random_cnf(3), points(30), 1e-3, 0.4
    before, x, after = flow.transport(z, [0.0, t - h, t, t + h], Solver("rk4", 160)).paths[1:]
    slope = (flow.log_density(after, t + h, FINE) - flow.log_density(before, t - h, FINE)) / (2 * h)
    divergence = jacobian(lambda y: plain_velocity(flow, y, t), x).diagonal(dim1=1, dim2=2).sum(1)
    assert torch.allclose(slope, -divergence, atol=1e-4)


def test_the_kl_divergence_in_space_is_the_same_on_both_sides_of_the_flow():
    flow, m, s = random_cnf(3), torch.tensor([0.5, -0.3, 0.1], dtype=torch.float64), 0.8
    x = m + s * points(8)
    noise = torch.distributions.MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double())
    log_p = noise.log_prob((x - m) / s) - 3 * math.log(s)
    z = flow.transport(x, [1.0, 0.0], FINE).paths[-1]
    pulled = log_p + torch.linalg.det(jacobian(lambda y: plain_map(flow, y, 0.0, 1.0), z)).abs().log()
    on_data = log_p - flow.log_density(x, solver=FINE)
    assert torch.allclose(pulled - noise.log_prob(z), on_data, atol=1e-6)


def test_exact_jko_steps_in_space_are_nearer_to_their_process_than_the_published_networks():
    # Mokrov et al. 2021 (arXiv 2106.00736): symmetric KL 0.0046 at t = 0.9, 18 steps of 0.05, mean over 15 runs.
    assert np.mean([ou_bench.exact_chain(seed) for seed in range(15)]) < 0.001 < ou_bench.PUBLISHED


def test_a_trained_jko_flow_in_space_follows_its_process():
    # Five blocks of larger steps, shortly trained; the bench trains eighteen and holds the published figure.
    flow, start = ou_bench.train(0, blocks=5, steps_per_block=50)
    law = ornstein_uhlenbeck(start, ou_bench.TIME)
    assert ou_bench.symmetric_kl(start, law) > 0.5  # there is a way to go
    assert ou_bench.trained_distance(flow, start, 1024) < 0.02
