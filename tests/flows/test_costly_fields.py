"""The networks of OT-Flow and RNODE against automatic differentiation, and the flows against optimal transport."""

import numpy as np
import pytest
import torch

from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Problem
from flowviz.flows._fused import fused_solve
from flowviz.flows._jacobian import JacobianNet
from flowviz.flows._nets import VelocityNet
from flowviz.flows._potential import PotentialNet

MEAN, COV = np.array([0.8, -0.5]), np.array([[0.6, 0.25], [0.25, 0.3]])


def random_weights(net, seed=1):
    generator = torch.Generator().manual_seed(seed)
    flat = net.initial(generator, torch.float64)
    return flat + 0.3 * torch.randn(flat.shape, generator=generator, dtype=torch.float64)


def some_points(dim, n=4):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


def potential(parts, s):
    """OT-Flow's Phi(s), s = (x, tau), as its paper writes it."""

    def bend(p):
        return torch.log(2 * torch.cosh(p))

    u0 = bend(parts["k0"] @ s + parts["b0"])
    u1 = u0 + bend(parts["k1"] @ u0 + parts["b1"])
    return parts["w"] @ u1 + 0.5 * s @ (parts["a"].T @ parts["a"]) @ s + parts["line"] @ s


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_potential_s_slope_laplacian_and_residual_are_those_of_automatic_differentiation(dim):
    net, t = PotentialNet(dim, 5), 0.3
    flat, x = random_weights(net), some_points(dim)
    parts = net.unpack(flat)
    v, rates, _ = net.at(flat, [t])[0].evaluate_with_divergence(x)
    for i, point in enumerate(x):
        s = torch.cat([point, torch.tensor([1 - t], dtype=torch.float64)])
        slope = torch.autograd.functional.jacobian(lambda s: potential(parts, s), s)
        hessian = torch.autograd.functional.hessian(lambda s: potential(parts, s), s)
        assert torch.allclose(v[i], slope[:dim], atol=1e-12)
        assert float(rates[i, 0]) == pytest.approx(float(hessian[:dim, :dim].trace()), abs=1e-11)
        assert float(rates[i, 1]) == pytest.approx(
            float((slope[dim] - slope[:dim].square().sum() / 2).abs()), abs=1e-11
        )


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_jacobian_s_trace_and_norm_are_those_of_automatic_differentiation(dim):
    net = JacobianNet(VelocityNet(dim, 5, harmonics=1))
    flat, x = random_weights(net), some_points(dim)
    layers = net.fold(flat, [0.4]).at(0)
    v, rates, _ = layers.evaluate_with_divergence(x)
    assert torch.allclose(v, net.at(flat, [0.4])[0].evaluate(x)[0], atol=1e-12)
    for i, point in enumerate(x):
        jacobian = torch.autograd.functional.jacobian(lambda y: layers.evaluate(y.unsqueeze(0))[0][0], point)
        assert float(rates[i, 0]) == pytest.approx(float(jacobian.trace()), abs=1e-11)
        assert float(rates[i, 1]) == pytest.approx(float(jacobian.square().sum()), abs=1e-11)


@pytest.mark.parametrize("net", [PotentialNet(3, 5), JacobianNet(VelocityNet(3, 5, harmonics=1))])
def test_a_field_at_times_of_its_own_for_every_point_is_the_field_at_each_time(net):
    flat, x, times = random_weights(net), some_points(3), [0.0, 0.3, 0.6, 1.0]
    together = net.at_points(flat, x, torch.tensor(times, dtype=torch.float64).unsqueeze(1))
    alone = torch.cat([net.at(flat, [t])[0].evaluate(x[i : i + 1])[0] for i, t in enumerate(times)])
    assert torch.allclose(together, alone, atol=1e-12)


@pytest.mark.parametrize("net", [PotentialNet(2, 4), JacobianNet(VelocityNet(2, 4, 0))], ids=["potential", "jacobian"])
@pytest.mark.parametrize("name", ["midpoint", "rk4"])
def test_the_gradient_of_every_rate_agrees_with_finite_differences(net, name):
    flat, x = random_weights(net).requires_grad_(), some_points(2, 3).requires_grad_()

    def solved(w, y):
        end = fused_solve(net, w, y, 1.0, 0.0, 2, name, True)
        return end.x, end.rates, end.energy

    assert torch.autograd.gradcheck(solved, (flat, x))


def test_the_swiss_roll_s_network_of_the_ot_flow_paper_has_its_size():
    assert PotentialNet(2, 32).size + 1 == 1229  # theirs counts a constant of the potential, which moves nothing


@pytest.fixture(scope="module")
def gaussian():
    """key -> that method, fitted to one Gaussian."""
    made = {}
    root = torch.as_tensor(np.linalg.cholesky(COV))

    def fit(key, steps=120, **params):
        name = (key, *params.items())
        if name not in made:
            generator = torch.Generator().manual_seed(0)

            def sample(n):
                z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
                return z @ root.T + torch.as_tensor(MEAN)

            flow = FLOWS.get(key).create(
                {"width": 16, "batch_size": 256, **params}, Problem(2, sample, dtype=torch.float64)
            )
            flow.plan(Budget(steps=steps))
            while flow.progress < 1:
                flow.step(0.0)
            made[name] = flow
        return made[name]

    return fit


def test_a_dearer_jacobian_makes_a_smoother_field(gaussian):
    x = some_points(2, 500)

    def unevenness(flow):
        layers = flow._net.fold(flow._average, [0.5]).at(0)
        return float(layers.evaluate_with_divergence(x)[1][:, 1].mean())

    dear, cheap = gaussian("rnode", steps=60, jacobian=1.0), gaussian("rnode", steps=60, jacobian=0.0)
    assert unevenness(dear) < 0.6 * unevenness(cheap)
