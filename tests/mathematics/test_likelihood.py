"""The log-density of a CNF is the change of variables of its flow map (Chen et al. 2018, equation 8), in float64."""

import math

import pytest
import torch
from torchdiffeq import odeint

from flowviz.core.solver import Solver
from flowviz.flows._ode import standard_normal_log_density
from tests.mathematics._random_flow import jacobian, plain_map, plain_velocity, random_cnf

FINE = Solver("rk4", 200)


def points(n, dim, seed=3):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def trace(jacobians):
    return jacobians.diagonal(dim1=1, dim2=2).sum(1)


@pytest.mark.parametrize(("dim", "harmonics", "hidden"), [(1, 0, 2), (2, 1, 2), (2, 0, 3), (3, 1, 2)])
def test_the_log_density_of_a_cnf_is_the_log_determinant_of_its_flow_map(dim, harmonics, hidden):
    flow, x = random_cnf(dim, harmonics, hidden=hidden), points(6, dim)
    z = plain_map(flow, x, 1.0, 0.0)
    determinants = torch.linalg.det(jacobian(lambda y: plain_map(flow, y, 1.0, 0.0), x))
    brute = standard_normal_log_density(z) + determinants.abs().log()
    assert float((brute - standard_normal_log_density(x)).abs().max()) > 0.1  # the flow does something
    assert torch.allclose(flow.log_density(x, solver=FINE), brute, rtol=0, atol=1e-7)


@pytest.mark.parametrize("t", [0.3, 1.0])
def test_the_density_of_a_cnf_has_mass_one_at_every_flow_time(t):
    flow = random_cnf(2)
    axis = torch.linspace(-9, 9, 181, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    mass = flow.log_density(grid, t, Solver("rk4", 25)).exp().sum() * (axis[1] - axis[0]) ** 2
    assert float(mass) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("dim", [2, 3])
def test_the_log_density_agrees_with_a_plain_torchdiffeq_solution_with_an_autograd_trace(dim):
    flow, x = random_cnf(dim), points(20, dim)

    def rates(t, state):
        return plain_velocity(flow, state[0], t), trace(jacobian(lambda y: plain_velocity(flow, y, t), state[0]))

    times = torch.tensor([1.0, 0.0], dtype=torch.float64)
    z, gained = odeint(rates, (x, x.new_zeros(len(x))), times, rtol=1e-9, atol=1e-9, method="dopri5")
    reference = standard_normal_log_density(z[-1]) + gained[-1]
    assert torch.allclose(flow.log_density(x, solver=FINE), reference, rtol=0, atol=1e-7)
    assert torch.allclose(flow.log_density(x, solver=Solver("dopri5", tolerance=1e-9)), reference, rtol=0, atol=1e-7)


@pytest.mark.parametrize("t", [0.2, 0.7])
def test_the_log_density_along_a_path_falls_by_the_divergence(t):
    # d/dt log rho_t(x(t)) = -div v(x(t), t), the instantaneous change of variables (theorem 1 of the same paper).
    flow, z, h = random_cnf(2), points(50, 2), 1e-3
    before, x, after = flow.transport(z, [0.0, t - h, t, t + h], Solver("rk4", 400)).paths[1:]
    slope = (flow.log_density(after, t + h, FINE) - flow.log_density(before, t - h, FINE)) / (2 * h)
    assert torch.allclose(slope, -trace(jacobian(lambda y: plain_velocity(flow, y, t), x)), atol=1e-4)


def test_the_density_obeys_the_continuity_equation():
    # d_t rho + div(rho v) = 0 at fixed points, all derivatives by central differences.
    flow, x, h, t = random_cnf(2), 0.7 * points(30, 2), 1e-3, 0.6

    def density(y, time=t):
        return flow.log_density(y, time, FINE).exp()

    change = (density(x, t + h) - density(x, t - h)) / (2 * h)
    spread = torch.zeros(len(x), dtype=torch.float64)
    for i, shift in enumerate(h * torch.eye(2, dtype=torch.float64)):
        ahead, behind = (density(y) * flow.velocity(y, t)[:, i] for y in (x + shift, x - shift))
        spread += (ahead - behind) / (2 * h)
    assert float(spread.abs().max()) > 1e-2
    assert torch.allclose(change, -spread, atol=2e-5)


def test_the_kl_divergence_is_the_same_on_both_sides_of_the_flow():
    # KL(p || F#q) = KL(F^-1#p || q), q = N(0, I), point by point: p = N(m, s^2 I), pulled back by the Jacobian of F.
    flow, m, s = random_cnf(2), torch.tensor([0.5, -0.3], dtype=torch.float64), 0.8
    x = m + s * points(100, 2)
    log_p = standard_normal_log_density((x - m) / s) - 2 * math.log(s)
    z = flow.transport(x, [1.0, 0.0], FINE).paths[-1]
    pulled = log_p + torch.linalg.det(jacobian(lambda y: plain_map(flow, y, 0.0, 1.0), z)).abs().log()
    on_data, on_noise = log_p - flow.log_density(x, solver=FINE), pulled - standard_normal_log_density(z)
    assert torch.allclose(on_noise, on_data, atol=1e-6)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_likelihood_of_foreign_data_never_beats_their_entropy(dim):
    # E[-log q] = H(p) + KL(p || q): no flow, however random, reaches the entropy of N(0, I) by accident.
    flow, x = random_cnf(dim), points(4000, dim)
    nll = -flow.log_density(x)
    assert float(nll.mean()) > dim * 1.4189385 + 3 * float((nll + standard_normal_log_density(x)).std()) / 4000**0.5
