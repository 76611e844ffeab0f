import math

import numpy as np
import ot
import pytest

from flowviz.flows.closed_forms import (
    Gaussian,
    entropy,
    jko_step,
    kl,
    optimal_map,
    ornstein_uhlenbeck,
    wasserstein_squared,
)

START = Gaussian(np.zeros(2), np.array([[7.0, 5.0], [5.0, 7.0]]))
NOISE = Gaussian.standard(2)


def random_gaussian(seed, dim=3):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((dim, dim + 2))
    return Gaussian(rng.standard_normal(dim), factor @ factor.T / dim)


def scalar(mean, variance):
    return Gaussian(np.array([mean]), np.array([[variance]]))


def test_the_published_anchors_of_the_gaussian_jko_step():
    long, short = jko_step(START, 10.0), jko_step(START, 0.5)
    assert long.cov == pytest.approx(np.array([[1.15161, 0.11140], [0.11140, 1.15161]]), abs=1e-5)
    assert (kl(START, NOISE), kl(long, NOISE)) == pytest.approx((4.41097, 0.01515), abs=1e-5)
    assert wasserstein_squared(START, long) == pytest.approx(5.63232, abs=1e-5)
    assert short.cov == pytest.approx(np.array([[3.731, 2.250], [2.250, 3.731]]), abs=1e-3)
    assert wasserstein_squared(START, short) == pytest.approx(1.0761, abs=1e-4)
    assert math.sqrt(jko_step(scalar(0, 4.0), 0.5).cov[0, 0]) == pytest.approx(1.548584, abs=1e-6)
    moved = jko_step(Gaussian(np.array([3.0, 3.0]), np.eye(2)), 0.5)
    assert moved.mean == pytest.approx([2.0, 2.0])
    assert moved.cov == pytest.approx(np.eye(2))


@pytest.mark.parametrize("h", [0.25, 1.0, 5.0])
def test_the_jko_step_solves_its_first_order_condition_for_any_gaussian_target(h):
    start, target = random_gaussian(1), random_gaussian(2)
    after = jko_step(start, h, target)
    precision = np.linalg.inv(target.cov)
    back = np.eye(3) + h * (precision - np.linalg.inv(after.cov))
    assert back @ after.cov @ back == pytest.approx(start.cov, abs=1e-9)
    assert after.mean + h * precision @ (after.mean - target.mean) == pytest.approx(start.mean)


@pytest.mark.parametrize("h", [0.3, 2.0])
def test_the_jko_step_is_the_least_of_its_objective_among_gaussians_nearby(h):
    start, target = random_gaussian(3), random_gaussian(4)

    def objective(g):
        return kl(g, target) + wasserstein_squared(start, g) / (2 * h)

    best = jko_step(start, h, target)
    rng = np.random.default_rng(0)
    for _ in range(20):
        nudge = np.eye(3) + 0.05 * rng.standard_normal((3, 3))
        other = Gaussian(best.mean + 0.05 * rng.standard_normal(3), nudge @ best.cov @ nudge.T)
        assert objective(other) > objective(best)


@pytest.mark.parametrize("h", [0.25, 0.5, 1.0, 2.0])
def test_a_chain_of_jko_steps_decays_as_fast_as_the_theory_promises(h):
    p = random_gaussian(5)
    noise = Gaussian.standard(3)
    first, total = kl(p, noise), 0.0
    for _ in range(20):
        q = jko_step(p, h)
        moved = wasserstein_squared(p, q)
        total += moved
        slack = 1 + 1e-9
        assert kl(q, noise) <= kl(p, noise) / (1 + h) ** 2 * slack + 1e-12
        assert wasserstein_squared(q, noise) <= wasserstein_squared(p, noise) / (1 + h) ** 2 * slack + 1e-12
        evi = (1 + h) * wasserstein_squared(q, noise) + 2 * h * kl(q, noise)
        assert evi <= wasserstein_squared(p, noise) * slack + 1e-12
        assert kl(q, noise) + moved / (2 * h) <= kl(p, noise) * slack + 1e-12
        p = q
    assert total <= 2 * h * first


def test_jko_steps_follow_the_ornstein_uhlenbeck_process_with_first_order():
    exact = ornstein_uhlenbeck(scalar(0, 4.0), 1.0).cov[0, 0]
    assert exact == pytest.approx(1.406006, abs=1e-6)
    errors = []
    for steps in (10, 20, 40, 80, 160):
        p = scalar(0, 4.0)
        for _ in range(steps):
            p = jko_step(p, 1 / steps)
        errors.append(abs(p.cov[0, 0] - exact))
    assert errors == pytest.approx([0.05816, 0.02953, 0.01488, 0.00747, 0.00374], abs=1e-5)


def test_bures_wasserstein_agrees_with_an_independent_implementation():
    p, q = random_gaussian(6), random_gaussian(7)
    reference = float(ot.gaussian.bures_wasserstein_distance(p.mean, q.mean, p.cov, q.cov)) ** 2
    assert wasserstein_squared(p, q) == pytest.approx(reference, rel=1e-6)
    assert wasserstein_squared(p, p) == pytest.approx(0, abs=1e-10)


def test_the_optimal_map_carries_one_gaussian_to_the_other_at_the_least_cost():
    p, q = random_gaussian(8), random_gaussian(9)
    t = optimal_map(p, q)
    assert t @ p.cov @ t.T == pytest.approx(q.cov)
    cost = np.trace((t - np.eye(3)) @ p.cov @ (t - np.eye(3)).T) + np.sum((q.mean - p.mean) ** 2)
    assert cost == pytest.approx(wasserstein_squared(p, q))


def test_the_ornstein_uhlenbeck_process_contracts():
    p, noise = random_gaussian(10), Gaussian.standard(3)
    for t in (0.1, 0.7, 2.0):
        later = ornstein_uhlenbeck(p, t)
        assert kl(later, noise) <= math.exp(-2 * t) * kl(p, noise)
        assert wasserstein_squared(later, noise) <= math.exp(-2 * t) * wasserstein_squared(p, noise)


def test_kl_and_entropy_of_scalars_match_their_textbook_formulas():
    p, q = scalar(1.0, 4.0), scalar(0.0, 1.0)
    assert kl(p, q) == pytest.approx(0.5 * (4 + 1 - 1 - math.log(4)))
    assert entropy(Gaussian.standard(2)) == pytest.approx(2 * 1.4189385)
