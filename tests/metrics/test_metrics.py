import math

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from flowviz.core.errors import UserError
from flowviz.metrics import METRICS, noise_floor
from flowviz.metrics.mmd import median_distance, mmd_squared
from flowviz.metrics.sliced_w2 import _squared_distances

KEYS = [key for key, _ in METRICS.items()]


def rng(seed=0):
    return np.random.default_rng(seed)


def value(key, x, y, seed=0):
    return METRICS.get(key)().value(x, y, rng(seed))


def test_the_keys_are_those_of_the_contract():
    assert sorted(KEYS) == ["mmd", "sliced_w2", "w2"]


@pytest.mark.parametrize("key", KEYS)
def test_a_sample_is_next_to_itself(key):
    x = rng().standard_normal((200, 2))
    assert abs(value(key, x, x)) < 0.01


@pytest.mark.parametrize("key", KEYS)
def test_the_order_of_the_samples_does_not_matter_where_that_is_declared(key):
    x, y = rng(1).standard_normal((90, 2)), rng(2).standard_normal((70, 2)) + 1
    assert METRICS.get(key).symmetric
    assert value(key, x, y) == pytest.approx(value(key, y, x), rel=1e-9)


@pytest.mark.parametrize("key", KEYS)
def test_a_larger_shift_is_a_larger_distance(key):
    x = rng(1).standard_normal((200, 2))
    values = [value(key, x, x + shift) for shift in (0.5, 1.0, 2.0)]
    assert values == sorted(values) and values[0] > 0


def test_w2_of_a_shift_is_its_length():
    x = rng().standard_normal((60, 2))
    assert value("w2", x, x + np.array([3.0, 4.0])) == pytest.approx(5.0, rel=1e-9)


def test_sliced_w2_of_a_shift_is_its_length_over_the_root_of_two():
    # The mean of (u . s)^2 over directions u of the plane is |s|^2 / 2.
    x = rng().standard_normal((60, 2))
    assert value("sliced_w2", x, x + np.array([3.0, 4.0])) == pytest.approx(5 / math.sqrt(2), rel=1e-9)


def test_w2_agrees_with_pot_for_samples_of_different_sizes():
    x, y = rng(1).standard_normal((40, 2)), rng(2).standard_normal((25, 2)) * 2
    squared = ot.emd2(np.full(40, 1 / 40), np.full(25, 1 / 25), ot.dist(x, y))
    assert value("w2", x, y) == pytest.approx(math.sqrt(squared), rel=1e-9)


def test_w2_approaches_the_bures_wasserstein_distance_of_gaussians():
    # MATH.md T7; the sample distance is above it by about the noise floor.
    mean, cov = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]])
    x = rng(1).standard_normal((1000, 2))
    y = rng(2).multivariate_normal(mean, cov, 1000)
    roots = np.sqrt(np.linalg.eigvalsh(cov))
    exact = mean @ mean + 2 + np.trace(cov) - 2 * roots.sum()
    assert value("w2", x, y) ** 2 == pytest.approx(exact, rel=0.06)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_distance_in_one_dimension_agrees_with_pot_for_any_sizes(n, m, seed):
    a, b = rng(seed).standard_normal(n), rng(seed + 1).standard_normal(m)
    ours = _squared_distances(np.sort(a)[:, None], np.sort(b)[:, None])[0]
    assert ours == pytest.approx(ot.wasserstein_1d(a, b, p=2), abs=1e-9)


def test_the_distance_in_one_dimension_bounds_that_of_scipy():
    a, b = np.sort(rng(1).standard_normal(50)), np.sort(rng(2).standard_normal(80) + 1)
    assert math.sqrt(_squared_distances(a[:, None], b[:, None])[0]) >= wasserstein_distance(a, b)


def test_sliced_w2_agrees_with_pot():
    x, y = rng(1).standard_normal((300, 2)), rng(2).standard_normal((300, 2)) * [2, 0.5] + [1, 0]
    theirs = ot.sliced_wasserstein_distance(x, y, n_projections=4000, seed=0)
    assert value("sliced_w2", x, y) == pytest.approx(theirs, rel=0.03)


def test_sliced_w2_works_in_space():
    x = rng(1).standard_normal((500, 3))
    assert value("sliced_w2", x, x + np.array([0, 0, 3.0])) == pytest.approx(math.sqrt(3), rel=0.2)


def test_mmd_of_gaussians_agrees_with_its_closed_form():
    # MATH.md T16: E k = l^d det(l^2 I + S0 + S1)^(-1/2) exp(-dm'(l^2 I + S0 + S1)^-1 dm / 2).
    width, shift = 1.3, np.array([1.0, 0.5])

    def expected(dm):
        spread = width**2 + 2
        return width**2 / spread * math.exp(-0.5 * dm @ dm / spread)

    exact = 2 * expected(np.zeros(2)) - 2 * expected(shift)
    x, y = rng(1).standard_normal((4000, 2)), rng(2).standard_normal((3000, 2)) + shift
    assert mmd_squared(x, y, width) == pytest.approx(exact, rel=0.06)


def test_mmd_is_unbiased_where_nothing_differs():
    values = [value("mmd", rng(k).standard_normal((100, 2)), rng(k + 500).standard_normal((100, 2))) for k in range(60)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(60)
    assert min(values) < 0 < max(values)


def test_the_bandwidth_is_the_median_distance():
    x, y = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [0.0, 0.0]])
    assert median_distance(x, y) == pytest.approx(2.5)  # 0, 0, 0, 5, 5, 5
    assert median_distance(np.zeros((5, 2)), np.zeros((5, 2))) == 1.0


def test_the_noise_floor_of_w2_is_that_of_the_literature():
    # MATH.md 2.5: W2^2 of two samples of 1000 of N(0, I) in the plane is about 0.04.
    source = rng(3)
    mean, low, high = noise_floor(METRICS.get("w2")(), lambda n: source.standard_normal((n, 2)), 1000, 6)
    assert low <= mean <= high
    assert mean**2 == pytest.approx(0.04, rel=0.35)


@pytest.mark.parametrize("key", KEYS)
def test_the_same_numbers_come_from_the_same_seed(key):
    x, y = rng(1).standard_normal((50, 2)), rng(2).standard_normal((50, 2))
    assert value(key, x, y, 4) == value(key, x, y, 4)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("x", "y"),
    [(np.empty((0, 2)), np.ones((3, 2))), (np.ones((3, 2)), np.ones((3, 3))),
     (np.array([[np.nan, 0.0]]), np.ones((3, 2))), (np.ones(3), np.ones((3, 2)))],
)  # fmt: skip
def test_samples_that_are_none_get_a_sentence(key, x, y):
    with pytest.raises(UserError):
        value(key, x, y)


@pytest.mark.parametrize("key", ["w2", "sliced_w2", "mmd"])
def test_a_large_common_offset_does_not_drown_the_distance(key):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((100, 2)) * 1e-3, rng.standard_normal((100, 2)) * 1e-3 + 2e-3
    metric = METRICS.get(key)()
    near, far = (metric.value(x + offset, y + offset, np.random.default_rng(1)) for offset in (0.0, 1e6))
    assert far == pytest.approx(near, rel=1e-4)
