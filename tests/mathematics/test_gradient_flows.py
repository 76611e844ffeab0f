"""Gradient flows of functionals on Gaussians: steps, their limits, and what they must decrease."""

import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import minimize

from flowviz.flows.closed_forms import (
    Gaussian,
    entropy,
    jko_step,
    kl,
    ornstein_uhlenbeck,
    wasserstein_squared,
)
from flowviz.flows.closed_forms_functionals import (
    entropy_flow,
    entropy_step,
    interaction_flow,
    interaction_step,
    potential_step,
    tempered,
)

A = np.array([[1.5, 0.4], [0.4, 0.5]])
START = Gaussian(np.array([1.0, -0.5]), np.array([[2.0, 0.7], [0.7, 1.0]]))
TARGET = Gaussian(np.array([0.3, 0.2]), np.linalg.inv(A))


def potential(g):
    return 0.5 * (np.trace(A @ g.cov) + g.mean @ A @ g.mean)


FUNCTIONALS = {
    "entropy": (lambda g: -entropy(g), entropy_step),
    "potential": (potential, lambda g, h: potential_step(g, h, A)),
    # E|x - y|^2 / 4 over independent pairs is half the trace of the covariance.
    "interaction": (lambda g: np.trace(g.cov) / 2, interaction_step),
    "kl": (lambda g: kl(g, TARGET), lambda g, h: jko_step(g, h, TARGET)),
}


@pytest.mark.parametrize("h", [0.2, 1.5])
@pytest.mark.parametrize("name", FUNCTIONALS)
def test_each_step_is_where_a_general_minimiser_finds_the_least_of_its_objective(name, h):
    functional, step = FUNCTIONALS[name]

    def gaussian(p):
        factor = np.array([[math.exp(p[2]), 0], [p[3], math.exp(p[4])]])
        return Gaussian(p[:2], factor @ factor.T)

    def objective(p):
        g = gaussian(p)
        return functional(g) + wasserstein_squared(START, g) / (2 * h)

    found = gaussian(minimize(objective, np.zeros(5), tol=1e-12).x)
    assert step(START, h).mean == pytest.approx(found.mean, abs=1e-4)
    assert step(START, h).cov == pytest.approx(found.cov, abs=1e-4)


FLOWS = {
    "entropy": entropy_flow,
    "potential": lambda g, t: Gaussian(expm(-A * t) @ g.mean, expm(-A * t) @ g.cov @ expm(-A * t)),
    "interaction": interaction_flow,
    "kl": lambda g, t: ornstein_uhlenbeck(g, t, TARGET),
}


@pytest.mark.parametrize("name", FUNCTIONALS)
def test_steps_follow_the_gradient_flow_with_first_order(name):
    exact, errors = FLOWS[name](START, 1.0), []
    for steps in (50, 100, 200):
        g = START
        for _ in range(steps):
            g = FUNCTIONALS[name][1](g, 1 / steps)
        errors.append(float(np.abs(g.mean - exact.mean).max() + np.abs(g.cov - exact.cov).max()))
    assert errors[0] < 0.1
    assert [errors[0] / errors[1], errors[1] / errors[2]] == pytest.approx([2, 2], rel=0.05)


@pytest.mark.parametrize("name", FUNCTIONALS)
def test_each_step_pays_for_its_way_with_the_functional(name):
    functional, step = FUNCTIONALS[name]
    g = START
    for _ in range(20):
        after = step(g, 0.7)
        moved = wasserstein_squared(g, after)
        assert moved > 0
        assert functional(after) + moved / 1.4 <= functional(g) + 1e-12
        g = after


def test_one_entropy_step_of_a_scalar_has_the_textbook_deviation():
    s, h = 1.7, 0.4
    after = entropy_step(Gaussian(np.zeros(1), np.array([[s**2]])), h).cov[0, 0]
    assert math.sqrt(after) == pytest.approx((s + math.sqrt(s**2 + 4 * h)) / 2, rel=1e-12)


def test_the_ornstein_uhlenbeck_law_solves_its_own_moment_equations():
    # m' = -A (m - b), Sigma' = -A Sigma - Sigma A + 2I, by central differences.
    t, h = 0.6, 1e-4
    before, now, after = (ornstein_uhlenbeck(START, time, TARGET) for time in (t - h, t, t + h))
    assert (after.mean - before.mean) / (2 * h) == pytest.approx(-A @ (now.mean - TARGET.mean), abs=1e-7)
    rate = -A @ now.cov - now.cov @ A + 2 * np.eye(2)
    assert (after.cov - before.cov) / (2 * h) == pytest.approx(rate, abs=1e-7)
    late = ornstein_uhlenbeck(START, 60.0, TARGET)
    assert late.mean == pytest.approx(TARGET.mean)
    assert late.cov == pytest.approx(TARGET.cov)


def chi_squared(g):
    """chi^2(N(m, s2) || N(0, 1)) of a scalar Gaussian with s2 < 2."""
    m, s2 = g.mean[0], g.cov[0, 0]
    return math.exp(m**2 / (2 - s2)) / math.sqrt(s2 * (2 - s2)) - 1


def test_the_chi_squared_formula_is_the_integral():
    x = np.linspace(-14, 14, 20_001)
    p = np.exp(-((x - 0.4) ** 2) / (2 * 1.3)) / math.sqrt(2 * math.pi * 1.3)
    q = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    integral = float(np.sum((p - q) ** 2 / q) * (x[1] - x[0]))
    assert chi_squared(Gaussian(np.array([0.4]), np.array([[1.3]]))) == pytest.approx(integral, rel=1e-9)


@pytest.mark.parametrize(("m", "s2"), [(0.5, 1.0), (0.0, 0.3), (0.8, 1.6)])
def test_kl_w2_and_chi_squared_decay_as_fast_as_the_process_promises(m, s2):
    start, noise = Gaussian(np.array([m]), np.array([[s2]])), Gaussian.standard(1)
    for t in (0.1, 0.5, 2.0):
        now = ornstein_uhlenbeck(start, t)
        slack = 1 + 1e-9
        assert kl(now, noise) <= math.exp(-2 * t) * kl(start, noise) * slack
        assert wasserstein_squared(now, noise) <= math.exp(-2 * t) * wasserstein_squared(start, noise) * slack
        assert chi_squared(now) <= math.exp(-2 * t) * chi_squared(start) * slack
        if s2 == 1.0:  # a pure shift decays exactly so
            assert kl(now, noise) == pytest.approx(math.exp(-2 * t) * kl(start, noise))
            assert wasserstein_squared(now, noise) == pytest.approx(math.exp(-2 * t) * m**2)


def test_kl_falls_at_the_rate_of_the_relative_fisher_information():
    t, h = 0.4, 1e-4
    before, after = (kl(ornstein_uhlenbeck(START, time, TARGET), TARGET) for time in (t - h, t + h))
    now = ornstein_uhlenbeck(START, t, TARGET)
    # grad log(rho / q) = B (x - m) + A (m - b), with B = A - Sigma^-1.
    b, shift = A - np.linalg.inv(now.cov), A @ (now.mean - TARGET.mean)
    fisher = np.trace(b @ now.cov @ b) + shift @ shift
    assert (after - before) / (2 * h) == pytest.approx(-fisher, rel=1e-6)


def test_a_small_jko_step_moves_points_by_the_difference_of_the_scores():
    # (T - id) / h -> -grad V - grad log rho, the velocity of the probability flow.
    errors = []
    for h in (1e-2, 5e-3):
        after = jko_step(START, h, TARGET)
        back = np.eye(2) + h * (A - np.linalg.inv(after.cov))
        x = START.mean + np.array([0.7, -0.4])
        moved = after.mean + np.linalg.solve(back, x - START.mean)
        velocity = -A @ (x - TARGET.mean) + np.linalg.solve(START.cov, x - START.mean)
        errors.append(np.abs((moved - x) / h - velocity).max())
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("lam", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("h", [0.25, 0.5, 1.0, 2.0])
def test_steps_towards_a_more_convex_target_contract_by_its_convexity(lam, h):
    target, p = Gaussian(np.array([0.3, 0.2]), np.eye(2) / lam), START
    for _ in range(20):
        q = jko_step(p, h, target)
        evi = (1 + lam * h) * wasserstein_squared(q, target) + 2 * h * kl(q, target)
        assert kl(q, target) <= kl(p, target) / (1 + lam * h) ** 2 + 1e-12
        assert evi <= wasserstein_squared(p, target) + 1e-12
        p = q


def log_density(g, x):
    centred = x - g.mean
    square = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(g.cov), centred)
    return -0.5 * (square + len(g.mean) * math.log(2 * math.pi) + np.linalg.slogdet(g.cov)[1])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_tempering_is_the_normalised_product_of_powers(share):
    x = np.random.default_rng(0).standard_normal((50, 2))
    product = (1 - share) * log_density(START, x) + share * log_density(TARGET, x)
    difference = log_density(tempered(START, TARGET, share), x) - product
    assert np.ptp(difference) == pytest.approx(0, abs=1e-10)


def test_the_log_ratio_of_the_ends_is_the_integral_of_the_time_score_at_a_fixed_point():
    # log rho_1 - log rho_0 = int d_t log rho_t dt, along the Ornstein-Uhlenbeck path, by Gauss-Legendre.
    x, h = np.random.default_rng(1).standard_normal((20, 2)), 1e-5
    nodes, weights = np.polynomial.legendre.leggauss(20)
    total = np.zeros(len(x))
    for t, w in zip((nodes + 1) / 2, weights / 2, strict=True):
        ahead, behind = (log_density(ornstein_uhlenbeck(START, time, TARGET), x) for time in (t + h, t - h))
        total += w * (ahead - behind) / (2 * h)
    ratio = log_density(ornstein_uhlenbeck(START, 1.0, TARGET), x) - log_density(START, x)
    assert total == pytest.approx(ratio, abs=1e-8)


def test_the_log_ratio_of_gaussians_has_the_kl_divergence_as_mean():
    x = np.random.default_rng(2).multivariate_normal(START.mean, START.cov, 200_000)
    ratio = log_density(START, x) - log_density(TARGET, x)
    assert ratio.mean() == pytest.approx(kl(START, TARGET), abs=4 * ratio.std() / len(x) ** 0.5)
