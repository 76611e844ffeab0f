"""The reference of the benchmarks computes what flowviz computes, by other means."""

import pytest
import torch

from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import VelocityNet
from tests.bench.reference.cnf import cnf_loss, normal_log_density
from tests.bench.reference.jko import WithProbe, block_objective, exact_jko_loss, jko_loss
from tests.bench.reference.network import ReferenceNet

STEPS = 64


def make(harmonics, dim=2):
    shape = VelocityNet(dim, 12, harmonics)
    generator = torch.Generator().manual_seed(3)
    flat = shape.initial(generator, torch.float64, output_scale=0.4, sharpness=1.0)
    flat += 0.1 * torch.randn(shape.size, generator=generator, dtype=torch.float64)
    return shape, flat.requires_grad_(), torch.randn(20, dim, generator=generator, dtype=torch.float64)


def agree(loss, flat, net, reference, loss_error, gradient_error):
    (gradient,) = torch.autograd.grad(loss, flat)
    reference.backward()
    assert abs(loss.item() - reference.item()) < loss_error
    assert (net.flat_gradient() - gradient).norm() < gradient_error * gradient.norm()


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("harmonics", [0, 1])
def test_the_reference_cnf_has_the_loss_and_gradient_of_a_fine_solve(dim, harmonics):
    shape, flat, x = make(harmonics, dim)
    solved = fused_solve(shape, flat, x, 1.0, 0.0, STEPS, "rk4")
    loss = -(normal_log_density(solved.x) + solved.divergence).mean()
    net = ReferenceNet(shape, flat)
    agree(loss, flat, net, cnf_loss(net, x), 1e-4, 0.01)


def test_the_reference_jko_block_has_the_objective_of_a_fine_solve():
    shape, flat, x = make(-1)
    solved = fused_solve(shape, flat, x, 0.0, 1.0, STEPS, "rk4")
    loss = block_objective(x, solved.x, solved.divergence, 0.5)
    net = ReferenceNet(shape, flat)
    agree(loss, flat, net, exact_jko_loss(net, x, 0.5, tolerance=1e-7), 1e-5, 1e-4)


def test_probes_of_finite_differences_have_the_exact_divergence_as_their_mean():
    shape, flat, x = make(-1)
    net, generator = ReferenceNet(shape, flat), torch.Generator().manual_seed(0)
    many = x[:1].repeat(200_000, 1)
    probe = torch.randn(many.shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        _, estimates = WithProbe(net, probe)(torch.zeros(()), (many, many[:, 0]))
    jacobian = torch.func.jacrev(lambda y: net(torch.zeros(()), y[None])[0])(x[0])
    error = estimates.mean() - torch.trace(jacobian)
    assert abs(error) < 4 * estimates.std() / len(many) ** 0.5 + 0.01 * abs(torch.trace(jacobian))


def test_a_jko_step_of_the_reference_lowers_its_own_objective():
    shape, flat, x = make(-1)
    net, probe = ReferenceNet(shape, flat), torch.ones(x.shape, dtype=torch.float64)
    before = jko_loss(net, x, 0.5, probe)
    before.backward()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter -= 1e-3 * parameter.grad
    assert jko_loss(net, x, 0.5, probe) < before
