"""What metrics say of samples whose distributions are known: closed forms, and the floors between equal ones."""

import math

import numpy as np
import ot
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, pdist

from flowviz.core.spec import TargetSpec
from flowviz.flows.closed_forms import Gaussian, wasserstein_squared
from flowviz.metrics import METRICS, noise_floor
from flowviz.metrics.mmd import median_distance, mmd_squared
from flowviz.targets import build

W2 = METRICS.get("w2")()


def drawn(key, rng):
    target = build(TargetSpec(key))
    return lambda n: target.sample(n, rng)


def normal(dim, rng):
    return lambda n: rng.standard_normal((n, dim))


# W2^2 between two samples of 1000 points: mean over pairs, and how far the mean of a few pairs may be off.
@pytest.mark.parametrize(
    ("sampler", "floor", "slack"),
    [
        (lambda rng: normal(1, rng), 0.009, 0.5),
        (lambda rng: normal(2, rng), 0.04, 0.25),
        (lambda rng: normal(3, rng), 0.16, 0.15),
        (lambda rng: drawn("eight_gaussians", rng), 0.130, 0.35),
        (lambda rng: drawn("checkerboard", rng), 0.153, 0.35),
    ],
)
def test_the_floor_of_w2_between_two_thousand_points_is_that_of_the_table(sampler, floor, slack):
    mean, low, high = noise_floor(W2, sampler(np.random.default_rng(5)), 1000, 3)
    assert low <= mean <= high
    assert mean**2 == pytest.approx(floor, rel=slack)


@pytest.mark.parametrize(("key", "squared"), [("eight_gaussians", 2.75), ("checkerboard", 3.85), ("swiss_roll", 0.67)])
def test_the_distance_of_noise_to_a_preset_is_that_of_the_table(key, squared):
    rng = np.random.default_rng(0)
    value = W2.value(rng.standard_normal((1000, 2)), drawn(key, rng)(1000), rng)
    assert value**2 == pytest.approx(squared, rel=0.12)


@pytest.mark.parametrize(
    ("key", "nll"),
    [("eight_gaussians", 5.960), ("two_moons", 3.908), ("circles", 4.719), ("rings", 3.944), ("swiss_roll", 3.795)],
)
def test_the_nll_of_the_presets_under_noise_is_that_of_the_table(key, nll):
    square = np.sum(drawn(key, np.random.default_rng(1))(100_000) ** 2, axis=1) / 2
    assert square.mean() + math.log(2 * math.pi) == pytest.approx(nll, abs=0.02 + 4 * square.std() / 100_000**0.5)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_w2_is_the_best_assignment_that_scipy_finds(dim):
    rng = np.random.default_rng(dim)
    x, y = rng.standard_normal((150, dim)), rng.standard_normal((150, dim)) * 2 + 1
    cost = cdist(x, y, "sqeuclidean")
    assert W2.value(x, y, rng) ** 2 == pytest.approx(cost[linear_sum_assignment(cost)].mean(), rel=1e-9)


@pytest.mark.parametrize("dim", [2, 3])
def test_w2_of_samples_approaches_that_of_their_gaussians_from_above_by_the_floor(dim):
    rng = np.random.default_rng(3)
    factor = rng.standard_normal((dim, dim))
    p, q = Gaussian.standard(dim), Gaussian(np.ones(dim), factor @ factor.T + 0.3 * np.eye(dim))
    exact = wasserstein_squared(p, q)
    excess = []
    for n in (200, 1000):
        values = [
            W2.value(rng.multivariate_normal(p.mean, p.cov, n), rng.multivariate_normal(q.mean, q.cov, n), rng) ** 2
            for _ in range(2)
        ]
        excess.append(abs(np.mean(values) - exact))
    assert excess[1] < 0.08 * exact
    assert excess[1] < excess[0] + 0.05 * exact


def test_sinkhorn_comes_to_the_exact_distance_from_above_as_its_entropy_goes():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((80, 2)), rng.standard_normal((80, 2)) + 1
    weights, cost = np.full(80, 1 / 80), ot.dist(x, y)
    plans = [ot.sinkhorn(weights, weights, cost, e, method="sinkhorn_log", numItermax=20_000) for e in (1.0, 0.1)]
    costs = [float(np.sum(plan * cost)) for plan in plans]
    exact = W2.value(x, y, rng) ** 2
    assert costs[0] > costs[1] > exact
    assert costs[1] == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_mmd_is_the_double_sum_over_all_pairs(dim):
    rng = np.random.default_rng(dim)
    x, y, width = rng.standard_normal((60, dim)), rng.standard_normal((45, dim)) + 0.5, 0.9

    def kernel(squares):
        return np.exp(-squares / (2 * width**2))

    within = kernel(pdist(x, "sqeuclidean")).mean() + kernel(pdist(y, "sqeuclidean")).mean()
    plain = within - 2 * kernel(cdist(x, y, "sqeuclidean")).mean()
    assert mmd_squared(x, y, width) == pytest.approx(plain, abs=1e-12)
    assert median_distance(x, y) == pytest.approx(float(np.median(pdist(np.concatenate([x, y])))))


def expected_kernel(dim, width):
    """E k(x, y) of two independent draws of N(0, I): l^d (l^2 + 2)^(-d/2)."""
    return width**dim * (width**2 + 2) ** (-dim / 2)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_mean_kernel_of_gaussians_has_its_closed_form_and_the_biased_mmd_its_floor(dim):
    rng, width, n, m = np.random.default_rng(6), 1.2, 60, 90
    kernels, biased = [], []
    for _ in range(300):
        x, y = rng.standard_normal((n, dim)), rng.standard_normal((m, dim))
        xx, yy, xy = (np.exp(-cdist(*pair, "sqeuclidean") / (2 * width**2)) for pair in ((x, x), (y, y), (x, y)))
        kernels.append(xy.mean())
        biased.append(xx.mean() + yy.mean() - 2 * xy.mean())
        # The unbiased estimate, of which the metric is made, leaves the diagonals out.
        ours = mmd_squared(x, y, width)
        assert ours == pytest.approx(
            (xx.sum() - n) / (n * (n - 1)) + (yy.sum() - m) / (m * (m - 1)) - 2 * xy.mean(), abs=1e-12
        )
    exact = expected_kernel(dim, width)
    error = 4 / math.sqrt(len(kernels))
    assert np.mean(kernels) == pytest.approx(exact, abs=error * np.std(kernels))
    # Null mean of the V-statistic: (1/n + 1/m)(1 - E k).
    assert np.mean(biased) == pytest.approx((1 / n + 1 / m) * (1 - exact), abs=error * np.std(biased))


def test_sliced_w2_in_space_agrees_with_pot():
    rng = np.random.default_rng(7)
    x, y = rng.standard_normal((400, 3)), rng.standard_normal((300, 3)) * [2, 1, 0.5] + [0, 1, 0]
    theirs = ot.sliced_wasserstein_distance(x, y, n_projections=1000, seed=0)
    ours = np.mean([METRICS.get("sliced_w2")().value(x, y, rng) ** 2 for _ in range(20)])
    assert math.sqrt(ours) == pytest.approx(theirs, rel=0.03)


@pytest.mark.parametrize("key", ["w2", "sliced_w2"])
def test_distances_scale_with_the_unit_of_length(key):
    rng = np.random.default_rng(8)
    x, y, metric = rng.standard_normal((100, 2)), rng.standard_normal((100, 2)) + 1, METRICS.get(key)()
    plain = metric.value(x, y, np.random.default_rng(0))
    for scale in (1e-6, 1e6):
        assert metric.value(scale * x, scale * y, np.random.default_rng(0)) == pytest.approx(scale * plain, rel=1e-9)
