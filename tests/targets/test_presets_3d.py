"""The presets in space against closed forms and independent references."""

import math

import numpy as np
import pytest

from flowviz.core.spec import TargetSpec
from flowviz.targets import build


def test_a_gaussian_in_space_has_its_closed_form():
    from scipy.stats import multivariate_normal

    target = build(TargetSpec("gaussian_3d", {"sd_2": 0.5, "turn_x": 70.0}))
    reference = multivariate_normal(target.mean, target.covariance)
    x = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_allclose(target.log_density(x), reference.logpdf(x), rtol=1e-10)
    assert target.entropy() == pytest.approx(reference.entropy(), rel=1e-12)
    assert np.linalg.eigvalsh(target.covariance) == pytest.approx([0.35**2, 0.5**2, 1.5**2])


def test_the_turns_of_a_gaussian_are_those_of_scipy():
    from scipy.spatial.transform import Rotation

    target = build(TargetSpec("gaussian_3d", {"turn_x": 25.0, "turn_y": -50.0, "turn_z": 110.0}))
    turned = Rotation.from_euler("xyz", [25, -50, 110], degrees=True).as_matrix()
    np.testing.assert_allclose(target.covariance, turned @ np.diag([1.5**2, 0.8**2, 0.35**2]) @ turned.T, atol=1e-12)


def test_the_entropy_of_separate_gaussians_in_space_is_that_of_one_and_the_choice():
    target = build(TargetSpec("cube_corners", {"side": 4.4, "spread": 0.2}))
    assert target.entropy() == pytest.approx(1.5 * (1 + math.log(2 * math.pi * 0.2**2)) + math.log(8), abs=1e-6)


def test_a_cube_without_a_side_is_one_gaussian():
    target = build(TargetSpec("cube_corners", {"side": 0.0, "spread": 0.5}))
    assert target.entropy() == pytest.approx(1.5 * (1 + math.log(2 * math.pi * 0.25)), abs=1e-6)


def test_the_swiss_roll_is_that_of_scikit_learn():
    # make_swiss_roll: t = 1.5 pi (1 + 2 u); (t cos t, 21 v, t sin t); here over 4, with y about 0.
    x = 4 * build(TargetSpec("swiss_roll_3d", {"noise": 0.2})).sample(20_000, np.random.default_rng(0))
    t = np.linspace(1.5 * math.pi, 4.5 * math.pi, 2000)
    roll = np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
    gaps = np.min(np.linalg.norm(x[::20, None, ::2] - roll[None], axis=2), axis=1)
    assert gaps.max() < 5 * 0.2
    assert np.abs(x[:, 1]).max() < 10.5 + 5 * 0.2
    assert x[:, 1].std() == pytest.approx(21 / math.sqrt(12), rel=0.02)


def test_the_s_curve_is_that_of_scikit_learn():
    # make_s_curve: t = 3 pi (u - 1/2); (sin t, 2 v, sign(t) (cos t - 1)): two half circles of radius 1.
    x = build(TargetSpec("s_curve", {"noise": 0.03})).sample(20_000, np.random.default_rng(0)) / 1.7
    upper, lower = (np.abs(np.hypot(x[:, 0], x[:, 2] - z) - 1) for z in (1.0, -1.0))
    assert np.minimum(upper, lower).max() < 5 * 0.03
    assert x[:, 1].std() == pytest.approx(2 / math.sqrt(12), rel=0.02)


def test_the_torus_is_hollow_and_its_draws_keep_their_distance_from_the_circle():
    x = build(TargetSpec("torus", {"noise": 0.1})).sample(50_000, np.random.default_rng(0))
    rho = np.hypot(np.hypot(x[:, 0], x[:, 1]) - 2.5, x[:, 2])
    assert rho.mean() == pytest.approx(1.1 + 0.1**2 / 1.1, abs=2e-3)  # rho exp(-(rho - r)^2 / 2 s^2) leans outwards
    assert rho.std() == pytest.approx(0.1, rel=0.03)


@pytest.mark.parametrize("key", ["trefoil", "double_helix"])
def test_ink_lies_evenly_along_a_curve(key):
    target = build(TargetSpec(key, {"noise": 0.08}))
    along = [target.log_density(strand[200:-200:50]) for strand in target._strands]
    # where the curve bends, its inner side is denser, but on the line itself the density hardly changes
    assert max(float(np.ptp(logs)) for logs in along) < 0.05


def test_the_shell_agrees_with_a_quadrature_over_its_sphere():
    target = build(TargetSpec("spherical_shell", {"radius": 2.0, "noise": 0.4}))
    cosine, weights = np.polynomial.legendre.leggauss(60)
    for r in (0.0, 0.7, 2.0, 3.1):
        squares = r**2 + 4.0 - 4.0 * r * cosine
        reference = float(weights @ np.exp(-squares / (2 * 0.16))) / 2 / (2 * math.pi * 0.16) ** 1.5
        assert target.log_density(np.array([[0.0, r, 0.0]]))[0] == pytest.approx(math.log(reference), abs=1e-8)


def test_the_attractor_keeps_its_invariants():
    # Averages over the natural measure of the Lorenz system: d<z>/dt = 0 gives <xy> = 8/3 <z>, and d<x^2>/dt = 0
    # gives <xy> = <x^2>.
    target = build(TargetSpec("lorenz", {"noise": 0.02}))
    x, y, z = (6.5 * target._states + (0.0, 0.0, 25.0)).T
    assert (x * y).mean() == pytest.approx(8 / 3 * z.mean(), rel=0.02)
    assert (x * y).mean() == pytest.approx((x**2).mean(), rel=0.02)
    assert z.mean() == pytest.approx(23.55, abs=0.2)  # the figure that numerical studies give for rho = 28


@pytest.mark.parametrize("key", ["trefoil", "mixture_3d"])
def test_the_grid_entropy_in_space_does_not_depend_on_the_grid(key, monkeypatch):
    from flowviz.targets import _gaussians

    params = {"noise": 0.3} if key == "trefoil" else {}
    coarse = build(TargetSpec(key, params)).entropy()
    monkeypatch.setattr(_gaussians, "_CELLS", 3.5)
    assert build(TargetSpec(key, params)).entropy() == pytest.approx(coarse, abs=2e-5)
