"""Optimal transport: closed forms of Gaussians against independent solvers, and paths against the distance."""

import math

import numpy as np
import ot
import pytest
from scipy.stats import norm

from flowviz.flows.closed_forms import Gaussian, optimal_map, wasserstein_squared
from flowviz.metrics import METRICS

P = Gaussian(np.array([0.5, -1.0]), np.array([[2.0, 0.6], [0.6, 0.7]]))
Q = Gaussian(np.array([-0.4, 0.3]), np.array([[0.5, -0.2], [-0.2, 1.5]]))


def scalar(mean, variance):
    return Gaussian(np.array([mean]), np.array([[variance]]))


def path_energy(velocity, x, steps=400):
    """E int_0^1 |v|^2 dt along x' = v(x, t) by Euler's midpoint rule, and the end points."""
    total, h = 0.0, 1 / steps
    for i in range(steps):
        t = (i + 0.5) * h
        v = velocity(x + h / 2 * velocity(x, t - h / 2), t)
        total += h * float(np.mean(np.sum(v**2, axis=1)))
        x = x + h * v
    return total, x


def test_in_one_dimension_the_distance_is_that_of_the_quantile_functions():
    u = (np.arange(200_000) + 0.5) / 200_000
    integral = np.mean((norm.ppf(u, 1.0, 2.0) - norm.ppf(u, -0.5, 0.7)) ** 2)
    assert wasserstein_squared(scalar(1.0, 4.0), scalar(-0.5, 0.49)) == pytest.approx(integral, rel=1e-4)


def test_straight_paths_of_the_optimal_map_have_the_distance_as_energy_and_no_other_path_has_less():
    # Benamou & Brenier 2000. The velocity of the displacement interpolation at x_t = (1 - t) x + t T x; a rotation
    # that keeps the law along the way costs more and ends in the same law.
    rng = np.random.default_rng(0)
    x = rng.multivariate_normal(np.zeros(2), P.cov, 20_000)
    x = (x - x.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, bias=True))).T
    x = P.mean + x @ np.linalg.cholesky(P.cov).T  # sample moments are those of P exactly
    t_map, shift, eye = optimal_map(P, Q), Q.mean - P.mean, np.eye(2)

    def spread(t):
        return (1 - t) * eye + t * t_map

    def straight(y, t):
        return shift + (y - P.mean - t * shift) @ (np.linalg.inv(spread(t)).T @ (t_map - eye).T)

    turn = np.array([[0.0, 1.5], [-1.5, 0.0]])

    def turning(y, t):
        # S(t) J S(t)^-1 is a rotation in the coordinates in which the law is round.
        root = np.linalg.cholesky(spread(t) @ P.cov @ spread(t).T)
        return straight(y, t) + (y - P.mean - t * shift) @ (root @ turn @ np.linalg.inv(root)).T

    exact = wasserstein_squared(P, Q)
    energy, end = path_energy(straight, x)
    assert energy == pytest.approx(exact, rel=1e-5)
    assert np.cov(end.T, bias=True) == pytest.approx(Q.cov, abs=1e-4)
    longer, end = path_energy(turning, x)
    assert np.cov(end.T, bias=True) == pytest.approx(Q.cov, abs=1e-3)
    assert longer > exact + 0.5


def entropic(a, b, dm, eps):
    """Entropic cost of N(., a) and N(., b) on a line, KL to the product (Janati et al. 2020, arXiv 2006.02572)."""
    half = eps / 2
    d = math.sqrt(4 * a * b + half**2)
    return dm**2 + a + b - d + half * (1 - math.log(2 * half)) + half * math.log(d + half)


def test_the_entropic_cost_of_gaussians_is_what_sinkhorn_finds():
    assert entropic(1.0, 2.0, 1.0, 1.0) == pytest.approx(2.235513, abs=1e-6)
    x, y = np.linspace(-7, 7, 300), np.linspace(-9, 11, 400)
    p, q = norm.pdf(x), norm.pdf(y, 1.0, math.sqrt(2))
    p, q = p / p.sum(), q / q.sum()
    cost = (x[:, None] - y) ** 2
    plan = ot.sinkhorn(p, q, cost, 1.0, stopThr=1e-12, numItermax=5000)
    keep = plan > 0
    found = np.sum(plan * cost) + np.sum(plan[keep] * np.log(plan[keep] / np.outer(p, q)[keep]))
    assert found == pytest.approx(entropic(1.0, 2.0, 1.0, 1.0), abs=1e-4)


def test_sliced_w2_of_gaussians_has_its_closed_form():
    # Mean over directions u of (u.dm)^2 + (sqrt(u'S0u) - sqrt(u'S1u))^2.
    angles = (np.arange(720) + 0.5) * math.pi / 720
    u = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    deviations = [np.sqrt(np.einsum("ki,ij,kj->k", u, g.cov, u)) for g in (P, Q)]
    exact = np.mean((u @ (P.mean - Q.mean)) ** 2 + (deviations[0] - deviations[1]) ** 2)
    rng = np.random.default_rng(1)
    samples = [rng.multivariate_normal(g.mean, g.cov, 50_000) for g in (P, Q)]
    assert METRICS.get("sliced_w2")().value(*samples, rng) ** 2 == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("size", [16, 128])
def test_coupling_a_minibatch_keeps_both_marginals_and_shortens_the_way(size):
    rng = np.random.default_rng(2)
    x, y = (rng.multivariate_normal(g.mean, g.cov, size) for g in (P, Q))
    plan = ot.emd(np.full(size, 1 / size), np.full(size, 1 / size), ot.dist(x, y))
    assert plan.sum(axis=0) == pytest.approx(np.full(size, 1 / size))
    assert plan.sum(axis=1) == pytest.approx(np.full(size, 1 / size))
    assert float(np.sum(plan * ot.dist(x, y))) < float(ot.dist(x, y).mean())
