"""What flow matching can reach: the marginal velocity of N(0, I) -> N(m, diag s^2), its energy, and the loss left over.

Independent pairs x0, x1 and the line x_t = (1 - t) x0 + t x1. The loss E|v(x_t, t) - (x1 - x0)|^2 is least for the
conditional mean of x1 - x0, and what is left is the conditional variance (Lipman et al. 2023, arXiv 2210.02747).
"""

import math

import numpy as np
import pytest
import torch

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import TargetSpec
from flowviz.flows._ode import integrate
from flowviz.flows.closed_forms import Gaussian, wasserstein_squared
from flowviz.flows.closed_forms_matching import marginal_velocity, reach
from flowviz.targets import build

M, S = np.array([1.0, -0.5]), np.array([2.0, 0.6])


def velocity(x, t):
    """The conditional mean of x1 - x0 given x_t = x."""
    return M + (t * S**2 - (1 - t)) / ((1 - t) ** 2 + t**2 * S**2) * (x - t * M)


def gauss_legendre(n=60):
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return zip((nodes + 1) / 2, weights / 2, strict=True)


KINETIC = float(M @ M + np.sum(1 + S**2 - math.pi * S / 2))
FLOOR = float(np.sum(math.pi * S / 2))


def test_the_velocity_is_the_regression_on_the_pairs():
    # For Gaussians the conditional mean is the linear regression, here from the moments of (x_t, x1 - x0).
    for t in (0.1, 0.5, 0.8):
        slope = (t * S**2 - (1 - t)) / ((1 - t) ** 2 + t**2 * S**2)
        assert velocity(t * M, t) == pytest.approx(M)
        assert velocity(t * M + 1, t) - velocity(t * M, t) == pytest.approx(slope)
    rng = np.random.default_rng(0)
    x0, x1 = rng.standard_normal((200_000, 2)), M + S * rng.standard_normal((200_000, 2))
    x = 0.3 * x0 + 0.7 * x1
    residue = (x1 - x0) - velocity(x, 0.7)
    for test in (np.ones_like(x), x, np.sin(x)):  # orthogonal to every function of x_t
        assert np.abs((residue * test).mean(axis=0)).max() < 5 * (residue * test).std() / len(x) ** 0.5


def test_the_velocity_carries_noise_to_the_target():
    x = torch.tensor([[0.3, -1.2], [2.0, 0.5]], dtype=torch.float64)

    def field(y, t):
        return (torch.as_tensor(velocity(y.numpy(), t)),)

    end = integrate(field, (x,), 0.0, 1.0, 200, "rk4")[0].numpy()
    assert end == pytest.approx(M + S * x.numpy(), abs=1e-6)


def test_kinetic_energy_and_floor_have_their_closed_forms_and_add_up():
    kinetic = sum(
        w * float(M @ M + np.sum((t * S**2 - (1 - t)) ** 2 / ((1 - t) ** 2 + t**2 * S**2))) for t, w in gauss_legendre()
    )
    floor = sum(w * float(np.sum(S**2 / ((1 - t) ** 2 + t**2 * S**2))) for t, w in gauss_legendre())
    assert kinetic == pytest.approx(KINETIC, rel=1e-9)
    assert floor == pytest.approx(FLOOR, rel=1e-9)
    assert pytest.approx(float(M @ M + np.sum(1 + S**2))) == KINETIC + FLOOR


def test_the_trigonometric_interpolant_leaves_its_own_floor():
    # x_t = cos(pi t / 2) x0 + sin(pi t / 2) x1 with mean zero: pi^2 s / 4 a coordinate.
    total = np.zeros(2)
    for t, w in gauss_legendre():
        c, s = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
        rate, variance = math.pi / 2, c**2 + s**2 * S**2
        cross = rate * (s * c * S**2 - s * c)
        total += w * (rate**2 * (s**2 + c**2 * S**2) - cross**2 / variance)
    assert total == pytest.approx(math.pi**2 * S / 4, rel=1e-9)


@pytest.mark.parametrize("s", [0.5, 1.0, 3.0])
def test_independent_pairs_cost_more_energy_than_the_distance(s):
    kinetic = 1 + s**2 - math.pi * s / 2
    distance = wasserstein_squared(Gaussian.standard(1), Gaussian(np.zeros(1), np.array([[s**2]])))
    assert kinetic - distance == pytest.approx((2 - math.pi / 2) * s)
    if s == 1.0:
        assert (distance, kinetic) == pytest.approx((0, 0.4292), abs=1e-4)


def test_the_floor_of_eight_gaussians_is_that_of_the_literature():
    # Kinetic 4.62 and floor 5.64 for FFJORD's eight Gaussians; the field is the exact mixture of conditional means.
    target = build(TargetSpec("eight_gaussians"))
    rng = np.random.default_rng(0)
    x1 = target.sample(100_000, rng)
    cloud = target._cloud
    kinetic = 0.0
    for t, w in gauss_legendre(12):
        x0 = rng.standard_normal(x1.shape)
        x = (1 - t) * x0 + t * x1
        variance = (1 - t) ** 2 + t**2 * cloud.sds**2
        offset = x[:, None] - t * cloud.centres
        logs = -np.sum(offset**2, axis=2) / (2 * variance) - np.log(variance) + np.log(cloud.weights)
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        slope = (t * cloud.sds**2 - (1 - t)) / variance
        v = np.sum(shares[:, :, None] * (cloud.centres + slope[:, None] * offset), axis=1)
        kinetic += w * float(np.mean(np.sum(v**2, axis=1)))
    total = 2 + float(np.mean(np.sum(x1**2, axis=1)))
    assert (kinetic, total - kinetic) == pytest.approx((4.62, 5.64), abs=0.05)


def gaussian_mixture(mean, sd):
    return GaussianMixture(np.ones(1), mean[None], np.diag(sd**2)[None])


@pytest.mark.parametrize(("name", "floor"), [("linear", FLOOR), ("trigonometric", float(np.sum(math.pi**2 * S / 4)))])
def test_the_reach_of_two_gaussians_has_its_closed_form(name, floor):
    noise, rng = gaussian_mixture(np.zeros(2), np.ones(2)), np.random.default_rng(0)
    mean = M if name == "linear" else np.zeros(2)
    pairs = rng.standard_normal((60_000, 2)), mean + S * rng.standard_normal((60_000, 2))
    result = reach(pairs, noise, gaussian_mixture(mean, S), 16, name)
    assert result.floor == pytest.approx(floor, rel=0.02)
    if name == "linear":
        assert result.kinetic == pytest.approx(KINETIC, rel=0.02)
        x = np.array([[0.3, -1.0], [2.0, 1.0]])
        assert marginal_velocity(x, 0.3, noise, gaussian_mixture(M, S)) == pytest.approx(velocity(x, 0.3))


def test_the_field_between_two_mixtures_is_the_regression_on_the_pairs():
    source, target = build(TargetSpec("mixture", {"components": 3})), build(TargetSpec("eight_gaussians"))
    rng = np.random.default_rng(1)
    x0, x1 = source.sample(100_000, rng), target.sample(100_000, rng)
    x = 0.4 * x0 + 0.6 * x1
    residue = (x1 - x0) - marginal_velocity(x, 0.6, source.mixture(), target.mixture())
    for test in (np.ones_like(x), x, np.sin(2 * x)):
        assert np.abs((residue * test).mean(axis=0)).max() < 5 * (residue * test).std() / len(x) ** 0.5
