"""The Fokker-Planck equation and its two microscopic pictures: Langevin noise and the probability flow."""

import itertools
import math

import numpy as np
import pytest
import torch

from flowviz.flows._ode import integrate
from flowviz.flows.closed_forms import Gaussian, ornstein_uhlenbeck
from tests.mathematics._finite_volumes import FokkerPlanck, upwind_step

X = np.linspace(-6, 6, 601)
DX = X[1] - X[0]


# The double well has walls so steep that beyond 3 nothing is left of its density.
Y = np.linspace(-3, 3, 601)
DY = Y[1] - Y[0]
WELL = 1.5 * (Y**2 - 1) ** 2
STATIONARY = np.exp(-WELL) / (np.exp(-WELL).sum() * DY)


def normal(mean, variance, x=X):
    rho = np.exp(-((x - mean) ** 2) / (2 * variance))
    return rho / (rho.sum() * (x[1] - x[0]))


def kl_to_stationary(rho):
    return float(np.sum(rho * np.log(rho / STATIONARY)) * DY)


def test_the_stationary_density_has_no_flux():
    assert np.abs(FokkerPlanck(WELL, DY).flux(STATIONARY)).max() < 1e-12


def test_a_double_well_fills_with_its_mass_kept_its_sign_kept_and_its_kl_falling():
    solver, rho = FokkerPlanck(WELL, DY), normal(-1.0, 0.05, Y)
    distances = [kl_to_stationary(rho)]
    for dt in np.geomspace(1e-3, 5, 100):
        mass, rho = rho.sum(), solver.step(rho, dt)
        distances.append(kl_to_stationary(rho))
        assert rho.sum() == pytest.approx(mass, rel=1e-12)
        assert rho.min() >= 0
    assert all(b <= a + 1e-11 for a, b in itertools.pairwise(distances))
    assert np.abs(rho - STATIONARY).sum() * DY < 1e-6


def test_the_kl_falls_at_the_rate_of_the_relative_fisher_information():
    solver, dt = FokkerPlanck(WELL, DY), 1e-6
    rho = solver.step(normal(0.3, 0.3, Y), 0.05)
    slope = (kl_to_stationary(solver.step(rho, dt)) - kl_to_stationary(rho)) / dt
    score = np.gradient(np.log(rho / STATIONARY), DY)
    assert slope == pytest.approx(-float(np.sum(rho * score**2) * DY), rel=5e-3)


def test_the_process_of_ornstein_and_uhlenbeck_is_one_case():
    errors = []
    for steps in (100, 200):
        rho = normal(1.0, 0.5)
        for _ in range(steps):
            rho = FokkerPlanck(X**2 / 2, DX).step(rho, 1 / steps)
        exact = ornstein_uhlenbeck(Gaussian(np.array([1.0]), np.array([[0.5]])), 1.0)
        errors.append(np.abs(rho - normal(exact.mean[0], exact.cov[0, 0])).sum() * DX)
    assert errors[1] < 3e-3
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)


def test_langevin_noise_and_the_probability_flow_have_the_same_marginals():
    # dX = -X dt + sqrt(2) dW against x' = -x - grad log rho_t(x), from N(2, 0.25), where all is known.
    start, n, steps = Gaussian(np.array([2.0]), np.array([[0.25]])), 40_000, 200
    rng = np.random.default_rng(0)
    x = 2 + 0.5 * rng.standard_normal(n)

    def probability_flow(y, t):
        law = ornstein_uhlenbeck(start, t)
        return (-y + (y - law.mean[0]) / law.cov[0, 0],)

    flowed = integrate(probability_flow, (torch.as_tensor(x),), 0.0, 1.0, steps, "rk4")[0].numpy()
    walked, h = x.copy(), 1 / steps
    for _ in range(steps):
        walked += -h * walked + math.sqrt(2 * h) * rng.standard_normal(n)
    exact = ornstein_uhlenbeck(start, 1.0)
    shares = (np.arange(1, 20)) / 20
    known = (
        exact.mean[0]
        + math.sqrt(exact.cov[0, 0]) * math.sqrt(2) * torch.erfinv(torch.as_tensor(2 * shares - 1)).numpy()
    )
    assert np.quantile(flowed, shares) == pytest.approx(known, abs=0.03)
    assert np.quantile(walked, shares) == pytest.approx(known, abs=0.03)


def test_an_upwind_step_keeps_mass_and_sign_in_a_field_that_converges():
    rho = normal(0.5, 0.2)
    velocity = -np.sin(math.pi * (X + DX / 2) / 6)
    mass = rho.sum()
    for _ in range(500):
        rho = upwind_step(rho, velocity, DX, 0.9 * DX)
    assert rho.sum() == pytest.approx(mass, rel=1e-12)
    assert rho.min() >= 0
    # rho grows along the path into the sink by exp(-int div v): far more here than it began with.
    assert rho.max() > 1.5 * normal(0.5, 0.2).max()
