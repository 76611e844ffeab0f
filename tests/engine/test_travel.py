import numpy as np
import pytest

from flowviz.engine._travel import travel


def paths_of(way, times):
    """Points of N(0, I) that move by way(t) * (3, 0)."""
    start = np.random.default_rng(0).normal(size=(200, 2))
    return start + np.array([way(t) for t in times])[:, None, None] * np.array([3.0, 0.0])


def test_a_shift_at_constant_speed_is_straight_and_optimal():
    times = np.linspace(0, 1, 9)
    found = travel(paths_of(lambda t: t, times), times)
    assert found["straightness"] == pytest.approx(1.0)
    assert found["npe"] == pytest.approx(0.0, abs=1e-9)


def test_a_shift_that_accelerates_spends_a_third_more_than_it_must():
    # x = t^2 s: energy = int 4 t^2 |s|^2 dt = 4/3 |s|^2
    times = np.linspace(0, 1, 401)
    found = travel(paths_of(lambda t: t**2, times), times)
    assert found["straightness"] == pytest.approx(3 / 4, abs=1e-4)
    assert found["npe"] == pytest.approx(1 / 3, abs=1e-4)


def test_uneven_times_change_nothing():
    times = np.linspace(0, 1, 101) ** 1.7
    assert travel(paths_of(lambda t: t, times), times)["straightness"] == pytest.approx(1.0)


def test_particles_that_cross_cost_more_than_those_that_do_not():
    times = np.linspace(0, 1, 5)
    start = np.array([[-1.0, 0.0], [1.0, 0.0]])
    crossing = np.stack([start * (1 - 1.5 * t) for t in times])
    # each goes from -1 to 1/2 (energy 2.25); the nearest pairs go half a unit (0.25)
    assert travel(crossing, times)["npe"] == pytest.approx(8.0)
    assert travel(np.zeros((5, 3, 2)), times) == {"energy": 0.0, "least_energy": 0.0}, "no ratio where nothing moves"
