"""The exact paths between Gaussians are those of the theory, and trained flows come near them."""

import numpy as np
import pytest
import torch

from flowviz.flows import FLOWS, Problem
from flowviz.flows.closed_forms import Gaussian, jko_step, kl, optimal_map, ornstein_uhlenbeck, wasserstein_squared
from flowviz.flows.gaussian_paths import HasGaussianPath, bridge_cross

NOISE = Gaussian.standard(2)
TARGET = Gaussian(np.array([1.0, 0.5]), np.array([[1.44, 0.504], [0.504, 0.36]]))
SPACE = Gaussian(np.array([0.6, 0.3, -0.4]), np.diag([2.2, 0.6, 0.1]) + 0.05)
TIMES = (0.07, 0.31, 0.52, 0.83)


def flow_of(key, target=TARGET, **params):
    root = np.linalg.cholesky(target.cov)
    rng = np.random.default_rng(0)
    dim = len(target.mean)

    def draw(n):
        return torch.as_tensor(rng.standard_normal((n, dim)) @ root.T + target.mean, dtype=torch.float64)

    return FLOWS.get(key).create(params, Problem(dim, draw, dtype=torch.float64))


def path_of(key, source=NOISE, target=TARGET, backwards=False, **params):
    return flow_of(key, target, **params).gaussian_path(source, target, backwards)


EXACT = [key for key, cls in FLOWS.items() if issubclass(cls, HasGaussianPath) and key != "rnode"]


@pytest.mark.parametrize("target", [TARGET, SPACE], ids=["plane", "space"])
@pytest.mark.parametrize("key", EXACT)
def test_laws_move_as_their_field_says(key, target):
    # continuity equation of an affine field: mean' = drift, Sigma' = A Sigma + Sigma A'
    path, e = path_of(key, Gaussian.standard(len(target.mean)), target), 1e-5
    for t in TIMES:
        before, (law, drift, slope), after = (path.at(t + d) for d in (-e, 0, e))
        assert (after.law.mean - before.law.mean) / (2 * e) == pytest.approx(drift, abs=1e-6)
        change = slope @ law.cov + law.cov @ slope.T
        assert (after.law.cov - before.law.cov) / (2 * e) == pytest.approx(change, abs=1e-6)


@pytest.mark.parametrize("key", EXACT)
def test_the_map_of_a_path_carries_its_first_law_to_its_last(key):
    path = path_of(key)
    m = path.map()
    assert m @ path.at(0.0).law.cov @ m.T == pytest.approx(path.at(1.0).law.cov, abs=1e-5)


@pytest.mark.parametrize("sds", [(1.0, 1.0), (2.0, 0.5)])
def test_independent_pairs_cost_what_the_formula_says(sds):
    # kinetic = |m|^2 + sum(1 + s^2 - pi s / 2), of the linear interpolant
    mean, sds = np.array([1.5, -0.5]), np.array(sds)
    found = path_of("flow_matching", target=Gaussian(mean, np.diag(sds**2))).figures()
    assert found["energy"] == pytest.approx(mean @ mean + np.sum(1 + sds**2 - np.pi * sds / 2), rel=1e-9)


def test_optimal_pairs_go_straight_at_the_least_price():
    found = path_of("ot_cfm").figures()
    least = wasserstein_squared(NOISE, TARGET)
    assert found["energy"] == pytest.approx(least, rel=1e-4) == found["least_energy"]
    assert found["straightness"] == pytest.approx(1.0, abs=1e-4) and found["npe"] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("key", EXACT)
def test_no_path_costs_less_than_the_distance_of_its_ends(key):
    path = path_of(key)
    assert path.energy() >= wasserstein_squared(path.at(0.0).law, path.at(1.0).law) - 1e-9
    assert path.figures()["straightness"] <= 1 + 1e-6


def test_the_coupling_of_a_bridge_lies_between_the_optimal_and_the_independent_one():
    exact = NOISE.cov @ optimal_map(NOISE, TARGET)
    assert bridge_cross(NOISE, TARGET, 0.0) == pytest.approx(exact)
    assert np.abs(bridge_cross(NOISE, TARGET, 40.0)).max() < 1e-3
    # in one dimension E[x0 x1] = (sqrt(4 s^2 + sigma^4) - sigma^2) / 2 (the D of MATH.md's T8, halved)
    one = bridge_cross(Gaussian.standard(1), Gaussian(np.zeros(1), np.array([[4.0]])), 1.0)
    assert one[0, 0] == pytest.approx((np.sqrt(17) - 1) / 2)


def test_jko_blocks_are_exact_steps_from_the_data_and_exact_maps_from_the_noise():
    flow = flow_of("jko", blocks=5)
    forth, back = flow.gaussian_path(NOISE, TARGET), flow.gaussian_path(NOISE, TARGET, backwards=True)
    law = TARGET
    for block in flow.blocks():
        law = jko_step(law, block.step_size)
        assert wasserstein_squared(back.at(block.t_start).law, law) == pytest.approx(0.0, abs=1e-10)
    assert wasserstein_squared(back.at(1.0).law, TARGET) == pytest.approx(0.0, abs=1e-10)
    assert wasserstein_squared(forth.at(0.0).law, NOISE) == pytest.approx(0.0, abs=1e-10)
    # what is left of the divergence is the same at both ends of an invertible map
    assert kl(TARGET, forth.at(1.0).law) == pytest.approx(kl(law, NOISE), rel=1e-6)


def test_local_flow_matching_follows_the_process():
    flow = flow_of("local_flow_matching")
    path, gone = flow.gaussian_path(NOISE, TARGET), 0.0
    for block in flow.blocks()[:-1]:
        gone += np.log1p(block.step_size)  # a block of the process for a time g is shown with h = e^g - 1
        law = ornstein_uhlenbeck(TARGET, gone)
        assert wasserstein_squared(path.at(block.t_start).law, law) == pytest.approx(0.0, abs=1e-8)
    assert wasserstein_squared(path.at(0.0).law, NOISE) == pytest.approx(0.0, abs=1e-8)


def test_a_flow_that_pays_for_energy_is_one_jko_step():
    # NLL + w E int |v|^2 = KL + E int |v|^2 / (2h), h = 1 / (2w)
    back = path_of("cnf", backwards=True, energy=0.5)
    assert wasserstein_squared(back.at(0.0).law, jko_step(TARGET, 1.0)) == pytest.approx(0.0, abs=1e-10)
    assert path_of("cnf", energy=0.0) is None, "without a price no path is the only one"
    dear = path_of("ot_flow", alpha_c=1.0, alpha_l=1.0).at(1.0).law
    assert wasserstein_squared(dear, TARGET) > wasserstein_squared(path_of("ot_flow").at(1.0).law, TARGET)


def test_each_reflow_pairs_the_ends_of_the_one_before():
    flow = flow_of("rectified_flow")
    first = flow.gaussian_path(NOISE, TARGET).figures()
    flow._kept = [torch.zeros(1)]
    second = flow.gaussian_path(NOISE, TARGET).figures()
    assert first["straightness"] < 0.75 and second["straightness"] > 0.99
    assert second["energy"] < first["energy"]


def whitened(n, seed):
    """n points (n, 2) with mean 0 and covariance I to the last digit."""
    z = np.random.default_rng(seed).standard_normal((n, 2))
    z -= z.mean(axis=0)
    return z @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T


def test_an_exact_diffusion_of_many_points_has_the_moments_of_the_closed_form():
    flow = flow_of("exact_diffusion")
    flow.load({"points": (whitened(800, 0) @ np.linalg.cholesky(TARGET.cov).T + TARGET.mean).ravel()})
    moved = flow.transport(torch.as_tensor(whitened(600, 1)), (0.0, 0.5, 1.0)).paths.numpy()
    path = flow.gaussian_path(NOISE, TARGET)
    for points, t in zip(moved, (0.0, 0.5, 1.0), strict=True):
        found = Gaussian(points.mean(axis=0), np.cov(points.T))
        assert wasserstein_squared(found, path.at(t).law) < 0.06**2
